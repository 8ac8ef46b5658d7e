// A user's life: its start, its iterations, its end.
#include "engine/shard.hpp"

#include <algorithm>
#include <functional>

#include <fmt/format.h>

namespace plimsoll {
namespace {

// In place of an iteration's number, for what is drawn in user_start and user_stop.
constexpr std::uint64_t kStartDraws = UINT64_MAX;
constexpr std::uint64_t kStopDraws = UINT64_MAX - 1;

}  // namespace

User* Shard::take_user(Part& part, std::uint32_t user_class) {
    const std::uint32_t place = next_place(part, user_class);
    auto& pool = part.free[plan_.users[user_class].pool * places_ + place];
    if (pool.empty() && part.made < part.user_cap) {
        return &new_user(part, static_cast<std::uint32_t>(part.own.number(part.made++)), place);
    }
    const auto from = pool.empty() ? std::find_if(part.free.begin(), part.free.end(),
                                                  [](const auto& each) { return !each.empty(); })
                                   : part.free.begin() + (&pool - part.free.data());
    if (from == part.free.end()) {
        return nullptr;
    }
    User* const user = from->back();
    from->pop_back();
    return user;
}

void Shard::park(Part& part, User& user) {
    part.free[plan_.users[user.user_class].pool * places_ + user.place].push_back(&user);
}

std::uint32_t Shard::next_place(Part& part, std::uint32_t user_class) const {
    std::uint32_t& next = part.next_place[user_class];
    const std::uint32_t place = next;
    next = next + 1 < places_ ? next + 1 : 0;
    return place;
}

bool Shard::has_next(const Part& part, const User& user) {
    if (!part.counted) {
        return true;
    }
    return part.numbered ? part.iterations_left != 0 : user.iteration < part.executor->iterations;
}

std::uint64_t Shard::take_shared_iteration(Part& part) {
    const std::uint64_t vus = part.executor->max_vus;
    const std::uint64_t iteration = part.next_round * vus + part.next_user;
    part.next_user += part.own.stride();
    if (part.next_user >= vus) {
        part.next_user = part.own.first();
        ++part.next_round;
    }
    return iteration;
}

void Shard::begin_next(User& user, Clock::time_point due) {
    Part& part = parts_[user.executor];
    if (!part.counted) {
        begin_iteration(user, user.iteration, user.user_class, due);
        return;
    }
    std::uint64_t iteration = user.iteration;
    std::uint32_t user_class = user.user_class;
    if (part.numbered) {
        iteration = take_shared_iteration(part);
        user_class = plan_.classes[part.index].pick(iteration);
    }
    ++recorder_->counts().arrivals_due;
    const bool last = --part.iterations_left == 0;
    begin_iteration(user, iteration, user_class, due);
    if (last) {
        const auto now = Clock::now();
        end_part(part, now);
        check_done(now);
    }
}

void Shard::begin_iteration(User& user, std::uint64_t iteration, std::uint32_t user_class,
                            Clock::time_point due) {
    if (user.user_class != user_class) {
        forget(user);
        user.user_class = user_class;
    }
    user.busy = true;
    user.between = false;
    user.iteration = iteration;
    const bool start = !user.started && plan_.users[user_class].has_start;
    user.errand = start ? Errand::Start : Errand::Iteration;
    begin_flow(user, due, due, true);
}

void Shard::begin_flow(User& user, Clock::time_point due, Clock::time_point now, bool at_once) {
    const bool iteration = user.errand == Errand::Iteration;
    const std::uint64_t own = user.executor + ((user.index + 1ULL) << 16);
    user.random = iteration ? Random(plan_.run->seed, stream_of(user), user.iteration)
                            : Random(plan_.run->seed, own,
                                     user.errand == Errand::Start ? kStartDraws : kStopDraws);
    user.due = due;
    user.sent_any = false;
    user.cursor.restart(flow_of(user));
    if (iteration) {
        user.iteration_due = due;
    }
    if (user.errand != Errand::Stop && !take_rows(user)) {
        ++recorder_->counts().out_of_data;
        stop_user(user, now);
        return;
    }
    if (iteration) {
        user.started = true;
        for (const VariableId variable : plan_.users[user.user_class].unset) {
            user.variables[variable].clear();
        }
        ++recorder_->counts().iterations_started;
        // What user_start logged in stays logged in.
        if (user.cookies && plan_.scenario->http.cookies == CookiePolicy::Iteration &&
            !plan_.users[user.user_class].has_start) [[unlikely]] {
            user.cookies->clear();
        }
    }
    if (takes_notes()) {
        begin_trace(user);
    }
    advance(user, now, at_once);
}

bool Shard::take_rows(User& user) {
    const auto& data = plan_.scenario->data;
    if (data.empty()) {
        return true;
    }
    const Part& part = parts_[user.executor];
    const std::uint64_t users = std::max(1U, part.executor->max_vus);
    const std::uint64_t number =
        part.numbered ? user.iteration : user.index + user.iteration * users;
    // Each executor counts from 0, but a unique row is for one of them.
    const std::uint64_t unique = number * parts_.size() + user.executor;
    const auto& reads = plan_.users[user.user_class].reads_in(user.errand == Errand::Start);
    bool enough = true;
    for (std::size_t id = 0; id < data.size(); ++id) {
        const std::uint64_t rows = data[id]->rows();
        std::uint64_t& row = user.rows[id];
        if (rows == 0) {
            row = kNoRow;
        } else if (data[id]->pick() == DataPick::Sequential) {
            row = number % rows;
        } else if (data[id]->pick() == DataPick::Random) {
            row = user.random.between(0, rows - 1);
        } else {
            row = unique < rows ? unique : kNoRow;
        }
        if (row == kNoRow && reads[id] && data[id]->pick() == DataPick::Unique) {
            enough = false;
            say_once(Said::OutOfData,
                     fmt::format("{}: all {} rows are used; users that need one stop",
                                 data[id]->name(), rows));
        }
    }
    return enough;
}

void Shard::forget(User& user) {
    user.started = false;
    user.sent_any = false;
    user.setbacks = 0;
    user.polls = 0;
    user.batch = {};
    user.groups.clear();
    if (user.cookies) {
        user.cookies->clear();
    }
    for (Variable& variable : user.variables) {
        variable.clear();
    }
}

void Shard::end_flow(User& user, Clock::time_point now, bool at_once) {
    switch (user.errand) {
        case Errand::Start:
            user.errand = Errand::Iteration;
            begin_flow(user, user.due, now, at_once);
            return;
        case Errand::Iteration:
            ++recorder_->counts().iterations_completed;
            if (plan_.options.on_variables) {
                plan_.options.on_variables(user.variables);
            }
            end_iteration(user, now, at_once);
            return;
        case Errand::Stop:
            retire(user, now);
            return;
    }
}

void Shard::break_off(User& user, OnFail how, Clock::time_point now, bool at_once) {
    for (const OpenGroup& group : user.groups) {
        recorder_->record_group_broken_off(group.group);
    }
    user.groups.clear();
    user.polls = 0;
    switch (user.errand) {
        case Errand::Start:
            ++recorder_->counts().starts_failed;
            say_once(Said::StartFailed,
                     fmt::format("user_start of {} failed; users that it fails for stop",
                                 plan_.users[user.user_class].who->name));
            stop_user(user, now);
            return;
        case Errand::Iteration:
            ++recorder_->counts().iterations_cut_short;
            if (how == OnFail::NextIteration) {
                end_iteration(user, now, at_once);
            } else {
                stop_user(user, now);
            }
            return;
        case Errand::Stop:
            retire(user, now);
            return;
    }
}

void Shard::end_trace(User& user, Clock::time_point now) {
    if (user.trace) {
        user.trace->ended = now;
        recorder_->record_trace(std::move(*user.trace));
        user.trace.reset();
    }
}

void Shard::end_iteration(User& user, Clock::time_point now, bool at_once) {
    end_trace(user, now);
    ++user.iteration;  // a user that leaves may come back
    Part& part = parts_[user.executor];
    if (part.open) {
        if (part.over) {
            depart(user, now);
            return;
        }
        user.busy = false;
        --recorder_->levels.users;
        park(part, user);
        return;
    }
    if (user.leaving || !has_next(part, user)) {
        depart(user, now);
        return;
    }
    user.due = std::max(user.due, user.iteration_due + plan_.users[user.user_class].who->pacing);
    if (!user.sent_any) {
        user.setbacks = static_cast<std::uint8_t>(std::min(user.setbacks + 1, 100));
        user.due = std::max(user.due, now + pause_after_setback(user));
    }
    user.between = true;
    launch(user, now, at_once, Resume::Iteration);
}

void Shard::stop_user(User& user, Clock::time_point now) {
    end_trace(user, now);
    ++recorder_->counts().users_stopped;
    ++user.iteration;
    user.stopped = !parts_[user.executor].open;
    depart(user, now);
}

void Shard::depart(User& user, Clock::time_point now) {
    user.between = false;
    if (user.started && plan_.users[user.user_class].has_stop) {
        user.errand = Errand::Stop;
        begin_flow(user, now, now, false);
        return;
    }
    retire(user, now);
}

void Shard::retire(User& user, Clock::time_point now) {
    forget(user);
    Part& part = parts_[user.executor];
    if (!part.open && !part.over && !user.leaving && !user.stopped && has_next(part, user)) {
        // The ramp took it away and wants it back meanwhile.
        user.due = now;
        user.between = true;
        launch(user, now, false, Resume::Iteration);
        return;
    }
    user.busy = false;
    --recorder_->levels.users;
    if (part.open && !part.over) {
        park(part, user);
        return;
    }
    if (!part.open) {
        close_sockets(user);
    }
    if (user.stopped) {
        end_part_without_users(part, user, now);
    }
    check_done(now);
}

void Shard::end_part_without_users(Part& part, User& user, Clock::time_point now) {
    ++part.stopped;
    if (part.executor->kind == ExecutorKind::PerVuIterations) {
        part.iterations_left -=
            part.executor->iterations - std::min(user.iteration, part.executor->iterations);
    }
    if (part.stopped >= part.user_cap || (part.counted && part.iterations_left == 0)) {
        end_part(part, now);
    }
}

void Shard::say_once(Said what, std::string text) {
    if (plan_.options.on_note && !plan_.said->test_and_set(what)) {
        plan_.options.on_note(std::move(text));
    }
}

void Shard::schedule(User& user, Clock::time_point at) {
    wakeups_.push_back({at, &user});
    std::push_heap(wakeups_.begin(), wakeups_.end(), std::greater<>());
    if (wakeups_.front().user == &user) {
        arm_pace();
    }
}

void Shard::resume(User& user) {
    switch (user.resume) {
        case Resume::Iteration:
            begin_next(user, user.due);
            return;
        case Resume::Step:
            send_step(user);
            return;
        case Resume::Batch:
            launch_batch(user, user.due);
            return;
    }
}

}  // namespace plimsoll
