// What a comparison looks like: one renderer per format, from the same result.
#pragma once

#include "analysis/compare/comparison.hpp"
#include "base/result.hpp"
#include "store/run_reader.hpp"

#include <string>

namespace plimsoll {

/// Of the JSON form; docs/compare.md documents its fields.
inline constexpr int kCompareSchema = 1;

/// For the terminal.
[[nodiscard]] std::string compare_text(const CompareResult& result);
/// For a comment on a change.
[[nodiscard]] std::string compare_markdown(const CompareResult& result);
[[nodiscard]] std::string compare_json(const CompareResult& result);
/// One test case a row: what is worse fails, what cannot be told is skipped.
[[nodiscard]] std::string compare_junit(const CompareResult& result);
/// One self-contained page, with the timelines of these two runs laid over each other: one of each
/// side. Error: what could not be read.
[[nodiscard]] Result<std::string> compare_html(const CompareResult& result, const RunReader& base,
                                               const RunReader& now);

}  // namespace plimsoll
