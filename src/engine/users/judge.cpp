#include "engine/users/judge.hpp"

#include <fmt/format.h>

namespace plimsoll {

Judgement Judge::judge(User& user, const Step& step, const ResponseView& response, Judgement before,
                       Clock::time_point now) {
    auto [outcome, text, again] = before;
    bool met = false;
    judged_.clear();
    if (is_answer(outcome)) {
        reader_.reset(response);
        const bool checks_hold = run_checks(user, step, now);
        met = outcome == Outcome::Ok && (!step.until || until_holds(user, *step.until));
        const bool captured = !met || take_captures(user, step);
        if (outcome == Outcome::Ok && (!checks_hold || !captured)) {
            outcome = Outcome::CheckFailed;
            text = judged_;
        }
    } else {
        count_checks_failed(step, now);
    }
    if (!step.until || met) {
        return {outcome, text};
    }
    const std::uint32_t most = user.batch.end != 0 ? 1 : step.until->max;
    if (++user.polls < most) {
        return {outcome, text, true};
    }
    if (outcome == Outcome::Ok) {
        outcome = Outcome::CheckFailed;
        judged_ = fmt::format("until: not so after {} poll{}: {}", user.polls,
                              user.polls == 1 ? "" : "s", why_);
        text = judged_;
    }
    return {outcome, text};
}

bool Judge::take_captures(User& user, const Step& step) {
    bool all = true;
    for (const Capture& capture : step.captures) {
        Variable& variable = user.variables[capture.variable];
        why_.clear();
        if (capture.selector.select(reader_, variable, why_)) {
            continue;
        }
        variable.clear();
        if (judged_.empty()) {
            judged_ = fmt::format("capture {}: {}", capture.name, why_);
        }
        all = false;
    }
    return all;
}

bool Judge::run_checks(User& user, const Step& step, Clock::time_point now) {
    bool all = true;
    for (const Check& check : step.expect.checks) {
        const RenderContext context = context_of(plan_, user, user.random, missing_);
        missing_.clear();
        why_.clear();
        const bool holds = check.holds(reader_, context, why_);
        recorder_.record_check(check.id, holds, now);
        if (!holds && all) {
            judged_ = fmt::format("{}: {}", plan_.scenario->checks[check.id], why_);
        }
        all = all && holds;
    }
    return all;
}

void Judge::count_checks_failed(const Step& step, Clock::time_point now) {
    for (const Check& check : step.expect.checks) {
        recorder_.record_check(check.id, false, now);
    }
}

bool Judge::until_holds(User& user, const Until& until) {
    for (const Check& condition : until.conditions) {
        const RenderContext context = context_of(plan_, user, user.random, missing_);
        missing_.clear();
        why_.clear();
        if (!condition.holds(reader_, context, why_)) {
            return false;
        }
    }
    return true;
}

}  // namespace plimsoll
