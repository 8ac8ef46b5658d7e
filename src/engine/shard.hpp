// One thread of the engine: its own users, connections, timers, randomness and recorder.
#pragma once

#include "engine/recording/recorder.hpp"
#include "engine/requests/requests.hpp"
#include "engine/transport/event_loop.hpp"
#include "engine/users/users.hpp"
#include "engine/wake_lead.hpp"

#include <functional>
#include <optional>

namespace plimsoll {

/// What all shards read and none writes.
struct ShardPlan {
    UsersPlan users;
    RequestsPlan requests;
};

/// Runs shard `id` of `run->shards` of the run's segment: lets its users and their requests go on
/// when it is their time, or when something has come.
/// Threading: construct anywhere, `run` on the shard's own thread; `stop_gracefully`, `abort` and
/// `set_level` from any.
class Shard {
public:
    Shard(const ShardPlan& plan, std::uint32_t id, IntervalSink sink);

    void run();
    void stop_gracefully();
    void abort();
    /// See Users::set_level.
    void set_level(std::uint32_t executor, Nanoseconds at, double level);
    /// See Engine::polled; once `run` has returned.
    [[nodiscard]] Nanoseconds polled() const {
        return recorder_ ? recorder_->polled() : Nanoseconds();
    }

private:
    /// Has the shard's thread do `work`, unless the shard is done by then.
    void post(std::function<void()> work);
    void set_up();
    void on_pace();
    void heartbeat();
    /// What the users have ordered, one after the other, until there is nothing more.
    void carry_out();
    /// When to stop sleeping; from then on the loop looks without waiting until something is due.
    [[nodiscard]] Clock::time_point wake_at() const;
    /// Of a wait in which nothing came.
    void learn_from_wait(Clock::time_point from, Clock::time_point until, Clock::time_point woke);

    const ShardPlan& plan_;
    std::uint32_t id_;
    IntervalSink sink_;
    EventLoop loop_;
    Clock::time_point start_;
    std::optional<Recorder> recorder_;
    std::optional<Users> users_;
    std::optional<Requests> requests_;
    Clock::time_point heartbeat_due_;
    WakeLead lead_;
    bool done_ = false;
};

}  // namespace plimsoll
