// What each resource could carry at most: one row each, with a bar for how much of it was used.
// What binds has a full bar, and carries what was served; the others show what would bind next.
#include "base/units.hpp"
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
    std::string text =
        "<section aria-labelledby=\"resources\">\n<h2 id=\"resources\">What each resource could "
        "carry</h2>\n<p class=\"hint\">By what a request used of each after the break: size "
        "divided "
        "by use per request (the utilisation law). The first binds first; the next would bind once "
        "it is larger.</p>\n"
        "<div class=\"table\" tabindex=\"0\" role=\"region\" aria-labelledby=\"resources\">\n"
        "<table class=\"resources\">\n<caption>After the break</caption>\n<thead><tr><th "
        "scope=\"col\">Resource</th>"
        "<th scope=\"col\" class=\"n\">Could carry</th><th scope=\"col\">Used</th>"
        "<th scope=\"col\" class=\"n\">Of it</th><th scope=\"col\" class=\"n\">Busy</th>"
        "<th scope=\"col\" class=\"n\">Use per request</th></tr></thead>\n<tbody>\n";
    for (const ResourceLimit& limit : analysis.resource_limits) {
        text += fmt::format(
            "<tr><th scope=\"row\">{}</th><td class=\"n\"><b>{}/s</b></td><td>{} {}</td>"
            "<td class=\"n\">{} {}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>\n",
            escape_markup(limit.resource), figure(limit.could_carry), bar(limit.used_ratio),
            percent(limit.used_ratio), figure(limit.size), escape_markup(limit.unit),
            figure(limit.busy), human_seconds(limit.demand_s));
    }
    return text + "</tbody>\n</table>\n</div>\n</section>\n";
}

}  // namespace plimsoll::report
