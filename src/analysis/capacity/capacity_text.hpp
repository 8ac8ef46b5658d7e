// What a capacity search says, for a terminal.
#pragma once

#include "analysis/capacity/find_result.hpp"
#include "analysis/result.hpp"

#include <string>
#include <vector>

namespace plimsoll {

/// "240/s", or "12 users".
[[nodiscard]] std::string level_text(double level, bool open);
/// "between 236/s and 247/s", "at least 150/s", "below 2.5/s".
[[nodiscard]] std::string capacity_range(const FindResult& result);
/// One step on one line: level, verdict, p99 with its interval, failures, why.
[[nodiscard]] std::string step_line(const StepResult& step, bool open);
/// The answer in one sentence, without what bound it.
[[nodiscard]] std::string capacity_sentence(const FindResult& result);
/// What else a reader must know: recovery, a metastable target, an early end. May be empty.
[[nodiscard]] std::vector<std::string> capacity_notes(const FindResult& result);
/// "The next line, a prediction: the database's CPU, at 410/s [390, 430] ..."
[[nodiscard]] std::string next_line(const NextLimit& next);

}  // namespace plimsoll
