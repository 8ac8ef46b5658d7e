// Parts of summary.json that the live page shows as well. Inside src/report and src/ui.
#pragma once

#include "analysis/result.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

namespace plimsoll::report {

/// docs/summary.md documents their fields.
[[nodiscard]] boost::json::object validity_json(const Analysis& analysis);
[[nodiscard]] boost::json::array thresholds_json(const Analysis& analysis);
[[nodiscard]] boost::json::object breaking_point_json(const BreakingPoint& broke);
[[nodiscard]] boost::json::array findings_json(const Analysis& analysis);

}  // namespace plimsoll::report
