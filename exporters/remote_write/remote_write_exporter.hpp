// Prometheus' remote write: a run's metrics, pushed.
#pragma once

#include "exporters/remote_write/write_encode.hpp"
#include "exporters/remote_write/write_series.hpp"
#include "net/http_delivery.hpp"
#include "signal/metric_exporter.hpp"

#include <memory>
#include <optional>

namespace plimsoll {

struct RemoteWriteOptions {
    HttpAccess access;
    /// Automatic: 2.0, and 1.0 from the first answer on that shows that the other side knows no
    /// more: 415, or a 2xx that does not say how much was written, as 2.0 asks.
    enum class Version { Automatic, V1, V2 };
    Version version = Version::Automatic;
    WriteForm form;
    PrometheusLabels labels;                           // of each series, beside its own
    Nanoseconds interval = std::chrono::seconds(1);    // between points of a series, and the end
    Nanoseconds timeout = std::chrono::seconds(10);    // of one request
    Nanoseconds first_wait = std::chrono::seconds(1);  // before something is sent again
    Nanoseconds give_up_after = std::chrono::seconds(60);
    std::uint64_t most_waiting = 1'000'000;  // samples; beyond, the oldest are dropped
    std::size_t most_in_request = 5000;      // samples
    bool wait_for_room = false;              // see HttpDeliveryOptions
};

/// What a reply means for samples that were sent as `version` (1 or 2); `settled`: the other side
/// is known to speak it.
[[nodiscard]] DeliveryAnswer judge_remote_write(const HttpResponse& reply, int version,
                                                bool settled, std::uint64_t samples);

/// Sends all metrics of each tick, or of each `interval`; a stale marker for each series that goes
/// away (a probe's gauges in a gap), and for all of them at the end, as a scraper's would be: two
/// seconds after the last values, so that a query of every second sees these.
///
/// Points become requests on the sender's own thread (HttpDelivery).
class RemoteWriteExporter final : public MetricExporter {
public:
    /// Error: a certificate or key cannot be read.
    [[nodiscard]] static Result<std::unique_ptr<RemoteWriteExporter>> make(
        RemoteWriteOptions options);
    ~RemoteWriteExporter() override;

    /// In samples; a histogram in native form is one.
    [[nodiscard]] std::optional<Deliveries> deliveries() const override;
    void finish(Clock::time_point deadline) override;

protected:
    [[nodiscard]] Status open() override;
    void on_tick() override;
    void on_judged() override;

private:
    struct Dialect;  // which version is spoken
    RemoteWriteExporter(RemoteWriteOptions options, HttpTransport transport);
    void send_frame(Clock::time_point at);
    void send(std::vector<WritePoint> points, Clock::time_point at);

    RemoteWriteOptions options_;
    std::shared_ptr<Dialect> dialect_;
    std::optional<SeriesBook> book_;
    Clock::time_point sent_at_ = Clock::time_point::min();
    std::size_t told_metrics_ = 0;  // of the book's, as metadata
    HttpDelivery delivery_;
};

}  // namespace plimsoll
