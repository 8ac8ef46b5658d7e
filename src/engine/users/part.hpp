// One shard's part of one executor: which arrivals, users and iterations are its own, and when.
#pragma once

#include "engine/users/user.hpp"
#include "load/arrivals.hpp"
#include "load/load_share.hpp"
#include "load/stepped_level.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace plimsoll {

/// How many of `share`'s numbers are below `total`.
[[nodiscard]] inline std::uint32_t count_below(const LoadShare& share, std::uint64_t total) {
    return static_cast<std::uint32_t>(share.count_below(total));
}

/// State with the arithmetic that belongs to it; `Users` moves it. `plan` must outlive it.
struct Part {
    /// Of executor `index`, for shard `shard` of the run's segment.
    Part(const UsersPlan& plan, std::uint32_t index, std::uint32_t shard);

    /// An arrival is due at `now`, and has not been taken.
    [[nodiscard]] bool has_arrival(Clock::time_point now) const noexcept {
        return next_arrival && begin + next_arrival->due <= now;
    }
    void take_next_arrival();
    /// When it next has something to do of its own accord; its end at the latest.
    [[nodiscard]] Clock::time_point due() const noexcept;
    /// Users that are to run at `now`, of this part's.
    [[nodiscard]] std::uint32_t wanted_at(Clock::time_point now) const;
    /// The level is `level`, over the whole run, from `at` on: only of a steered part. What of it
    /// is this part's.
    double step_level(Nanoseconds at, double level);

    /// Where the next user of a class, or its next arrival, goes: the addresses take turns, so that
    /// each gets its share of every class's load.
    [[nodiscard]] std::uint32_t take_place(std::uint32_t user_class);
    /// The parked users that an arrival of a class would take, of a place.
    [[nodiscard]] std::vector<User*>& pool(std::uint32_t user_class, std::uint32_t place) {
        return free[plan->classes[user_class].pool * plan->places + place];
    }
    /// One of any pool; nullptr: nobody is parked.
    [[nodiscard]] User* take_any();
    void park(User& user) { pool(user.user_class, user.place).push_back(&user); }

    /// A user in a loop has another iteration to do.
    [[nodiscard]] bool has_next(const User& user) const noexcept {
        if (!counted) {
            return true;
        }
        return numbered ? iterations_left != 0 : user.iteration < executor->iterations;
    }
    [[nodiscard]] std::uint64_t take_shared_iteration();
    /// What a user's draws come from. Where iterations count over the whole run, they depend on
    /// their number alone; a looping user's on the user: never on the shard.
    [[nodiscard]] std::uint64_t stream_of(const User& user) const noexcept {
        const std::uint64_t stream = numbered ? 0 : user.index + 1ULL;
        return user.executor + (stream << 16);
    }

    const UsersPlan* plan;
    const Executor* executor;
    std::uint32_t index;
    bool open;
    bool numbered;                           // iterations count over the whole run, not by user
    bool over = false;                       // no new iterations
    LoadShare own;                           // of the run's arrivals, users and iterations
    std::unique_ptr<SteppedLevel> steered;   // externally controlled: its level
    const Ramp* ramp;                        // the executor's, or the steered one
    Clock::time_point begin, end, hard_end;  // hard_end: end + graceful stop
    // open model
    std::optional<ArrivalCursor> arrivals;
    std::optional<ArrivalCursor::Arrival> next_arrival;
    bool arrivals_begun = false;
    std::uint32_t user_cap;                 // this shard's share of max_vus
    std::uint32_t made = 0;                 // users so far
    std::vector<std::vector<User*>> free;   // by ClassPlan::pool, by User::place
    std::vector<std::uint32_t> next_place;  // of the target's addresses, by user class
    // closed model: this shard's users, by rank; rank r is user own.number(r) of the run
    std::vector<User*> ranks;
    std::uint32_t wanted = 0;  // the ranks below it run, the others have left or are leaving
    Clock::time_point next_change;
    Clock::time_point next_leave = Clock::time_point::max();  // the users' earliest leave_by
    // iterations by number: those that no user of this shard has begun yet. Of shared ones,
    // iteration i falls to the shard of user i % vus, whose users take them as they are free.
    bool counted = false;
    std::uint64_t iterations_left = 0;
    std::uint64_t next_round = 0;  // the next is iteration next_round · vus + next_user
    std::uint64_t next_user = 0;
    std::uint32_t stopped = 0;  // closed model: users that are not to be started again
};

}  // namespace plimsoll
