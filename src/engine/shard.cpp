#include "engine/shard.hpp"

#include <algorithm>
#include <csignal>
#include <pthread.h>
#include <sys/prctl.h>
#include <utility>

namespace plimsoll {
namespace {

/// A look without waiting takes about a microsecond; in a longer one other threads had the core.
constexpr Nanoseconds kLongestLook = std::chrono::microseconds(10);

}  // namespace

Shard::Shard(const ShardPlan& plan, std::uint32_t id, IntervalSink sink)
    : plan_(plan), id_(id), sink_(std::move(sink)), start_(plan.users.run->start.mono) {}

void Shard::set_up() {
    // Writing to a connection that the server has closed is an error of that request, not ours.
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
    // The kernel may delay an ordinary thread's timers by 50 µs; a pacer must not be.
    ::prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
    const RunInfo& run = *plan_.users.run;
    recorder_.emplace(id_, run.endpoints.size(), start_, run.tick, std::move(sink_),
                      run.groups.size(), run.checks.size(), run.shards);
    recorder_->mask(plan_.users.scenario->secrets);
    users_.emplace(plan_.users, id_, *recorder_);
    requests_.emplace(plan_.requests, plan_.users, loop_, *users_, *recorder_,
                      [this](std::function<void()> work) { post(std::move(work)); });
    heartbeat_due_ = start_;
}

void Shard::run() {
    set_up();
    heartbeat();
    on_pace();
    auto now = Clock::now();
    while (!users_->over()) {
        if (std::min(heartbeat_due_, users_->wake_at()) <= now) {
            if (heartbeat_due_ <= now) {
                heartbeat();
            }
            if (users_->wake_at() <= now) {
                on_pace();
            }
            now = Clock::now();
        }
        const auto until = requests_->has_more() ? now : wake_at();
        const auto events = loop_.wait(now, until);
        for (const epoll_event& event : events) {
            requests_->on_event(*static_cast<Connection*>(event.data.ptr), event.events);
            carry_out();
        }
        if (requests_->has_more()) [[unlikely]] {
            requests_->go_on();
            carry_out();
        }
        const auto woke = Clock::now();
        if (events.empty()) {
            learn_from_wait(now, until, woke);
        }
        now = woke;
    }
    done_ = true;
    requests_->close_all();
    recorder_->finish(std::max(now, start_ + Nanoseconds(1)));
}

Clock::time_point Shard::wake_at() const {
    // Nobody waits for a heartbeat; an arrival is to be sent when it is due.
    return std::min(heartbeat_due_, users_->wake_at() - lead_.get());
}

void Shard::learn_from_wait(Clock::time_point from, Clock::time_point until,
                            Clock::time_point woke) {
    if (until > from) {
        if (woke >= until) {  // else work was posted
            lead_.learn(woke - until);
        }
    } else if (!requests_->has_more() && from < users_->wake_at()) {
        lead_.looked();
        recorder_->polled(std::min<Nanoseconds>(woke - from, kLongestLook));
    }
}

void Shard::post(std::function<void()> work) {
    loop_.post([this, work = std::move(work)] {
        if (!done_) {
            work();
            carry_out();
        }
    });
}

void Shard::stop_gracefully() {
    post([this] { users_->stop_gracefully(Clock::now()); });
}

void Shard::abort() {
    post([this] { users_->abort(Clock::now()); });
}

void Shard::set_level(std::uint32_t executor, Nanoseconds at, double level) {
    post([this, executor, at, level] { users_->set_level(executor, at, level, Clock::now()); });
}

void Shard::on_pace() {
    users_->on_time(Clock::now(), [this] { carry_out(); });
}

void Shard::carry_out() {
    for (Order order; users_->take_order(order);) {
        requests_->carry_out(order);
    }
}

void Shard::heartbeat() {
    const auto now = Clock::now();
    if (now >= heartbeat_due_) {
        recorder_->record_loop_lag(now - heartbeat_due_);
    }
    requests_->on_heartbeat(now);
    carry_out();
    users_->on_heartbeat(now);
    carry_out();
    heartbeat_due_ = std::max(heartbeat_due_ + TimerWheel<Exchange>::kSlot, now);
}

}  // namespace plimsoll
