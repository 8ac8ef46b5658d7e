// Diagnostics on stderr through spdlog. Results and verdicts are output, not logs: they go to
// stdout.
#pragma once

#include <spdlog/spdlog.h>

namespace plimsoll {

enum class Verbosity { Quiet, Normal, Verbose };

/// Sends the default logger to stderr with millisecond time stamps. Call once, from main, before
/// threads. Messages are `words key=value`, and never carry a DSN, header value or token.
void init_logging(Verbosity verbosity);

}  // namespace plimsoll
