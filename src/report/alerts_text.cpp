// A backtest of alerts for the terminal and for a comment on a change.
#include "report/alerts_report.hpp"
#include "report/alerts_words.hpp"
#include "report/text.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace plimsoll {
namespace {

using namespace report;

std::string remarks(const AlertOutcome& outcome, std::string_view before) {
    std::string text;
    for (const std::string& remark : outcome.remarks) {
        text += fmt::format("{}{}\n", before, one_line(remark));
    }
    return text;
}

std::string text_of(const AlertReport& report, const AlertOutcome& outcome) {
    std::string line = fmt::format("  {}\n", one_line(outcome.alert));
    if (outcome.fired > 0) {
        line += fmt::format("    pending {}, firing {} in {} phases, {}\n",
                            delay_text(outcome.pending_s), delay_text(outcome.firing_s),
                            fired_text(outcome),
                            outcome.resolved == 0 ? "not resolved when the run ended"
                                                  : "resolved " + delay_text(outcome.resolved_s));
        if (const std::string after = after_hurt_text(report.runs[outcome.run], outcome);
            !after.empty()) {
            line += fmt::format("    that is {}\n", after);
        }
        line += fmt::format("    hurt before it fired: {}\n", hurt_text(report, outcome));
    } else if (outcome.phases > 0 && report.runs[outcome.run].onset) {
        line += "    never fired after the onset\n";
    } else if (outcome.phases > 0 && outcome.false_alarms == 0) {
        line += "    did not fire\n";
    }
    if (outcome.false_alarms > 0) {
        line +=
            fmt::format("    FALSE: fired {} times {}\n", figure(outcome.false_alarms),
                        report.runs[outcome.run].onset ? "before the onset" : "without a cause");
    }
    return line + remarks(outcome, "    ! ");
}

std::string markdown_rows(const AlertReport& report, std::size_t run) {
    std::string rows =
        "| alert | pending | firing | phases | resolved | hurt before | remarks "
        "|\n|---|---:|---:|---:|---:|---|---|\n";
    for (const AlertOutcome* outcome : outcomes_of(report, run)) {
        std::string said = after_hurt_text(report.runs[run], *outcome);
        if (outcome->false_alarms > 0) {
            said += fmt::format("{}**false alarm** ({})", said.empty() ? "" : "; ",
                                figure(outcome->false_alarms));
        }
        for (const std::string& remark : outcome->remarks) {
            said += (said.empty() ? "" : "; ") + escape_markdown(remark);
        }
        rows += fmt::format(
            "| {} | {} | {} | {} | {} | {} | {} |\n", escape_markdown(outcome->alert),
            delay_text(outcome->pending_s), delay_text(outcome->firing_s), fired_text(*outcome),
            outcome->fired > 0 && outcome->resolved == 0 ? "not in this run"
                                                         : delay_text(outcome->resolved_s),
            escape_markdown(hurt_text(report, *outcome)), said);
    }
    return rows;
}

std::string sweep_text(const AlertSweep& sweep) {
    std::string text = fmt::format("\nSweep of {}\n  proposal: {}\n", one_line(sweep.alert),
                                   one_line(sweep.proposal));
    for (const SweepPoint* point : points_worth_reading(sweep)) {
        text += fmt::format("  {}: {}, fired in {} of {}, {}  {}\n", one_line(point->variant.name),
                            delay_text(point->delay_s), point->fired, point->expected,
                            per_hour_text(*point), point_mark(*point));
    }
    return text;
}

std::string sweep_markdown(const AlertSweep& sweep) {
    std::string text = fmt::format(
        "\n**Sweep of {}.** Proposal: {}\n\n| variant | delay | fired | false alarms | "
        "|\n|---|---:|---:|---:|---|\n",
        escape_markdown(sweep.alert), escape_markdown(sweep.proposal));
    for (const SweepPoint* point : points_worth_reading(sweep)) {
        text +=
            fmt::format("| {} | {} | {} of {} | {} | {} |\n", escape_markdown(point->variant.name),
                        delay_text(point->delay_s), point->fired, point->expected,
                        per_hour_text(*point), point_mark(*point));
    }
    return text;
}

}  // namespace

std::string alerts_text(const AlertReport& report, const Sweeps& sweeps) {
    std::string text = alerts_headline(report) + "\n";
    for (std::size_t run = 0; run < report.runs.size(); ++run) {
        text += fmt::format("\n{} ({}, {})\n  {}\n", one_line(report.runs[run].scenario),
                            report.runs[run].id, clock_text(report.runs[run].duration_s),
                            one_line(truth_text(report.runs[run])));
        for (const AlertOutcome* outcome : outcomes_of(report, run)) {
            text += text_of(report, *outcome);
        }
    }
    text += "\nFalse alarms\n";
    for (const FalseAlarms& alarms : report.false_alarms) {
        text += fmt::format("  {}: {}\n", one_line(alarms.alert), false_alarm_text(alarms));
    }
    for (const std::string& left_out : report.left_out) {
        text += "\n" + one_line(left_out) + "\n";
    }
    for (const AlertSweep& sweep : sweeps) {
        text += sweep_text(sweep);
    }
    for (const DemandResult& result : report.demands) {
        text +=
            fmt::format("\n{} {}\n", result.ok ? "ok  " : "FAIL", one_line(demand_text(result)));
    }
    return text + "\n" + method_text(report) + "\n";
}

std::string alerts_markdown(const AlertReport& report, const Sweeps& sweeps) {
    std::string text = fmt::format("### Alerts: {}\n\n", escape_markdown(alerts_headline(report)));
    for (const DemandResult& result : report.demands) {
        text += fmt::format("- {} {}\n", result.ok ? "ok:" : "**failed:**",
                            escape_markdown(demand_text(result)));
    }
    for (std::size_t run = 0; run < report.runs.size(); ++run) {
        text += fmt::format("\n**{}** ({}, {}): {}\n\n", escape_markdown(report.runs[run].scenario),
                            escape_markdown(report.runs[run].id),
                            clock_text(report.runs[run].duration_s),
                            escape_markdown(truth_text(report.runs[run])));
        text += markdown_rows(report, run);
    }
    text += "\n| alert | false alarms |\n|---|---|\n";
    for (const FalseAlarms& alarms : report.false_alarms) {
        text += fmt::format("| {} | {} |\n", escape_markdown(alarms.alert),
                            escape_markdown(false_alarm_text(alarms)));
    }
    for (const std::string& left_out : report.left_out) {
        text += "\n" + escape_markdown(left_out) + "\n";
    }
    for (const AlertSweep& sweep : sweeps) {
        text += sweep_markdown(sweep);
    }
    return text + "\n" + escape_markdown(method_text(report)) + "\n";
}

}  // namespace plimsoll
