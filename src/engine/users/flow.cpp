// What a user does within a flow: its steps one after the other.
#include "engine/users/users.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace plimsoll {
namespace {

/// The request never left: the next one would not either, and at once.
bool is_setback(Outcome outcome) {
    return outcome == Outcome::ConnectRefused || outcome == Outcome::NoPorts ||
           outcome == Outcome::Dns;
}

}  // namespace

OnFail effective(OnFail written, Errand errand) {
    if (written == OnFail::AbortRun || errand == Errand::Iteration) {
        return written;
    }
    return errand == Errand::Start ? OnFail::StopUser : OnFail::Continue;
}

const Flow& Users::flow_of(const User& user) const {
    const ClassPlan& plan = plan_.classes[user.user_class];
    switch (user.errand) {
        case Errand::Start:
            return plan.who->start;
        case Errand::Stop:
            return plan.who->stop;
        case Errand::Iteration:
            break;
    }
    return plan.flow;
}

void Users::advance(User& user, Clock::time_point now, bool at_once) {
    using Kind = FlowAction::Kind;
    const Flow& flow = flow_of(user);
    for (;;) {
        const RenderContext context = context_of(plan_, user, user.random, missing_);
        const FlowAction action =
            machine_.next(flow, user.cursor, {context, user.variables, user.random});
        switch (action.kind) {
            case Kind::Request:
                user.step = action.a;
                launch(user, now, at_once, Resume::Step);
                return;
            case Kind::Parallel:
                user.batch = {action.a, action.a + action.b, action.connections};
                launch(user, now, at_once, Resume::Batch);
                return;
            case Kind::Think:
                user.due += plan_.classes[user.user_class].who->thinks[action.a].draw(user.random);
                break;
            case Kind::GroupBegin:
                user.groups.push_back({action.a, false, false, false, {}});
                break;
            case Kind::GroupEnd:
                end_group(user);
                break;
            case Kind::End:
                end_flow(user, now, at_once);
                return;
            case Kind::Broken:
                ++recorder_.counts().steps_unrendered;
                say_once(Said::FlowBroken, machine_.why());
                break_off(user, effective(OnFail::NextIteration, user.errand), now, false);
                return;
        }
    }
}

void Users::send(User& user, std::uint32_t step, Clock::time_point due, bool parallel) {
    ++user.under_way;
    orders_.add({Order::Kind::Send, parallel, step, &user, due});
}

void Users::on_unrendered(const Order& order, Clock::time_point now) {
    User& user = *order.user;
    const Step& step = step_of(order);
    --user.under_way;
    count_unrendered(user, step, now);
    const OnFail how = step.on_fail == OnFail::Continue ? OnFail::NextIteration : step.on_fail;
    if (!order.parallel) {
        user.due = now + think_after(user, step);
        break_off(user, effective(how, user.errand), now, false);
        return;
    }
    Batch& batch = user.batch;
    batch.failed = true;
    batch.on_fail = std::max(batch.on_fail, how);
    if (batch.next < batch.end) {
        send(user, batch.next++, order.due, true);  // the next one in its place
    } else {
        go_on_with_batch(user, now, false);
    }
}

void Users::count_unrendered(User& user, const Step& step, Clock::time_point now) {
    ++recorder_.counts().steps_unrendered;
    Sample sample;
    sample.due = user.due;
    sample.sent = sample.completed = now;
    sample.endpoint = step.endpoint;
    sample.outcome = Outcome::NotSent;
    why_ = fmt::format("not sent: {} has no value", missing_);
    recorder_.roll_to(now);
    recorder_.record_error(sample, why_);
    if (plan_.tell.on_request) {
        plan_.tell.on_request(sample, why_);
    }
    fail_groups(user);
    if (step.on_fail == OnFail::AbortRun) {
        abort_run(user, step, Outcome::NotSent, why_);
    }
}

Judgement Users::judge(User& user, const Step& step, Sample& sample, std::string_view text,
                       const ResponseView* response) {
    Judgement judgement{sample.outcome, text};
    if (response != nullptr) {
        judgement = judge_.judge(user, step, *response, judgement, sample.completed);
        sample.outcome = judgement.outcome;
    }
    recorder_.record(sample);
    if (is_failure(sample.outcome)) [[unlikely]] {
        recorder_.record_error(sample, judgement.text);
        if (sample.is_censored()) {
            for (OpenGroup& group : user.groups) {
                group.censored = true;
            }
        }
    }
    return judgement;
}

void Users::on_done(User& user, const Step& step, const Sample& sample, const Judgement& judgement,
                    bool at_once) {
    const auto now = sample.completed;
    const bool failed = is_failure(sample.outcome);
    --user.under_way;
    user.sent_any = true;
    user.last_end = now;
    user.setbacks = is_setback(sample.outcome)
                        ? static_cast<std::uint8_t>(std::min(user.setbacks + 1, 100))
                        : std::uint8_t{0};
    if (failed && !judgement.again && step.on_fail == OnFail::AbortRun) [[unlikely]] {
        abort_run(user, step, sample.outcome, judgement.text);
    }
    if (user.batch.end != 0) [[unlikely]] {
        if (failed) {
            user.batch.failed = true;
            user.batch.on_fail = std::max(user.batch.on_fail, step.on_fail);
        }
        go_on_with_batch(user, now, at_once);
        return;
    }
    if (judgement.again) {
        user.due = now + std::max(step.until->every, pause_after_setback(user));
        launch(user, now, at_once, Resume::Step);
        return;
    }
    end_step(user, step, failed, now, at_once);
}

void Users::end_step(User& user, const Step& step, bool failed, Clock::time_point now,
                     bool at_once) {
    user.polls = 0;
    user.due = now + std::max(think_after(user, step), pause_after_setback(user));
    if (failed) [[unlikely]] {
        fail_groups(user);
        const OnFail how = effective(step.on_fail, user.errand);
        if (how != OnFail::Continue) {
            break_off(user, how, now, at_once);
            return;
        }
    }
    advance(user, now, at_once);
}

Nanoseconds Users::think_after(User& user, const Step& step) const {
    const Think& think = step.think ? *step.think : plan_.classes[user.user_class].who->think;
    return think.draw(user.random);
}

Nanoseconds Users::pause_after_setback(const User& user) const {
    if (user.setbacks == 0 || parts_[user.executor].open) [[likely]] {
        return {};
    }
    constexpr std::chrono::milliseconds kFirst{10};
    constexpr std::chrono::milliseconds kLongest{1000};
    const auto doublings = std::min(user.setbacks - 1, 7);
    return std::min(kFirst * (1 << doublings), kLongest);
}

void Users::abort_run(const User& user, const Step& step, Outcome outcome, std::string_view text) {
    if (!plan_.tell.on_abort) {
        return;
    }
    constexpr std::size_t kTextShown = 200;
    plan_.tell.on_abort(fmt::format("{} of {}: {}{}{}",
                                    plan_.scenario->endpoints[step.endpoint].name,
                                    plan_.classes[user.user_class].who->name, to_string(outcome),
                                    text.empty() ? "" : ": ", text.substr(0, kTextShown)));
}

}  // namespace plimsoll
