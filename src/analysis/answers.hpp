// Whether the target answered: the gate that every run has, with thresholds or without.
#pragma once

#include "analysis/result.hpp"
#include "analysis/run_data.hpp"

namespace plimsoll {

/// A run does not pass where none of its requests was answered, where more than a tenth of them
/// were never answered, or where nothing was answered any more at the end of its load although it
/// should have been. A complete response is an answer whatever it says; what was cut off counts
/// where it was too old to be still under way (docs/decisions/0016-unanswered-requests.md).
[[nodiscard]] AnswerResult judge_answers(const RunData& data);

}  // namespace plimsoll
