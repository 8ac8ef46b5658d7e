// When to send again what was not taken, and what may be said of it.
#pragma once

#include "base/clock.hpp"
#include "net/http_message.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace plimsoll {

/// Seconds or an HTTP date (RFC 9110, 10.2.3) as a wait from `now`, never negative. Nothing where
/// it is neither.
[[nodiscard]] std::optional<Nanoseconds> read_retry_after(std::string_view text,
                                                          WallClock::time_point now);
/// What the reply's Retry-After asks for, from now.
[[nodiscard]] std::optional<Nanoseconds> asked_to_wait(const HttpResponse& reply);

/// How long to wait before try number `attempt` + 1 (from 0): what the server asks for, else
/// `first` doubled each time less up to a quarter at random. At most kLongestWait either way.
inline constexpr Nanoseconds kLongestWait = std::chrono::seconds(30);
[[nodiscard]] Nanoseconds retry_wait(unsigned attempt, std::optional<Nanoseconds> asked,
                                     std::uint64_t seed,
                                     Nanoseconds first = std::chrono::seconds(1));

/// `text` from a server, fit for a log: printable ASCII, at most 200 characters, and without any of
/// our header values.
[[nodiscard]] std::string safe_excerpt(std::string_view text, const HttpHeaders& headers);

}  // namespace plimsoll
