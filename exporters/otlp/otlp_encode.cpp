#include "exporters/otlp/otlp_encode.hpp"

#include "exporters/otlp/otlp_parts.hpp"
#include "exporters/otlp/redact.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>
#include <protozero/pbf_writer.hpp>

namespace plimsoll {
namespace {

using otlp::add_double;
using otlp::add_integer;
using otlp::add_of_scope;
using otlp::add_text;
using otlp::unix_nanos;
using otlp::view;
using protozero::pbf_writer;

// opentelemetry/proto/trace/v1/trace.proto
enum SpanField : protozero::pbf_tag_type {
    kTraceId = 1,
    kSpanId = 2,
    kParentSpanId = 4,
    kName = 5,
    kKind = 6,
    kStart = 7,
    kEnd = 8,
    kAttributes = 9,
    kEvents = 11,
    kStatus = 15,
    kFlags = 16,
};
constexpr std::int32_t kKindInternal = 1;
constexpr std::int32_t kKindClient = 3;
constexpr std::int32_t kStatusError = 2;
// Trace flag "sampled", and "whether the parent is remote is known": it is not remote.
constexpr std::uint32_t kSampledLocalParent = 0x101;
// A root span whose request told the target "not sampled".
constexpr std::uint32_t kNotSampled = 0x100;

constexpr std::array<std::string_view, 9> kKnownMethods{
    "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "TRACE", "OPTIONS", "PATCH"};

void add_event(pbf_writer& to, std::string_view name, std::uint64_t at) {
    pbf_writer event(to, kEvents);
    event.add_fixed64(1, at);
    event.add_string(2, view(name));
}

void add_phase(pbf_writer& to, const PhaseSpan& phase, std::uint64_t at) {
    pbf_writer event(to, kEvents);
    event.add_fixed64(1, at);
    event.add_string(2, view(kRequestPhaseNames[static_cast<std::size_t>(phase.phase)]));
    add_double(event, 3, "plimsoll.phase.seconds", to_seconds(phase.lasted));
}

void add_events(pbf_writer& to, const RequestSpan& request, const WallAnchor& anchor) {
    add_event(to, "due", unix_nanos(anchor, request.due));
    add_event(to, "sent", unix_nanos(anchor, request.sent));
    bool answered = request.status != 0 || request.first_byte < request.completed;
    for (const PhaseSpan& phase : request.phases) {
        if (answered && phase.begun >= request.first_byte) {
            add_event(to, "first_byte", unix_nanos(anchor, request.first_byte));
            answered = false;
        }
        add_phase(to, phase, unix_nanos(anchor, phase.begun));
    }
    if (answered) {
        add_event(to, "first_byte", unix_nanos(anchor, request.first_byte));
    }
}

void add_error(pbf_writer& to, std::string_view message) {
    pbf_writer status(to, kStatus);
    status.add_string(2, view(message));
    status.add_enum(3, kStatusError);
}

/// The status code where that is the error, else our outcome: both from a short fixed list, as
/// error.type has to be.
std::string error_type(const RequestSpan& request) {
    switch (request.outcome) {
        case Outcome::Http4xx:
        case Outcome::Http5xx:
        case Outcome::RateLimited:
            return std::to_string(request.status);
        default:
            return std::string(to_string(request.outcome));
    }
}

void add_method(pbf_writer& to, const std::string& method) {
    const bool known =
        std::find(kKnownMethods.begin(), kKnownMethods.end(), method) != kKnownMethods.end();
    add_text(to, kAttributes, "http.request.method", known ? std::string_view(method) : "_OTHER");
    if (!known) {
        add_text(to, kAttributes, "http.request.method_original", method);
    }
}

}  // namespace

SpanEncoder::SpanEncoder(const RunInfo& run, double sample)
    : anchor_(run.start),
      target_(run.target),
      endpoints_(run.endpoints),
      user_classes_(run.user_classes),
      weight_(1 / sample) {
    std::string_view rest = run.target;
    rest.remove_prefix(std::min(rest.size(), rest.find("://") + 3));
    const std::size_t colon = rest.rfind(':');
    host_ = rest.substr(0, colon);
    if (host_.starts_with('[') && host_.ends_with(']')) {
        host_ = host_.substr(1, host_.size() - 2);
    }
    if (colon != std::string_view::npos) {
        std::from_chars(rest.data() + colon + 1, rest.data() + rest.size(), port_);
    }
}

std::vector<std::string> SpanEncoder::encode(const IterationTrace& trace) const {
    std::vector<std::string> out;
    out.reserve(1 + trace.requests.size());
    if (trace.reason == TraceReason::Sampled) {
        out.push_back(encode_iteration(trace));
    }
    for (const RequestSpan& request : trace.requests) {
        if (request.endpoint < endpoints_.size()) {
            out.push_back(encode_request(trace, request));
        }
    }
    return out;
}

std::string SpanEncoder::encode_iteration(const IterationTrace& trace) const {
    const std::string user =
        trace.user_class < user_classes_.size() ? user_classes_[trace.user_class] : "";
    const auto failed =
        std::count_if(trace.requests.begin(), trace.requests.end(),
                      [](const RequestSpan& r) { return r.outcome != Outcome::Ok; });
    std::string bytes;
    pbf_writer span(bytes);
    span.add_bytes(kTraceId, view(trace.trace_id));
    span.add_bytes(kSpanId, view(trace.span_id));
    span.add_string(kName, "iteration " + user);
    span.add_enum(kKind, kKindInternal);
    span.add_fixed64(kStart, unix_nanos(anchor_, trace.due));
    span.add_fixed64(kEnd, unix_nanos(anchor_, std::max(trace.due, trace.ended)));
    add_text(span, kAttributes, "plimsoll.user", user);
    add_integer(span, kAttributes, "plimsoll.iteration",
                static_cast<std::int64_t>(trace.iteration));
    add_double(span, kAttributes, "plimsoll.sampling.weight", weight_);
    if (failed > 0) {
        add_error(span, fmt::format("{} of {} requests failed", failed, trace.requests.size()));
    }
    span.add_fixed32(kFlags, kSampledLocalParent);
    return bytes;
}

std::string SpanEncoder::encode_request(const IterationTrace& trace,
                                        const RequestSpan& request) const {
    const EndpointInfo& endpoint = endpoints_[request.endpoint];
    std::string bytes;
    pbf_writer span(bytes);
    span.add_bytes(kTraceId, view(trace.trace_id));
    span.add_bytes(kSpanId, view(request.span_id));
    const bool sampled = trace.reason == TraceReason::Sampled;
    if (sampled) {
        span.add_bytes(kParentSpanId, view(trace.span_id));
    }
    span.add_string(kName, endpoint.method + " " + endpoint.name);
    span.add_enum(kKind, kKindClient);
    span.add_fixed64(kStart, unix_nanos(anchor_, request.due));
    span.add_fixed64(kEnd, unix_nanos(anchor_, std::max(request.due, request.completed)));
    add_method(span, endpoint.method);
    add_text(span, kAttributes, "server.address", host_);
    add_integer(span, kAttributes, "server.port", port_);
    add_text(span, kAttributes, "url.full", target_ + redact_query(request.path));
    if (endpoint.name.starts_with('/')) {
        add_text(span, kAttributes, "url.template", endpoint.name);
    }
    add_text(span, kAttributes, "network.protocol.version", "1.1");
    add_text(span, kAttributes, "user_agent.synthetic.type", "test");
    add_text(span, kAttributes, "plimsoll.user", endpoint.user);
    add_text(span, kAttributes, "plimsoll.endpoint", endpoint.name);
    add_text(span, kAttributes, "plimsoll.outcome", to_string(request.outcome));
    add_double(span, kAttributes, "plimsoll.sampling.weight", sampled ? weight_ : trace.weight);
    if (!sampled) {
        // The target was told not to trace this one; where it does so all the same, the ids match.
        add_text(span, kAttributes, "plimsoll.server_trace", "maybe");
        add_text(span, kAttributes, "plimsoll.sampling.reason",
                 trace.reason == TraceReason::Error ? "error" : "slow");
    }
    if (request.status != 0) {
        add_integer(span, kAttributes, "http.response.status_code", request.status);
    }
    if (request.outcome != Outcome::Ok) {
        add_text(span, kAttributes, "error.type", error_type(request));
    }
    add_events(span, request, anchor_);
    if (request.outcome != Outcome::Ok) {
        add_error(span, "");
    }
    span.add_fixed32(kFlags, sampled ? kSampledLocalParent : kNotSampled);
    return bytes;
}

TraceOrigin trace_origin(const RunInfo& run,
                         std::vector<std::pair<std::string, std::string>> resource) {
    const std::array<std::pair<const char*, const std::string*>, 5> own{
        {{"service.version", &run.version},
         {"service.instance.id", &run.id},
         {"plimsoll.run.id", &run.id},
         {"plimsoll.scenario", &run.scenario_name},
         {"plimsoll.target", &run.target}}};
    for (const auto& [key, value] : own) {
        const bool given = std::any_of(resource.begin(), resource.end(),
                                       [&](const auto& pair) { return pair.first == key; });
        if (!given) {
            resource.emplace_back(key, *value);
        }
    }
    return {std::move(resource), run.version};
}

std::string encode_trace_request(const TraceOrigin& origin, std::span<const std::string> spans) {
    std::string bytes;
    pbf_writer request(bytes);
    add_of_scope(request, origin, [&](pbf_writer& scope_spans) {
        for (const std::string& span : spans) {
            scope_spans.add_message(2, span);
        }
    });
    return bytes;
}

}  // namespace plimsoll
