// One thread of the engine: its own users, connections, timers, randomness and recorder.
#pragma once

#include "engine/address.hpp"
#include "engine/engine.hpp"
#include "engine/prepared_request.hpp"
#include "engine/readiness.hpp"
#include "engine/recorder.hpp"
#include "engine/timer_wheel.hpp"
#include "engine/user.hpp"
#include "load/arrivals.hpp"
#include "load/load_share.hpp"
#include "load/stepped_level.hpp"
#include "scenario/scenario.hpp"

#include <array>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

namespace plimsoll {

/// What all shards read and none writes.
struct ShardPlan {
    const Scenario* scenario;
    const RunInfo* run;
    EngineOptions options;
    std::vector<SocketAddress> addresses;
    std::vector<std::vector<PreparedRequest>> requests;  // by user class, by step
    std::vector<ClassPicker> classes;                    // by executor
    std::uint64_t trace_limit;  // an iteration is traced when its hash is below
};

/// Runs shard `id` of `run->shards` of the run's segment: its LoadShare of arrivals, users and
/// iterations.
/// Threading: construct anywhere, `run` on the shard's own thread; `stop_gracefully`, `abort` and
/// `set_level` from any.
class Shard {
public:
    Shard(const ShardPlan& plan, std::uint32_t id, IntervalSink sink);
    ~Shard();

    void run();
    void stop_gracefully();
    void abort();
    /// From `at` on (an offset from the executor's begin) an externally controlled executor asks
    /// for `level` over the whole run.
    void set_level(std::uint32_t executor, Nanoseconds at, double level);

private:
    using Context = boost::asio::io_context;
    using Timer = boost::asio::basic_waitable_timer<Clock, boost::asio::wait_traits<Clock>,
                                                    Context::executor_type>;

    /// This shard's part of one executor.
    struct Part {
        const Executor* executor = nullptr;
        std::uint32_t index = 0;
        bool open = false;
        bool numbered = false;                   // iterations count over the whole run, not by user
        bool over = false;                       // no new iterations
        LoadShare own;                           // of the run's arrivals, users and iterations
        std::unique_ptr<SteppedLevel> steered;   // externally controlled: its level
        const Ramp* ramp = nullptr;              // the executor's, or the steered one
        Clock::time_point begin, end, hard_end;  // hard_end: end + graceful stop
        // open model
        std::optional<ArrivalCursor> arrivals;
        std::optional<ArrivalCursor::Arrival> next_arrival;
        bool arrivals_begun = false;
        std::uint32_t user_cap = 0;  // this shard's share of max_vus
        std::uint32_t made = 0;      // users so far
        std::vector<User*> free;
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
    };
    struct Wakeup {
        Clock::time_point at;
        User* user;
        friend bool operator>(const Wakeup& a, const Wakeup& b) { return a.at > b.at; }
    };

    // schedule.cpp: when users start, wake and stop
    void make_parts();
    static void set_up_iterations(Part& part);
    void step_level(Part& part, Nanoseconds at, double level);
    void arm_pace();
    void on_pace();
    void dispatch_arrivals(Part& part, Clock::time_point now);
    void dispatch_wakeups(Clock::time_point now);
    void adjust_users(Part& part, Clock::time_point now);
    void take_next_arrival(Part& part);
    void end_part(Part& part, Clock::time_point now);
    /// A closed-model user that is not wanted from now on may finish its iteration until `by`.
    void leave(User& user, Clock::time_point now, Clock::time_point by);
    void cut_off(Part& part, Clock::time_point now);
    void cut_off(User& user, Clock::time_point now);
    /// Cuts off those whose leave_by has passed.
    void cut_off_late(Part& part, Clock::time_point now);
    void heartbeat();
    void check_done(Clock::time_point now);
    [[nodiscard]] User& new_user(Part& part, std::uint32_t index);

    // flow.cpp: what a user does
    /// The next iteration of a user in a loop; there must be one.
    void begin_next(User& user, Clock::time_point due);
    [[nodiscard]] static std::uint64_t take_shared_iteration(Part& part);
    [[nodiscard]] static bool has_next(const Part& part, const User& user);
    [[nodiscard]] std::uint64_t stream_of(const User& user) const {
        // Where iterations count over the whole run, draws depend on their number alone; a looping
        // user's on the user: never on the shard.
        const std::uint64_t stream = parts_[user.executor].numbered ? 0 : user.index + 1ULL;
        return user.executor + (stream << 16);
    }
    void begin_iteration(User& user, std::uint64_t iteration, std::uint32_t user_class,
                         Clock::time_point due);
    /// `at_once`: may send from within this call; else the loop does it next.
    void next_step(User& user, Clock::time_point now, bool at_once);
    void end_iteration(User& user, Clock::time_point now);
    void schedule(User& user, Clock::time_point at);
    void begin_trace(User& user);
    void trace_request(User& user, const Sample& sample);

    // exchange.cpp: one request and its response
    void send_request(User& user);
    void connect(User& user);
    void on_connected(User& user);
    void write_some(User& user, std::string_view bytes);
    void read_some(User& user);
    void on_bytes(User& user, std::string_view bytes);
    void on_end(User& user, int error);
    void complete(User& user);
    void fail(User& user, Outcome outcome, std::string_view why);
    void finish_request(User& user, Outcome outcome, Clock::time_point now, std::string_view text);
    /// `unseen`: the server cannot have seen any of the request. False when it must not be retried.
    [[nodiscard]] bool retry_on_new_connection(User& user, bool unseen);
    void on_timeout(User& user);
    void close_socket(User& user);
    [[nodiscard]] const PreparedRequest& request_of(const User& user) const {
        return plan_.requests[user.user_class][user.step];
    }
    [[nodiscard]] std::string_view render_request(User& user);

    void watch_sockets();
    void on_sockets();
    void on_event(User& user, std::uint32_t events);

    const ShardPlan& plan_;
    std::uint32_t id_;
    IntervalSink sink_;
    Context context_{1};
    ReadinessSet ready_;
    boost::asio::posix::basic_stream_descriptor<Context::executor_type> ready_descriptor_;
    Timer pace_timer_;
    Timer heartbeat_timer_;
    Clock::time_point start_;
    TimerWheel<User> wheel_;
    std::optional<Recorder> recorder_;
    std::deque<User> users_;
    std::vector<Part> parts_;
    std::vector<Wakeup> wakeups_;  // min-heap by time
    std::string scratch_;
    std::array<char, 64 * 1024> receive_buffer_;
    Clock::time_point heartbeat_due_;
    Clock::time_point pace_due_;
    bool done_ = false;
};

}  // namespace plimsoll
