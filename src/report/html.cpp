#include "base/units.hpp"
#include "report/charts.hpp"
#include "report/page.hpp"
#include "report/renderers.hpp"
#include "report/text.hpp"
#include "report/words.hpp"

#include <chrono>
#include <cmath>
#include <string_view>

#include <fmt/format.h>

namespace plimsoll::report {
namespace {

std::string_view verdict_class(Verdict verdict) {
    return verdict == Verdict::Valid ? "good" : verdict == Verdict::Degraded ? "fair" : "bad";
}

std::string fact(std::string_view name, std::string_view value) {
    return fmt::format("<div><dt>{}</dt><dd>{}</dd></div>\n", escape_markup(name),
                       escape_markup(value));
}

std::string header(const RunInfo& info, const Analysis& analysis) {
    const auto started =
        std::chrono::floor<std::chrono::seconds>(info.start.wall.time_since_epoch());
    std::string tags;
    for (const auto& tag : info.tags) {
        tags += (tags.empty() ? "" : ", ") + tag;
    }
    std::string text = fmt::format(
        R"(<div class="title"><h1>{}</h1><p class="badge {}"><span class="hidden">Measurement: </span>{}</p></div>
<dl class="facts">
)",
        escape_markup(info.scenario_name), verdict_class(analysis.verdict),
        to_string(analysis.verdict));
    text += fact("Target", info.target) + fact("Started", utc_time(started.count())) +
            fact("Duration", clock_text(analysis.duration_s)) +
            fact("Requests", grouped(analysis.requests)) +
            fact("Seed", fmt::format("{}", info.seed)) + fact("Run", info.id);
    return text + (tags.empty() ? "" : fact("Tags", tags)) + "</dl>\n";
}

std::string tile(std::string_view name, std::string_view value, std::string_view note) {
    return fmt::format("<div><dt>{}</dt><dd>{}<small>{}</small></dd></div>\n", escape_markup(name),
                       escape_markup(value), escape_markup(note));
}

std::string tiles(const Analysis& analysis) {
    const auto quantile = [&](const LatencySummary& latency, double q, double value_s) {
        return quantile_text(latency, q, value_s);
    };
    const auto& response = analysis.response;
    const double failed_ratio = analysis.requests > 0 ? static_cast<double>(analysis.failed) /
                                                            static_cast<double>(analysis.requests)
                                                      : 0;
    std::string text = "<dl class=\"tiles\">\n";
    if (analysis.highest_offered > 0) {
        text += tile("Highest load", figure(analysis.highest_offered),
                     analysis.open_model ? "arrivals/s" : "users");
    }
    text += tile("Completed", figure(analysis.rate), "requests/s, mean");
    text += tile("Failed", percent(failed_ratio), grouped(analysis.failed) + " requests");
    if (analysis.not_sent > 0) {
        text += tile("Not sent", grouped(analysis.not_sent), "due by the schedule");
    }
    text += tile("Response p50", quantile(response, 0.5, response.p50), "from due time");
    text += tile("Response p95", quantile(response, 0.95, response.p95), "");
    text += tile("Response p99", quantile(response, 0.99, response.p99), "");
    text +=
        tile("Service p50", quantile(analysis.service, 0.5, analysis.service.p50), "from sending");
    return text + "</dl>\n";
}

std::string_view answer_class(const Analysis& analysis) {
    if (analysis.verdict == Verdict::Invalid) {
        return "void";
    }
    return analysis.breaking_point.found || !analysis.findings.empty() ? "broke" : "held";
}

/// The headline with what follows its first ": " on a line of its own.
std::string headline_markup(const Analysis& analysis) {
    const auto text = headline(analysis);
    const auto colon = text.find(": ");
    if (colon == std::string::npos) {
        return escape_markup(text);
    }
    return fmt::format("{}: <span class=\"cause\">{}</span>", escape_markup(text.substr(0, colon)),
                       escape_markup(text.substr(colon + 2)));
}

std::string answer(const RunData& data, const Analysis& analysis) {
    std::string text = fmt::format(
        "<section class=\"answer {}\" aria-labelledby=\"answer\">\n<h2 id=\"answer\">{}</h2>\n",
        answer_class(analysis), headline_markup(analysis));
    std::string notes;
    if (!analysis.findings.empty()) {
        const auto confidence = escape_markup(analysis.findings.front().confidence);
        notes += fmt::format("<span class=\"chip\">{} confidence</span> ", confidence);
    }
    for (const auto& note : headline_notes(analysis, data.finished)) {
        notes += escape_markup(note) + " ";
    }
    const auto measurement = escape_markup(
        fmt::format("Measurement {}: {}", to_string(analysis.verdict), validity_text(analysis)));
    if (!notes.empty()) {
        text += "<p class=\"notes\">" + notes + "</p>\n";
    }
    return text + "<p class=\"notes\">" + measurement + "</p>\n" + tiles(analysis) + "</section>\n";
}

std::string evidence_list(std::string_view css_class, std::string_view title,
                          const std::vector<std::string>& items, std::string_view none) {
    std::string text =
        fmt::format("<div class=\"{}\">\n<h4>{}</h4>\n", css_class, escape_markup(title));
    if (items.empty()) {
        return text + fmt::format("<p class=\"none\">{}</p>\n</div>\n", none);
    }
    text += "<ul>\n";
    for (const auto& item : items) {
        text += fmt::format("<li>{}</li>\n", escape_markup(item));
    }
    return text + "</ul>\n</div>\n";
}

std::string value_text(const std::string& name, double value) {
    if (name.ends_with("_s") || name.ends_with("_seconds")) {
        return human_seconds(value);
    }
    return name.ends_with("_ratio") ? percent(value) : figure(value);
}

std::string value_name(std::string name) {
    for (const std::string_view unit : {"_s", "_seconds", "_ratio"}) {
        if (name.ends_with(unit)) {
            name.resize(name.size() - unit.size());
            break;
        }
    }
    for (char& c : name) {
        c = c == '_' ? ' ' : c;
    }
    return name;
}

std::string finding(const Finding& one, std::size_t number) {
    std::string text = fmt::format("<article class=\"finding\">\n<h3>{}{}</h3>\n",
                                   number == 1 ? "" : fmt::format("{}. ", number),
                                   escape_markup(cause_title(one.cause)));
    text += fmt::format("<p class=\"meta\">{} confidence, from {} into the run</p>\n",
                        escape_markup(one.confidence), clock_text(one.onset_s));
    text += fmt::format("<div class=\"evidence{}\">\n",
                        one.against.empty() && one.missing.empty() ? " clear" : "") +
            evidence_list("for", "Evidence for it", texts(one.evidence), "None was recorded.") +
            evidence_list("against", "Evidence against it", texts(one.against),
                          "Nothing speaks against it.") +
            evidence_list("missing", "What was not known", one.missing, "Nothing was missing.") +
            "</div>\n";
    if (!one.values.empty()) {
        text += "<dl class=\"values\">\n";
        for (const auto& [name, value] : one.values) {
            text += fact(value_name(name), value_text(name, value));
        }
        text += "</dl>\n";
    }
    if (!one.fix.empty()) {
        text += fmt::format("<div class=\"fix\"><h4>The fix</h4>\n<p>{}</p></div>\n",
                            escape_markup(one.fix));
    }
    return text + "</article>\n";
}

std::string findings(const Analysis& analysis) {
    if (analysis.findings.empty()) {
        return {};
    }
    std::string text = fmt::format(
        "<section aria-labelledby=\"why\">\n<h2 id=\"why\">{}</h2>\n",
        analysis.verdict == Verdict::Invalid ? "What was seen, not to be relied on" : "Why");
    for (std::size_t i = 0; i < analysis.findings.size(); ++i) {
        text += finding(analysis.findings[i], i + 1);
    }
    return text + "</section>\n";
}

}  // namespace

std::string html_page(const RunInfo& info, const RunData& data, const Analysis& analysis) {
    const auto charts = time_charts(info, data, analysis);
    const auto percentiles = percentile_chart(data, analysis);
    const auto all = markers(info, data, analysis);
    const double duration_s = data.ticks.empty()
                                  ? analysis.duration_s
                                  : std::max(analysis.duration_s, data.ticks.back().to_s);
    return filled_page(
        {.title = fmt::format("{}: {} - Plimsoll", info.scenario_name, headline(analysis)),
         .header = header(info, analysis),
         .main = answer(data, analysis) + html_capacity(analysis) + findings(analysis) +
                 html_resources(analysis) + charts_section(charts, all) +
                 percentile_section(percentiles) + html_tables(info, data, analysis),
         .version = info.version,
         .data = page_data(all, duration_s, charts, percentiles)});
}

}  // namespace plimsoll::report
