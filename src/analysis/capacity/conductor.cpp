#include "analysis/capacity/conductor.hpp"

#include "base/units.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace plimsoll {
namespace {

// Beside the steady part: the tick in which the level changed, and one for what was on its way.
constexpr double kWarmUp_s = 2;
// Long enough that a cache that is cold for 5 s fills within the half that may be cut off.
constexpr double kBaseline_s = 12;
constexpr double kQuick_s = 5;
constexpr double kBisection_s = 10;  // ten ticks tell how samples hang together
constexpr double kQuickRequests = 30;
constexpr double kLongestStep_s = 300;  // of one stretch; low rates would take for ever
constexpr unsigned kMostStretches = 6;
// A queue that grows by the overload ε reaches the limit after limit/ε: shorter steps overstate
// capacity. Half as long again for its noise.
constexpr double kQueueRoom = 1.5;
// What fails a doubling is an overload by half or so, not by the precision.
constexpr double kQuickOverload = 0.5;
constexpr double kMeanTimes = 10;  // of the mean response time: every step sees several rounds
// No p99 of within the limit has so many in flight (Little's law).
constexpr double kTooMuch = 3;
constexpr double kFewInFlight = 50;
constexpr std::size_t kFewestTicks = 4;
constexpr double kSettleShare = 0.5;
constexpr double kCalm = 1.5;  // times the baseline's response time
constexpr double kCalmSlack_s = 0.002;
constexpr unsigned kCalmTicks = 2;
constexpr double kRecovery_s = 30;
constexpr double kRecoveryTimeouts = 5;
constexpr double kEdgeSlack_s = 0.15;  // a level that holds from just after a tick's begin

double highest_quantile(const StepGoal& goal) {
    double highest = goal.default_p99_s > 0 || goal.thresholds.empty() ? 0.99 : 0;
    for (const Threshold& threshold : goal.thresholds) {
        if (threshold.statistic == Statistic::Quantile) {
            highest = std::max(highest, threshold.quantile);
        }
    }
    return std::min(highest, 0.9999);
}

}  // namespace

FindConductor::FindConductor(FindOptions options, const RunInfo& info)
    : options_(std::move(options)), info_(info), search_(options_.search) {
    result_.open = options_.open;
    result_.precision = options_.search.precision;
    level_ = search_.next()->level;
}

StepQuestion FindConductor::question() const {
    return {search_.next()->kind, search_.next()->level, options_.open, kSameQueue, probe_values_};
}

bool FindConductor::is_quick(StepKind kind) const {
    return kind == StepKind::Baseline || kind == StepKind::Doubling || kind == StepKind::Descent;
}

double FindConductor::shortest_s(const CapacitySearch::Step& step) const {
    double rate = step.level * result_.requests_per_iteration;
    if (!options_.open) {
        rate = baseline_response_s_ > 0 ? step.level / baseline_response_s_ : step.level;
    }
    const double slo = options_.goal.slo_s();
    double needed = std::max(options_.window_s, kMeanTimes * baseline_response_s_);
    if (is_quick(step.kind)) {
        needed = std::max({needed, step.kind == StepKind::Baseline ? kBaseline_s : kQuick_s,
                           kQueueRoom * slo / kQuickOverload, kQuickRequests / rate});
    } else {
        const SearchResult known = search_.result();
        double overload = options_.search.precision;
        if (step.kind == StepKind::Bisection && known.lo && known.hi) {
            overload = std::max(overload, std::sqrt(*known.hi / *known.lo) - 1);
        }
        // So many without one above the limit prove the quantile with 95 %: 3/(1-q).
        const double samples = 3 / (1 - highest_quantile(options_.goal));
        const double apart = std::max(1 / rate, kSameQueue * std::min(slo, kLongestQueue_s));
        needed = std::max({needed, kBisection_s, kQueueRoom * slo / overload, samples * apart});
    }
    return kWarmUp_s + std::min(needed, kLongestStep_s);
}

bool FindConductor::clearly_too_much(const StepTick& tick) const {
    const double longest = std::max(options_.goal.slo_s(), kMeanTimes * baseline_response_s_);
    const double rate = level_ * result_.requests_per_iteration;
    return options_.open && ticks_.size() >= kFewestTicks && longest > 0 &&
           tick.facts.state.in_flight > kTooMuch * longest * rate + kFewInFlight;
}

