// The page of a backtest: when each alert was pending and firing, over the charts of the run.
#include "analysis/analyse.hpp"
#include "report/alerts_report.hpp"
#include "report/alerts_words.hpp"
#include "report/html_table.hpp"
#include "report/page.hpp"
#include "report/text.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace plimsoll {
namespace {

using namespace report;

constexpr double kNameWidth = 300;
constexpr double kBarWidth = 660;
constexpr double kRow = 24;
constexpr double kTop = 34;

std::string header_of(const AlertReport& report) {
    std::string text =
        fmt::format("<div class=\"title\"><h1>Alerts on {}</h1>{}</div>\n<dl class=\"facts\">\n",
                    escape_markup(report.runs.front().scenario),
                    report.demands.empty()
                        ? ""
                        : fmt::format("<p class=\"badge {}\">{}</p>", report.ok() ? "good" : "bad",
                                      report.ok() ? "as demanded" : "not as demanded"));
    for (const RunTruth& run : report.runs) {
        text +=
            fmt::format("<div><dt>Run</dt><dd>{}</dd></div>\n",
                        escape_markup(fmt::format("{}, {}", run.id, clock_text(run.duration_s))));
    }
    return text + "</dl>\n";
}

std::string answer_of(const AlertReport& report) {
    std::string text = fmt::format(
        "<section class=\"answer {}\" aria-labelledby=\"answer\">\n<h2 id=\"answer\">{}</h2>\n",
        report.ok() ? "held" : "broke", escape_markup(alerts_headline(report)));
    for (const DemandResult& result : report.demands) {
        text += fmt::format("<p class=\"notes\">{}: {}</p>\n", result.ok ? "Passed" : "Failed",
                            escape_markup(demand_text(result)));
    }
    return text + "<p class=\"notes\">" + escape_markup(method_text(report)) + "</p>\n</section>\n";
}

/// One row a rule: grey while pending, filled while firing; onsets are lines over all rows.
std::string timeline(const AlertReport& report, std::size_t number) {
    const RunTruth& run = report.runs[number];
    const auto outcomes = outcomes_of(report, number);
    const double length_s = std::max(run.duration_s, 0.001);
    const double height = kTop + kRow * static_cast<double>(outcomes.size()) + 6;
    const auto x = [&](double at_s) {
        return kNameWidth + kBarWidth * std::clamp(at_s / length_s, 0.0, 1.0);
    };
    std::string text = fmt::format(
        "<div class=\"timeline\" tabindex=\"0\" role=\"region\" aria-labelledby=\"run{}\">\n<svg "
        "class=\"capacity alerts\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">\n",
        number, kNameWidth + kBarWidth + 10, height,
        escape_markup("When each alert was pending and firing; the table has the same"));
    for (int quarter = 0; quarter <= 4; ++quarter) {
        const double at_s = length_s * quarter / 4;
        text += fmt::format(
            "<line class=\"grid\" x1=\"{0:.1f}\" y1=\"{1}\" x2=\"{0:.1f}\" y2=\"{2}\"/><text "
            "class=\"tick\" x=\"{0:.1f}\" y=\"{3}\" text-anchor=\"{5}\">{4:.0f} s</text>\n",
            x(at_s), kTop - 6, height, kTop - 14, at_s, quarter == 4 ? "end" : "middle");
    }
    double y = kTop;
    for (const AlertOutcome* outcome : outcomes) {
        text += fmt::format("<text class=\"axis\" x=\"0\" y=\"{}\">{}</text>\n", y + 14,
                            escape_markup(shortened(outcome->alert, 42)));
        for (const ShownSpan& span : outcome->spans) {
            text += fmt::format(
                "<rect x=\"{:.1f}\" y=\"{}\" width=\"{:.1f}\" height=\"14\" fill=\"var(--{})\" "
                "fill-opacity=\"{}\"><title>{} from {:.1f} s to {:.1f} s{}</title></rect>\n",
                x(span.from_s), y + 3, std::max(x(span.to_s) - x(span.from_s), 1.5),
                span.firing ? "broke" : "grey", span.firing ? "0.9" : "0.55",
                span.firing ? "firing" : "pending", span.from_s, span.to_s,
                span.open ? ", when the run ended" : "");
        }
        y += kRow;
    }
    std::vector<Onset> onsets = run.others;
    if (run.onset) {
        onsets.insert(onsets.begin(), *run.onset);
    }
    for (std::size_t i = 0; i < onsets.size(); ++i) {
        text += fmt::format(
            "<line x1=\"{0:.1f}\" y1=\"{1}\" x2=\"{0:.1f}\" y2=\"{2}\" stroke=\"var(--blue)\" "
            "stroke-width=\"2\"{3}><title>{4}</title></line>\n",
            x(onsets[i].at_s), kTop - 6, height, i == 0 ? "" : " stroke-dasharray=\"4 4\"",
            escape_markup(fmt::format("{:.1f} s: {}", onsets[i].at_s, onsets[i].source)));
    }
    return text + "</svg>\n</div>\n";
}

/// A delay over its range where both do not fit on one line.
std::string delay_cell(const std::optional<PhaseRange>& range) {
    const std::string text = delay_text(range);
    const auto open = text.find(" (");
    if (open == std::string::npos) {
        return "<span>" + escape_markup(text) + "</span>";
    }
    return fmt::format("<span>{}</span> <span>{}</span>", escape_markup(text.substr(0, open)),
                       escape_markup(text.substr(open + 1)));
}

std::string outcome_table(const AlertReport& report, std::size_t number) {
    Table table(fmt::format("alerts{}", number), "Each alert, from the onset",
                {{"Alert"},
                 {"Pending", Align::Number},
                 {"Firing", Align::Number},
                 {"Phases", Align::Number},
                 {"Resolved", Align::Number},
                 {"Hurt before it fired"},
                 {"Remarks"}},
                "alerts");
    for (const AlertOutcome* outcome : outcomes_of(report, number)) {
        std::string said;
        if (outcome->false_alarms > 0) {
            said = fmt::format("<span class=\"no\">false alarm ({})</span> ",
                               figure(outcome->false_alarms));
        }
        for (const std::string& remark : outcome->remarks) {
            said += breakable_markup(remark) + ". ";
        }
        table.row({breakable_markup(outcome->alert), delay_cell(outcome->pending_s),
                   delay_cell(outcome->firing_s), escape_markup(fired_text(*outcome)),
                   outcome->fired > 0 && outcome->resolved == 0 ? "<span>not in this run</span>"
                                                                : delay_cell(outcome->resolved_s),
                   escape_markup(hurt_text(report, *outcome)), said});
    }
    return table.end();
}

std::string run_section(const AlertReport& report, std::size_t number) {
    const RunTruth& run = report.runs[number];
    return fmt::format(
               "<section aria-labelledby=\"run{0}\">\n<h2 id=\"run{0}\">{1}</h2>\n<p "
               "class=\"notes\">{2}. Grey is pending, filled is firing, in the phase with the "
               "median delay; the line is the onset.</p>\n",
               number, escape_markup(run.id), escape_markup(truth_text(run))) +
           timeline(report, number) + outcome_table(report, number) + "</section>\n";
}

std::string false_alarm_section(const AlertReport& report) {
    Table table("false-alarms", "False alarms, over all healthy stretches",
                {{"Alert"}, {"Per hour", Align::Number}});
    for (const FalseAlarms& alarms : report.false_alarms) {
        table.row({breakable_markup(alarms.alert), escape_markup(false_alarm_text(alarms))});
    }
    std::string text = "<section>\n" + table.end();
    for (const std::string& left_out : report.left_out) {
        text += "<p class=\"notes\">" + escape_markup(left_out) + "</p>\n";
    }
    return text + "</section>\n";
}

/// Delay to the right, false alarms upwards; the frontier joined by a line, the proposal ringed.
std::string sweep_chart(const AlertSweep& sweep) {
    constexpr double kWidth = 620;
    constexpr double kHeight = 260;
    constexpr double kMargin = 48;
    double longest_s = 1;
    double most = 0.001;
    for (const SweepPoint& point : sweep.points) {
        if (point.delay_s && point.per_hour) {
            longest_s = std::max(longest_s, point.delay_s->median);
            most = std::max(most, *point.per_hour);
        }
    }
    std::string points;
    std::string line;
    for (const SweepPoint& point : sweep.points) {
        if (!point.delay_s || !point.per_hour) {
            continue;
        }
        const double x =
            kMargin + (kWidth - 2 * kMargin) * std::max(point.delay_s->median, 0.0) / longest_s;
        const double y = kHeight - kMargin - (kHeight - 2 * kMargin) * *point.per_hour / most;
        line += point.best ? fmt::format("{:.1f},{:.1f} ", x, y) : "";
        points += fmt::format(
            "<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{}\" fill=\"var(--{})\" "
            "fill-opacity=\"{}\"{}><title>{}: {}, {}</title></circle>\n",
            x, y, point.best ? 5 : 3.5, point.best ? "blue" : "grey", point.best ? "1" : "0.5",
            point.knee ? " stroke=\"var(--broke)\" stroke-width=\"3\"" : "",
            escape_markup(point.variant.name), escape_markup(delay_text(point.delay_s)),
            escape_markup(per_hour_text(point)));
    }
    return fmt::format(
        "<svg class=\"capacity sweep\" viewBox=\"0 0 {0} {1}\" role=\"img\" aria-label=\"Delay "
        "against false alarms; the table has the frontier\">\n<line class=\"grid\" x1=\"{2}\" "
        "y1=\"{3}\" x2=\"{4}\" y2=\"{3}\"/><line class=\"grid\" x1=\"{2}\" y1=\"{2}\" "
        "x2=\"{2}\" y2=\"{3}\"/>\n<text class=\"axis\" x=\"{4}\" y=\"{5}\" "
        "text-anchor=\"end\">delay, up to {6:.0f} s</text><text class=\"axis\" x=\"{2}\" "
        "y=\"{7}\">false alarms per hour, up to {8}</text>\n<polyline class=\"fit\" "
        "points=\"{9}\"/>\n{10}</svg>\n",
        kWidth, kHeight, kMargin, kHeight - kMargin, kWidth - kMargin, kHeight - kMargin + 22,
        longest_s, kMargin - 14, figure(most), line, points);
}

std::string sweep_sections(const Sweeps& sweeps) {
    std::string text;
    for (std::size_t i = 0; i < sweeps.size(); ++i) {
        const std::string id = fmt::format("sweep{}", i);
        Table table(id + "-table", "The frontier, and what the rule file has",
                    {{"Variant"},
                     {"Delay", Align::Number},
                     {"Fired", Align::Number},
                     {"False alarms", Align::Number},
                     {""}});
        for (const SweepPoint* point : points_worth_reading(sweeps[i])) {
            table.row({escape_markup(point->variant.name),
                       escape_markup(delay_text(point->delay_s)),
                       fmt::format("{} of {}", point->fired, point->expected),
                       escape_markup(per_hour_text(*point)), escape_markup(point_mark(*point))});
        }
        text += fmt::format(
                    "<section aria-labelledby=\"{0}\">\n<h2 id=\"{0}\">Sweep of {1}</h2>\n<p "
                    "class=\"notes\">Proposal: {2}</p>\n",
                    id, escape_markup(sweeps[i].alert), escape_markup(sweeps[i].proposal)) +
                sweep_chart(sweeps[i]) + table.end() + "</section>\n";
    }
    return text;
}

}  // namespace

Result<std::string> alerts_html(const AlertReport& report, const RunReader& first,
                                const Sweeps& sweeps) {
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
    Markers all = markers(first.info(), *data, *analysis);
    for (const AlertOutcome* outcome : outcomes_of(report, 0)) {
        for (const ShownSpan& span : outcome->spans) {
            if (span.firing) {
                all.events.push_back(
                    {span.from_s, span.from_s, span.from_s, outcome->alert + " fires"});
            }
        }
    }
    std::string sections;
    for (std::size_t i = 0; i < report.runs.size(); ++i) {
        sections += run_section(report, i);
    }
    return filled_page(
        {.title = fmt::format("Alerts: {} - Plimsoll", alerts_headline(report)),
         .header = header_of(report),
         .main = answer_of(report) + sections + sweep_sections(sweeps) +
                 false_alarm_section(report) + charts_section(charts, all) +
                 percentile_section(percentiles),
         .version = first.info().version,
         .data = page_data(all, report.runs.front().duration_s, charts, percentiles)});
}

}  // namespace plimsoll
