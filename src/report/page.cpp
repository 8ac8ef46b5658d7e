#include "report/page.hpp"

#include "report/chart_json.hpp"
#include "report/embedded.hpp"
#include "report/json_text.hpp"
#include "report/text.hpp"

#include <map>
#include <string_view>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <fmt/format.h>

namespace plimsoll::report {
namespace {

namespace json = boost::json;

/// Replaces each {{slot}} of `page` once; what is put in is not looked at again.
std::string filled(std::string_view page, const std::map<std::string_view, std::string>& slots) {
    std::string text;
    while (true) {
        const auto open = page.find("{{");
        const auto close = page.find("}}", open);
        if (open == std::string_view::npos || close == std::string_view::npos) {
            return text.append(page);
        }
        text.append(page.substr(0, open));
        const auto slot = slots.find(page.substr(open + 2, close - open - 2));
        if (slot != slots.end()) {
            text += slot->second;
        }
        page.remove_prefix(close + 2);
    }
}

std::string figure_of(const Chart& chart) {
    const auto id = escape_markup(chart.id);
    std::string text = fmt::format(
        "<figure class=\"chart\" id=\"chart-{0}\" data-chart=\"{0}\" role=\"group\" "
        "aria-labelledby=\"title-{0}\">\n<div class=\"head\"><h3 id=\"title-{0}\">{1}</h3>",
        id, escape_markup(chart.title));
    if (chart.log_switch) {
        text += R"(<label class="switch"><input type="checkbox" data-log> logarithmic</label>)";
    }
    for (const auto& line : chart.lines) {
        if (line.far) {
            text +=
                R"(<label class="switch"><input type="checkbox" data-far> show the limits</label>)";
            break;
        }
    }
    return text + fmt::format(
                      "</div>\n<figcaption id=\"message-{0}\">{1}</figcaption>\n"
                      "<div class=\"plot\" role=\"img\" aria-labelledby=\"title-{0} "
                      "message-{0}\"></div>\n</figure>\n",
                      id, escape_markup(chart.message));
}

std::string marker_key(const Markers& all) {
    std::string text = "<ul class=\"key\">\n";
    const auto entry = [&](std::string_view css_class, std::string_view label) {
        text += fmt::format("<li><i class=\"{}\"></i>{}</li>\n", css_class, escape_markup(label));
    };
    if (all.broke) {
        entry("k-broke", all.broke->label);
    }
    if (all.cause) {
        entry("k-cause", all.cause->label);
    }
    if (!all.stages.empty()) {
        entry("k-stage", "a stage of the load begins");
    }
    if (!all.events.empty()) {
        entry("k-event", "an event");
    }
    if (!all.gaps.empty()) {
        entry("k-gap", "a probe had no reading");
    }
    return text + "</ul>\n";
}

}  // namespace

std::string charts_section(const std::vector<Chart>& charts, const Markers& all) {
    std::string text =
        "<section class=\"charts\" aria-labelledby=\"charts\">\n<div class=\"head\"><h2 "
        "id=\"charts\">What happened, on one time axis</h2>"
        "<button type=\"button\" id=\"reset\" hidden>Show the whole run</button></div>\n"
        "<p class=\"hint\">Point at a chart to read all of them at that moment; drag across "
        "one to "
        "look closer; click a name to hide its line.</p>\n"
        "<noscript><p>The charts need JavaScript; every sentence and table here does "
        "not.</p></noscript>\n";
    text += marker_key(all);
    for (const auto& chart : charts) {
        text += figure_of(chart);
    }
    return text + "</section>\n";
}

std::string percentile_section(const Chart& chart) {
    return "<section class=\"charts\" aria-labelledby=\"distribution\">\n<h2 "
           "id=\"distribution\">Latency distribution</h2>\n" +
           figure_of(chart) + "</section>\n";
}

std::string page_data(const Markers& all, double duration_s, const std::vector<Chart>& charts,
                      const Chart& percentiles) {
    json::array list;
    for (const auto& chart : charts) {
        list.push_back(chart_json(thinned(chart)));
    }
    json::object data = markers_json(all);
    data["duration"] = plotted(duration_s);
    data["charts"] = std::move(list);
    data["percentiles"] = chart_json(thinned(percentiles));
    return script_json(data);
}

std::string filled_page(const PageParts& parts) {
    return filled(embedded::report_html, {{"title", escape_markup(parts.title)},
                                          {"header", parts.header},
                                          {"main", parts.main},
                                          {"version", escape_markup(parts.version)},
                                          {"data", parts.data},
                                          {"report_css", std::string(embedded::report_css)},
                                          {"report_js", std::string(embedded::report_js)},
                                          {"uplot_css", std::string(embedded::uplot_css)},
                                          {"uplot_licence", std::string(embedded::uplot_licence)}});
}

}  // namespace plimsoll::report
