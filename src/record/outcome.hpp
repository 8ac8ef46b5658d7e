// What a request came to. A failed request is data, never an exception.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace plimsoll {

/// Exactly one per request. The names in `to_string` are a public contract (metrics, files,
/// thresholds).
enum class Outcome : std::uint8_t {
    Ok,
    Http4xx,      // 400-499 but 429, where the step did not expect it
    Http5xx,      // 500 and above, where the step did not expect it
    RateLimited,  // 429, where the step did not expect it
    CheckFailed,  // a complete response that the step's `expect` refuses
    Dns,
    ConnectRefused,
    ConnectTimeout,
    ConnectReset,  // reset or closed while connecting, or reset before any byte of the response
    Tls,
    SendFailed,
    ResponseTimeout,  // no complete header within the step's timeout
    BodyTimeout,      // a header, but not the whole body, within the step's timeout
    ClosedEarly,      // the connection ended inside a response
    Protocol,         // what came is not HTTP
    NoPorts,          // no local port or file descriptor was left: the generator's limit
    CutOff,   // sent, and not answered when the run, or its user's part in it, was cut short
    NotSent,  // due by the schedule, but the user cap or the generator could not
};
inline constexpr std::size_t kOutcomeCount = 18;

inline constexpr std::array<std::string_view, kOutcomeCount> kOutcomeNames{
    "ok",          "http_4xx",         "http_5xx",        "rate_limited",  "check_failed",
    "dns",         "connect_refused",  "connect_timeout", "connect_reset", "tls",
    "send_failed", "response_timeout", "body_timeout",    "closed_early",  "protocol",
    "no_ports",    "cut_off",          "not_sent"};

[[nodiscard]] constexpr std::string_view to_string(Outcome outcome) {
    return kOutcomeNames[static_cast<std::size_t>(outcome)];
}
[[nodiscard]] constexpr std::optional<Outcome> outcome_from(std::string_view name) {
    for (std::size_t i = 0; i < kOutcomeCount; ++i) {
        if (kOutcomeNames[i] == name) {
            return static_cast<Outcome>(i);
        }
    }
    return std::nullopt;
}
/// Known to have failed. Of a request that was cut off nothing is known but that it took longer
/// than its age: analysis judges it by that (docs/decisions/0015-censored-values.md).
[[nodiscard]] constexpr bool is_failure(Outcome outcome) {
    return outcome != Outcome::Ok && outcome != Outcome::CutOff;
}
/// A complete response came, whatever it said.
[[nodiscard]] constexpr bool is_answer(Outcome outcome) {
    return outcome == Outcome::Ok || outcome == Outcome::Http4xx || outcome == Outcome::Http5xx ||
           outcome == Outcome::RateLimited || outcome == Outcome::CheckFailed;
}
/// The request ran into the step's timeout.
[[nodiscard]] constexpr bool is_timeout(Outcome outcome) {
    return outcome == Outcome::ConnectTimeout || outcome == Outcome::ResponseTimeout ||
           outcome == Outcome::BodyTimeout;
}
/// It was given up before it ended: its time is a lower bound (a censored value).
[[nodiscard]] constexpr bool is_censored(Outcome outcome) {
    return is_timeout(outcome) || outcome == Outcome::CutOff;
}

}  // namespace plimsoll
