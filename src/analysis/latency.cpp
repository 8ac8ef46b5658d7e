#include "analysis/latency.hpp"

#include "analysis/censored.hpp"

namespace plimsoll {

LatencySummary summarise_latency(const Histogram& histogram, std::uint64_t censored) {
    LatencySummary summary;
    summary.count = histogram.count();
    if (histogram.empty()) {
        return summary;
    }
    const auto quantile = [&](double q) { return to_seconds(histogram.quantile(q)); };
    const auto n = static_cast<double>(summary.count);
    summary.min = to_seconds(histogram.min());
    summary.mean = to_seconds(histogram.sum()) / n;
    summary.p50 = quantile(0.5);
    summary.p90 = quantile(0.9);
    summary.p95 = quantile(0.95);
    summary.p99 = quantile(0.99);
    summary.p999 = quantile(0.999);
    summary.max = to_seconds(histogram.max());
    summary.censored_from = 1 - static_cast<double>(censored) / n;
    summary.p99_supported = summary.count >= kSamplesForP99 && summary.censored_from >= 0.99;
    summary.p999_supported = summary.count >= kSamplesForP999 && summary.censored_from >= 0.999;
    return summary;
}

EndpointResult summarise_endpoint(const EndpointInfo& info, const EndpointStats& stats,
                                  double seconds) {
    EndpointResult result;
    result.user = info.user;
    result.name = info.name;
    result.method = info.method;
    result.requests = stats.requests;
    const Failures failures = failures_of(stats);
    result.failed = failures.certain;
    result.unknown = failures.unknown;
    const auto requests = static_cast<double>(stats.requests);
    result.rate =
        seconds > 0 ? static_cast<double>(stats.requests - stats.cut_off.count()) / seconds : 0;
    for (const StatusCount& entry : stats.statuses) {
        result.outcomes[std::string(to_string(entry.outcome))] += entry.count;
    }
    result.response = summarise_latency(stats.response, stats.censored.count());
    result.service = summarise_latency(stats.service, stats.censored_service.count());
    result.bytes_received_mean =
        stats.requests > 0 ? static_cast<double>(stats.bytes_received) / requests : 0;
    return result;
}

}  // namespace plimsoll
