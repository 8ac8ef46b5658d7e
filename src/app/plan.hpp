// What a scenario comes to, as `plimsoll validate` shows it.
#pragma once

#include "scenario/scenario.hpp"

#include <string>

namespace plimsoll {

/// Stages with a small curve, expected arrivals, requests per endpoint, probes, exports and
/// thresholds. Never shows a secret. `unicode`: the terminal takes more than ASCII.
[[nodiscard]] std::string plan_text(const Scenario& scenario, bool unicode);

/// Whether the locale of the environment is one of UTF-8.
[[nodiscard]] bool locale_is_utf8();

}  // namespace plimsoll
