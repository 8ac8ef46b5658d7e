#include "exporters/prometheus/prometheus_exporter.hpp"

#include "exporters/prometheus/buckets.hpp"
#include "exporters/prometheus/exposition.hpp"
#include "exporters/prometheus/load_metrics.hpp"
#include "exporters/prometheus/probe_metrics.hpp"
#include "exporters/prometheus/verdict_metrics.hpp"
#include "net/http_server.hpp"

#include <iterator>
#include <optional>
#include <utility>

#include <prometheus/collectable.h>

namespace plimsoll {
namespace {

/// Computes every figure anew for each scrape.
class RunMetrics final : public prometheus::Collectable {
public:
    RunMetrics(const RunInfo& run, std::span<const ProbeInfo> probes, ProbeFamilies families,
               const PrometheusOptions& options)
        : families_(std::move(families)),
          bounds_(bucket_bounds(run.thresholds)),
          load_(options.load),
          exporters_(options.exporters),
          verdict_(options.verdict) {
        state.start(run, probes);
    }

    [[nodiscard]] std::vector<prometheus::MetricFamily> Collect() const override {
        const MetricsView view = state.view();
        auto out = load_metrics(state.run(), *view.snapshot, bounds_,
                                exporters_ ? exporters_() : own_drops(view.dropped));
        if (!load_) {
            std::erase_if(out, [](const auto& family) {
                return family.name != "plimsoll_run_info" &&
                       !family.name.starts_with("plimsoll_exporter_");
            });
        }
        for (auto& family : verdict_families(verdict_ ? verdict_() : RunVerdict{})) {
            out.push_back(std::move(family));
        }
        auto probes = families_.collect(view.probes);
        out.insert(out.end(), std::make_move_iterator(probes.begin()),
                   std::make_move_iterator(probes.end()));
        std::erase_if(out, [](const auto& family) { return family.metric.empty(); });
        return out;
    }

    MetricsState state;
    ScrapeLog scrapes;

private:
    static ExporterCounts own_drops(std::uint64_t dropped) {
        Deliveries own;
        own.dropped = dropped;
        return {{"prometheus", own}};
    }

    ProbeFamilies families_;
    std::vector<Nanoseconds> bounds_;
    bool load_;
    std::function<ExporterCounts()> exporters_;
    std::function<RunVerdict()> verdict_;
};

HttpResponse answer(const HttpRequest& request, RunMetrics& metrics) {
    constexpr std::string_view kPlain = "text/plain; charset=utf-8";
    if (request.path() != "/metrics") {
        return make_response(404, kPlain, "the metrics are at /metrics\n");
    }
    if (request.method != "GET" && request.method != "HEAD") {
        HttpResponse refusal = make_response(405, kPlain, "metrics can only be read\n");
        refusal.headers.push_back({"Allow", "GET, HEAD"});
        return refusal;
    }
    // Prometheus and what behaves like it send this header; a person's browser does not.
    metrics.scrapes.add(
        Clock::now(),
        find_header(request.headers, "X-Prometheus-Scrape-Timeout-Seconds") != nullptr);
    return make_response(200, "text/plain; version=0.0.4; charset=utf-8",
                         exposition_text(metrics.Collect()));
}

}  // namespace

/// The metrics and the HTTP server that shows them; the server goes first.
class PrometheusExporter::Server {
public:
    std::shared_ptr<RunMetrics> metrics;
    std::optional<HttpServer> http;
};

PrometheusExporter::PrometheusExporter(PrometheusOptions options) : options_(std::move(options)) {}

PrometheusExporter::~PrometheusExporter() {
    finish(Clock::now());
}

Status PrometheusExporter::start(const RunInfo& run, std::span<const ProbeInfo> probes) {
    auto families = ProbeFamilies::make(probes);
    if (!families) {
        return families.error();
    }
    auto server = std::make_unique<Server>();
    server->metrics =
        std::make_shared<RunMetrics>(run, probes, std::move(families).value(), options_);
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

void PrometheusExporter::on_snapshot(const SnapshotPtr& snapshot) {
    server_->metrics->state.store(snapshot);
}

void PrometheusExporter::on_reading(std::size_t probe, const Reading& reading,
                                    const ProbeHealth& health) {
    server_->metrics->state.store(probe, reading, health);
}

void PrometheusExporter::on_gap(std::size_t probe, const Gap& gap, const ProbeHealth& health) {
    server_->metrics->state.store_gap(probe, gap.open, health);
}

void PrometheusExporter::on_event(const Event&) {}

void PrometheusExporter::on_dropped(std::uint64_t total) {
    server_->metrics->state.store_dropped(total);
}

void PrometheusExporter::end_probes() {
    server_->metrics->state.end_probes();
}

Scrapes PrometheusExporter::scrapes() const {
    return server_ ? server_->metrics->scrapes.scrapes() : Scrapes{};
}

void PrometheusExporter::finish(Clock::time_point) {
    if (server_) {
        server_->http.reset();
    }
}

std::unique_ptr<PrometheusExporter> make_prometheus_exporter(PrometheusOptions options) {
    return std::make_unique<PrometheusExporter>(std::move(options));
}

}  // namespace plimsoll