std::optional<StepResult> FindConductor::on_tick(const StepTick& tick, double level_since_s) {
    if (finished_ || tick.facts.from_s < level_since_s - kEdgeSlack_s) {
        return std::nullopt;
    }
    if (phase_ != Phase::Holding) {
        settle(tick);
        return std::nullopt;
    }
    return hold(tick);
}

std::optional<StepResult> FindConductor::hold(const StepTick& tick) {
    ticks_.push_back(tick);
    const CapacitySearch::Step step = *search_.next();
    const double held = tick.facts.to_s - ticks_.front().facts.from_s;
    if (clearly_too_much(tick)) {
        StepResult result = judge_step(question(), options_.goal, info_, ticks_);
        if (result.verdict == StepVerdict::Fail || result.verdict == StepVerdict::Void) {
            return end_step(std::move(result));
        }
    }
    // Judged at whole stretches alone: who looks after every tick finds a lucky moment.
    const double stretch = shortest_s(step);
    if (held < stretch * (extended_ + 1) - kEdgeSlack_s) {
        return std::nullopt;
    }
    StepResult result = judge_step(question(), options_.goal, info_, ticks_);
    // The confirmations of a level count together: none has to be clear by itself.
    if (result.verdict == StepVerdict::Edge && step.kind == StepKind::Bisection &&
        extended_ + 1 < kMostStretches && stretch * (extended_ + 2) <= kLongestStep_s &&
        tick.facts.to_s + stretch + confirmations_s() <= options_.budget_s) {
        ++extended_;
        return std::nullopt;
    }
    if (result.verdict == StepVerdict::Edge && result.requests == 0) {
        result.verdict = StepVerdict::Fail;
        result.why = "no request was answered";
    }
    return end_step(std::move(result));
}

StepResult FindConductor::end_step(StepResult step) {
    const bool first = baseline_response_s_ <= 0 && step.requests > 0 &&
                       step.verdict != StepVerdict::Fail && step.verdict != StepVerdict::Void;
    if (first) {
        baseline_response_s_ = step.response_s;
        baseline_in_flight_ = step.in_flight;
        if (step.iterations_rate > 0) {
            result_.requests_per_iteration = step.rate / step.iterations_rate;
        }
    }
    if (first && options_.goal.thresholds.empty()) {
        options_.goal.default_p99_s = kDefaultP99Factor * step.p99_s.value;
    }
    if (!is_quick(step.kind) && step.verdict != StepVerdict::Void) {
        std::vector<StepTick>& held = held_[step.level];
        const auto steady = steady_part(step.kind, ticks_);
        held.insert(held.end(), steady.begin(), steady.end());
        step.together = judge_together(question(), options_.goal, held);
    }
    result_.steps.push_back(step);
    search_.report(step);
    if (search_.next() && only_confirmations_fit(step.to_s)) {
        search_.hurry();
    }
    const bool disturbed = step.verdict == StepVerdict::Fail || step.verdict == StepVerdict::Void ||
                           ticks_.back().facts.state.in_flight > 2 * step.in_flight + kFewInFlight;
    if (!search_.next()) {
        finished_ = true;
    } else if (disturbed) {
        begin_settling(step.to_s);
    } else {
        begin_next(step.to_s);
    }
    return step;
}

double FindConductor::confirmations_s() const {
    const double level = search_.next()->level;
    return shortest_s({StepKind::Confirmation, level}) * CapacitySearch::hurried_steps() +
           settling_s();
}

double FindConductor::settling_s() const {
    return result_.recovery_s.value_or(0) + kCalmTicks * to_seconds(info_.tick);
}

/// A narrow answer that nobody confirmed is worth less than a wide one that held.
bool FindConductor::only_confirmations_fit(double now_s) const {
    const CapacitySearch::Step step = *search_.next();
    const double left = options_.budget_s - now_s;
    return step.kind == StepKind::Bisection && left >= confirmations_s() / 2 &&
           left < settling_s() + shortest_s(step) + confirmations_s();
}

