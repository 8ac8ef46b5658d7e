#include "report/compare_words.hpp"

#include "base/units.hpp"
#include "report/text.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace plimsoll::report {
namespace {

/// "+10.3", "-0.02", "+1,200": a change in per cent, or in points.
std::string hundredths(double change) {
    if (!std::isfinite(change)) {
        return change > 0 ? "?" : "-?";
    }
    const double shown = 100 * change;
    const int digits = std::abs(shown) < 1 ? 2 : std::abs(shown) < 100 ? 1 : 0;
    const std::string text = fmt::format("{:+.{}f}", shown, digits);
    // What rounds to nothing has no sign.
    return text.find_first_of("123456789") == std::string::npos ? "0" : text;
}

bool in_points(const CompareRow& row) {
    return row.unit == RowUnit::Share;
}

std::string one_row(const CompareRow& row) {
    std::string where = row.group == "all requests" || row.group == "load"
                            ? row.name
                            : fmt::format("{} {}", row.group, row.name);
    return fmt::format("{} {} → {} ({})", where, row_value(row, row.base), row_value(row, row.now),
                       row_change(row));
}

std::string side(std::string_view name, const std::vector<ComparedRunInfo>& runs) {
    std::string ids;
    std::string verdicts;
    for (const ComparedRunInfo& run : runs) {
        ids += (ids.empty() ? "" : ", ") + run.id;
        if (verdicts.find(run.verdict) == std::string::npos) {
            verdicts += (verdicts.empty() ? "" : ", ") + run.verdict;
        }
    }
    return fmt::format("{}: {}, {}{}, measurement {}", name, runs.front().scenario,
                       runs.size() > 1 ? fmt::format("{} runs ", runs.size()) : "", ids, verdicts);
}

}  // namespace

std::string row_value(const CompareRow& row, const std::optional<double>& value) {
    if (!value) {
        return "–";
    }
    switch (row.unit) {
        case RowUnit::Seconds:
            return human_seconds(*value);
        case RowUnit::Rate:
            return figure(*value) + "/s";
        case RowUnit::Users:
            return figure(*value) + " users";
        case RowUnit::Share:
            break;
    }
    return percent(*value);
}

std::string row_change(const CompareRow& row) {
    if (!row.change) {
        return "–";
    }
    return hundredths(*row.change) + (in_points(row) ? " points" : " %");
}

std::string row_interval(const CompareRow& row) {
    if (!row.change) {
        return {};
    }
    return fmt::format("[{}, {}]", hundredths(row.interval[0]), hundredths(row.interval[1]));
}

std::string_view verdict_words(RowVerdict verdict) {
    return verdict == RowVerdict::TooLittle ? "too little data" : to_string(verdict);
}

std::string compare_headline(const CompareResult& result) {
    constexpr std::size_t kShown = 3;
    if (result.regressed()) {
        std::string text = "Worse: ";
        std::size_t shown = 0;
        for (const CompareRow& row : result.rows) {
            if (row.verdict == RowVerdict::Worse && shown < kShown) {
                text += (shown++ > 0 ? ", " : "") + one_row(row);
            }
        }
        const std::size_t more = result.count(RowVerdict::Worse) - shown;
        return text + (more > 0 ? fmt::format(", and {} more", more) : "");
    }
    const std::size_t told = result.rows.size() - result.count(RowVerdict::TooLittle);
    if (told == 0) {
        return "Nothing can be said: too little data in every figure";
    }
    std::string text = fmt::format("No regression: {} of {} figures the same",
                                   result.count(RowVerdict::Same), result.rows.size());
    if (const std::size_t better = result.count(RowVerdict::Better); better > 0) {
        text += fmt::format(", {} better", better);
    }
    if (const std::size_t open = result.count(RowVerdict::TooLittle); open > 0) {
        text += fmt::format(", {} with too little data to tell", open);
    }
    return text;
}

std::vector<std::string> compared_sides(const CompareResult& result) {
    return {side("base", result.base), side("now", result.now)};
}

std::string compare_method(const CompareResult& result) {
    return fmt::format(
        "A figure is worse or better where it changed by more than {} and its whole interval lies "
        "on that side of no change. All intervals together hold with 95 %.",
        percent(result.tolerance));
}

}  // namespace plimsoll::report
