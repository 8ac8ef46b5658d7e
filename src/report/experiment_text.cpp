// An experiment for the terminal and for a comment on a change.
#include "report/alerts_words.hpp"
#include "report/experiment_report.hpp"
#include "report/experiment_words.hpp"
#include "report/text.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace plimsoll {
namespace {

using namespace report;

std::string fault_text(const ExperimentResult& result, std::size_t fault) {
    const std::size_t times = result.trials[fault];
    std::string text = fmt::format("\n{} ({})\n", one_line(result.faults[fault]),
                                   times == 0   ? "not played to its end"
                                   : times == 1 ? "planted once"
                                                : fmt::format("planted {} times", times));
    const auto telling = telling_cells(result, fault);
    for (const MatrixCell* cell : telling) {
        const std::string resolved = resolved_text(*cell);
        text += fmt::format("  {}: {}{}{}\n", one_line(cell->alert), cell_text(*cell),
                            resolved.empty() ? "" : "; ", resolved);
    }
    std::string missed;
    std::string unclear;
    for (const MatrixCell* cell : silent_cells(result, fault)) {
        std::string& list = cell->n > 0 ? missed : unclear;
        list += (list.empty() ? "" : ", ") + one_line(cell->alert);
    }
    if (times > 0 && telling.empty()) {
        text += "  no alert told of it\n";
    }
    if (!missed.empty()) {
        text += fmt::format("  missed by {}\n", missed);
    }
    if (!unclear.empty() && times > 0) {
        text += fmt::format("  cannot be said of {}: still firing from before, or nobody watched\n",
                            unclear);
    }
    return text;
}

}  // namespace

std::string experiment_text(const ExperimentResult& result) {
    std::string text = fmt::format("{}: {}\n", one_line(result.name), experiment_headline(result));
    for (std::size_t fault = 0; fault < result.faults.size(); ++fault) {
        text += fault_text(result, fault);
    }
    text += "\nFalse alarms\n";
    for (const FalseAlarms& alarms : result.false_alarms) {
        text += fmt::format("  {}: {}\n", one_line(alarms.alert), false_alarm_text(alarms));
    }
    for (const auto& [alert, remark] : result.remarks) {
        text += fmt::format("\n! {}: {}\n", one_line(alert), one_line(remark));
    }
    return text + "\n" + experiment_method(result) + "\n";
}

std::string experiment_markdown(const ExperimentResult& result) {
    std::string text =
        fmt::format("### Experiment {}: {}\n\n| alert |", escape_markdown(result.name),
                    escape_markdown(experiment_headline(result)));
    std::string line = "\n|---|";
    for (std::size_t fault = 0; fault < result.faults.size(); ++fault) {
        text +=
            fmt::format(" {} (×{}) |", escape_markdown(result.faults[fault]), result.trials[fault]);
        line += "---:|";
    }
    text += " false alarms |" + line + "---:|\n";
    for (std::size_t alert = 0; alert < result.alerts.size(); ++alert) {
        text += fmt::format("| {} |", escape_markdown(result.alerts[alert]));
        for (std::size_t fault = 0; fault < result.faults.size(); ++fault) {
            text += fmt::format(" {} |", escape_markdown(cell_text(result.cell(fault, alert))));
        }
        text +=
            fmt::format(" {} |\n", escape_markdown(false_alarm_text(result.false_alarms[alert])));
    }
    for (const auto& [alert, remark] : result.remarks) {
        text += fmt::format("\n- {}: {}", escape_markdown(alert), escape_markdown(remark));
    }
    text += result.remarks.empty() ? "" : "\n";
    return text + "\n" + escape_markdown(experiment_method(result)) + "\n";
}

}  // namespace plimsoll
