// A user's life: its start, its iterations, its end.
#include "engine/users/trace_ids.hpp"
#include "engine/users/users.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace plimsoll {
namespace {

// In place of an iteration's number, for what is drawn in user_start and user_stop.
constexpr std::uint64_t kStartDraws = UINT64_MAX;
constexpr std::uint64_t kStopDraws = UINT64_MAX - 1;

}  // namespace

void Users::begin_next(User& user, Clock::time_point due, Clock::time_point now) {
    Part& part = parts_[user.executor];
    if (!part.counted) {
        begin_iteration(user, user.iteration, user.user_class, due);
        return;
    }
    std::uint64_t iteration = user.iteration;
    std::uint32_t user_class = user.user_class;
    if (part.numbered) {
        iteration = part.take_shared_iteration();
        user_class = plan_.pickers[part.index].pick(iteration);
    }
    ++recorder_.counts().arrivals_due;
    const bool last = --part.iterations_left == 0;
    begin_iteration(user, iteration, user_class, due);
    if (last) {
        end_part(part, now);
    }
}

void Users::begin_iteration(User& user, std::uint64_t iteration, std::uint32_t user_class,
                            Clock::time_point due) {
    if (user.user_class != user_class) {
        forget(user);
        user.user_class = user_class;
    }
    user.busy = true;
    user.between = false;
    user.iteration = iteration;
    const bool start = !user.started && plan_.classes[user_class].has_start;
    user.errand = start ? Errand::Start : Errand::Iteration;
    begin_flow(user, due, due, true);
}

void Users::begin_flow(User& user, Clock::time_point due, Clock::time_point now, bool at_once) {
    const bool iteration = user.errand == Errand::Iteration;
    const std::uint64_t own = user.executor + ((user.index + 1ULL) << 16);
    user.random =
        iteration
            ? Random(plan_.run->seed, parts_[user.executor].stream_of(user), user.iteration)
            : Random(plan_.run->seed, own, user.errand == Errand::Start ? kStartDraws : kStopDraws);
    user.due = due;
    user.sent_any = false;
    user.cursor.restart(flow_of(user));
    if (iteration) {
        user.iteration_due = due;
    }
    if (user.errand != Errand::Stop && !take_rows(user)) {
        ++recorder_.counts().out_of_data;
        stop_user(user, now);
        return;
    }
    if (iteration) {
        user.started = true;
        for (const VariableId variable : plan_.classes[user.user_class].unset) {
            user.variables[variable].clear();
        }
        ++recorder_.counts().iterations_started;
        user.memory += plan_.classes[user.user_class].forgets_cookies ? 1U : 0U;
    }
    if (plan_.takes_notes()) {
        begin_trace(user);
    }
    advance(user, now, at_once);
}

bool Users::take_rows(User& user) {
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
    const auto& reads = plan_.classes[user.user_class].reads_in(user.errand == Errand::Start);
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

void Users::forget(User& user) {
    user.started = false;
    user.sent_any = false;
    user.setbacks = 0;
    user.polls = 0;
    user.batch = {};
    user.groups.clear();
    ++user.memory;
    for (Variable& variable : user.variables) {
        variable.clear();
    }
}

void Users::end_flow(User& user, Clock::time_point now, bool at_once) {
    switch (user.errand) {
        case Errand::Start:
            user.errand = Errand::Iteration;
            begin_flow(user, user.due, now, at_once);
            return;
        case Errand::Iteration:
            ++recorder_.counts().iterations_completed;
            if (plan_.tell.on_variables) {
                plan_.tell.on_variables(user.variables);
            }
            end_iteration(user, now, at_once);
            return;
        case Errand::Stop:
            retire(user, now);
            return;
    }
}

void Users::break_off(User& user, OnFail how, Clock::time_point now, bool at_once) {
    for (const OpenGroup& group : user.groups) {
        recorder_.record_group_broken_off(group.group);
    }
    user.groups.clear();
    user.polls = 0;
    switch (user.errand) {
        case Errand::Start:
            ++recorder_.counts().starts_failed;
            say_once(Said::StartFailed,
                     fmt::format("user_start of {} failed; users that it fails for stop",
                                 plan_.classes[user.user_class].who->name));
            stop_user(user, now);
            return;
        case Errand::Iteration:
            ++recorder_.counts().iterations_cut_short;
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

void Users::begin_trace(User& user) {
    // The ids are of the run's, the user and the iteration alone.
    const bool iteration = user.errand == Errand::Iteration;
    const std::uint64_t stream = parts_[user.executor].stream_of(user);
    const std::uint64_t own = user.executor + ((user.index + 1ULL) << 16);
    const std::uint64_t errand = mix64(static_cast<std::uint64_t>(user.errand));
    // What is no iteration has no number of its own: the next one's, which no other has.
    user.trace_stem = Random(plan_.trace_key ^ errand, iteration ? stream : own, user.iteration)();
    user.requests_begun = 0;
    // Which are drawn is the seed's: the same iterations in every run of it.
    if (!iteration ||
        Random(plan_.run->seed ^ 0x7261636554ULL, stream, user.iteration)() >= plan_.trace_limit) {
        return;
    }
    user.trace = std::make_unique<IterationTrace>();
    user.trace->trace_id = trace_id(user.trace_stem);
    user.trace->span_id = iteration_span_id(user.trace_stem);
    user.trace->user_class = user.user_class;
    user.trace->iteration = user.iteration;
    user.trace->due = user.iteration_due;
}

void Users::end_trace(User& user, Clock::time_point now) {
    if (user.trace) {
        user.trace->ended = now;
        recorder_.record_trace(std::move(*user.trace));
        user.trace.reset();
    }
}

void Users::end_iteration(User& user, Clock::time_point now, bool at_once) {
    end_trace(user, now);
    ++user.iteration;  // a user that leaves may come back
    Part& part = parts_[user.executor];
    if (part.open) {
        if (part.over) {
            depart(user, now);
            return;
        }
        user.busy = false;
        --recorder_.levels.users;
        part.park(user);
        return;
    }
    if (user.leaving || !part.has_next(user)) {
        depart(user, now);
        return;
    }
    user.due = std::max(user.due, user.iteration_due + plan_.classes[user.user_class].who->pacing);
    if (!user.sent_any) {
        user.setbacks = static_cast<std::uint8_t>(std::min(user.setbacks + 1, 100));
        user.due = std::max(user.due, now + pause_after_setback(user));
    }
    user.between = true;
    launch(user, now, at_once, Resume::Iteration);
}

void Users::say_once(Said what, std::string text) {
    if (plan_.tell.on_note && !plan_.said->test_and_set(what)) {
        plan_.tell.on_note(std::move(text));
    }
}

}  // namespace plimsoll
