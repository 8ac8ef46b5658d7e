// Spans as OTLP protobuf. Field numbers: opentelemetry-proto, trace/v1, common/v1, resource/v1.
#pragma once

#include "record/interval.hpp"
#include "record/run_info.hpp"

#include <span>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll {

/// Encodes the sampled iterations of one run: one INTERNAL span per iteration, from due to end, and
/// in it one CLIENT span per request, from due to the last byte, after the semantic conventions for
/// HTTP clients. A request kept for another reason is a root span alone, marked so. A request's
/// span carries the events `due`, `sent` and, where a byte came, `first_byte`: so response time,
/// send lag and service time can be read from it; and one event as each phase that happened began,
/// in order of time.
///
/// Pure: equal traces give equal bytes.
class SpanEncoder {
public:
    /// `sample` is the share of iterations traced, for the attribute plimsoll.sampling.weight.
    SpanEncoder(const RunInfo& run, double sample);

    /// The encoded Span messages of one iteration, the parent first.
    [[nodiscard]] std::vector<std::string> encode(const IterationTrace& trace) const;

private:
    [[nodiscard]] std::string encode_iteration(const IterationTrace& trace) const;
    [[nodiscard]] std::string encode_request(const IterationTrace& trace,
                                             const RequestSpan& request) const;

    WallAnchor anchor_;
    std::string target_;  // scheme://host:port
    std::string host_;
    std::int64_t port_ = 0;
    std::vector<EndpointInfo> endpoints_;
    std::vector<std::string> user_classes_;
    double weight_;
};

/// What every batch says of its origin: the Resource and the scope.
struct TraceOrigin {
    std::vector<std::pair<std::string, std::string>> resource;
    std::string version;  // of plimsoll
};
[[nodiscard]] TraceOrigin trace_origin(const RunInfo& run,
                                       std::vector<std::pair<std::string, std::string>> resource);

/// An ExportTraceServiceRequest of encoded spans.
[[nodiscard]] std::string encode_trace_request(const TraceOrigin& origin,
                                               std::span<const std::string> spans);

}  // namespace plimsoll
