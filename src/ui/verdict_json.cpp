#include "ui/verdict_json.hpp"

#include "report/capacity_json.hpp"
#include "report/json_text.hpp"
#include "report/summary_parts.hpp"
#include "report/words.hpp"

#include <cmath>

namespace plimsoll {
namespace {

namespace json = boost::json;

json::array thresholds_of(const Analysis& analysis) {
    json::array all = report::thresholds_json(analysis);
    for (std::size_t i = 0; i < all.size(); ++i) {
        const ThresholdResult& result = analysis.thresholds[i];
        json::object& threshold = all[i].as_object();
        threshold["text"] = report::threshold_text(result.threshold);
        threshold["value_text"] = report::threshold_value(result);
        threshold["limit"] = result.threshold.limit;
        threshold["margin"] = report::number_or_null(margin_of(result));
        threshold.erase("stages");  // a table of the report's
    }
    return all;
}

json::array findings_of(const Analysis& analysis) {
    json::array all = report::findings_json(analysis);
    for (std::size_t i = 0; i < all.size(); ++i) {
        all[i].as_object()["title"] = report::cause_title(analysis.findings[i].cause);
    }
    return all;
}

}  // namespace

std::optional<double> margin_of(const ThresholdResult& result) {
    const double limit = result.threshold.limit;
    if (!result.value || limit == 0 || !std::isfinite(*result.value)) {
        return std::nullopt;
    }
    const auto comparison = result.threshold.comparison;
    const bool at_most = comparison == Comparison::Less || comparison == Comparison::LessEqual;
    return (at_most ? limit - *result.value : *result.value - limit) / std::abs(limit);
}

json::object verdict_json(const Analysis& analysis, double t_s, bool final) {
    json::object validity = report::validity_json(analysis);
    validity["text"] = report::validity_text(analysis);
    return {{"t", t_s},
            {"final", final},
            {"headline", report::headline(analysis)},
            {"notes", report::texts_of(report::headline_notes(analysis, true))},
            {"validity", std::move(validity)},
            {"thresholds", thresholds_of(analysis)},
            {"breaking_point", report::breaking_point_json(analysis.breaking_point)},
            {"capacity", report::capacity_json(analysis)},
            {"findings", findings_of(analysis)}};
}

}  // namespace plimsoll
