// The sentences and figures of a comparison that every format shares. Inside src/report.
#pragma once

#include "analysis/compare/comparison.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::report {

/// "24.1 ms", "212/s", "64 users", "0.4 %"; "–" where there is none.
[[nodiscard]] std::string row_value(const CompareRow& row, const std::optional<double>& value);
/// "+10.3 %", or "+0.4 points" of a share; "–" where it cannot be told.
[[nodiscard]] std::string row_change(const CompareRow& row);
/// "[+9.1, +11.4]", in the change's unit; "" where there is none.
[[nodiscard]] std::string row_interval(const CompareRow& row);
/// "worse", "too little data" ...
[[nodiscard]] std::string_view verdict_words(RowVerdict verdict);

/// "Worse: response p50 24.1 ms → 26.6 ms (+10.3 %), and 2 more." or "No regression: ...".
[[nodiscard]] std::string compare_headline(const CompareResult& result);
/// "base: 1 run ..., now: 3 runs ...", one line a side.
[[nodiscard]] std::vector<std::string> compared_sides(const CompareResult& result);
/// What the intervals and verdicts mean, in a sentence.
[[nodiscard]] std::string compare_method(const CompareResult& result);

}  // namespace plimsoll::report
