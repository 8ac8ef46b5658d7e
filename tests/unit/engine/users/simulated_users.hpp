// The users of one shard against a server made of numbers, in simulated time.
#pragma once

#include "engine/users/users.hpp"

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll::test {

using namespace std::chrono_literals;

inline constexpr Nanoseconds kNever = std::chrono::hours(1'000);

/// A request that users have sent. Times are offsets from the run's start.
struct Sent {
    Nanoseconds due;
    Nanoseconds at;
    std::uint32_t executor;
    std::uint32_t user;
    std::uint32_t user_class;
    std::uint32_t step;
    std::uint64_t iteration;
    Errand errand;
};

/// What becomes of one.
struct Reply {
    Nanoseconds after = 1ms;
    Outcome outcome = Outcome::Ok;
    std::uint64_t body_bytes = 0;
    bool unrendered = false;  // a variable in it has no value
};

inline Step step_of(std::string path = "/") {
    Step step;
    step.method = "GET";
    step.path = Template::literal(std::move(path));
    return step;
}

inline UserClass user_of(std::size_t steps = 1) {
    UserClass user;
    user.name = "user";
    user.steps.assign(steps, step_of());
    return user;
}

inline Think constant(Nanoseconds time) {
    return {Think::Kind::Constant, time, {}};
}

inline Executor executor_of(ExecutorKind kind, Ramp ramp, std::uint32_t max_vus = 0) {
    Executor executor;
    executor.name = "load";
    executor.kind = kind;
    executor.max_vus =
        max_vus != 0 || is_open(kind) ? max_vus : static_cast<std::uint32_t>(ramp.highest());
    executor.ramp = std::move(ramp);
    return executor;
}

inline Executor arrivals(double per_second, Nanoseconds duration, std::uint32_t max_vus = 1'000) {
    return executor_of(ExecutorKind::ConstantArrivalRate, Ramp::constant(per_second, duration),
                       max_vus);
}

inline Executor vus(std::uint32_t count, Nanoseconds duration) {
    return executor_of(ExecutorKind::ConstantVus, Ramp::constant(count, duration));
}

inline Executor ramping_vus(double start, std::vector<Ramp::Stage> stages) {
    return executor_of(ExecutorKind::RampingVus, Ramp(start, std::move(stages)));
}

inline Executor per_vu(std::uint32_t count, std::uint64_t iterations, Nanoseconds longest) {
    Executor executor = executor_of(ExecutorKind::PerVuIterations, Ramp::constant(count, longest));
    executor.iterations = iterations;
    return executor;
}

inline Executor shared(std::uint32_t count, std::uint64_t iterations, Nanoseconds longest) {
    Executor executor = executor_of(ExecutorKind::SharedIterations, Ramp::constant(count, longest));
    executor.iterations = iterations;
    return executor;
}

inline Scenario scenario_of(Executor executor, UserClass user = user_of()) {
    Scenario scenario;
    scenario.name = "simulated";
    scenario.endpoints = {{"user", "/", "GET"}};
    scenario.users = {std::move(user)};
    scenario.load = {std::move(executor)};
    return scenario;
}

/// Carries out what users order, in a time of its own that jumps from one thing to the next.
class World {
public:
    using Server = std::function<Reply(const Sent&)>;
    struct Setting {
        std::uint32_t shard = 0;
        std::uint32_t shards = 1;
        Nanoseconds heartbeat = 10ms;
        UserHooks tell = {};
    };

    explicit World(Scenario its, Server server) : World(std::move(its), std::move(server), {}) {}
    World(Scenario its, Server server, Setting setting)
        : scenario_(std::move(its)),
          info_(run_of(scenario_, setting.shards)),
          server_(std::move(server)),
          heartbeat_(setting.heartbeat),
          plan_(scenario_, info_),
          recorder_(
              setting.shard, 1, kStart, kNever,
              [this](std::unique_ptr<Interval> interval) {
                  last_ = std::move(interval);
                  return std::unique_ptr<Interval>();
              },
              4, 4) {
        plan_.tell = std::move(setting.tell);
        users_.emplace(plan_, setting.shard, recorder_);
        heartbeat_due_ = kStart;
    }

    /// Until all is over, or `until` at the latest.
    void run(Nanoseconds until = kNever) {
        while (!users_->over()) {
            auto next = std::min(users_->wake_at(), heartbeat_due_);
            next = answers_.empty() ? next : std::min(next, answers_.top().at);
            if (next > kStart + until) {
                now_ = std::max(now_, kStart + until);
                return;
            }
            now_ = std::max(now_, next);
            turn();
        }
    }
    /// Nobody looks at anything until `until`.
    void sleep(Nanoseconds until) { now_ = kStart + until; }
    void turn() {
        if (heartbeat_due_ <= now_) {
            users_->on_heartbeat(now_);
            carry_out();
            heartbeat_due_ = now_ + heartbeat_;
        }
        if (users_->wake_at() <= now_) {
            users_->on_time(now_, [this] { carry_out(); });
        }
        while (!answers_.empty() && answers_.top().at <= now_) {
            const Answer answer = answers_.top();
            answers_.pop();
            if (answer.life == lives_[answer.user]) {
                end(answer, true);
                carry_out();
            }
        }
    }
    void carry_out() {
        for (Order order; users_->take_order(order);) {
            seen_.insert(order.user);
            if (order.kind == Order::Kind::Send) {
                send(order);
            } else if (order.kind == Order::Kind::CutOff) {
                cut_off(*order.user);
            } else {
                ++closed;
            }
            if (after_each) {
                after_each();
            }
        }
    }
    void stop_gracefully() {
        users_->stop_gracefully(now_);
        carry_out();
    }
    void abort() {
        users_->abort(now_);
        carry_out();
    }
    void set_level(double level, std::uint32_t executor = 0) {
        const Nanoseconds at =  // as Engine does: not before its begin
            std::max(Nanoseconds{}, now() - scenario_.load[executor].start_time);
        users_->set_level(executor, at, level, now_);
        carry_out();
    }

    [[nodiscard]] Nanoseconds now() const { return now_ - kStart; }
    /// max(): nothing is due before something else happens.
    [[nodiscard]] Nanoseconds wake_at() const {
        return users_->wake_at() == Clock::time_point::max() ? Nanoseconds::max()
                                                             : users_->wake_at() - kStart;
    }
    [[nodiscard]] bool over() const { return users_->over(); }
    [[nodiscard]] const LoadCounts& counts() { return recorder_.counts(); }
    [[nodiscard]] std::uint32_t users() const { return recorder_.levels.users; }
    [[nodiscard]] std::size_t under_way() const {
        std::size_t sum = 0;
        for (const User* const user : seen_) {
            sum += user->under_way;
        }
        return sum;
    }
    /// Users that a condition holds for.
    [[nodiscard]] std::uint64_t count(const std::function<bool(const User&)>& condition) const {
        return static_cast<std::uint64_t>(std::count_if(
            seen_.begin(), seen_.end(), [&](const User* user) { return condition(*user); }));
    }
    [[nodiscard]] std::vector<Nanoseconds> dues() const {
        std::vector<Nanoseconds> all;
        for (const Sent& each : sent) {
            all.push_back(each.due);
        }
        return all;
    }
    [[nodiscard]] std::uint64_t ended(Outcome outcome) const {
        return static_cast<std::uint64_t>(
            std::count_if(samples.begin(), samples.end(),
                          [&](const Sample& sample) { return sample.outcome == outcome; }));
    }
    /// Ends the run: all that was recorded.
    [[nodiscard]] const Interval& recorded() {
        if (!last_) {
            recorder_.finish(now_);
        }
        return *last_;
    }

    std::vector<Sent> sent;
    std::vector<Sample> samples;
    std::uint64_t closed = 0;          // orders to close
    std::uint64_t cut_requests = 0;    // under way when their user was cut off
    std::uint64_t cut_iterations = 0;  // likewise
    std::uint64_t cut_starts = 0;      // users in user_start
    std::function<void()> after_each;  // order

    static constexpr Clock::time_point kStart{std::chrono::hours(10)};

private:
    struct Answer {
        Clock::time_point at;
        std::uint64_t number;  // those of one time come as they were sent
        User* user;
        std::uint64_t life;
        const Step* step;
        Sample sample;
        std::uint64_t body_bytes;
        friend bool operator>(const Answer& a, const Answer& b) {
            return std::pair(a.at, a.number) > std::pair(b.at, b.number);
        }
    };

    static RunInfo run_of(const Scenario& scenario, std::uint32_t shards) {
        RunInfo info = describe(scenario);
        info.id = "simulated";
        info.shards = shards;
        info.start.mono = kStart;
        return info;
    }
    void send(const Order& order) {
        const User& user = *order.user;
        const Sent one{order.due - kStart, now(),      user.executor,  user.index,
                       user.user_class,    order.step, user.iteration, user.errand};
        const Reply reply = server_(one);
        if (reply.unrendered) {
            users_->missing() = "token";
            users_->on_unrendered(order, now_);
            users_->missing().clear();
            return;
        }
        sent.push_back(one);
        Answer answer{now_ + reply.after,      number_++, order.user,      lives_[order.user],
                      &users_->step_of(order), Sample{},  reply.body_bytes};
        answer.sample.due = order.due;
        answer.sample.sent = now_;
        answer.sample.outcome = reply.outcome;
        answer.sample.status = is_answer(reply.outcome) ? 200 : 0;
        if (reply.after == 0ns) {
            end(answer, false);  // within the sending
        } else if (reply.after != kNever) {
            answers_.push(answer);
        }
    }
    void end(Answer answer, bool at_once) {
        Sample& sample = answer.sample;
        sample.completed = now_;
        ResponseView response;
        response.status = sample.status;
        response.body_bytes = answer.body_bytes;
        response.service = sample.completed - sample.sent;
        const Judgement judgement =
            users_->judge(*answer.user, *answer.step, sample, "as the server wanted",
                          looks_at_response(*answer.step) ? &response : nullptr);
        samples.push_back(sample);
        users_->on_done(*answer.user, *answer.step, sample, judgement, at_once);
    }
    void cut_off(User& user) {
        if (user.busy) {
            cut_requests += user.under_way;
            cut_starts += user.errand == Errand::Start ? 1U : 0U;
            cut_iterations += user.errand == Errand::Iteration && !user.between ? 1U : 0U;
        }
        ++lives_[&user];
        users_->on_cut_off(user, now_);
    }

    Scenario scenario_;
    RunInfo info_;
    Server server_;
    Nanoseconds heartbeat_;
    UsersPlan plan_;
    std::unique_ptr<Interval> last_;
    Recorder recorder_;
    std::optional<Users> users_;
    Clock::time_point now_ = kStart;
    Clock::time_point heartbeat_due_;
    std::priority_queue<Answer, std::vector<Answer>, std::greater<>> answers_;
    std::uint64_t number_ = 0;
    std::map<const User*, std::uint64_t> lives_;
    std::set<const User*> seen_;
};

/// Answers everything well, so long after it was sent.
inline World::Server takes(Nanoseconds time) {
    return [time](const Sent&) { return Reply{time}; };
}

}  // namespace plimsoll::test
