// Metrics as Prometheus' protobuf exposition. Field numbers: client_model, io/prometheus/client.
#pragma once

#include "signal/metric_set.hpp"

#include <span>
#include <string>

namespace plimsoll {

/// Each family a MetricFamily message behind its length. Histograms have classic buckets and native
/// ones of schema 5, so that the scraper takes which it is set up for; these and counters say since
/// when they count, and histograms have the exemplars of their traces.
/// `buckets`: of the classic ones, as bucket_bounds takes them.
[[nodiscard]] std::string protobuf_exposition(const MetricFrame& frame, const RunInfo& run,
                                              std::span<const Nanoseconds> buckets = {});

}  // namespace plimsoll
