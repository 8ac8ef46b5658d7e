#include "engine/users/part.hpp"

#include <algorithm>

namespace plimsoll {
namespace {

/// The part of `executor` that falls to shard `id` of the run's segment.
LoadShare share_of(const Executor& executor, const RunInfo& run, std::uint32_t id) {
    return LoadShare()
        .part(run.segment.number - 1, run.segment.count, executor.max_vus)
        .part(id, run.shards, executor.max_vus);
}

}  // namespace

Part::Part(const UsersPlan& users_plan, std::uint32_t executor_index, std::uint32_t shard)
    : plan(&users_plan),
      executor(&users_plan.scenario->load[executor_index]),
      index(executor_index),
      open(is_open(executor->kind)),
      numbered(open || executor->kind == ExecutorKind::SharedIterations),
      own(share_of(*executor, *users_plan.run, shard)),
      ramp(&executor->ramp),
      begin(users_plan.run->start.mono + executor->start_time),
      end(begin + executor->ramp.duration()),
      hard_end(end + executor->graceful_stop),
      user_cap(count_below(own, executor->max_vus)),
      next_place(plan->classes.size(),
                 (shard + plan->run->segment.number - 1) % std::max(1U, plan->places)),
      next_change(begin),
      next_user(own.first()) {
    if (is_steered(executor->kind)) {
        steered = std::make_unique<SteppedLevel>(ramp->start(), ramp->duration());
        ramp = &steered->ramp();
    }
    if (open) {
        arrivals.emplace(*ramp, executor->arrivals, mix64(plan->run->seed + index));
        free.resize(plan->pools * plan->places);
        free[0].reserve(user_cap);
        take_next_arrival();
        return;
    }
    counted = is_counted(executor->kind);
    if (executor->kind == ExecutorKind::PerVuIterations) {
        iterations_left = user_cap * executor->iterations;
    } else if (counted) {
        iterations_left = executor->iterations / executor->max_vus * user_cap +
                          own.count_below(executor->iterations % executor->max_vus);
    }
}

void Part::take_next_arrival() {
    if (own.empty()) {
        return;
    }
    arrivals->skip(arrivals_begun ? own.stride() - 1 : own.first());
    arrivals_begun = true;
    next_arrival = arrivals->next();
}

Clock::time_point Part::due() const noexcept {
    if (!open) {
        return std::min(end, next_change);
    }
    return next_arrival ? std::min(end, begin + next_arrival->due) : end;
}

std::uint32_t Part::wanted_at(Clock::time_point now) const {
    return count_below(own, ramp->users_at(now - begin));
}

double Part::step_level(Nanoseconds at, double level) {
    steered->step(at, level);
    if (!over && !open) {
        next_change = std::min(next_change, begin + at);
    } else if (!over && !own.empty()) {
        next_arrival = arrivals->again(*ramp);
    }
    if (!open) {
        return count_below(own, ramp->users_at(at));
    }
    return own.empty() ? 0 : level / static_cast<double>(own.stride());
}

std::uint32_t Part::take_place(std::uint32_t user_class) {
    std::uint32_t& next = next_place[user_class];
    const std::uint32_t place = next;
    next = next + 1 < plan->places ? next + 1 : 0;
    return place;
}

User* Part::take_any() {
    for (std::vector<User*>& each : free) {
        if (!each.empty()) {
            User* const user = each.back();
            each.pop_back();
            return user;
        }
    }
    return nullptr;
}

std::uint64_t Part::take_shared_iteration() {
    const std::uint64_t vus = executor->max_vus;
    const std::uint64_t iteration = next_round * vus + next_user;
    next_user += own.stride();
    if (next_user >= vus) {
        next_user = own.first();
        ++next_round;
    }
    return iteration;
}

}  // namespace plimsoll
