// What an experiment with alerts looks like: one renderer per format, from the same result.
#pragma once

#include "base/result.hpp"
#include "experiment/trial_matrix.hpp"
#include "store/run_reader.hpp"

#include <string>

namespace plimsoll {

/// Of the JSON form; docs/experiments.md documents its fields.
inline constexpr int kExperimentSchema = 1;

/// For the terminal.
[[nodiscard]] std::string experiment_text(const ExperimentResult& result);
/// For a comment on a change.
[[nodiscard]] std::string experiment_markdown(const ExperimentResult& result);
[[nodiscard]] std::string experiment_json(const ExperimentResult& result);
/// One self-contained page; its charts are of the first repetition. Error: what could not be read.
[[nodiscard]] Result<std::string> experiment_html(const ExperimentResult& result,
                                                  const RunReader& first);

}  // namespace plimsoll
