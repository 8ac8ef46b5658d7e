#include "exporters/influxdb/influx_exporter.hpp"

#include "net/url_text.hpp"
#include "signal/deliveries.hpp"

#include <utility>

#include <fmt/format.h>

namespace plimsoll {

std::string influx_target(const InfluxOptions& options) {
    const std::string path = base_path(options.access.endpoint);
    return options.database.empty()
               ? fmt::format("{}/api/v2/write?org={}&bucket={}&precision=ms", path,
                             percent_encoded(options.organization), percent_encoded(options.bucket))
               : fmt::format("{}/write?db={}&precision=ms", path,
                             percent_encoded(options.database));
}

InfluxExporter::InfluxExporter(InfluxOptions options, HttpTransport transport)
    : MetricExporter("influxdb"),
      options_(std::move(options)),
      target_(influx_target(options_)),
      delivery_({.what = "lines",
                 .access = options_.access,
                 .timeout = options_.timeout,
                 .first_wait = options_.first_wait,
                 .give_up_after = options_.give_up_after,
                 .most_items = options_.most_waiting},
                std::move(transport), judge_by_status) {}

Result<std::unique_ptr<InfluxExporter>> InfluxExporter::make(InfluxOptions options) {
    auto transport = http_transport(options.access);
    if (!transport) {
        return transport.error();
    }
    return std::unique_ptr<InfluxExporter>(
        new InfluxExporter(std::move(options), *std::move(transport)));
}

void InfluxExporter::on_tick() {
    const bool last = state()->view().snapshot->last;
    const bool due =
        last || sent_at_ == Clock::time_point::min() || ticked_at() - sent_at_ >= options_.interval;
    // What has k6's names is of one tick, so each tick is told of, whatever the interval.
    send(ticked_at(), {due, true});
    sent_at_ = due ? ticked_at() : sent_at_;
}

void InfluxExporter::on_judged() {
    send(ticked_at() + std::chrono::milliseconds(1), {true, false});
}

void InfluxExporter::send(Clock::time_point at, InfluxParts parts) {
    const auto wall = state()->run().start.to_wall(at).time_since_epoch();
    const InfluxLines lines =
        influx_lines(state()->frame(), state()->run(),
                     std::chrono::floor<std::chrono::milliseconds>(wall).count(), parts);
    if (lines.count == 0) {
        return;
    }
    HttpRequest request;
    request.method = "POST";
    request.target = target_;
    request.headers = {{"Content-Type", "text/plain; charset=utf-8"}, {"User-Agent", "plimsoll"}};
    request.body = lines.text;
    delivery_.push(std::move(request), lines.count);
}

void InfluxExporter::finish(Clock::time_point deadline) {
    delivery_.finish(deadline);
}

std::optional<Deliveries> InfluxExporter::deliveries() const {
    return deliveries_of(delivery_.counts(), "lines");
}

}  // namespace plimsoll
