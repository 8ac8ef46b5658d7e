// When users start, wake and stop.
#include "engine/shard.hpp"

#include <algorithm>
#include <csignal>
#include <functional>
#include <pthread.h>
#include <sys/prctl.h>

namespace plimsoll {
namespace {

/// A look without waiting takes about a microsecond; in a longer one other threads had the core.
constexpr Nanoseconds kLongestLook = std::chrono::microseconds(10);

/// After a pause many arrivals are due, and as many answers lie unread: so many arrivals later the
/// sockets are looked at, since each user found busy costs a new connection.
constexpr int kArrivalsAtOnce = 16;
/// Arrivals that were due before a part's end may still be sent so long after it.
constexpr Nanoseconds kMostOverdue = std::chrono::seconds(1);

/// The part of `executor` that falls to shard `id` of the run's segment.
LoadShare share_of(const Executor& executor, const RunInfo& run, std::uint32_t id) {
    return LoadShare()
        .part(run.segment.number - 1, run.segment.count, executor.max_vus)
        .part(id, run.shards, executor.max_vus);
}

std::uint32_t count_below(const LoadShare& share, std::uint64_t total) {
    return static_cast<std::uint32_t>(share.count_below(total));
}

}  // namespace

Shard::Shard(const ShardPlan& plan, std::uint32_t id, IntervalSink sink)
    : plan_(plan),
      id_(id),
      places_(static_cast<std::uint32_t>(std::max<std::size_t>(1, plan.addresses.size()))),
      sink_(std::move(sink)),
      start_(plan.run->start.mono),
      lookup_([this](std::function<void()> work) { post(std::move(work)); }),
      tls_(plan.tls),
      wheel_(start_) {
    Origin& target = add_origin(plan.scenario->target);
    target.addresses = plan.addresses;
    if (const std::string& name = plan.scenario->http.tls.server_name; !name.empty()) {
        target.server_name = name;
    }
    if (target.url.unix_path.empty() && !is_numeric_host(target.url.host)) {
        target.fresh_until = start_ + plan.scenario->http.dns_ttl;
    }
}

Shard::~Shard() {
    for (User& user : users_) {
        close_sockets(user);
    }
}

void Shard::run() {
    // Writing to a connection that the server has closed is an error of that request, not ours.
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
    // The kernel may delay an ordinary thread's timers by 50 µs; a pacer must not be.
    ::prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
    recorder_.emplace(id_, plan_.run->endpoints.size(), start_, plan_.run->tick, std::move(sink_),
                      plan_.run->groups.size(), plan_.run->checks.size(), plan_.run->shards);
    recorder_->mask(plan_.scenario->secrets);
    make_parts();
    heartbeat_due_ = start_;
    heartbeat();
    on_pace();
    auto now = Clock::now();
    while (!done_) {
        if (std::min(heartbeat_due_, pace_due_) <= now) {
            if (heartbeat_due_ <= now) {
                heartbeat();
            }
            if (pace_due_ <= now) {
                on_pace();
            }
            now = Clock::now();
        }
        const bool busy = !unfinished_.empty() || !decoding_.empty();
        const auto until = busy ? now : wake_at();
        const auto events = loop_.wait(now, until);
        for (const epoll_event& event : events) {
            on_event(*static_cast<Exchange*>(event.data.ptr), event.events);
        }
        if (!unfinished_.empty()) [[unlikely]] {
            read_on();
        }
        if (!decoding_.empty()) [[unlikely]] {
            decode_on();
        }
        const auto woke = Clock::now();
        if (events.empty()) {
            learn_from_wait(now, until, woke);
        }
        now = woke;
    }
}

Clock::time_point Shard::wake_at() const {
    // Nobody waits for a heartbeat; an arrival is to be sent when it is due.
    return std::min(heartbeat_due_, pace_due_ - lead_.get());
}

void Shard::learn_from_wait(Clock::time_point from, Clock::time_point until,
                            Clock::time_point woke) {
    if (until > from) {
        if (woke >= until) {  // else work was posted
            lead_.learn(woke - until);
        }
    } else if (unfinished_.empty() && decoding_.empty() && from < pace_due_) {
        lead_.looked();
        recorder_->polled(std::min<Nanoseconds>(woke - from, kLongestLook));
    }
}

void Shard::post(std::function<void()> work) {
    loop_.post([this, work = std::move(work)] {
        if (!done_) {
            work();
        }
    });
}

void Shard::stop_gracefully() {
    post([this] {
        const auto now = Clock::now();
        recorder_->roll_to(now);
        for (Part& part : parts_) {
            part.hard_end = std::min(part.hard_end, now + part.executor->graceful_stop);
            end_part(part, now);
        }
        check_done(now);
    });
}

void Shard::abort() {
    post([this] {
        const auto now = Clock::now();
        recorder_->roll_to(now);
        for (Part& part : parts_) {
            end_part(part, now);
            cut_off(part, now);
        }
        check_done(now);
    });
}

void Shard::set_level(std::uint32_t executor, Nanoseconds at, double level) {
    post([this, executor, at, level] {
        if (executor < parts_.size() && parts_[executor].steered) {
            recorder_->roll_to(Clock::now());
            step_level(parts_[executor], at, level);
            arm_pace();
        }
    });
}

void Shard::step_level(Part& part, Nanoseconds at, double level) {
    part.steered->step(at, level);
    PartState& state = recorder_->parts[part.index];
    ++state.steps;
    state.level = part.open && !part.own.empty() ? level / static_cast<double>(part.own.stride())
                  : part.open                    ? 0
                                                 : count_below(part.own, part.ramp->users_at(at));
    if (part.over) {
        return;
    }
    if (!part.open) {
        part.next_change = std::min(part.next_change, part.begin + at);
    } else if (!part.own.empty()) {
        part.next_arrival = part.arrivals->again(*part.ramp);
    }
}

void Shard::make_parts() {
    recorder_->parts.resize(plan_.scenario->load.size());
    parts_.reserve(plan_.scenario->load.size());  // the arrivals keep pointers to ramps only
    for (std::uint32_t i = 0; i < plan_.scenario->load.size(); ++i) {
        const Executor& executor = plan_.scenario->load[i];
        Part part;
        part.executor = &executor;
        part.index = i;
        part.open = is_open(executor.kind);
        part.numbered = part.open || executor.kind == ExecutorKind::SharedIterations;
        part.begin = start_ + executor.start_time;
        part.end = part.begin + executor.ramp.duration();
        part.own = share_of(executor, *plan_.run, id_);
        part.ramp = &executor.ramp;
        if (is_steered(executor.kind)) {
            part.steered =
                std::make_unique<SteppedLevel>(executor.ramp.start(), executor.ramp.duration());
            part.ramp = &part.steered->ramp();
        }
        part.hard_end = part.end + executor.graceful_stop;
        part.next_place.assign(plan_.users.size(), (id_ + plan_.run->segment.number - 1) % places_);
        if (part.open) {
            part.user_cap = count_below(part.own, executor.max_vus);
            part.arrivals.emplace(*part.ramp, executor.arrivals, mix64(plan_.run->seed + i));
            part.free.resize(plan_.pools * places_);
            part.free[0].reserve(part.user_cap);
            recorder_->levels.users_max += part.user_cap;
        } else {
            recorder_->levels.users_max += count_below(part.own, executor.max_vus);
            part.next_change = part.begin;
            set_up_iterations(part);
        }
        parts_.push_back(std::move(part));
        if (parts_.back().open) {
            take_next_arrival(parts_.back());
        }
    }
}

void Shard::set_up_iterations(Part& part) {
    const Executor& executor = *part.executor;
    part.counted = is_counted(executor.kind);
    part.user_cap = count_below(part.own, executor.max_vus);
    part.next_user = part.own.first();
    if (executor.kind == ExecutorKind::PerVuIterations) {
        part.iterations_left = part.user_cap * executor.iterations;
    } else if (part.counted) {
        part.iterations_left = executor.iterations / executor.max_vus * part.user_cap +
                               part.own.count_below(executor.iterations % executor.max_vus);
    }
}

User& Shard::new_user(Part& part, std::uint32_t index, std::uint32_t place) {
    User& user = users_.emplace_back(index, part.index);
    user.place = place;
    user.variables.resize(plan_.scenario->variables.size());
    user.rows.resize(plan_.scenario->data.size());
    return user;
}

void Shard::take_next_arrival(Part& part) {
    if (part.own.empty()) {
        return;
    }
    part.arrivals->skip(part.arrivals_begun ? part.own.stride() - 1 : part.own.first());
    part.arrivals_begun = true;
    part.next_arrival = part.arrivals->next();
}

void Shard::arm_pace() {
    if (done_) {
        return;
    }
    auto due = Clock::time_point::max();
    for (const Part& part : parts_) {
        if (part.over) {
            continue;
        }
        due = std::min(due, part.end);
        if (part.open) {
            due = part.next_arrival ? std::min(due, part.begin + part.next_arrival->due) : due;
        } else {
            due = std::min(due, part.next_change);
        }
    }
    if (!wakeups_.empty()) {
        due = std::min(due, wakeups_.front().at);
    }
    pace_due_ = due;
}

void Shard::on_pace() {
    if (done_) {
        return;
    }
    const auto now = Clock::now();
    recorder_->roll_to(now);
    for (Part& part : parts_) {
        if (part.over || now < part.begin) {
            continue;
        }
        bool all_begun = true;
        if (part.open) {
            all_begun = dispatch_arrivals(part, now);
        } else if (now >= part.next_change && now < part.end) {
            adjust_users(part, now);
        }
        const auto end = all_begun ? part.end : part.end + kMostOverdue;
        if (now >= end || (part.counted && part.iterations_left == 0)) {
            end_part(part, now);
        }
    }
    dispatch_wakeups(now);
    check_done(now);
    arm_pace();
}

bool Shard::dispatch_arrivals(Part& part, Clock::time_point now) {
    for (int begun = 0; part.next_arrival && part.begin + part.next_arrival->due <= now; ++begun) {
        if (begun == kArrivalsAtOnce) {
            return false;
        }
        const auto arrival = *part.next_arrival;
        take_next_arrival(part);
        ++recorder_->counts().arrivals_due;
        const std::uint32_t user_class = plan_.classes[part.index].pick(arrival.index);
        User* const user = take_user(part, user_class);
        if (user == nullptr) {
            ++recorder_->counts().not_sent_user_cap;
            continue;
        }
        ++recorder_->levels.users;
        begin_iteration(*user, arrival.index, user_class, part.begin + arrival.due);
    }
    return true;
}

void Shard::adjust_users(Part& part, Clock::time_point now) {
    const Ramp& ramp = *part.ramp;
    const Nanoseconds offset = now - part.begin;
    const std::uint32_t wanted = count_below(part.own, ramp.users_at(offset));
    const auto leave_by = part.next_change + part.executor->graceful_ramp_down;
    for (std::uint32_t rank = wanted; rank < part.wanted; ++rank) {
        leave(*part.ranks[rank], now, leave_by);
        part.next_leave = std::min(part.next_leave, leave_by);
    }
    for (std::uint32_t rank = part.wanted; rank < wanted && !part.over; ++rank) {
        if (rank == part.ranks.size()) {
            const auto index = static_cast<std::uint32_t>(part.own.number(rank));
            const std::uint32_t user_class = plan_.classes[part.index].pick(index);
            part.ranks.push_back(&new_user(part, index, next_place(part, user_class)));
        }
        User& user = *part.ranks[rank];
        user.leaving = false;
        user.leave_by = Clock::time_point::max();
        if (!user.busy && !user.stopped) {
            user.busy = true;
            ++recorder_->levels.users;
            // Users that a ramp asks for are due when it asked, not when this loop came round to
            // it.
            user.user_class = plan_.classes[part.index].pick(user.index);
            begin_next(user, std::max(part.begin, part.next_change));
        }
    }
    part.wanted = wanted;
    part.next_change = part.begin + ramp.next_user_change(offset);
    cut_off_late(part, now);
}

void Shard::dispatch_wakeups(Clock::time_point now) {
    while (!wakeups_.empty() && wakeups_.front().at <= now) {
        std::pop_heap(wakeups_.begin(), wakeups_.end(), std::greater<>());
        const Wakeup wakeup = wakeups_.back();
        wakeups_.pop_back();
        User& user = *wakeup.user;
        if (!user.busy || !user.idle() || user.due != wakeup.at) {
            continue;  // cut off meanwhile
        }
        resume(user);
    }
}

void Shard::leave(User& user, Clock::time_point now, Clock::time_point by) {
    user.leaving = true;
    user.leave_by = std::min(user.leave_by, by);
    // One that thinks between iterations has nothing left to finish.
    if (user.busy && user.idle() && user.between) {
        depart(user, now);
    }
}

void Shard::end_part(Part& part, Clock::time_point now) {
    if (part.over) {
        return;
    }
    part.over = true;
    recorder_->parts[part.index].over = true;
    recorder_->parts[part.index].level = 0;
    if (part.open) {
        // Arrivals due by now that this loop never came to: the generator was too slow.
        const auto stop = std::min(now, part.end);
        while (part.next_arrival && part.begin + part.next_arrival->due < stop) {
            ++recorder_->counts().arrivals_due;
            ++recorder_->counts().not_sent_generator;
            take_next_arrival(part);
        }
        part.next_arrival.reset();
    } else if (now >= part.end) {
        // Iterations that the users did not come to in time: the target was too slow.
        recorder_->counts().arrivals_due += part.iterations_left;
        recorder_->counts().not_sent_user_cap += part.iterations_left;
    }
    for (User* user : part.ranks) {
        leave(*user, now, Clock::time_point::max());
    }
    for (const auto& pool : part.free) {
        for (User* const user : pool) {
            if (user->started && plan_.users[user->user_class].has_stop) {
                user->busy = true;
                ++recorder_->levels.users;
                depart(*user, now);
            }
        }
    }
    part.free.clear();
}

void Shard::cut_off(Part& part, Clock::time_point now) {
    for (User& user : users_) {
        if (user.executor == part.index && user.busy) {
            cut_off(user, now);
        }
    }
}

void Shard::cut_off(User& user, Clock::time_point now) {
    user.for_each_exchange([&](Exchange& exchange) { abandon(exchange, now); });
    cut_off_groups(user, now);
    end_trace(user, now);
    forget(user);
    user.busy = false;
    user.between = false;
    ++user.iteration;  // the ramp may want this user again
    --recorder_->levels.users;
}

void Shard::cut_off_late(Part& part, Clock::time_point now) {
    if (now < part.next_leave) {
        return;
    }
    part.next_leave = Clock::time_point::max();
    for (User* const user : part.ranks) {
        if (!user->busy || !user->leaving) {
            continue;
        }
        if (user->leave_by <= now) {
            cut_off(*user, now);
        } else {
            part.next_leave = std::min(part.next_leave, user->leave_by);
        }
    }
}

void Shard::heartbeat() {
    const auto now = Clock::now();
    if (now >= heartbeat_due_) {
        recorder_->record_loop_lag(now - heartbeat_due_);
    }
    wheel_.advance(now, [this](Exchange& exchange) { on_timeout(exchange); });
    if (done_) {
        return;
    }
    recorder_->roll_to(now);
    for (Part& part : parts_) {
        cut_off_late(part, now);
        if (part.over && now >= part.hard_end) {
            cut_off(part, now);
        }
    }
    check_done(now);
    if (done_) {
        return;
    }
    heartbeat_due_ = std::max(heartbeat_due_ + TimerWheel<Exchange>::kSlot, now);
}

void Shard::check_done(Clock::time_point now) {
    const bool over =
        std::all_of(parts_.begin(), parts_.end(), [](const Part& part) { return part.over; });
    if (done_ || !over || recorder_->levels.users != 0) {
        return;
    }
    done_ = true;
    for (User& user : users_) {
        close_sockets(user);
    }
    recorder_->finish(std::max(now, start_ + Nanoseconds(1)));
}

}  // namespace plimsoll
