// The capacity in summary.json. Inside src/report.
#pragma once

#include "analysis/result.hpp"

#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

namespace plimsoll::report {

/// What a run that searched for the capacity found; null for others.
[[nodiscard]] boost::json::value capacity_json(const Analysis& analysis);
[[nodiscard]] boost::json::array limits_json(const std::vector<ResourceLimit>& limits);

}  // namespace plimsoll::report
