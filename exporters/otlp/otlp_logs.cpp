#include "exporters/otlp/otlp_logs.hpp"

#include "exporters/otlp/otlp_delivery.hpp"
#include "exporters/otlp/otlp_http.hpp"
#include "exporters/otlp/otlp_parts.hpp"
#include "signal/deliveries.hpp"

#include <array>
#include <utility>

namespace plimsoll {
namespace {

using otlp::view;
using protozero::pbf_writer;

struct Level {
    std::int32_t number;  // SeverityNumber
    std::string_view text;
};

Level level_of(Happening::Severity severity) {
    switch (severity) {
        case Happening::Severity::Warning:
            return {13, "WARN"};
        case Happening::Severity::Error:
            return {17, "ERROR"};
        case Happening::Severity::Info:
            break;
    }
    return {9, "INFO"};
}

}  // namespace

std::string encode_log(const Happening& happening, const WallAnchor& start) {
    const Level level = level_of(happening.severity);
    const std::string event = "plimsoll." + std::string(happening.kind);
    std::string bytes;
    pbf_writer record(bytes);
    record.add_fixed64(1, otlp::unix_nanos(start, happening.at));
    record.add_enum(2, level.number);
    record.add_string(3, view(level.text));
    {
        pbf_writer body(record, 5);
        body.add_string(1, happening.text);
    }
    otlp::add_text(record, 6, "event.name", event);  // where field 12 is not read yet
    for (const auto& [key, value] : happening.attributes) {
        otlp::add_text(record, 6, "plimsoll." + key, value);
    }
    if (happening.until) {
        otlp::add_double(record, 6, "plimsoll.seconds",
                         to_seconds(*happening.until - happening.at));
    }
    record.add_fixed64(11, otlp::unix_nanos(start, Clock::now()));
    record.add_string(12, event);
    return bytes;
}

std::string encode_logs_request(const TraceOrigin& origin, std::span<const std::string> records) {
    std::string bytes;
    pbf_writer request(bytes);
    otlp::add_of_scope(request, origin, [&](pbf_writer& scope) {
        for (const std::string& record : records) {
            scope.add_message(2, record);
        }
    });
    return bytes;
}

OtlpLogsExporter::OtlpLogsExporter(OtlpOptions options, HttpTransport transport)
    : HappeningExporter("otlp-logs"),
      options_(std::move(options)),
      delivery_(delivery_options(options_, "log records"), std::move(transport), otlp_judge()) {
    options_.headers.clear();  // the delivery's
}

Status OtlpLogsExporter::open() {
    origin_ = trace_origin(run(), options_.resource);
    return {};
}

void OtlpLogsExporter::tell(const Happening& happening) {
    const std::array records{encode_log(happening, run().start)};
    delivery_.push(make_otlp_request(options_, encode_logs_request(origin_, records)), 1);
}

void OtlpLogsExporter::finish(Clock::time_point deadline) {
    delivery_.finish(deadline);
}

std::optional<Deliveries> OtlpLogsExporter::deliveries() const {
    return deliveries_of(delivery_.counts(), "log records");
}

}  // namespace plimsoll
