// What happens in a run as OTLP log records. Field numbers: opentelemetry-proto, logs/v1.
#pragma once

#include "exporters/otlp/otlp_encode.hpp"
#include "exporters/otlp/otlp_options.hpp"
#include "net/http_delivery.hpp"
#include "signal/happening.hpp"

#include <span>
#include <string>
#include <vector>

namespace plimsoll {

/// A LogRecord: its time is the happening's, its event name "plimsoll." and the kind, its body the
/// text. A stretch of time has the attribute plimsoll.seconds.
[[nodiscard]] std::string encode_log(const Happening& happening, const WallAnchor& start);
/// An ExportLogsServiceRequest.
[[nodiscard]] std::string encode_logs_request(const TraceOrigin& origin,
                                              std::span<const std::string> records);

/// Sends each happening as it becomes known. The name "otlp-logs".
class OtlpLogsExporter final : public HappeningExporter {
public:
    OtlpLogsExporter(OtlpOptions options, HttpTransport transport);

    [[nodiscard]] std::optional<Deliveries> deliveries() const override;
    void finish(Clock::time_point deadline) override;

protected:
    [[nodiscard]] Status open() override;
    void tell(const Happening& happening) override;

private:
    OtlpOptions options_;
    TraceOrigin origin_;
    HttpDelivery delivery_;
};

}  // namespace plimsoll
