// Metric families as the text that Prometheus reads.
#pragma once

#include <string>
#include <vector>

#include <prometheus/metric_family.h>

namespace plimsoll {

/// `families` in the text format 0.0.4
/// (https://prometheus.io/docs/instrumenting/exposition_formats/). A family without series is left
/// out. The library's own serializer goes through an ostream for each word: with a thousand
/// endpoints a scrape took a seventh of a core's second, which the load went without
/// (docs/decisions/0012).
[[nodiscard]] std::string exposition_text(const std::vector<prometheus::MetricFamily>& families);

}  // namespace plimsoll
