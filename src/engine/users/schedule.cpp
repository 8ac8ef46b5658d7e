// When users start and wake.
#include "engine/users/users.hpp"

#include <algorithm>
#include <functional>

namespace plimsoll {
namespace {

/// Arrivals that were due before a part's end may still be sent so long after it.
constexpr Nanoseconds kMostOverdue = std::chrono::seconds(1);

}  // namespace

Users::Users(const UsersPlan& plan, std::uint32_t shard, Recorder& recorder)
    : plan_(plan), recorder_(recorder), judge_(plan, recorder) {
    const auto count = static_cast<std::uint32_t>(plan.scenario->load.size());
    recorder_.parts.resize(count);
    parts_.reserve(count);
    for (std::uint32_t i = 0; i < count; ++i) {
        recorder_.levels.users_max += parts_.emplace_back(plan, i, shard).user_cap;
    }
    arm();
}

void Users::set_level(std::uint32_t executor, Nanoseconds at, double level, Clock::time_point now) {
    if (executor >= parts_.size() || !parts_[executor].steered) {
        return;
    }
    recorder_.roll_to(now);
    PartState& state = recorder_.parts[executor];
    ++state.steps;
    state.level = parts_[executor].step_level(at, level);
    arm();
}

User& Users::new_user(Part& part, std::uint32_t index, std::uint32_t place) {
    User& user = users_.emplace_back(index, part.index);
    user.place = place;
    user.variables.resize(plan_.scenario->variables.size());
    user.rows.resize(plan_.scenario->data.size());
    return user;
}

User* Users::take_user(Part& part, std::uint32_t user_class) {
    const std::uint32_t place = part.take_place(user_class);
    std::vector<User*>& pool = part.pool(user_class, place);
    if (!pool.empty()) [[likely]] {
        User* const user = pool.back();
        pool.pop_back();
        return user;
    }
    if (part.made < part.user_cap) {
        return &new_user(part, static_cast<std::uint32_t>(part.own.number(part.made++)), place);
    }
    return part.take_any();
}

void Users::arm() {
    auto due = Clock::time_point::max();
    for (const Part& part : parts_) {
        if (!part.over) {
            due = std::min(due, part.due());
        }
    }
    if (!wakeups_.empty()) {
        due = std::min(due, wakeups_.front().at);
    }
    wake_at_ = due;
}

void Users::begin_arrival(Part& part) {
    const auto arrival = *part.next_arrival;
    part.take_next_arrival();
    ++recorder_.counts().arrivals_due;
    const std::uint32_t user_class = plan_.pickers[part.index].pick(arrival.index);
    User* const user = take_user(part, user_class);
    if (user == nullptr) {
        ++recorder_.counts().not_sent_user_cap;
        return;
    }
    ++recorder_.levels.users;
    begin_iteration(*user, arrival.index, user_class, part.begin + arrival.due);
}

void Users::begin_rank(Part& part, std::uint32_t rank, Clock::time_point now) {
    if (rank == part.ranks.size()) {
        const auto index = static_cast<std::uint32_t>(part.own.number(rank));
        const std::uint32_t user_class = plan_.pickers[part.index].pick(index);
        part.ranks.push_back(&new_user(part, index, part.take_place(user_class)));
    }
    User& user = *part.ranks[rank];
    user.leaving = false;
    user.leave_by = Clock::time_point::max();
    if (!user.busy && !user.stopped) {
        user.busy = true;
        ++recorder_.levels.users;
        // Users that a ramp asks for are due when it asked, not when somebody came round to it.
        user.user_class = plan_.pickers[part.index].pick(user.index);
        begin_next(user, std::max(part.begin, part.next_change), now);
    }
}

void Users::end_if_due(Part& part, Clock::time_point now, bool all_begun) {
    const auto end = all_begun ? part.end : part.end + kMostOverdue;
    if (now >= end || (part.counted && part.iterations_left == 0)) {
        end_part(part, now);
    }
}

bool Users::wake_next(Clock::time_point now) {
    if (wakeups_.empty() || wakeups_.front().at > now) {
        return false;
    }
    std::pop_heap(wakeups_.begin(), wakeups_.end(), std::greater<>());
    const Wakeup wakeup = wakeups_.back();
    wakeups_.pop_back();
    User& user = *wakeup.user;
    if (user.busy && user.idle() && user.due == wakeup.at) {  // else it was cut off meanwhile
        resume(user, now);
    }
    return true;
}

void Users::schedule(User& user, Clock::time_point at) {
    wakeups_.push_back({at, &user});
    std::push_heap(wakeups_.begin(), wakeups_.end(), std::greater<>());
    if (wakeups_.front().user == &user) {
        arm();
    }
}

void Users::launch(User& user, Clock::time_point now, bool at_once, Resume what) {
    user.resume = what;
    if (user.due > now || !at_once) {
        schedule(user, user.due);
    } else {
        resume(user, now);
    }
}

void Users::resume(User& user, Clock::time_point now) {
    switch (user.resume) {
        case Resume::Iteration:
            begin_next(user, user.due, now);
            return;
        case Resume::Step:
            if (!user.groups.empty()) {
                begin_groups(user);
            }
            send(user, user.step, user.due, false);
            return;
        case Resume::Batch:
            begin_batch(user, now);
            return;
    }
}

}  // namespace plimsoll
