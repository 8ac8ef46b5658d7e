// Metrics as Prometheus' protobuf exposition. Field numbers: client_model, io/prometheus/client.
#pragma once

#include "signal/metric_set.hpp"

#include <string>

namespace plimsoll {

/// Each family a MetricFamily message behind its length. Histograms have classic buckets and native
/// ones of schema 5, so that the scraper takes which it is set up for; these and counters say since
/// when they count, and histograms have the exemplars of their traces.
[[nodiscard]] std::string protobuf_exposition(const MetricFrame& frame, const RunInfo& run);

}  // namespace plimsoll
