// One thread of the engine: its own users, connections, timers, randomness and recorder.
#pragma once

#include "engine/address.hpp"
#include "engine/class_plan.hpp"
#include "engine/engine.hpp"
#include "engine/event_loop.hpp"
#include "engine/flow_machine.hpp"
#include "engine/name_lookup.hpp"
#include "engine/origin.hpp"
#include "engine/prepared_request.hpp"
#include "engine/recorder.hpp"
#include "engine/timer_wheel.hpp"
#include "engine/user.hpp"
#include "engine/wake_lead.hpp"
#include "load/arrivals.hpp"
#include "load/load_share.hpp"
#include "load/stepped_level.hpp"
#include "scenario/response.hpp"
#include "scenario/scenario.hpp"

#include <array>
#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace plimsoll {

/// What is told once in a run, whichever shard comes to it first.
enum class Said : std::uint8_t { OutOfData, StartFailed, FlowBroken };
class SaidOnce {
public:
    /// Whether it has been said.
    bool test_and_set(Said what) noexcept {
        return said_[static_cast<std::size_t>(what)].test_and_set();
    }

private:
    std::array<std::atomic_flag, 3> said_{};
};

/// What all shards read and none writes.
struct ShardPlan {
    const Scenario* scenario;
    const RunInfo* run;
    EngineOptions options;
    std::vector<SocketAddress> addresses;                // of the target
    std::vector<SocketAddress> locals;                   // to send from; empty: the system's choice
    std::shared_ptr<const TlsContext> tls;               // set where the target is https
    std::vector<std::vector<PreparedRequest>> requests;  // by user class, by step
    std::vector<ClassPicker> classes;                    // by executor
    std::uint64_t trace_limit;    // an iteration is traced when its hash is below
    std::uint64_t trace_key = 0;  // of this run and segment: what all trace ids are drawn from
    bool traceparent = false;     // requests carry that header
    std::vector<ClassPlan> users = {};         // by user class
    std::uint64_t sockets_below = UINT64_MAX;  // a socket's number: from it on they are others'
    std::size_t pools = 1;                     // of parked users: see ClassPlan::pool
    std::unique_ptr<SaidOnce> said = std::make_unique<SaidOnce>();
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
    /// See Engine::polled; once `run` has returned.
    [[nodiscard]] Nanoseconds polled() const {
        return recorder_ ? recorder_->polled() : Nanoseconds();
    }

private:
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
        std::uint32_t user_cap = 0;             // this shard's share of max_vus
        std::uint32_t made = 0;                 // users so far
        std::vector<std::vector<User*>> free;   // by ClassPlan::pool, by User::place
        std::vector<std::uint32_t> next_place;  // of the target's addresses, by user class
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
        std::uint32_t stopped = 0;  // closed model: users that are not to be started again
    };
    struct Wakeup {
        Clock::time_point at;
        User* user;
        friend bool operator>(const Wakeup& a, const Wakeup& b) { return a.at > b.at; }
    };

    // schedule.cpp: when users start, wake and stop
    /// Has the shard's thread do `work`, unless the shard is done by then.
    void post(std::function<void()> work);
    void make_parts();
    static void set_up_iterations(Part& part);
    void step_level(Part& part, Nanoseconds at, double level);
    void arm_pace();
    void on_pace();
    /// Whether all that are due have begun.
    bool dispatch_arrivals(Part& part, Clock::time_point now);
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
    /// When to stop sleeping; from then on the loop looks without waiting until something is due.
    [[nodiscard]] Clock::time_point wake_at() const;
    /// Of a wait in which nothing came.
    void learn_from_wait(Clock::time_point from, Clock::time_point until, Clock::time_point woke);
    void heartbeat();
    void check_done(Clock::time_point now);
    [[nodiscard]] User& new_user(Part& part, std::uint32_t index, std::uint32_t place);

    // iteration.cpp: a user's life from iteration to iteration
    /// Takes a parked user for an arrival of a class, or makes one; nullptr: at the cap.
    [[nodiscard]] User* take_user(Part& part, std::uint32_t user_class);
    /// An open model's user that waits for the next arrival.
    void park(Part& part, User& user);
    /// Where the next user of a class, or its next arrival, goes: the addresses take turns, so that
    /// each gets its share of every class's load.
    [[nodiscard]] std::uint32_t next_place(Part& part, std::uint32_t user_class) const;
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
    /// Runs user_start first where the user has not yet done that.
    void begin_iteration(User& user, std::uint64_t iteration, std::uint32_t user_class,
                         Clock::time_point due);
    /// `due` may lie after `now`: the first step waits for it.
    void begin_flow(User& user, Clock::time_point due, Clock::time_point now, bool at_once);
    /// This iteration's rows into the user. False: unique data that its class reads is used up.
    [[nodiscard]] bool take_rows(User& user);
    void forget(User& user);
    void end_flow(User& user, Clock::time_point now, bool at_once);
    /// A step failed and the flow does not go on: `how` is not Continue.
    void break_off(User& user, OnFail how, Clock::time_point now, bool at_once);
    void end_iteration(User& user, Clock::time_point now, bool at_once);
    void end_trace(User& user, Clock::time_point now);
    /// Ends its work for good: on_fail, or no data.
    void stop_user(User& user, Clock::time_point now);
    /// Goes, through user_stop where it has begun its work.
    void depart(User& user, Clock::time_point now);
    /// Is parked (open model), or gone until the schedule wants it again.
    void retire(User& user, Clock::time_point now);
    void end_part_without_users(Part& part, User& user, Clock::time_point now);
    void say_once(Said what, std::string text);
    void schedule(User& user, Clock::time_point at);
    void resume(User& user);

    // flow.cpp: what a user does within a flow
    /// Goes on to the flow's next step, due at user.due. `at_once`: may send from within this call;
    /// else the loop does it next.
    void advance(User& user, Clock::time_point now, bool at_once);
    [[nodiscard]] const Flow& flow_of(const User& user) const;
    void launch(User& user, Clock::time_point now, bool at_once, Resume what);
    void send_step(User& user);
    void launch_batch(User& user, Clock::time_point due);
    [[nodiscard]] bool send_next_of_batch(User& user, Exchange& exchange, Clock::time_point due);
    void end_batch(User& user, Clock::time_point now, bool at_once);
    void begin_groups(User& user);
    void end_group(User& user);
    void fail_groups(User& user);
    /// The groups that its user was in end at their age.
    void cut_off_groups(User& user, Clock::time_point now);
    /// A step came to its end, polls included.
    void end_step(User& user, const Step& step, bool failed, Clock::time_point now, bool at_once);
    void unrendered(User& user, const Step& step, Clock::time_point now);
    [[nodiscard]] Nanoseconds think_after(User& user, const Step& step) const;
    /// How long a looping user holds back after a request that never left, or an iteration that
    /// sent none, so that it does not spin: 10 ms, twice as long each time in a row, at most 1 s.
    /// The next step is due only then, so it counts in no latency.
    [[nodiscard]] Nanoseconds pause_after_setback(const User& user) const;
    void abort_run(const User& user, const Step& step, Outcome outcome, std::string_view text);
    /// What expressions may refer to; draws come from `random`.
    [[nodiscard]] RenderContext render_context(const User& user, Random& random) {
        return {user.index,           user.iteration, &random, user.variables, plan_.options.shared,
                plan_.scenario->data, user.rows,      0,       &missing_,      user.executor};
    }

    // judge.cpp: what a step takes from a response, and asks of it
    struct Judgement {
        Outcome outcome;
        std::string_view text;
        bool again = false;  // `until` is not met yet, and may be asked again
    };
    [[nodiscard]] Judgement judge(User& user, const Exchange& exchange, Outcome outcome,
                                  Clock::time_point now, std::string_view text);
    [[nodiscard]] bool take_captures(User& user, const Step& step);
    [[nodiscard]] bool run_checks(User& user, const Step& step, Clock::time_point now);
    void count_checks_failed(const Step& step, Clock::time_point now);
    [[nodiscard]] bool until_holds(User& user, const Until& until);

    // trace.cpp
    /// Fixes the ids of the flow that begins: of the run's id, the user and the iteration alone.
    void begin_trace(User& user);
    [[nodiscard]] bool takes_notes() const { return plan_.trace_limit != 0 || plan_.traceparent; }
    void begin_notes(Exchange& exchange);
    /// The request into its iteration's trace; outside the sample it may be kept alone.
    void trace_request(User& user, const Exchange& exchange, const Sample& sample);
    static void fill_span(RequestSpan& span, const Exchange& exchange, const Sample& sample);
    static void fill_alone(IterationTrace& trace, const User& user, const Exchange& exchange,
                           const Sample& sample);
    /// Notes the phases of the hop that ends `now`, or that is given up in `exchange.phase`.
    static void trace_phases(const Exchange& exchange, Clock::time_point now);
    /// An exchange came to its end: called once per send_request, also from within it (then
    /// `exchange.starting` is set, and what comes next must wait for the loop). The exchange is
    /// idle again, and what it received stays readable until the next send_request.
    void on_exchange_done(User& user, Exchange& exchange, Outcome outcome, Clock::time_point now,
                          std::string_view text);
    /// Valid until the next call.
    [[nodiscard]] std::string_view trace_header(const Exchange& exchange);

    // http1.cpp: one request and its response
    /// Sends `request`, due at `due`, on an idle exchange. False: a variable in it has no value
    /// (missing_ names it), and nothing happened.
    [[nodiscard]] bool send_request(Exchange& exchange, const PreparedRequest& request,
                                    Clock::time_point due);
    [[nodiscard]] Result<std::string_view> render(Exchange& exchange, const Origin& origin,
                                                  Random& random);
    void start_hop(Exchange& exchange, Origin& origin, std::string_view bytes);
    void on_bytes(Exchange& exchange, std::string_view bytes);
    void on_end(Exchange& exchange, int error);
    void complete(Exchange& exchange);
    /// The response, whose first byte came at `first`, began before the request was out.
    void answered_early(Exchange& exchange, Clock::time_point first);
    /// True where the body is an encoded one; then the request ends with decode_some, now or later.
    bool begin_decoding(Exchange& exchange, Clock::time_point now);
    /// False where there is more to do.
    bool decode_some(Exchange& exchange);
    void decode_on();
    /// Ends a request whose response is whole, by its status.
    void judge_status(Exchange& exchange, Clock::time_point now);
    void finish_request(Exchange& exchange, Outcome outcome, Clock::time_point now,
                        std::string_view text);
    /// `unseen`: the server cannot have seen any of the request. False when it must not be retried.
    [[nodiscard]] bool retry_on_new_connection(Exchange& exchange, bool unseen);
    /// What captures and checks may read of a finished exchange; valid until its next send_request.
    [[nodiscard]] static ResponseView response_of(const Exchange& exchange, Clock::time_point now);

    // redirect.cpp: steps and responses that lead elsewhere, and cookies
    /// The origin of a step whose path is a whole URL. Sets the exchange's aim.
    [[nodiscard]] Result<Origin*> aim_at_url(Exchange& exchange);
    /// False when the response is to be taken as it is.
    [[nodiscard]] bool follow_redirect(Exchange& exchange, Clock::time_point now);
    [[nodiscard]] Origin& origin_for(const TargetUrl& url);
    [[nodiscard]] Origin& add_origin(const TargetUrl& url);
    /// Path and query of the hop under way.
    [[nodiscard]] std::string target_of(const Exchange& exchange);
    void take_cookies(Exchange& exchange, const KeptResponse& kept);

    // connection.cpp: sockets and deadlines
    /// An idle exchange of the user for `request`: one that is connected to where it goes, if there
    /// is one.
    [[nodiscard]] Exchange& exchange_for(User& user, const PreparedRequest& request);
    void open_connection(Exchange& exchange);
    void look_up(Origin& origin);
    void on_looked_up(Origin& origin, NameLookup::Answer answer);
    void begin_connect(Exchange& exchange);
    /// Goes on to the origin's next address, or fails where none is left and none is being tried.
    void try_next_address(Exchange& exchange, int last_error);
    /// 0, or an errno.
    [[nodiscard]] int start_attempt(Exchange& exchange, const SocketAddress& address);
    [[nodiscard]] int bind_and_connect(int socket, const SocketAddress& address);
    void on_connect_event(Exchange& exchange, std::uint32_t events);
    void pick_winner(Exchange& exchange);
    void on_connected(Exchange& exchange);
    void continue_handshake(Exchange& exchange);
    void begin_write(Exchange& exchange);
    void write_some(Exchange& exchange);
    [[nodiscard]] std::ptrdiff_t write_once(Exchange& exchange);
    [[nodiscard]] std::ptrdiff_t write_file(Exchange& exchange);
    void on_written(Exchange& exchange);
    void on_write_failed(Exchange& exchange, int error);
    void read_some(Exchange& exchange);
    /// Others, and the timers, first.
    void read_on_later(Exchange& exchange);
    void read_on();
    void fail(Exchange& exchange, Outcome outcome, std::string_view why);
    void set_deadline(Exchange& exchange, Clock::time_point at);
    void on_timeout(Exchange& exchange);
    /// The run, or its user's part in it, is cut short: what is under way ends as CutOff.
    void abandon(Exchange& exchange, Clock::time_point now);
    void record_cut_off(const Exchange& exchange, Clock::time_point now);
    void drop(int socket);
    void close_socket(Exchange& exchange);
    void close_sockets(User& user) {
        user.for_each_exchange([this](Exchange& exchange) { close_socket(exchange); });
    }
    void on_event(Exchange& exchange, std::uint32_t events);
    void on_idle_event(Exchange& exchange, std::uint32_t events);

    const ShardPlan& plan_;
    std::uint32_t id_;
    std::uint32_t places_;  // addresses of the target that users take turns at
    IntervalSink sink_;
    EventLoop loop_;
    Clock::time_point start_;
    NameLookup lookup_;
    std::deque<Origin> origins_;  // the target first
    std::shared_ptr<const TlsContext> tls_;
    std::size_t next_local_ = 0;
    TimerWheel<Exchange> wheel_;
    std::optional<Recorder> recorder_;
    std::deque<User> users_;
    std::vector<Part> parts_;
    std::vector<Wakeup> wakeups_;  // min-heap by time
    std::string scratch_;
    std::array<char, 72> trace_header_{};
    FlowMachine machine_;
    ResponseReader reader_;
    std::string missing_;  // what the last rendering lacked
    std::string judged_;   // why the response under judgement is refused
    std::string why_;
    std::vector<Exchange*> unfinished_;  // have more to read than one turn allows
    std::deque<Exchange*> decoding_;     // have more to decode; the first one's turn is next
    std::array<char, 64 * 1024> receive_buffer_;
    Clock::time_point heartbeat_due_;
    Clock::time_point pace_due_ = Clock::time_point::max();
    WakeLead lead_;
    bool done_ = false;
};

}  // namespace plimsoll
