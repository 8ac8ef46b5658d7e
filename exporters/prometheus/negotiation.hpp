// In which of the forms that we have a scraper wants its page.
// https://prometheus.io/docs/instrumenting/content_negotiation/
#pragma once

#include <string_view>

namespace plimsoll {

enum class Exposition { Text, OpenMetrics, Protobuf };

/// Of an Accept header: what we have of the highest q, the first named of equals. Text where it
/// names nothing of ours. Protobuf is delimited MetricFamily messages, and asked for as such.
[[nodiscard]] Exposition wanted_exposition(std::string_view accept);

[[nodiscard]] std::string_view content_type(Exposition exposition);

}  // namespace plimsoll
