#include "analysis/thresholds.hpp"

namespace plimsoll {
namespace {

EndpointStats select(const Threshold& threshold, const RunInfo& info,
                     std::span<const EndpointStats> total) {
    EndpointStats merged;
    for (std::size_t e = 0; e < total.size() && e < info.endpoints.size(); ++e) {
        if (threshold.endpoint.empty() || info.endpoints[e].name == threshold.endpoint) {
            merged.merge(total[e]);
        }
    }
    return merged;
}

std::optional<double> of_histogram(const Threshold& threshold, const Histogram& histogram) {
    if (histogram.empty()) {
        return std::nullopt;
    }
    switch (threshold.statistic) {
        case Statistic::Avg:
            return to_seconds(histogram.sum()) / static_cast<double>(histogram.count());
        case Statistic::Min:
            return to_seconds(histogram.min());
        case Statistic::Med:
            return to_seconds(histogram.quantile(0.5));
        case Statistic::Max:
            return to_seconds(histogram.max());
        case Statistic::Quantile:
            return to_seconds(histogram.quantile(threshold.quantile));
        case Statistic::Count:
            return static_cast<double>(histogram.count());
        case Statistic::Rate:
            break;
    }
    return std::nullopt;
}

/// A count, or how many a second.
std::optional<double> of_count(const Threshold& threshold, std::uint64_t count, double seconds) {
    const auto n = static_cast<double>(count);
    if (threshold.statistic == Statistic::Rate) {
        return seconds > 0 ? std::optional(n / seconds) : std::nullopt;
    }
    return n;
}

std::optional<double> of_failed(const Threshold& threshold, const EndpointStats& stats) {
    if (threshold.statistic == Statistic::Count) {
        return static_cast<double>(stats.failed);
    }
    if (stats.requests == 0) {
        return std::nullopt;
    }
    return static_cast<double>(stats.failed) / static_cast<double>(stats.requests);
}

/// Checks that held, over all.
std::optional<double> of_checks(const Threshold& threshold, const RunInfo& info,
                                std::span<const CheckCount> checks) {
    CheckCount sum;
    for (std::size_t c = 0; c < checks.size() && c < info.checks.size(); ++c) {
        if (threshold.endpoint.empty() || info.checks[c] == threshold.endpoint) {
            sum.passed += checks[c].passed;
            sum.failed += checks[c].failed;
        }
    }
    if (sum.passed + sum.failed == 0) {
        return std::nullopt;
    }
    return static_cast<double>(sum.passed) / static_cast<double>(sum.passed + sum.failed);
}

Histogram durations(const Threshold& threshold, const RunInfo& info,
                    std::span<const GroupStats> groups) {
    Histogram merged;
    for (std::size_t g = 0; g < groups.size() && g < info.groups.size(); ++g) {
        if (threshold.endpoint.empty() || info.groups[g] == threshold.endpoint) {
            merged.merge(groups[g].duration);
        }
    }
    return merged;
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

}  // namespace

ThresholdResult judge(const Threshold& threshold, const RunInfo& info,
                      std::span<const EndpointStats> total, const LoadCounts& counts,
                      double seconds, std::span<const GroupStats> groups,
                      std::span<const CheckCount> checks) {
    ThresholdResult result;
    result.threshold = threshold;
    const EndpointStats stats = select(threshold, info, total);
    switch (threshold.metric) {
        case ThresholdMetric::ResponseTime:
            result.value = of_histogram(threshold, stats.response);
            break;
        case ThresholdMetric::ServiceTime:
            result.value = of_histogram(threshold, stats.service);
            break;
        case ThresholdMetric::Failed:
            result.value = of_failed(threshold, stats);
            break;
        case ThresholdMetric::Requests:
            result.value = of_count(threshold, stats.requests, seconds);
            break;
        case ThresholdMetric::Dropped:
            result.value = of_count(threshold, counts.not_sent[0] + counts.not_sent[1], seconds);
            break;
        case ThresholdMetric::Checks:
            result.value = of_checks(threshold, info, checks);
            break;
        case ThresholdMetric::GroupDuration:
            result.value = of_histogram(threshold, durations(threshold, info, groups));
            break;
    }
    result.ok = !result.value || holds(threshold, *result.value);
    return result;
}

}  // namespace plimsoll
