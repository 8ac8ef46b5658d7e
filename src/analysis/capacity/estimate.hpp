// What a stretch of load shows of a share, a mean or a quantile, and how far that can be trusted.
#pragma once

#include "analysis/capacity/find_result.hpp"
#include "record/histogram.hpp"

#include <cstdint>
#include <span>

namespace plimsoll {

/// How often something was so in one tick: `hits` of `n` samples.
struct TickShare {
    double hits = 0;
    double n = 0;
};

/// How many neighbouring samples say what one independent sample would: the largest, over batches
/// of b ticks, of b·Var(batch mean)/Var(sample), on the indicator "is a hit", and at least 1. A
/// batch size counts where there are 8 batches or more: fewer tell no variance.
[[nodiscard]] double correlation_of(std::span<const TickShare> ticks);

/// The share of hits, by Wilson's score on the samples over their correlation, taken as
/// `least_correlation` where the ticks show less.
[[nodiscard]] Estimate share_of(std::span<const TickShare> ticks, double least_correlation = 1);

/// One tick's sum of a value over its `n` samples.
struct TickSum {
    double sum = 0;
    double n = 0;
};
/// The mean over all samples; its interval comes from how the ticks differ (a ratio estimate with
/// Student's t), so correlation within a tick widens it. Without two ticks: (0, mean, infinity).
[[nodiscard]] Estimate mean_of(std::span<const TickSum> ticks);

/// The quantile `q` by order statistics on `histogram.count() / correlation` samples.
[[nodiscard]] Estimate quantile_of(const Histogram& histogram, double q, double correlation);

}  // namespace plimsoll
