// The sentences that every format of an experiment shares. Inside src/report.
#pragma once

#include "experiment/trial_matrix.hpp"

#include <string>
#include <vector>

namespace plimsoll::report {

/// In one line: how many faults were told of, and how many alerts lied.
[[nodiscard]] std::string experiment_headline(const ExperimentResult& result);
/// How it was made, for a line below.
[[nodiscard]] std::string experiment_method(const ExperimentResult& result);
/// "23.4 s (21.0-25.1), 24 of 24"; "late in 3 of 24"; "missed"; "–" where nothing was observed.
[[nodiscard]] std::string cell_text(const MatrixCell& cell);
/// "resolved 12.0 s (8.0-15.0) after it was healed"; empty where it did not fire or resolve.
[[nodiscard]] std::string resolved_text(const MatrixCell& cell);
/// The cells of one fault: those that fired first, by their delay, then the late ones. Without
/// those that missed it always.
[[nodiscard]] std::vector<const MatrixCell*> telling_cells(const ExperimentResult& result,
                                                           std::size_t fault);
/// The alerts that never told of it, or were not observed.
[[nodiscard]] std::vector<const MatrixCell*> silent_cells(const ExperimentResult& result,
                                                          std::size_t fault);

}  // namespace plimsoll::report
