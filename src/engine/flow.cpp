// What a user does within a flow: its steps one after the other, or several at once.
#include "engine/shard.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace plimsoll {
namespace {

/// The request never left: the next one would not either, and at once.
bool is_setback(Outcome outcome) {
    return outcome == Outcome::ConnectRefused || outcome == Outcome::NoPorts ||
           outcome == Outcome::Dns;
}

bool looks_at_response(const Step& step) {
    return !step.captures.empty() || !step.expect.checks.empty() || step.until.has_value();
}

/// What a failed step means where it stands: a user whose start fails has nothing to go on with,
/// and one that ends has nothing left to end.
OnFail effective(OnFail written, Errand errand) {
    if (written == OnFail::AbortRun || errand == Errand::Iteration) {
        return written;
    }
    return errand == Errand::Start ? OnFail::StopUser : OnFail::Continue;
}

}  // namespace

const Flow& Shard::flow_of(const User& user) const {
    const ClassPlan& plan = plan_.users[user.user_class];
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

void Shard::advance(User& user, Clock::time_point now, bool at_once) {
    using Kind = FlowAction::Kind;
    const Flow& flow = flow_of(user);
    for (;;) {
        const RenderContext context = render_context(user, user.random);
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
                user.due += plan_.users[user.user_class].who->thinks[action.a].draw(user.random);
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
                ++recorder_->counts().steps_unrendered;
                say_once(Said::FlowBroken, machine_.why());
                break_off(user, effective(OnFail::NextIteration, user.errand), now, false);
                return;
        }
    }
}

void Shard::launch(User& user, Clock::time_point now, bool at_once, Resume what) {
    user.resume = what;
    if (user.due > now || !at_once) {
        schedule(user, user.due);
    } else {
        resume(user);
    }
}

void Shard::send_step(User& user) {
    const PreparedRequest& request = plan_.requests[user.user_class][user.step];
    if (!user.groups.empty()) {
        begin_groups(user);
    }
    if (!send_request(exchange_for(user, request), request, user.due)) [[unlikely]] {
        const auto now = Clock::now();
        const Step& step = request.step();
        unrendered(user, step, now);
        user.due = now + think_after(user, step);
        const OnFail how = step.on_fail == OnFail::Continue ? OnFail::NextIteration : step.on_fail;
        break_off(user, effective(how, user.errand), now, false);
    }
}

void Shard::unrendered(User& user, const Step& step, Clock::time_point now) {
    ++recorder_->counts().steps_unrendered;
    Sample sample;
    sample.due = user.due;
    sample.sent = sample.completed = now;
    sample.endpoint = step.endpoint;
    sample.outcome = Outcome::NotSent;
    judged_ = fmt::format("not sent: {} has no value", missing_);
    recorder_->roll_to(now);
    recorder_->record_error(sample, judged_);
    if (plan_.options.on_request) {
        plan_.options.on_request(sample, judged_);
    }
    fail_groups(user);
    if (step.on_fail == OnFail::AbortRun) {
        abort_run(user, step, Outcome::NotSent, judged_);
    }
}

void Shard::on_exchange_done(User& user, Exchange& exchange, Outcome outcome, Clock::time_point now,
                             std::string_view text) {
    const Step& step = exchange.request->step();
    bool again = false;
    if (looks_at_response(step)) {
        const Judgement judgement = judge(user, exchange, outcome, now, text);
        outcome = judgement.outcome;
        text = judgement.text;
        again = judgement.again;
    }
    const Sample sample{exchange.due,
                        exchange.sent,
                        now,
                        step.endpoint,
                        exchange.parser.status(),
                        outcome,
                        exchange.bytes_sent,
                        exchange.bytes_received,
                        exchange.given_up};
    recorder_->record(sample);
    const bool failed = is_failure(outcome);
    if (failed) [[unlikely]] {
        recorder_->record_error(sample, text);
        if (sample.is_censored()) {
            for (OpenGroup& group : user.groups) {
                group.censored = true;
            }
        }
    }
    if (plan_.trace_limit != 0) [[unlikely]] {
        trace_request(user, exchange, sample);
    }
    if (plan_.options.on_request) [[unlikely]] {
        plan_.options.on_request(sample, text);
    }
    exchange.parser.release();
    user.sent_any = true;
    user.last_end = now;
    user.setbacks = is_setback(outcome)
                        ? static_cast<std::uint8_t>(std::min(user.setbacks + 1, 100))
                        : std::uint8_t{0};
    if (failed && !again && step.on_fail == OnFail::AbortRun) [[unlikely]] {
        abort_run(user, step, outcome, text);
    }
    if (user.batch.end != 0) [[unlikely]] {
        if (failed) {
            user.batch.failed = true;
            user.batch.on_fail = std::max(user.batch.on_fail, step.on_fail);
        }
        if (!user.batch.launching) {
            launch_batch(user, now);
        }
        return;
    }
    if (again) {
        user.due = now + std::max(step.until->every, pause_after_setback(user));
        launch(user, now, !exchange.starting, Resume::Step);
        return;
    }
    end_step(user, step, failed, now, !exchange.starting);
}

