#include "analysis/analyse.hpp"
#include "report/compare_charts.hpp"
#include "report/compare_report.hpp"
#include "report/compare_words.hpp"
#include "report/html_table.hpp"
#include "report/page.hpp"
#include "report/text.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace plimsoll {
namespace {

using namespace report;

Result<ChartedRun> charted(const RunReader& reader) {
    auto data = read_run(reader);
    if (!data) {
        return data.error();
    }
    auto analysis = analyse(reader);
    if (!analysis) {
        return analysis.error();
    }
    return ChartedRun{reader.info(), std::move(*data), std::move(*analysis)};
}

std::string paragraphs(const std::vector<std::string>& texts) {
    std::string text;
    for (const std::string& each : texts) {
        text += "<p class=\"notes\">" + escape_markup(each) + "</p>\n";
    }
    return text;
}

std::string list_section(std::string_view id, std::string_view title,
                         const std::vector<std::string>& items) {
    if (items.empty()) {
        return {};
    }
    std::string text =
        fmt::format("<section aria-labelledby=\"{0}\">\n<h2 id=\"{0}\">{1}</h2>\n<ul>\n", id,
                    escape_markup(title));
    for (const std::string& item : items) {
        text += "<li>" + escape_markup(item) + "</li>\n";
    }
    return text + "</ul>\n</section>\n";
}

std::string header_of(const CompareResult& result) {
    const bool regressed = result.regressed();
    std::string text = fmt::format(
        "<div class=\"title\"><h1>{}</h1><p class=\"badge {}\">{}</p></div>\n<dl "
        "class=\"facts\">\n",
        escape_markup(result.now.front().scenario), regressed ? "bad" : "good",
        regressed ? "worse" : "no regression");
    for (const auto& [name, runs] :
         {std::pair{"Base", &result.base}, std::pair{"Now", &result.now}}) {
        for (const ComparedRunInfo& run : *runs) {
            text +=
                fmt::format("<div><dt>{}</dt><dd>{}</dd></div>\n", name,
                            escape_markup(fmt::format("{}, {}, {}", run.id,
                                                      clock_text(run.duration_s), run.verdict)));
        }
    }
    return text + "</dl>\n";
}

std::string verdict_cell(const CompareRow& row) {
    const std::string_view css = row.verdict == RowVerdict::Worse    ? "no"
                                 : row.verdict == RowVerdict::Better ? "ok"
                                                                     : "";
    return fmt::format("<span class=\"{}\">{}</span>{}", css, verdict_words(row.verdict),
                       row.why.empty() ? "" : escape_markup(": " + row.why));
}

std::string rows_table(const CompareResult& result) {
    const bool several = result.base.size() + result.now.size() > 2;
    std::vector<Column> columns{{"Of"},
                                {"Figure"},
                                {"Base", Align::Number},
                                {"Now", Align::Number},
                                {"Change", Align::Number},
                                {"Interval", Align::Number}};
    if (several) {
        columns.push_back({"Between runs", Align::Number});
    }
    columns.push_back({"Verdict"});
    Table table("rows", "What changed", std::move(columns));
    for (const CompareRow& row : result.rows) {
        std::vector<std::string> cells{escape_markup(row.group),
                                       escape_markup(row.name),
                                       escape_markup(row_value(row, row.base)),
                                       escape_markup(row_value(row, row.now)),
                                       escape_markup(row_change(row)),
                                       escape_markup(row_interval(row))};
        if (several) {
            CompareRow between = row;
            between.change = row.run_spread;
            cells.push_back(row.run_spread ? "±" + row_change(between).substr(1) : "–");
        }
        cells.push_back(verdict_cell(row));
        table.row(cells);
    }
    return fmt::format(
               "<section aria-labelledby=\"figures\">\n<h2 id=\"figures\">Figure by figure</h2>\n"
               "<p>{}</p>\n",
               escape_markup(compare_method(result))) +
           table.end() + "</section>\n";
}

std::string answer_of(const CompareResult& result) {
    const char* const css = !result.forced.empty() ? "void" : result.regressed() ? "broke" : "held";
    return fmt::format(
               "<section class=\"answer {}\" aria-labelledby=\"answer\">\n<h2 id=\"answer\">{}"
               "</h2>\n",
               css, escape_markup(compare_headline(result))) +
           paragraphs(result.notes) + "</section>\n";
}

}  // namespace

Result<std::string> compare_html(const CompareResult& result, const RunReader& base,
                                 const RunReader& now) {
    const auto was = charted(base);
    if (!was) {
        return was.error();
    }
    const auto is = charted(now);
    if (!is) {
        return is.error();
    }
    const auto charts = overlaid_charts(*was, *is);
    const auto percentiles = overlaid_percentiles(*was, *is);
    const auto all = markers(is->info, is->data, is->analysis);
    const double duration_s = std::max(was->analysis.duration_s, is->analysis.duration_s);
    const bool several = result.base.size() + result.now.size() > 2;
    return filled_page(
        {.title = fmt::format("{}: {} - Plimsoll", result.now.front().scenario,
                              compare_headline(result)),
         .header = header_of(result),
         .main = answer_of(result) +
                 list_section("forced", "Compared by --force, though", result.forced) +
                 rows_table(result) + list_section("changed", "What else differs", result.changed) +
                 charts_section(charts, all) + percentile_section(percentiles) +
                 (several ? "<p class=\"notes\">The charts show the first run of each side.</p>\n"
                          : ""),
         .version = result.now.front().version,
         .data = page_data(all, duration_s, charts, percentiles)});
}

}  // namespace plimsoll
