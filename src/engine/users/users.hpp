// The users of one shard: when they start, what each does next, when they go. A state machine
// without sockets, threads or a clock.
#pragma once

#include "engine/recording/recorder.hpp"
#include "engine/users/flow_machine.hpp"
#include "engine/users/judge.hpp"
#include "engine/users/order.hpp"
#include "engine/users/part.hpp"
#include "engine/users/user.hpp"
#include "engine/users/users_plan.hpp"

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

/// What a failed step means where it stands: a user whose start fails has nothing to go on with,
/// and one that ends has nothing left to end.
[[nodiscard]] OnFail effective(OnFail written, Errand errand);

/// Time comes in as an argument and never runs backwards; what is to be sent comes out as orders,
/// and when to call again as `wake_at`. Whoever has the connections carries orders out in turn, and
/// says what became of each. After any call there may be orders.
/// Threading: one shard's. Allocates nothing per request.
class Users {
public:
    /// Shard `shard` of `plan.run->shards` of the run's segment: its LoadShare of arrivals, users
    /// and iterations. `plan` and `recorder` must outlive it.
    Users(const UsersPlan& plan, std::uint32_t shard, Recorder& recorder);
    Users(const Users&) = delete;
    Users& operator=(const Users&) = delete;

    /// Begins what is due by `now`, and has `carry_out()` take the orders before each next thing:
    /// so that a user whose request fails at once is free for the next arrival.
    template <typename CarryOut>
    void on_time(Clock::time_point now, CarryOut&& carry_out);
    /// When on_time is to be called next; max(): not before something else happens.
    [[nodiscard]] Clock::time_point wake_at() const noexcept { return wake_at_; }
    /// Cuts off whose time to end has run out. Needs no exactness: some hundred times a second.
    void on_heartbeat(Clock::time_point now);

    /// No new iterations; those under way may go on for their executor's graceful stop.
    void stop_gracefully(Clock::time_point now);
    /// Ends now.
    void abort(Clock::time_point now);
    /// From `at` on (an offset from the executor's begin) an externally controlled executor asks
    /// for `level` over the whole run. What is not so controlled is left as it is.
    void set_level(std::uint32_t executor, Nanoseconds at, double level, Clock::time_point now);
    /// All executors are over, and nobody is at work any more.
    [[nodiscard]] bool over() const noexcept {
        return parts_over_ == parts_.size() && recorder_.levels.users == 0;
    }

    [[nodiscard]] bool take_order(Order& order) noexcept { return orders_.take(order); }
    [[nodiscard]] const Step& step_of(const Order& order) const noexcept {
        return plan_.classes[order.user->user_class].who->steps[order.step];
    }
    /// What expressions of a request may refer to. What has no value is named in `missing`, which
    /// the caller clears before.
    [[nodiscard]] RenderContext context(const User& user, Random& random) {
        return context_of(plan_, user, random, missing_);
    }
    [[nodiscard]] std::string& missing() noexcept { return missing_; }

    /// A Send could not be written at `now`: `missing()` says what for.
    void on_unrendered(const Order& order, Clock::time_point now);
    /// A request ended: judges it by its response where its step asks for that (see
    /// looks_at_response; else nullptr), puts that into `sample` and counts it.
    [[nodiscard]] Judgement judge(User& user, const Step& step, Sample& sample,
                                  std::string_view text, const ResponseView* response);
    /// ... and goes on from there, once per Send. `at_once`: it may do so at this time; else, while
    /// its order is being carried out still, only when it is woken next.
    void on_done(User& user, const Step& step, const Sample& sample, const Judgement& judgement,
                 bool at_once);
    /// What a CutOff ordered has been done at `now`.
    void on_cut_off(User& user, Clock::time_point now);

private:
    struct Wakeup {
        Clock::time_point at;
        User* user;
        friend bool operator>(const Wakeup& a, const Wakeup& b) { return a.at > b.at; }
    };
    /// After a pause many arrivals are due, and as many answers lie unread: so many arrivals later
    /// the sockets are looked at, since each user found busy costs a new connection.
    static constexpr int kArrivalsAtOnce = 16;

    // schedule.cpp: when users start and wake
    void arm();
    void begin_arrival(Part& part);
    [[nodiscard]] User* take_user(Part& part, std::uint32_t user_class);
    [[nodiscard]] User& new_user(Part& part, std::uint32_t index, std::uint32_t place);
    void begin_rank(Part& part, std::uint32_t rank, Clock::time_point now);
    template <typename CarryOut>
    void adjust_users(Part& part, Clock::time_point now, CarryOut& carry_out);
    void end_if_due(Part& part, Clock::time_point now, bool all_begun);
    /// Wakes the next user whose time has come; false: there is none.
    [[nodiscard]] bool wake_next(Clock::time_point now);
    void schedule(User& user, Clock::time_point at);
    /// At its due time, or now where it is that; `at_once` as of on_done.
    void launch(User& user, Clock::time_point now, bool at_once, Resume what);
    void resume(User& user, Clock::time_point now);