void Shard::end_step(User& user, const Step& step, bool failed, Clock::time_point now,
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

Nanoseconds Shard::think_after(User& user, const Step& step) const {
    const Think& think = step.think ? *step.think : plan_.users[user.user_class].who->think;
    return think.draw(user.random);
}

Nanoseconds Shard::pause_after_setback(const User& user) const {
    if (user.setbacks == 0 || parts_[user.executor].open) [[likely]] {
        return {};
    }
    constexpr std::chrono::milliseconds kFirst{10};
    constexpr std::chrono::milliseconds kLongest{1000};
    const auto doublings = std::min(user.setbacks - 1, 7);
    return std::min(kFirst * (1 << doublings), kLongest);
}

void Shard::launch_batch(User& user, Clock::time_point due) {
    Batch& batch = user.batch;
    begin_groups(user);
    batch.launching = true;
    std::uint32_t connections = 0;
    bool setback = false;
    const auto use = [&](Exchange& exchange) {
        if (exchange.under_way()) {
            ++connections;
            return;
        }
        if (connections == batch.connections || batch.next == batch.end) {
            return;
        }
        ++connections;
        while (batch.next < batch.end && !send_next_of_batch(user, exchange, due)) {
        }
        setback = setback || !exchange.under_way();
    };
    user.for_each_exchange(use);
    while (connections < batch.connections && batch.next < batch.end) {
        use(user.more.emplace_front(user));
    }
    batch.launching = false;
    if (user.under_way != 0) {
        return;
    }
    const auto now = Clock::now();
    if (batch.next < batch.end) {
        user.due = now + pause_after_setback(user);
        launch(user, now, false, Resume::Batch);
    } else {
        end_batch(user, now, !setback);
    }
}

bool Shard::send_next_of_batch(User& user, Exchange& exchange, Clock::time_point due) {
    const PreparedRequest& request = plan_.requests[user.user_class][user.batch.next++];
    if (send_request(exchange, request, due)) [[likely]] {
        return true;
    }
    const Step& step = request.step();
    unrendered(user, step, Clock::now());
    const OnFail how = step.on_fail == OnFail::Continue ? OnFail::NextIteration : step.on_fail;
    user.batch.failed = true;
    user.batch.on_fail = std::max(user.batch.on_fail, how);
    return false;
}

void Shard::end_batch(User& user, Clock::time_point now, bool at_once) {
    const Batch batch = user.batch;
    user.batch = {};
    user.polls = 0;
    const Step& last = plan_.requests[user.user_class][batch.end - 1].step();
    user.due = now + std::max(think_after(user, last), pause_after_setback(user));
    if (batch.failed) {
        fail_groups(user);
        const OnFail how = effective(batch.on_fail, user.errand);
        if (how != OnFail::Continue) {
            break_off(user, how, now, at_once);
            return;
        }
    }
    advance(user, now, at_once);
}

void Shard::begin_groups(User& user) {
    for (OpenGroup& group : user.groups) {
        if (!group.begun) {
            group.begun = true;
            group.due = user.due;
        }
    }
}

void Shard::end_group(User& user) {
    const OpenGroup group = user.groups.back();
    user.groups.pop_back();
    if (group.begun) {  // else none of its steps was sent
        recorder_->record_group(group.group, user.last_end - group.due,
                                {group.failed, group.censored}, user.last_end);
    }
}

void Shard::cut_off_groups(User& user, Clock::time_point now) {
    for (const OpenGroup& group : user.groups) {
        if (group.begun) {
            recorder_->record_group(group.group, now - group.due, {group.failed, true}, now);
        }
    }
    user.groups.clear();
}

void Shard::fail_groups(User& user) {
    for (OpenGroup& group : user.groups) {
        group.failed = true;
    }
}

void Shard::abort_run(const User& user, const Step& step, Outcome outcome, std::string_view text) {
    if (!plan_.options.on_abort) {
        return;
    }
    constexpr std::size_t kTextShown = 200;
    plan_.options.on_abort(fmt::format("{} of {}: {}{}{}",
                                       plan_.scenario->endpoints[step.endpoint].name,
                                       plan_.users[user.user_class].who->name, to_string(outcome),
                                       text.empty() ? "" : ": ", text.substr(0, kTextShown)));
}

}  // namespace plimsoll
