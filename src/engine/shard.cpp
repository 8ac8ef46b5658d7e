// The shard's thread: what it waits for, and whom it lets go on.
#include "engine/shard.hpp"

#include <algorithm>
#include <csignal>
#include <pthread.h>
#include <sys/prctl.h>

namespace plimsoll {
namespace {

/// A look without waiting takes about a microsecond; in a longer one other threads had the core.
constexpr Nanoseconds kLongestLook = std::chrono::microseconds(10);

}  // namespace

Shard::Shard(const ShardPlan& plan, std::uint32_t id, IntervalSink sink)
    : plan_(plan),
      scenario_(*plan.users.scenario),
      id_(id),
      sink_(std::move(sink)),
      start_(plan.users.run->start.mono),
      lookup_([this](std::function<void()> work) { post(std::move(work)); }),
      tls_(plan.tls),
      wheel_(start_) {
    Origin& target = add_origin(scenario_.target);
    target.addresses = plan.addresses;
    if (const std::string& name = scenario_.http.tls.server_name; !name.empty()) {
        target.server_name = name;
    }
    if (target.url.unix_path.empty() && !is_numeric_host(target.url.host)) {
        target.fresh_until = start_ + scenario_.http.dns_ttl;
    }
}

Shard::~Shard() {
    for (Client& client : clients_) {
        close_sockets(client);
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
    const RunInfo& run = *plan_.users.run;
    recorder_.emplace(id_, run.endpoints.size(), start_, run.tick, std::move(sink_),
                      run.groups.size(), run.checks.size(), run.shards);
    recorder_->mask(scenario_.secrets);
    users_.emplace(plan_.users, id_, *recorder_);
    heartbeat_due_ = start_;
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
    finish(now);
}

void Shard::finish(Clock::time_point now) {
    done_ = true;
    for (Client& client : clients_) {
        close_sockets(client);
    }
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
    } else if (unfinished_.empty() && decoding_.empty() && from < users_->wake_at()) {
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
        users_->stop_gracefully(Clock::now());
        carry_out();
    });
}

void Shard::abort() {
    post([this] {
        users_->abort(Clock::now());
        carry_out();
    });
}

void Shard::set_level(std::uint32_t executor, Nanoseconds at, double level) {
    post([this, executor, at, level] { users_->set_level(executor, at, level, Clock::now()); });
}

void Shard::on_pace() {
    users_->on_time(Clock::now(), [this] { carry_out(); });
}

void Shard::carry_out() {
    if (carrying_out_) {
        return;  // it goes on there
    }
    carrying_out_ = true;
    for (Order order; users_->take_order(order);) {
        carry_out(order);
    }
    carrying_out_ = false;
}

void Shard::carry_out(const Order& order) {
    User& user = *order.user;
    switch (order.kind) {
        case Order::Kind::Send:
            send(order);
            return;
        case Order::Kind::CutOff: {
            const auto now = Clock::now();
            if (user.client != nullptr) {
                user.client->for_each_exchange([&](Exchange& exchange) { abandon(exchange, now); });
            }
            users_->on_cut_off(user, now);
            return;
        }
        case Order::Kind::Close:
            if (user.client != nullptr) {
                close_sockets(*user.client);
            }
            return;
    }
}

void Shard::send(const Order& order) {
    User& user = *order.user;
    if (user.client == nullptr) [[unlikely]] {
        user.client = &clients_.emplace_back(user);
    }
    const PreparedRequest& request = plan_.requests[user.user_class][order.step];
    Exchange& exchange =
        order.parallel ? idle_exchange(*user.client) : exchange_for(*user.client, request);
    if (!send_request(exchange, request, order.due)) [[unlikely]] {
        users_->on_unrendered(order, Clock::now());
    }
}

void Shard::heartbeat() {
    const auto now = Clock::now();
    if (now >= heartbeat_due_) {
        recorder_->record_loop_lag(now - heartbeat_due_);
    }
    wheel_.advance(now, [this](Exchange& exchange) { on_timeout(exchange); });
    users_->on_heartbeat(now);
    carry_out();
    heartbeat_due_ = std::max(heartbeat_due_ + TimerWheel<Exchange>::kSlot, now);
}

}  // namespace plimsoll
