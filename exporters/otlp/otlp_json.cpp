#include "exporters/otlp/otlp_json.hpp"

#include "base/hex.hpp"

#include <cmath>
#include <cstdint>
#include <iterator>
#include <span>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <protozero/pbf_reader.hpp>

namespace plimsoll {
namespace {

namespace json = boost::json;
using protozero::pbf_reader;

enum class Kind {
    Message,
    Text,
    Id,  // bytes, in hex
    Bool,
    Enum,
    Signed,   // int64
    Zigzag,   // sint32
    Fixed64,  // as text
    Fixed32,
    Double,
    Numbers,  // packed uint64, as texts
};

struct Field {
    protozero::pbf_tag_type tag;
    const char* name;
    Kind kind;
    bool repeated = false;
    std::span<const Field> of = {};  // of a message
};

constexpr Field kAnyValue[]{{1, "stringValue", Kind::Text},
                            {2, "boolValue", Kind::Bool},
                            {3, "intValue", Kind::Signed},
                            {4, "doubleValue", Kind::Double}};
constexpr Field kKeyValue[]{{1, "key", Kind::Text}, {2, "value", Kind::Message, false, kAnyValue}};
constexpr Field kResource[]{{1, "attributes", Kind::Message, true, kKeyValue}};
constexpr Field kScope[]{{1, "name", Kind::Text}, {2, "version", Kind::Text}};

constexpr Field kEvent[]{{1, "timeUnixNano", Kind::Fixed64},
                         {2, "name", Kind::Text},
                         {3, "attributes", Kind::Message, true, kKeyValue}};
constexpr Field kStatusFields[]{{2, "message", Kind::Text}, {3, "code", Kind::Enum}};
constexpr Field kSpan[]{{1, "traceId", Kind::Id},
                        {2, "spanId", Kind::Id},
                        {4, "parentSpanId", Kind::Id},
                        {5, "name", Kind::Text},
                        {6, "kind", Kind::Enum},
                        {7, "startTimeUnixNano", Kind::Fixed64},
                        {8, "endTimeUnixNano", Kind::Fixed64},
                        {9, "attributes", Kind::Message, true, kKeyValue},
                        {11, "events", Kind::Message, true, kEvent},
                        {15, "status", Kind::Message, false, kStatusFields},
                        {16, "flags", Kind::Fixed32}};
constexpr Field kScopeSpans[]{{1, "scope", Kind::Message, false, kScope},
                              {2, "spans", Kind::Message, true, kSpan},
                              {3, "schemaUrl", Kind::Text}};
constexpr Field kResourceSpans[]{{1, "resource", Kind::Message, false, kResource},
                                 {2, "scopeSpans", Kind::Message, true, kScopeSpans},
                                 {3, "schemaUrl", Kind::Text}};
constexpr Field kTraces[]{{1, "resourceSpans", Kind::Message, true, kResourceSpans}};

constexpr Field kNumberPoint[]{{2, "startTimeUnixNano", Kind::Fixed64},
                               {3, "timeUnixNano", Kind::Fixed64},
                               {4, "asDouble", Kind::Double},
                               {7, "attributes", Kind::Message, true, kKeyValue}};
constexpr Field kGauge[]{{1, "dataPoints", Kind::Message, true, kNumberPoint}};
constexpr Field kSum[]{{1, "dataPoints", Kind::Message, true, kNumberPoint},
                       {2, "aggregationTemporality", Kind::Enum},
                       {3, "isMonotonic", Kind::Bool}};
constexpr Field kBuckets[]{{1, "offset", Kind::Zigzag}, {2, "bucketCounts", Kind::Numbers}};
constexpr Field kExemplar[]{{2, "timeUnixNano", Kind::Fixed64},
                            {3, "asDouble", Kind::Double},
                            {4, "spanId", Kind::Id},
                            {5, "traceId", Kind::Id}};
constexpr Field kExponentialPoint[]{{1, "attributes", Kind::Message, true, kKeyValue},
                                    {2, "startTimeUnixNano", Kind::Fixed64},
                                    {3, "timeUnixNano", Kind::Fixed64},
                                    {4, "count", Kind::Fixed64},
                                    {5, "sum", Kind::Double},
                                    {6, "scale", Kind::Zigzag},
                                    {7, "zeroCount", Kind::Fixed64},
                                    {8, "positive", Kind::Message, false, kBuckets},
                                    {11, "exemplars", Kind::Message, true, kExemplar},
                                    {12, "min", Kind::Double},
                                    {13, "max", Kind::Double},
                                    {14, "zeroThreshold", Kind::Double}};
constexpr Field kExponential[]{{1, "dataPoints", Kind::Message, true, kExponentialPoint},
                               {2, "aggregationTemporality", Kind::Enum}};
constexpr Field kMetric[]{{1, "name", Kind::Text},
                          {2, "description", Kind::Text},
                          {3, "unit", Kind::Text},
                          {5, "gauge", Kind::Message, false, kGauge},
                          {7, "sum", Kind::Message, false, kSum},
                          {10, "exponentialHistogram", Kind::Message, false, kExponential}};
constexpr Field kScopeMetrics[]{{1, "scope", Kind::Message, false, kScope},
                                {2, "metrics", Kind::Message, true, kMetric},
                                {3, "schemaUrl", Kind::Text}};
constexpr Field kResourceMetrics[]{{1, "resource", Kind::Message, false, kResource},
                                   {2, "scopeMetrics", Kind::Message, true, kScopeMetrics},
                                   {3, "schemaUrl", Kind::Text}};
constexpr Field kMetrics[]{{1, "resourceMetrics", Kind::Message, true, kResourceMetrics}};

constexpr Field kRecord[]{{1, "timeUnixNano", Kind::Fixed64},
                          {2, "severityNumber", Kind::Enum},
                          {3, "severityText", Kind::Text},
                          {5, "body", Kind::Message, false, kAnyValue},
                          {6, "attributes", Kind::Message, true, kKeyValue},
                          {11, "observedTimeUnixNano", Kind::Fixed64},
                          {12, "eventName", Kind::Text}};
constexpr Field kScopeLogs[]{{1, "scope", Kind::Message, false, kScope},
                             {2, "logRecords", Kind::Message, true, kRecord},
                             {3, "schemaUrl", Kind::Text}};
constexpr Field kResourceLogs[]{{1, "resource", Kind::Message, false, kResource},
                                {2, "scopeLogs", Kind::Message, true, kScopeLogs},
                                {3, "schemaUrl", Kind::Text}};
constexpr Field kLogs[]{{1, "resourceLogs", Kind::Message, true, kResourceLogs}};

json::object read(pbf_reader message, std::span<const Field> fields);

std::span<const std::byte> bytes_of(const protozero::data_view& view) {
    return std::as_bytes(std::span(view.data(), view.size()));
}

/// JSON has no number that is none.
json::value number(double value) {
    if (std::isnan(value)) {
        return "NaN";
    }
    return std::isinf(value) ? json::value(value > 0 ? "Infinity" : "-Infinity")
                             : json::value(value);
}

json::value read_value(pbf_reader& message, const Field& field) {
    switch (field.kind) {
        case Kind::Message:
            return read(message.get_message(), field.of);
        case Kind::Text:
            return json::string(message.get_string());
        case Kind::Id:
            return json::string(hex(bytes_of(message.get_view())));
        case Kind::Bool:
            return message.get_bool();
        case Kind::Enum:
            return message.get_enum();
        case Kind::Signed:
            return json::string(std::to_string(message.get_int64()));
        case Kind::Zigzag:
            return message.get_sint32();
        case Kind::Fixed64:
            return json::string(std::to_string(message.get_fixed64()));
        case Kind::Fixed32:
            return message.get_fixed32();
        case Kind::Double:
            return number(message.get_double());
        case Kind::Numbers:
            break;
    }
    json::array out;
    for (const std::uint64_t each : message.get_packed_uint64()) {
        out.emplace_back(std::to_string(each));
    }
    return out;
}

json::object read(pbf_reader message, std::span<const Field> fields) {
    json::object out;
    while (message.next()) {
        const Field* known = nullptr;
        for (const Field& field : fields) {
            known = field.tag == message.tag() ? &field : known;
        }
        if (known == nullptr) {
            message.skip();
            continue;
        }
        json::value value = read_value(message, *known);
        if (known->repeated) {
            json::value& list = out[known->name];
            if (!list.is_array()) {
                list = json::array();
            }
            list.as_array().push_back(std::move(value));
        } else {
            out[known->name] = std::move(value);
        }
    }
    return out;
}

}  // namespace

std::string otlp_json(OtlpSignal signal, std::string_view request) {
    const std::span<const Field> fields = signal == OtlpSignal::Metrics ? std::span(kMetrics)
                                          : signal == OtlpSignal::Logs  ? std::span(kLogs)
                                                                        : std::span(kTraces);
    return json::serialize(read(pbf_reader(request.data(), request.size()), fields));
}

}  // namespace plimsoll