    // leaving.cpp: when they go
    void end_part(Part& part, Clock::time_point now);
    /// The ranks from `wanted` on are not wanted any more.
    void take_away(Part& part, std::uint32_t wanted, Clock::time_point now);
    /// A closed-model user that is not wanted from now on may finish its iteration until `by`.
    void leave(User& user, Clock::time_point now, Clock::time_point by);
    void cut_off(Part& part);
    void cut_off(User& user) { orders_.add({Order::Kind::CutOff, false, 0, &user}); }
    /// Those whose leave_by has passed.
    void cut_off_late(Part& part, Clock::time_point now);
    /// Ends its work for good: on_fail, or no data.
    void stop_user(User& user, Clock::time_point now);
    /// Goes, through user_stop where it has begun its work.
    void depart(User& user, Clock::time_point now);
    /// Is parked (open model), or gone until the schedule wants it again.
    void retire(User& user, Clock::time_point now);
    void end_part_without_users(Part& part, User& user, Clock::time_point now);

    // iteration.cpp: a user's life from iteration to iteration
    /// The next iteration of a user in a loop; there must be one.
    void begin_next(User& user, Clock::time_point due, Clock::time_point now);
    /// Runs user_start first where the user has not yet done that.
    void begin_iteration(User& user, std::uint64_t iteration, std::uint32_t user_class,
                         Clock::time_point due);
    /// `due` may lie after `now`: the first step waits for it.
    void begin_flow(User& user, Clock::time_point due, Clock::time_point now, bool at_once);
    void begin_trace(User& user);
    void end_trace(User& user, Clock::time_point now);
    /// This iteration's rows into the user. False: unique data that its class reads is used up.
    [[nodiscard]] bool take_rows(User& user);
    void forget(User& user);
    void end_flow(User& user, Clock::time_point now, bool at_once);
    /// A step failed and the flow does not go on: `how` is not Continue.
    void break_off(User& user, OnFail how, Clock::time_point now, bool at_once);
    void end_iteration(User& user, Clock::time_point now, bool at_once);
    void say_once(Said what, std::string text);

    // flow.cpp: what a user does within a flow
    /// Goes on to the flow's next step, due at user.due.
    void advance(User& user, Clock::time_point now, bool at_once);
    [[nodiscard]] const Flow& flow_of(const User& user) const;
    void send(User& user, std::uint32_t step, Clock::time_point due, bool parallel);
    /// A step came to its end, polls included.
    void end_step(User& user, const Step& step, bool failed, Clock::time_point now, bool at_once);
    void count_unrendered(User& user, const Step& step, Clock::time_point now);
    [[nodiscard]] Nanoseconds think_after(User& user, const Step& step) const;
    /// How long a looping user holds back after a request that never left, or an iteration that
    /// sent none, so that it does not spin: 10 ms, twice as long each time in a row, at most 1 s.
    /// The next step is due only then, so it counts in no latency.
    [[nodiscard]] Nanoseconds pause_after_setback(const User& user) const;
    void abort_run(const User& user, const Step& step, Outcome outcome, std::string_view text);

    // batch.cpp: several steps at once, and groups of steps
    void begin_batch(User& user, Clock::time_point now);
    /// As many of its steps as it has connections.
    void send_batch(User& user, Clock::time_point due);
    /// One of its requests has ended.
    void go_on_with_batch(User& user, Clock::time_point now, bool at_once);
    void end_batch(User& user, Clock::time_point now, bool at_once);
    static void begin_groups(User& user);
    void end_group(User& user);
    static void fail_groups(User& user);
    /// The groups that its user was in end at their age.
    void cut_off_groups(User& user, Clock::time_point now);

    const UsersPlan& plan_;
    Recorder& recorder_;
    std::deque<User> users_;
    std::vector<Part> parts_;
    std::size_t parts_over_ = 0;
    std::vector<Wakeup> wakeups_;  // min-heap by time
    Clock::time_point wake_at_ = Clock::time_point::max();
    Orders orders_;
    FlowMachine machine_;
    Judge judge_;
    std::string missing_;  // what the last rendering lacked
    std::string why_;      // a step was not sent
};

template <typename CarryOut>
void Users::on_time(Clock::time_point now, CarryOut&& carry_out) {
    recorder_.roll_to(now);
    for (Part& part : parts_) {
        if (part.over || now < part.begin) {
            continue;
        }
        bool all_begun = true;
        if (part.open) {
            for (int begun = 0; part.has_arrival(now) && all_begun; ++begun) {
                all_begun = begun < kArrivalsAtOnce;
                if (all_begun) {
                    begin_arrival(part);
                    carry_out();
                }
            }
        } else if (now >= part.next_change && now < part.end) {
            adjust_users(part, now, carry_out);
        }
        end_if_due(part, now, all_begun);
    }
    while (wake_next(now)) {
        carry_out();
    }
    carry_out();
    arm();
}

template <typename CarryOut>
void Users::adjust_users(Part& part, Clock::time_point now, CarryOut& carry_out) {
    const std::uint32_t wanted = part.wanted_at(now);
    take_away(part, wanted, now);
    for (std::uint32_t rank = part.wanted; rank < wanted && !part.over; ++rank) {
        begin_rank(part, rank, now);
        carry_out();
    }
    part.wanted = wanted;
    part.next_change = part.begin + part.ramp->next_user_change(now - part.begin);
    cut_off_late(part, now);
    carry_out();
}

}  // namespace plimsoll
