// Points as the two messages of remote write.
// https://prometheus.io/docs/specs/prw/remote_write_spec/ (1.0) and remote_write_spec_2_0/ (2.0)
#pragma once

#include "exporters/remote_write/write_series.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

/// Points of one moment, no two of one series.
struct WriteBatch {
    std::int64_t at_ms = 0;       // Unix time
    std::int64_t created_ms = 0;  // since when counters and histograms count
    std::vector<WritePoint> points;
    std::vector<WriteMetricPtr> metrics;  // of which 1.0 tells what they are; 2.0 tells it always
};

/// prometheus.WriteRequest.
[[nodiscard]] std::string encode_v1(const WriteBatch& batch);
/// io.prometheus.write.v2.Request.
[[nodiscard]] std::string encode_v2(const WriteBatch& batch);

/// Snappy's block format, which both are sent in.
[[nodiscard]] std::string snappy_block(std::string_view bytes);

}  // namespace plimsoll
