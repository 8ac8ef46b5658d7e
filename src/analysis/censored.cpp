#include "analysis/censored.hpp"

#include <algorithm>

namespace plimsoll {
namespace {

constexpr double kOldAge = 0.99;  // of what was answered

Bounds quantile_bounds(double q, const Histogram& all, const Histogram& censored) {
    const double low = to_seconds(all.quantile(q));
    if (censored.empty()) {
        return {low, low};
    }
    const Histogram answered = all.without(censored);
    const std::uint64_t rank = q <= 0 ? 1 : all.rank_of(q);
    if (rank > answered.count()) {
        return {low, Bounds::kUnbounded};
    }
    return {low, std::max(low, to_seconds(answered.at_rank(rank)))};
}

}  // namespace

std::optional<Bounds> bounds_of(Statistic statistic, double quantile, const Histogram& all,
                                const Histogram& censored) {
    if (all.empty()) {
        return std::nullopt;
    }
    const auto at_least = [&](double low) {
        return Bounds{low, censored.empty() ? low : Bounds::kUnbounded};
    };
    switch (statistic) {
        case Statistic::Avg:
            return at_least(to_seconds(all.sum()) / static_cast<double>(all.count()));
        case Statistic::Max:
            return at_least(to_seconds(all.max()));
        case Statistic::Min: {
            const Bounds first = quantile_bounds(0, all, censored);
            return Bounds{to_seconds(all.min()), first.high};
        }
        case Statistic::Med:
            return quantile_bounds(0.5, all, censored);
        case Statistic::Quantile:
            return quantile_bounds(quantile, all, censored);
        case Statistic::Count: {
            const auto n = static_cast<double>(all.count());
            return Bounds{n, n};
        }
        case Statistic::Rate:
        case Statistic::Last:
            break;
    }
    return std::nullopt;
}

std::uint64_t count_answers(const EndpointStats& stats) {
    std::uint64_t answers = 0;
    for (const StatusCount& entry : stats.statuses) {
        answers += is_answer(entry.outcome) ? entry.count : 0U;
    }
    return answers;
}

double answered_quantile(const EndpointStats& stats, double q) {
    return to_seconds(stats.response.without(stats.censored.get()).quantile(q));
}

Failures failures_of(const EndpointStats& stats) {
    Failures failures{stats.failed, 0};
    if (stats.cut_off.empty()) {
        return failures;
    }
    if (count_answers(stats) > 0) {
        const Histogram answered = stats.response.without(stats.censored.get());
        failures.unknown = stats.cut_off.get().count_at_most(answered.quantile(kOldAge));
    }
    failures.certain += stats.cut_off.count() - failures.unknown;
    return failures;
}

}  // namespace plimsoll
