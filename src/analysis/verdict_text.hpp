// What the run said, for the terminal: the last thing a person reads, and often the only one.
#pragma once

#include "analysis/result.hpp"
#include "record/run_info.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

/// Plain lines of at most 80 columns, without colour, each ended by a newline: whether the
/// measurement may be believed, where the target broke, what gave way first and why, and the
/// number to change. UTF-8.
[[nodiscard]] std::string verdict_text(const Analysis& analysis, const RunInfo& info);

/// A cause's name in words: "app_pool_exhausted" → "the application's database connection pool".
[[nodiscard]] std::string_view cause_in_words(std::string_view cause);

/// What the failed checks say, with "; " in between; of `decisive` those that are. "" where none.
[[nodiscard]] std::string failed_checks(const std::vector<ValidityCheck>& checks,
                                        bool decisive = false);

}  // namespace plimsoll
