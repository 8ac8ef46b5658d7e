#include "exporters/prometheus/prometheus_exporter.hpp"

#include "exporters/prometheus/buckets.hpp"
#include "exporters/prometheus/exposition.hpp"
#include "exporters/prometheus/families.hpp"
#include "exporters/prometheus/negotiation.hpp"
#include "exporters/prometheus/openmetrics_lines.hpp"
#include "exporters/prometheus/protobuf_exposition.hpp"
#include "exporters/prometheus/scrape_log.hpp"
#include "net/http_server.hpp"

#include <optional>
#include <utility>

#include <prometheus/collectable.h>

namespace plimsoll {
namespace {

/// Computes every figure anew for each scrape.
class RunCollector final : public prometheus::Collectable {
public:
    RunCollector(std::shared_ptr<RunState> state, std::vector<Nanoseconds> buckets)
        : state_(std::move(state)),
          buckets_(std::move(buckets)),
          bounds_(bucket_bounds(state_->run().thresholds, buckets_)) {}

    [[nodiscard]] std::vector<prometheus::MetricFamily> Collect() const override {
        return prometheus_families(state_->frame(), bounds_);
    }

    [[nodiscard]] std::string page(Exposition exposition) const {
        switch (exposition) {
            case Exposition::OpenMetrics:
                return openmetrics_text(state_->frame(), state_->run(), buckets_);
            case Exposition::Protobuf:
                return protobuf_exposition(state_->frame(), state_->run(), buckets_);
            case Exposition::Text:
                break;
        }
        return exposition_text(Collect());
    }

    ScrapeLog scrapes;

private:
    std::shared_ptr<RunState> state_;
    std::vector<Nanoseconds> buckets_;
    std::vector<Nanoseconds> bounds_;
};

void log_scrape(const HttpRequest& request, ScrapeLog& log) {
    // Prometheus and what behaves like it send this header; a person's browser does not. It differs
    // with the interval, as a timeout is never longer.
    constexpr std::string_view kTimeout = "X-Prometheus-Scrape-Timeout-Seconds";
    std::string reader;
    for (const std::string_view name :
         {std::string_view("User-Agent"), std::string_view("Accept"), kTimeout}) {
        const std::string* value = find_header(request.headers, name);
        reader += value == nullptr ? "" : *value;
        reader += '\n';
    }
    log.add(Clock::now(), reader, find_header(request.headers, kTimeout) != nullptr);
}

HttpResponse answer(const HttpRequest& request, RunCollector& metrics) {
    constexpr std::string_view kPlain = "text/plain; charset=utf-8";
    if (request.path() != "/metrics") {
        return make_response(404, kPlain, "the metrics are at /metrics\n");
    }
    if (request.method != "GET" && request.method != "HEAD") {
        HttpResponse refusal = make_response(405, kPlain, "metrics can only be read\n");
        refusal.headers.push_back({"Allow", "GET, HEAD"});
        return refusal;
    }
    log_scrape(request, metrics.scrapes);
    const std::string* accept = find_header(request.headers, "Accept");
    const Exposition wanted = accept == nullptr ? Exposition::Text : wanted_exposition(*accept);
    return make_response(200, content_type(wanted), metrics.page(wanted));
}

}  // namespace

/// The metrics and the HTTP server that shows them; the server goes first.
class PrometheusExporter::Server {
public:
    std::shared_ptr<RunCollector> metrics;
    std::optional<HttpServer> http;
};

PrometheusExporter::PrometheusExporter(PrometheusOptions options)
    : MetricExporter("prometheus"), options_(std::move(options)) {}

PrometheusExporter::~PrometheusExporter() {
    finish(Clock::now());
}

Status PrometheusExporter::open() {
    auto server = std::make_unique<Server>();
    server->metrics = std::make_shared<RunCollector>(state(), options_.buckets);
    HttpServerOptions http = own_port_options(options_.address, options_.port);
    http.threads = 2;  // one scrape does not wait for another
    auto started = HttpServer::start(
        http, [metrics = server->metrics](const HttpRequest& request, Responder responder) {
            responder.send(answer(request, *metrics));
        });
    if (!started) {
        Error error = started.error();
        if (error.hint.empty()) {
            error.hint = "choose another port, or 0 for a free one";
        }
        return error;
    }
    server->http = std::move(*started);
    bound_port_ = server->http->port();
    url_ = server->http->url() + "/metrics";
    server_ = std::move(server);
    return {};
}

ScrapesByReader PrometheusExporter::scrapes() const {
    return server_ ? server_->metrics->scrapes.scrapes() : ScrapesByReader{};
}

void PrometheusExporter::finish(Clock::time_point /*deadline*/) {
    if (server_) {
        server_->http.reset();
    }
}

std::unique_ptr<PrometheusExporter> make_prometheus_exporter(PrometheusOptions options) {
    return std::make_unique<PrometheusExporter>(std::move(options));
}

}  // namespace plimsoll
