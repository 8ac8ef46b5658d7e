#include "report/experiment_words.hpp"

#include "report/alerts_words.hpp"
#include "report/text.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace plimsoll::report {
namespace {

bool tells(const MatrixCell& cell) {
    return cell.fired > 0 || cell.late > 0;
}

}  // namespace

std::string experiment_headline(const ExperimentResult& result) {
    std::size_t told = 0;
    std::size_t tried = 0;
    for (std::size_t fault = 0; fault < result.faults.size(); ++fault) {
        tried += result.trials[fault] > 0 ? 1U : 0U;
        told += std::any_of(
                    result.cells.begin(), result.cells.end(),
                    [&](const MatrixCell& cell) { return cell.fault == fault && cell.fired > 0; })
                    ? 1U
                    : 0U;
    }
    const auto lied = std::count_if(result.false_alarms.begin(), result.false_alarms.end(),
                                    [](const FalseAlarms& each) { return !each.none_seen; });
    return fmt::format("{} of {} faults were told of by an alert, {}{}", told, tried,
                       lied == 0 ? "no false alarm" : fmt::format("{} gave false alarms", lied),
                       result.stopped ? "; stopped early" : "");
}

std::string experiment_method(const ExperimentResult& result) {
    const std::string who =
        result.live
            ? std::string("The server's own alerts were watched; each trial is one observation.")
            : fmt::format(
                  "Rules were replayed on each run in {} phases of scrapes every {:g} s and of "
                  "evaluations; each trial and phase is one observation.",
                  result.phases, result.scrape_s);
    return fmt::format(
        "{} Times are medians and ranges from the planting to the alert, over the faults that were "
        "told of while in force ({:g} s each). What begins to fire up to {:g} s after the healing "
        "is late, and what does so in the rest of the healthy time ({:g} s a stretch) is a false "
        "alarm. {} of {} repetitions, seed {}.",
        who, result.fault_s, result.settle_s, result.healthy_s, result.runs.size(),
        result.repetitions, result.seed);
}

std::string cell_text(const MatrixCell& cell) {
    if (cell.n == 0) {
        return cell.unclear > 0 ? "unclear" : "–";
    }
    std::string text;
    const auto add = [&](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
    if (cell.fired > 0) {
        add(fmt::format("{}, {} of {}", delay_text(cell.delay_s), cell.fired, cell.n));
    }
    if (cell.late > 0) {
        add(fmt::format("late in {} of {}", cell.late, cell.n));
    }
    if (cell.fired == 0 && cell.late == 0) {
        add(fmt::format("missed {} of {}", cell.missed, cell.n));
    }
    if (cell.unclear > 0) {
        add(fmt::format("{} unclear", cell.unclear));
    }
    return text;
}

std::string resolved_text(const MatrixCell& cell) {
    if (!cell.resolved_s) {
        return {};
    }
    return cell.resolved_s->median >= 0
               ? fmt::format("resolved {} after it was healed", delay_text(cell.resolved_s))
               : fmt::format("resolved {:.1f} s before it was healed", -cell.resolved_s->median);
}

std::vector<const MatrixCell*> telling_cells(const ExperimentResult& result, std::size_t fault) {
    std::vector<const MatrixCell*> out;
    for (const MatrixCell& cell : result.cells) {
        if (cell.fault == fault && tells(cell)) {
            out.push_back(&cell);
        }
    }
    std::stable_sort(out.begin(), out.end(), [](const MatrixCell* a, const MatrixCell* b) {
        if (!a->delay_s || !b->delay_s) {
            return a->delay_s.has_value() && !b->delay_s;
        }
        return a->delay_s->median < b->delay_s->median;
    });
    return out;
}

std::vector<const MatrixCell*> silent_cells(const ExperimentResult& result, std::size_t fault) {
    std::vector<const MatrixCell*> out;
    for (const MatrixCell& cell : result.cells) {
        if (cell.fault == fault && !tells(cell)) {
            out.push_back(&cell);
        }
    }
    return out;
}

}  // namespace plimsoll::report
