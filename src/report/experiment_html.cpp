// The page of an experiment: the matrix of faults and alerts, and when each fired.
#include "analysis/analyse.hpp"
#include "report/alerts_words.hpp"
#include "report/experiment_report.hpp"
#include "report/experiment_words.hpp"
#include "report/html_table.hpp"
#include "report/page.hpp"
#include "report/text.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace plimsoll {
namespace {

using namespace report;

constexpr double kNameWidth = 300;
constexpr double kBarWidth = 590;
constexpr double kRow = 24;
constexpr double kTop = 52;
constexpr double kMargin = 40;
// What a fault's name needs at most above its band.
constexpr double kFaultName = 130;

std::string matrix_section(const ExperimentResult& result) {
    std::vector<Column> columns{{"Alert"}};
    std::vector<std::string> names;
    names.reserve(result.faults.size());
    for (std::size_t fault = 0; fault < result.faults.size(); ++fault) {
        names.push_back(
            escape_markup(fmt::format("{} (×{})", result.faults[fault], result.trials[fault])));
    }
    for (const std::string& name : names) {
        columns.push_back({name, Align::Number});
    }
    columns.push_back({"False alarms"});
    Table table("matrix-table", "From the planting to the alert: median, range, and in how many",
                std::move(columns));
    for (std::size_t alert = 0; alert < result.alerts.size(); ++alert) {
        std::vector<std::string> row{breakable_markup(result.alerts[alert])};
        for (std::size_t fault = 0; fault < result.faults.size(); ++fault) {
            row.push_back(escape_markup(cell_text(result.cell(fault, alert))));
        }
        const FalseAlarms& alarms = result.false_alarms[alert];
        const std::string said = escape_markup(false_alarm_text(alarms));
        row.push_back(alarms.none_seen ? said : "<span class=\"no\">" + said + "</span>");
        table.row(row);
    }
    std::string text =
        "<section aria-labelledby=\"matrix\">\n<h2 id=\"matrix\">Faults and alerts</h2>\n" +
        table.end();
    for (const auto& [alert, remark] : result.remarks) {
        text += fmt::format("<p class=\"notes\">{}: {}</p>\n", escape_markup(alert),
                            escape_markup(remark));
    }
    return text + "</section>\n";
}

/// The alerts that fired in the repetition, whose rows are worth their room.
std::vector<const WatchedAlert*> rows_of(const Repetition& run) {
    std::vector<const WatchedAlert*> out;
    for (const WatchedAlert& alert : run.alerts) {
        if (!alert.phases.empty() && !alert.phases.front().empty()) {
            out.push_back(&alert);
        }
    }
    return out;
}

/// Faults are bands over all rows, firing alerts are bars.
std::string timeline(const ExperimentResult& result, std::size_t number) {
    const Repetition& run = result.runs[number];
    const auto rows = rows_of(run);
    const double length_s = std::max(run.length_s, 0.001);
    const double height = kTop + kRow * static_cast<double>(rows.size()) + 6;
    const auto x = [&](double at_s) {
        return kNameWidth + kBarWidth * std::clamp(at_s / length_s, 0.0, 1.0);
    };
    std::string text = fmt::format(
        "<div class=\"timeline\" tabindex=\"0\" role=\"region\" aria-labelledby=\"run{}\">\n<svg "
        "class=\"capacity alerts\" viewBox=\"0 0 {} {}\" role=\"img\" "
        "aria-label=\"When each fault was in force and when each alert fired\">\n",
        number, kNameWidth + kBarWidth + kMargin, height);
    for (const Trial& trial : run.trials) {
        const double end = kNameWidth + kBarWidth + kMargin;
        const bool late = x(trial.planted_s) + kFaultName > end;
        text += fmt::format(
            "<rect x=\"{0:.1f}\" y=\"{1}\" width=\"{2:.1f}\" height=\"{3}\" fill=\"var(--blue)\" "
            "fill-opacity=\"0.15\"><title>{4} from {5:.1f} s to {6:.1f} s</title></rect><text "
            "class=\"tick\" x=\"{8:.1f}\" y=\"14\" text-anchor=\"{9}\">{7}</text>\n",
            x(trial.planted_s), kTop - 6, x(trial.healed_s) - x(trial.planted_s), height - kTop + 6,
            escape_markup(result.faults[trial.fault]), trial.planted_s, trial.healed_s,
            escape_markup(shortened(result.faults[trial.fault], 18)),
            late ? end : x(trial.planted_s), late ? "end" : "start");
    }
    for (int quarter = 0; quarter <= 4; ++quarter) {
        const double at_s = length_s * quarter / 4;
        text += fmt::format(
            "<line class=\"grid\" x1=\"{0:.1f}\" y1=\"{1}\" x2=\"{0:.1f}\" y2=\"{2}\"/><text "
            "class=\"tick\" x=\"{0:.1f}\" y=\"{3}\" text-anchor=\"middle\">{4:.0f} s</text>\n",
            x(at_s), kTop - 6, height, kTop - 14, at_s);
    }
    double y = kTop;
    for (const WatchedAlert* alert : rows) {
        text += fmt::format("<text class=\"axis\" x=\"0\" y=\"{}\">{}</text>\n", y + 14,
                            escape_markup(shortened(alert->name, 42)));
        for (const FiringSpan& span : alert->phases.front()) {
            text += fmt::format(
                "<rect x=\"{:.1f}\" y=\"{}\" width=\"{:.1f}\" height=\"14\" fill=\"var(--broke)\" "
                "fill-opacity=\"0.9\"><title>firing from {:.1f} s to {:.1f} s{}</title></rect>\n",
                x(span.from_s), y + 3, std::max(x(span.to_s) - x(span.from_s), 1.5),
                std::max(span.from_s, 0.0), span.to_s, span.open ? ", when the run ended" : "");
        }
        y += kRow;
    }
    return text + "</svg>\n</div>\n";
}

std::string repetition_sections(const ExperimentResult& result) {
    std::string text;
    for (std::size_t i = 0; i < result.runs.size(); ++i) {
        text += fmt::format(
                    "<section aria-labelledby=\"run{0}\">\n<h2 id=\"run{0}\">Repetition {1}: "
                    "{2}</h2>\n<p class=\"notes\">Bands are faults, bars firing alerts{3}; those "
                    "that did not fire have no row.</p>\n",
                    i, i + 1, escape_markup(result.runs[i].run_id),
                    result.live ? "" : " in the first phase") +
                timeline(result, i) + "</section>\n";
    }
    return text;
}

}  // namespace

Result<std::string> experiment_html(const ExperimentResult& result, const RunReader& first) {
    const auto data = read_run(first);
    if (!data) {
        return data.error();
    }
    const auto analysis = analyse(first);
    if (!analysis) {
        return analysis.error();
    }
    const auto charts = time_charts(first.info(), *data, *analysis);
    const auto percentiles = percentile_chart(*data, *analysis);
    const Markers all = markers(first.info(), *data, *analysis);
    const std::string headline = experiment_headline(result);
    return filled_page(
        {.title = fmt::format("Experiment {}: {} - Plimsoll", result.name, headline),
         .header = fmt::format("<div class=\"title\"><h1>Experiment {}</h1></div>\n",
                               escape_markup(result.name)),
         .main = fmt::format("<section class=\"answer held\" aria-labelledby=\"answer\">\n<h2 "
                             "id=\"answer\">{}</h2>\n<p class=\"notes\">{}</p>\n</section>\n",
                             escape_markup(headline), escape_markup(experiment_method(result))) +
                 matrix_section(result) + repetition_sections(result) +
                 charts_section(charts, all) + percentile_section(percentiles),
         .version = result.version,
         .data = page_data(all, analysis->duration_s, charts, percentiles)});
}

}  // namespace plimsoll
