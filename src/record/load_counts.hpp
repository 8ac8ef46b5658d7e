// What is counted of a load. One table names each count: merging, the run file and the metrics go
// by it, so that a new count is a member, its row, and the place that counts.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace plimsoll {

/// Why an iteration that was due never started.
enum class NotSentReason : std::uint8_t { UserCap, Generator };
inline constexpr std::array<NotSentReason, 2> kNotSentReasons{NotSentReason::UserCap,
                                                              NotSentReason::Generator};
/// As metrics and files say it.
[[nodiscard]] constexpr std::string_view to_string(NotSentReason reason) {
    return reason == NotSentReason::UserCap ? "user_cap" : "generator";
}

/// Counts of one tick (or, merged, since the start).
struct LoadCounts {
    /// Iterations due: the arrivals of open-model executors' schedules, and the iterations of those
    /// that do a number of them, as each begins or is given up for want of time.
    std::uint64_t arrivals_due = 0;
    std::uint64_t iterations_started = 0;
    std::uint64_t iterations_completed = 0;
    std::uint64_t not_sent_user_cap = 0;   // iterations
    std::uint64_t not_sent_generator = 0;  // iterations
    std::uint64_t connects_ok = 0;
    std::uint64_t connects_failed = 0;
    std::uint64_t reconnects = 0;        // kept-alive connections that the server had closed
    std::uint64_t errors_unsampled = 0;  // failed requests whose body was not kept
    std::uint64_t spans_dropped = 0;
    std::uint64_t interrupted = 0;           // requests with outcome CutOff
    std::uint64_t redirects = 0;             // hops beyond a request's first
    std::uint64_t iterations_cut_short = 0;  // ended by a failed step before the flow's end
    std::uint64_t steps_unrendered = 0;  // not sent: a variable in them had no value; no requests
    std::uint64_t starts_failed = 0;     // users whose user_start failed
    std::uint64_t users_stopped = 0;     // by on_fail, or for want of data
    std::uint64_t out_of_data = 0;       // iterations not begun: unique data had no row left

    [[nodiscard]] std::uint64_t& not_sent(NotSentReason reason) {
        return reason == NotSentReason::UserCap ? not_sent_user_cap : not_sent_generator;
    }
    [[nodiscard]] std::uint64_t not_sent(NotSentReason reason) const {
        return reason == NotSentReason::UserCap ? not_sent_user_cap : not_sent_generator;
    }
    /// For either reason.
    [[nodiscard]] std::uint64_t not_sent() const { return not_sent_user_cap + not_sent_generator; }

    void merge(const LoadCounts& other);
    friend bool operator==(const LoadCounts&, const LoadCounts&) = default;
};

/// One count. `metric`, `unit` and `help` are empty where no metric shows it alone: then it is part
/// of one with labels (signal/load_metrics.cpp), or of none.
struct LoadCount {
    std::string_view name;  // in the run file
    std::uint64_t LoadCounts::*value;
    std::string_view metric = {};  // the full public name
    std::string_view unit = {};
    std::string_view help = {};
};
inline constexpr std::array kLoadCounts{
    LoadCount{"arrivals_due", &LoadCounts::arrivals_due},
    LoadCount{"iterations_started", &LoadCounts::iterations_started},
    LoadCount{"iterations_completed", &LoadCounts::iterations_completed,
              "plimsoll_iterations_total", "iterations",
              "Iterations of user flows that ran to their end."},
    LoadCount{"not_sent_user_cap", &LoadCounts::not_sent_user_cap},
    LoadCount{"not_sent_generator", &LoadCounts::not_sent_generator},
    LoadCount{"connects_ok", &LoadCounts::connects_ok},
    LoadCount{"connects_failed", &LoadCounts::connects_failed},
    LoadCount{"reconnects", &LoadCounts::reconnects},
    LoadCount{"errors_unsampled", &LoadCounts::errors_unsampled},
    LoadCount{"spans_dropped", &LoadCounts::spans_dropped},
    LoadCount{"interrupted", &LoadCounts::interrupted},
    LoadCount{"redirects", &LoadCounts::redirects, "plimsoll_redirects_total", "redirects",
              "Redirects that were followed, within their request."},
    LoadCount{"iterations_cut_short", &LoadCounts::iterations_cut_short,
              "plimsoll_iterations_cut_short_total", "iterations",
              "Iterations that a failed step ended early."},
    LoadCount{"steps_unrendered", &LoadCounts::steps_unrendered, "plimsoll_steps_unrendered_total",
              "steps", "Steps that were not sent because a variable in them had no value."},
    LoadCount{"starts_failed", &LoadCounts::starts_failed, "plimsoll_user_starts_failed_total",
              "users", "Users whose user_start failed."},
    LoadCount{"users_stopped", &LoadCounts::users_stopped, "plimsoll_users_stopped_total", "users",
              "Users that stopped before their time: by on_fail, or for want of data."},
    LoadCount{"out_of_data", &LoadCounts::out_of_data, "plimsoll_out_of_data_total", "iterations",
              "Iterations that did not begin because unique data had no row left."},
};
static_assert(sizeof(LoadCounts) == kLoadCounts.size() * sizeof(std::uint64_t),
              "each count has one row");

}  // namespace plimsoll
