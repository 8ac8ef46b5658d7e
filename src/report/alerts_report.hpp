// What a backtest of alerts looks like: one renderer per format, from the same result.
#pragma once

#include "alerts/outcome.hpp"
#include "alerts/sweep.hpp"
#include "base/result.hpp"
#include "store/run_reader.hpp"

#include <string>
#include <vector>

namespace plimsoll {

/// Of the JSON form; docs/alerts.md documents its fields.
inline constexpr int kAlertsSchema = 1;

/// By alert; empty where nothing was swept.
using Sweeps = std::vector<AlertSweep>;

/// For the terminal.
[[nodiscard]] std::string alerts_text(const AlertReport& report, const Sweeps& sweeps = {});
/// For a comment on a change.
[[nodiscard]] std::string alerts_markdown(const AlertReport& report, const Sweeps& sweeps = {});
[[nodiscard]] std::string alerts_json(const AlertReport& report, const Sweeps& sweeps = {});
/// One self-contained page; its charts are of the first run. Error: what could not be read.
[[nodiscard]] Result<std::string> alerts_html(const AlertReport& report, const RunReader& first,
                                              const Sweeps& sweeps = {});

}  // namespace plimsoll
