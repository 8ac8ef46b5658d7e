// What each resource could carry at most: one row each, with a bar for how much of it was used.
// What binds has a full bar, and carries what was served; the others show what would bind next.
#include "base/units.hpp"
#include "report/html_table.hpp"
#include "report/renderers.hpp"
#include "report/text.hpp"
#include "report/words.hpp"

#include <fmt/format.h>

namespace plimsoll::report {
namespace {

// From here on queueing makes it what requests wait for.
constexpr double kFull = 0.85;

std::string bar(double used_ratio) {
    return fmt::format(
        "<svg class=\"use {}\" viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\" "
        "aria-hidden=\"true\"><rect class=\"of\" width=\"100\" height=\"10\"/><rect "
        "width=\"{:.1f}\" height=\"10\"/></svg>",
        used_ratio >= kFull ? "full" : "room", 100 * used_ratio);
}

}  // namespace

std::string html_resources(const Analysis& analysis) {
    if (analysis.resource_limits.empty()) {
        return {};
    }
    Table table = Table::under("resources", "Around the break", "resources",
                               {{"Resource"},
                                {"Could carry", Align::Number},
                                {"Used"},
                                {"Of it", Align::Number},
                                {"Busy", Align::Number},
                                {"Use per request", Align::Number}});
    for (const ResourceLimit& limit : analysis.resource_limits) {
        table.row({escape_markup(limit.resource), "<b>" + figure(limit.could_carry) + "/s</b>",
                   bar(limit.used_ratio) + " " + percent(limit.used_ratio),
                   figure(limit.size) + " " + escape_markup(limit.unit), figure(limit.busy),
                   human_seconds(limit.demand_s)});
    }
    return "<section aria-labelledby=\"resources\">\n<h2 id=\"resources\">What each resource could "
           "carry</h2>\n<p class=\"hint\">By what a request used of each where most was carried "
           "around the break: size divided by use per request (the utilisation law). The first "
           "binds first; the next would bind once it is larger.</p>\n" +
           table.end() + "</section>\n";
}

}  // namespace plimsoll::report
