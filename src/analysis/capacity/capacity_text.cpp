#include "analysis/capacity/capacity_text.hpp"

#include "base/units.hpp"

#include <cmath>

#include <fmt/format.h>

namespace plimsoll {
namespace {

std::string time_range(const Estimate& time) {
    return std::isfinite(time.high)
               ? fmt::format("{} [{}, {}]", human_seconds(time.value), human_seconds(time.low),
                             human_seconds(time.high))
               : fmt::format("{} [{}, ?]", human_seconds(time.value), human_seconds(time.low));
}

}  // namespace

std::string level_text(double level, bool open) {
    if (!open) {
        return fmt::format("{:.0f} {}", level, level == 1 ? "user" : "users");
    }
    return level < 100 ? fmt::format("{:.3g}/s", level) : fmt::format("{:.0f}/s", level);
}

std::string capacity_range(const FindResult& result) {
    const SearchResult& search = result.search;
    if (search.lo && search.hi) {
        return fmt::format("between {} and {}", level_text(*search.lo, result.open),
                           level_text(*search.hi, result.open));
    }
    if (search.lo) {
        return "at least " + level_text(*search.lo, result.open);
    }
    return search.hi ? "below " + level_text(*search.hi, result.open) : "not known";
}

std::string step_line(const StepResult& step, bool open) {
    return fmt::format("{:<12} {:>9}  {:<4}  p99 {}, failed {:.2f} %{}", to_string(step.kind),
                       level_text(step.level, open), to_string(step.verdict),
                       time_range(step.p99_s), 100 * step.failed_ratio.value,
                       step.verdict == StepVerdict::Pass ? "" : ": " + step.why);
}

std::string capacity_sentence(const FindResult& result) {
    const SearchResult& search = result.search;
    switch (search.end) {
        case SearchEnd::Found:
            return fmt::format("It carries {}: {} of {} repeats at the lower end held.",
                               capacity_range(result), search.confirmed, search.confirmations);
        case SearchEnd::AtLeast:
            return fmt::format("It carries {}, the highest load that was allowed.",
                               capacity_range(result));
        case SearchEnd::AtMost:
            return search.hi ? fmt::format("It carries less than {}: nothing tried held.",
                                           level_text(*search.hi, result.open))
                             : "Nothing that was tried held for certain.";
        case SearchEnd::GeneratorLimit:
            return search.lo ? fmt::format("It carries {}; above that the generator was the limit.",
                                           capacity_range(result))
                             : "No answer: the generator was the limit from the first step on.";
        case SearchEnd::Searching:
            break;
    }
    return fmt::format("So far: {}.", capacity_range(result));
}

std::vector<std::string> capacity_notes(const FindResult& result) {
    std::vector<std::string> notes;
    if (!result.stopped.empty()) {
        notes.push_back("The search ended early: " + result.stopped + ".");
    }
    if (result.metastable) {
        notes.emplace_back(
            "After overload it stayed broken at half of what it carries: a "
            "metastable failure. It does not recover by less load alone.");
    } else if (result.recovery_s) {
        notes.push_back(fmt::format("After overload it answered as before within {} at half load.",
                                    human_seconds(*result.recovery_s)));
    }
    return notes;
}

std::string next_line(const NextLimit& next) {
    const std::string high =
        std::isfinite(next.rate.high) ? fmt::format("{:.3g}", next.rate.high) : "?";
    return fmt::format(
        "The next line, a prediction: with that out of the way, {} would bind at {:.3g} "
        "requests/s at most [{:.3g}, {}] ({}).",
        next.resource, next.rate.value, next.rate.low, high, next.why);
}

}  // namespace plimsoll
