#include "analysis/gate.hpp"

#include "base/units.hpp"

#include <array>
#include <cmath>

#include <fmt/format.h>

namespace plimsoll {
namespace {

/// A count, or how many a second.
std::optional<double> of_count(const Threshold& threshold, std::uint64_t count, double seconds) {
    const auto n = static_cast<double>(count);
    if (threshold.statistic == Statistic::Rate) {
        return seconds > 0 ? std::optional(n / seconds) : std::nullopt;
    }
    return n;
}

bool has_selector(const Threshold& threshold) {
    return threshold.status_low != 0 || !threshold.outcome.empty();
}

bool counts(const Threshold& threshold, const StatusCount& entry) {
    const bool status = threshold.status_low == 0 || (entry.status >= threshold.status_low &&
                                                      entry.status <= threshold.status_high);
    return status && (threshold.outcome.empty() || to_string(entry.outcome) == threshold.outcome);
}

std::uint64_t selected(const Threshold& threshold, const EndpointStats& stats, bool failed) {
    std::uint64_t total = 0;
    for (const StatusCount& entry : stats.statuses) {
        const bool by_name = to_string(entry.outcome) == threshold.outcome;
        const bool wanted = !failed || is_failure(entry.outcome) || by_name;
        total += wanted && counts(threshold, entry) ? entry.count : 0U;
    }
    return total;
}

std::uint64_t requests_of(const Threshold& threshold, const EndpointStats& stats) {
    return has_selector(threshold) ? selected(threshold, stats, false) : stats.requests;
}

std::optional<Bounds> of_failed(const Threshold& threshold, const LoadSums& sums) {
    const EndpointStats& stats = sums.stats;
    const Failures failures = has_selector(threshold)
                                  ? Failures{selected(threshold, stats, true), 0}
                                  : sums.failures.value_or(failures_of(stats));
    const auto low = static_cast<double>(failures.certain);
    const auto high = static_cast<double>(failures.certain + failures.unknown);
    if (threshold.statistic == Statistic::Count) {
        return Bounds{low, high};
    }
    if (stats.requests == 0) {
        return std::nullopt;
    }
    const auto n = static_cast<double>(stats.requests);
    return Bounds{low / n, high / n};
}

/// Checks that held, over all: at most also those of requests that were cut off.
std::optional<Bounds> of_checks(const CheckCount& sum) {
    const std::uint64_t all = sum.passed + sum.failed + sum.cut_off;
    if (all == 0) {
        return std::nullopt;
    }
    const auto n = static_cast<double>(all);
    return Bounds{static_cast<double>(sum.passed) / n,
                  static_cast<double>(sum.passed + sum.cut_off) / n};
}

std::optional<double> exact_value(const Threshold& threshold, const LoadSums& sums) {
    const EndpointStats& stats = sums.stats;
    switch (threshold.metric) {
        case ThresholdMetric::Requests:
            return of_count(threshold, requests_of(threshold, stats), sums.seconds);
        case ThresholdMetric::Dropped:
            return of_count(threshold, sums.counts.not_sent(), sums.seconds);
        case ThresholdMetric::Iterations:
            return of_count(threshold, sums.counts.iterations_completed, sums.seconds);
        case ThresholdMetric::DataSent:
            return of_count(threshold, stats.bytes_sent, sums.seconds);
        case ThresholdMetric::DataReceived:
            return of_count(threshold, stats.bytes_received, sums.seconds);
        default:
            return std::nullopt;
    }
}

std::optional<Bounds> bounds_of(const Threshold& threshold, const LoadSums& sums) {
    const EndpointStats& stats = sums.stats;
    switch (threshold.metric) {
        case ThresholdMetric::ResponseTime:
            return bounds_of(threshold.statistic, threshold.quantile, stats.response,
                             stats.censored.get());
        case ThresholdMetric::ServiceTime:
            return bounds_of(threshold.statistic, threshold.quantile, stats.service,
                             stats.censored_service.get());
        case ThresholdMetric::GroupDuration:
            return bounds_of(threshold.statistic, threshold.quantile, sums.groups,
                             sums.censored_groups);
        case ThresholdMetric::Failed:
            return of_failed(threshold, sums);
        case ThresholdMetric::Checks:
            return of_checks(sums.checks);
        default:
            break;
    }
    const auto value = exact_value(threshold, sums);
    return value ? std::optional(Bounds{*value, *value}) : std::nullopt;
}

bool holds(const Threshold& threshold, double value) {
    switch (threshold.comparison) {
        case Comparison::Less:
            return value < threshold.limit;
        case Comparison::LessEqual:
            return value <= threshold.limit;
        case Comparison::Greater:
            return value > threshold.limit;
        case Comparison::GreaterEqual:
            return value >= threshold.limit;
    }
    return false;
}

bool is_upper_limit(const Threshold& threshold) {
    return threshold.comparison == Comparison::Less ||
           threshold.comparison == Comparison::LessEqual;
}

std::string value_text(const Threshold& threshold, double value) {
    switch (unit_of(threshold)) {
        case ThresholdUnit::Seconds:
            return human_seconds(value);
        case ThresholdUnit::Ratio:
            return fmt::format("{:.3g} %", 100 * value);
        default:
            return fmt::format("{:.6g}", value);
    }
}

/// Which of what was counted makes the value uncertain.
std::string reason(const Threshold& threshold, const LoadSums& sums) {
    if (threshold.metric == ThresholdMetric::GroupDuration) {
        return fmt::format("{} of {} were given up before they ended", sums.censored_groups.count(),
                           sums.groups.count());
    }
    if (threshold.metric == ThresholdMetric::Checks) {
        return fmt::format("{} checks are of requests that were cut off before they were answered",
                           sums.checks.cut_off);
    }
    const std::uint64_t cut_off = sums.stats.cut_off.count();
    if (threshold.metric == ThresholdMetric::Failed) {
        return fmt::format("{} of {} requests were cut off before they were answered",
                           sums.failures.value_or(failures_of(sums.stats)).unknown,
                           sums.stats.requests);
    }
    const std::uint64_t timeouts = sums.stats.censored.count() - cut_off;
    return fmt::format(
        "{} of {} requests were given up before they were answered ({} by their "
        "timeout, {} cut off)",
        sums.stats.censored.count(), sums.stats.requests, timeouts, cut_off);
}

std::string why_not_known(const Threshold& threshold, const Bounds& bounds, const LoadSums& sums) {
    const bool bounded = std::isfinite(bounds.high);
    return fmt::format("not known: {} {}{}, as {}", bounded ? "between" : "at least",
                       value_text(threshold, bounds.low),
                       bounded ? " and " + value_text(threshold, bounds.high) : "",
                       reason(threshold, sums));
}

}  // namespace

void LoadSums::merge(const LoadSums& other) {
    stats.merge(other.stats);
    counts.merge(other.counts);
    seconds += other.seconds;
    groups.merge(other.groups);
    censored_groups.merge(other.censored_groups);
    checks.merge(other.checks);
}

GateState judge(const Threshold& threshold, const Bounds& bounds) {
    const bool low = holds(threshold, bounds.low);
    if (low != holds(threshold, bounds.high)) {
        return GateState::NotKnown;
    }
    return low ? GateState::Passed : GateState::Failed;
}

Gate judge(const Threshold& threshold, const LoadSums& sums) {
    const auto bounds = bounds_of(threshold, sums);
    if (!bounds) {
        return {};
    }
    Gate gate{judge(threshold, *bounds), *bounds, {}};
    if (gate.state == GateState::NotKnown) {
        gate.why = why_not_known(threshold, *bounds, sums);
    }
    return gate;
}

Gate judge(const Threshold& threshold, double value) {
    const Bounds exact{value, value};
    return {judge(threshold, exact), exact, {}};
}

bool is_worse(const Threshold& threshold, const Gate& a, const Gate& b) {
    constexpr std::array<int, 4> kRank{1, 3, 2, 0};  // by GateState
    const int left = kRank[static_cast<std::size_t>(a.state)];
    const int right = kRank[static_cast<std::size_t>(b.state)];
    if (left != right) {
        return left > right;
    }
    return is_upper_limit(threshold) ? a.bounds.low > b.bounds.low : a.bounds.low < b.bounds.low;
}

std::string nothing_to_judge(const Threshold& threshold) {
    const std::string of =
        threshold.endpoint.empty() ? std::string() : fmt::format(" of \"{}\"", threshold.endpoint);
    switch (threshold.metric) {
        case ThresholdMetric::Checks:
            return fmt::format("nothing to judge: no check{} was made", of);
        case ThresholdMetric::GroupDuration:
            return fmt::format("nothing to judge: no group{} was gone through", of);
        case ThresholdMetric::Probe:
            return "nothing to judge: no probe gave such a value";
        default:
            return fmt::format("nothing to judge: no such request{} was made", of);
    }
}

ThresholdResult result_of(const Threshold& threshold, const std::optional<Gate>& gate,
                          bool finished) {
    ThresholdResult result;
    result.threshold = threshold;
    if (!gate || gate->state == GateState::NoSample) {
        result.state = GateState::NoSample;
        result.ok = !finished || threshold.allow_empty;
        result.why = nothing_to_judge(threshold);
        return result;
    }
    result.state = gate->state;
    result.ok = gate->state == GateState::Passed;
    result.value = gate->bounds.low;
    if (gate->bounds.high != gate->bounds.low) {
        result.at_most = gate->bounds.high;
    }
    result.why = gate->why;
    return result;
}

}  // namespace plimsoll
