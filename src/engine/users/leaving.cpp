// When users go: by the schedule, by a failed step, or cut off.
#include "engine/users/users.hpp"

#include <algorithm>

namespace plimsoll {

void Users::stop_gracefully(Clock::time_point now) {
    recorder_.roll_to(now);
    for (Part& part : parts_) {
        part.hard_end = std::min(part.hard_end, now + part.executor->graceful_stop);
        end_part(part, now);
    }
}

void Users::abort(Clock::time_point now) {
    recorder_.roll_to(now);
    for (Part& part : parts_) {
        end_part(part, now);
        cut_off(part);
    }
}

void Users::on_heartbeat(Clock::time_point now) {
    recorder_.roll_to(now);
    for (Part& part : parts_) {
        if (part.over && now >= part.hard_end) {
            cut_off(part);
        } else {
            cut_off_late(part, now);
        }
    }
}

void Users::end_part(Part& part, Clock::time_point now) {
    if (part.over) {
        return;
    }
    part.over = true;
    ++parts_over_;
    recorder_.parts[part.index].over = true;
    recorder_.parts[part.index].level = 0;
    if (part.open) {
        // Arrivals due by now that nobody ever came to: the generator was too slow.
        const auto stop = std::min(now, part.end);
        while (part.next_arrival && part.begin + part.next_arrival->due < stop) {
            ++recorder_.counts().arrivals_due;
            ++recorder_.counts().not_sent_generator;
            part.take_next_arrival();
        }
        part.next_arrival.reset();
    } else if (now >= part.end) {
        // Iterations that the users did not come to in time: the target was too slow.
        recorder_.counts().arrivals_due += part.iterations_left;
        recorder_.counts().not_sent_user_cap += part.iterations_left;
    }
    for (User* user : part.ranks) {
        leave(*user, now, Clock::time_point::max());
    }
    for (const auto& pool : part.free) {
        for (User* const user : pool) {
            if (user->started && plan_.classes[user->user_class].has_stop) {
                user->busy = true;
                ++recorder_.levels.users;
                depart(*user, now);
            }
        }
    }
    part.free.clear();
}

void Users::take_away(Part& part, std::uint32_t wanted, Clock::time_point now) {
    const auto leave_by = part.next_change + part.executor->graceful_ramp_down;
    for (std::uint32_t rank = wanted; rank < part.wanted; ++rank) {
        leave(*part.ranks[rank], now, leave_by);
        part.next_leave = std::min(part.next_leave, leave_by);
    }
}

void Users::leave(User& user, Clock::time_point now, Clock::time_point by) {
    user.leaving = true;
    user.leave_by = std::min(user.leave_by, by);
    // One that thinks between iterations has nothing left to finish.
    if (user.busy && user.idle() && user.between) {
        depart(user, now);
    }
}

void Users::cut_off(Part& part) {
    for (User& user : users_) {
        if (user.executor == part.index && user.busy) {
            cut_off(user);
        }
    }
}

void Users::cut_off_late(Part& part, Clock::time_point now) {
    if (now < part.next_leave) {
        return;
    }
    part.next_leave = Clock::time_point::max();
    for (User* const user : part.ranks) {
        if (!user->busy || !user->leaving) {
            continue;
        }
        if (user->leave_by <= now) {
            cut_off(*user);
        } else {
            part.next_leave = std::min(part.next_leave, user->leave_by);
        }
    }
}

void Users::on_cut_off(User& user, Clock::time_point now) {
    if (!user.busy) {
        return;
    }
    cut_off_groups(user, now);
    end_trace(user, now);
    forget(user);
    user.under_way = 0;
    user.busy = false;
    user.between = false;
    ++user.iteration;  // the ramp may want this user again
    --recorder_.levels.users;
}

void Users::stop_user(User& user, Clock::time_point now) {
    end_trace(user, now);
    ++recorder_.counts().users_stopped;
    ++user.iteration;
    user.stopped = !parts_[user.executor].open;
    depart(user, now);
}

void Users::depart(User& user, Clock::time_point now) {
    user.between = false;
    if (user.started && plan_.classes[user.user_class].has_stop) {
        user.errand = Errand::Stop;
        begin_flow(user, now, now, false);
        return;
    }
    retire(user, now);
}

void Users::retire(User& user, Clock::time_point now) {
    forget(user);
    Part& part = parts_[user.executor];
    if (!part.open && !part.over && !user.leaving && !user.stopped && part.has_next(user)) {
        // The ramp took it away and wants it back meanwhile.
        user.due = now;
        user.between = true;
        launch(user, now, false, Resume::Iteration);
        return;
    }
    user.busy = false;
    --recorder_.levels.users;
    if (part.open && !part.over) {
        part.park(user);
        return;
    }
    if (!part.open) {
        orders_.add({Order::Kind::Close, false, 0, &user});
    }
    if (user.stopped) {
        end_part_without_users(part, user, now);
    }
}

void Users::end_part_without_users(Part& part, User& user, Clock::time_point now) {
    ++part.stopped;
    if (part.executor->kind == ExecutorKind::PerVuIterations) {
        part.iterations_left -=
            part.executor->iterations - std::min(user.iteration, part.executor->iterations);
    }
    if (part.stopped >= part.user_cap || (part.counted && part.iterations_left == 0)) {
        end_part(part, now);
    }
}

}  // namespace plimsoll
