#include "exporters/grafana/grafana_exporter.hpp"

#include "base/utf8.hpp"
#include "net/url_text.hpp"
#include "signal/deliveries.hpp"

#include <string_view>
#include <utility>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace plimsoll {
namespace {

namespace json = boost::json;

/// Grafana shows an annotation's text as HTML.
std::string as_html(std::string_view text) {
    std::string out;
    for (const char c : valid_utf8(text)) {
        switch (c) {
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '&':
                out += "&amp;";
                break;
            default:
                out += c;
        }
    }
    return out;
}

std::int64_t unix_ms(const RunInfo& run, Clock::time_point at) {
    const auto wall = run.start.to_wall(at).time_since_epoch();
    return std::chrono::floor<std::chrono::milliseconds>(wall).count();
}

}  // namespace

std::string annotation_of(const Happening& happening, const RunInfo& run,
                          const GrafanaOptions& options) {
    json::object out;
    if (!options.dashboard_uid.empty()) {
        out["dashboardUID"] = options.dashboard_uid;
    }
    out["time"] = unix_ms(run, happening.at);
    if (happening.until) {
        out["timeEnd"] = unix_ms(run, *happening.until);
    }
    json::array tags{"plimsoll", "run:" + run.id, "scenario:" + valid_utf8(run.scenario_name),
                     happening.kind};
    for (const std::string& tag : options.tags) {
        tags.emplace_back(valid_utf8(tag));
    }
    out["tags"] = std::move(tags);
    out["text"] = as_html(happening.text);
    return json::serialize(out);
}

GrafanaExporter::GrafanaExporter(GrafanaOptions options, HttpTransport transport)
    : HappeningExporter("grafana"),
      options_(std::move(options)),
      target_(base_path(options_.access.endpoint) + "/api/annotations"),
      delivery_({.what = "annotations",
                 .access = options_.access,
                 .timeout = options_.timeout,
                 .first_wait = options_.first_wait,
                 .give_up_after = options_.give_up_after,
                 .most_items = 10'000},
                std::move(transport), judge_by_status) {}

Result<std::unique_ptr<GrafanaExporter>> GrafanaExporter::make(GrafanaOptions options) {
    auto transport = http_transport(options.access);
    if (!transport) {
        return transport.error();
    }
    return std::unique_ptr<GrafanaExporter>(
        new GrafanaExporter(std::move(options), *std::move(transport)));
}

void GrafanaExporter::tell(const Happening& happening) {
    HttpRequest request;
    request.method = "POST";
    request.target = target_;
    request.headers = {{"Content-Type", "application/json"}, {"User-Agent", "plimsoll"}};
    request.body = annotation_of(happening, run(), options_);
    delivery_.push(std::move(request), 1);
}

void GrafanaExporter::finish(Clock::time_point deadline) {
    delivery_.finish(deadline);
}

std::optional<Deliveries> GrafanaExporter::deliveries() const {
    return deliveries_of(delivery_.counts(), "annotations");
}

}  // namespace plimsoll
