// What a run comes to, as its live page shows it.
#pragma once

#include "analysis/result.hpp"

#include <optional>

#include <boost/json/object.hpp>

namespace plimsoll {

/// How much of its limit a threshold leaves free, as a share of the limit: below 0 where it is
/// missed; nothing where the value is not known or the limit is 0.
[[nodiscard]] std::optional<double> margin_of(const ThresholdResult& result);

/// `t_s`: up to when it was judged. `final`: the run is over.
[[nodiscard]] boost::json::object verdict_json(const Analysis& analysis, double t_s, bool final);

}  // namespace plimsoll