void FindConductor::begin_next(double now_s) {
    const CapacitySearch::Step step = *search_.next();
    if (now_s + shortest_s(step) > options_.budget_s) {
        return stop(fmt::format("the budget of {} was used up", human_seconds(options_.budget_s)));
    }
    phase_ = Phase::Holding;
    ticks_.clear();
    extended_ = 0;
    level_ = step.level;
}

double FindConductor::settle_level() const {
    const SearchResult known = search_.result();
    const double half = kSettleShare * (known.lo ? *known.lo : search_.next()->level);
    return options_.search.whole ? std::max(1.0, std::floor(half)) : half;
}

void FindConductor::begin_settling(double now_s) {
    // Where nothing is known to be carried, no load tells whether it has recovered.
    phase_ = baseline_response_s_ > 0 ? Phase::Settling : Phase::Pausing;
    level_ = phase_ == Phase::Settling ? settle_level() : 0;
    settling_since_s_ = now_s;
    calm_ticks_ = 0;
}

bool FindConductor::is_calm(const StepTick& tick) const {
    const double share = search_.result().lo ? level_ / options_.search.start : 1;
    const double usual = baseline_in_flight_ * std::max(1.0, share);
    const bool few = !options_.open || tick.facts.state.in_flight <= 2 * usual + 3;
    const double limit = kCalm * baseline_response_s_ + kCalmSlack_s;
    const bool quick = tick.facts.requests == 0 ? tick.facts.state.in_flight == 0
                                                : tick.facts.response_mean_s <= limit;
    return few && (quick || baseline_response_s_ <= 0);
}

void FindConductor::settle(const StepTick& tick) {
    const double now_s = tick.facts.to_s;
    if (phase_ == Phase::Pausing) {
        if (tick.facts.state.in_flight == 0) {
            return baseline_response_s_ > 0 ? begin_settling(now_s) : begin_next(now_s);
        }
        if (now_s - settling_since_s_ > options_.timeout_s + kRecovery_s) {
            stop("requests stayed under way for longer than their timeout");
        }
        return;
    }
    calm_ticks_ = is_calm(tick) ? calm_ticks_ + 1 : 0;
    const double took = now_s - settling_since_s_;
    if (calm_ticks_ >= kCalmTicks) {
        const double recovered = std::max(0.0, took - kCalmTicks * tick.facts.seconds());
        result_.recovery_s = std::max(result_.recovery_s.value_or(0), recovered);
        return begin_next(now_s);
    }
    const double patience = std::max(kRecovery_s, kRecoveryTimeouts * options_.timeout_s);
    if (took > std::min(patience, std::max(kRecovery_s, (options_.budget_s - now_s) / 2))) {
        give_up_settling(now_s);
    }
}

void FindConductor::give_up_settling(double now_s) {
    result_.metastable = true;
    if (paused_once_) {
        return stop("the target stayed broken at half load, also after a pause");
    }
    paused_once_ = true;
    phase_ = Phase::Pausing;
    level_ = 0;
    settling_since_s_ = now_s;
}

std::string FindConductor::doing() const {
    const auto shown = [&](double level) {
        return options_.open ? fmt::format("{:.4g}/s", level) : fmt::format("{:.0f} users", level);
    };
    if (finished_) {
        return "done";
    }
    if (phase_ == Phase::Pausing) {
        return "pausing until nothing is under way";
    }
    if (phase_ == Phase::Settling) {
        return "waiting for it to recover at " + shown(level_);
    }
    return fmt::format("step {}, {} at {}", result_.steps.size() + 1,
                       to_string(search_.next()->kind), shown(level_));
}

double FindConductor::left_s() const {
    if (finished_) {
        return 0;
    }
    const double usual = shortest_s({StepKind::Confirmation, search_.next()->level});
    return usual * search_.steps_left();
}

void FindConductor::stop(std::string why) {
    if (!finished_) {
        finished_ = true;
        result_.stopped = std::move(why);
    }
}

FindResult FindConductor::result() const {
    FindResult result = result_;
    result.search = search_.result();
    result.goals = options_.goal.texts();
    return result;
}

}  // namespace plimsoll
