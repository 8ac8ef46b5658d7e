#include "exporters/prometheus/prometheus_exporter.hpp"

#include "exporters/prometheus/buckets.hpp"
#include "exporters/prometheus/load_metrics.hpp"
#include "exporters/prometheus/probe_metrics.hpp"
#include "exporters/prometheus/verdict_metrics.hpp"

#include <atomic>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <netdb.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include <fmt/format.h>
#include <prometheus/collectable.h>
#include <prometheus/exposer.h>

namespace plimsoll {
namespace {

std::string authority(const std::string& address, std::uint16_t port) {
    return fmt::format("{}:{}", address, port);
}

using Resolved = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

/// The distribution's build of the server library knows IPv4 only.
Resolved resolve(const std::string& address, std::uint16_t port) {
    addrinfo hints{};
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    hints.ai_family = AF_INET;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &found);
    return {found, &freeaddrinfo};
}

class Socket {
public:
    Socket() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {}
    ~Socket() { close(fd_); }
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    [[nodiscard]] int fd() const { return fd_; }

private:
    int fd_;
};

/// Tries the address ourselves, to say why it cannot be had: the server library only says that.
Status check_address(const std::string& address, std::uint16_t port) {
    const std::string where = authority(address, port);
    const Resolved at = resolve(address, port);
    if (!at) {
        return Error{"is no IPv4 address to listen on", where, "write it as in 127.0.0.1:9464"};
    }
    const Socket socket;
    const int on = 1;
    setsockopt(socket.fd(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(socket.fd(), at->ai_addr, at->ai_addrlen) != 0 || listen(socket.fd(), 1) != 0) {
        return Error{fmt::format("cannot listen there for metrics: {}", std::strerror(errno)),
                     where, "choose another port, or 0 for a free one"};
    }
    return {};
}

/// Stops the server at once. Left alone it would notice only when its accept loop next times out,
/// up to 2 s later; a connection wakes that loop.
void stop_server(std::unique_ptr<prometheus::Exposer>& server, const std::string& address,
                 std::uint16_t port) {
    const Resolved at = resolve(address, port);
    std::atomic<bool> stopped{false};
    std::thread waker([&] {
        while (at && !stopped) {
            const Socket socket;
            connect(socket.fd(), at->ai_addr, at->ai_addrlen);
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
    });
    server.reset();
    stopped = true;
    waker.join();
}

/// Computes every figure anew for each scrape.
class RunMetrics final : public prometheus::Collectable {
public:
    RunMetrics(const RunInfo& run, std::span<const ProbeInfo> probes, ProbeFamilies families,
               const PrometheusOptions& options)
        : families_(std::move(families)),
          bounds_(bucket_bounds(run.thresholds)),
          load_(options.load),
          drops_(options.exporter_drops),
          thresholds_(options.thresholds),
          findings_(options.findings) {
        state.start(run, probes);
    }

    [[nodiscard]] std::vector<prometheus::MetricFamily> Collect() const override {
        const MetricsView view = state.view();
        auto out = load_metrics(state.run(), *view.snapshot, bounds_,
                                drops_ ? drops_() : ExporterDrops{{"prometheus", view.dropped}});
        if (!load_) {
            std::erase_if(out, [](const auto& family) {
                return family.name != "plimsoll_run_info" &&
                       family.name != "plimsoll_exporter_dropped_total";
            });
        }
        out.push_back(threshold_family(thresholds_ ? thresholds_() : ThresholdStates{}));
        out.push_back(finding_family(findings_ ? findings_() : FindingList{}));
        auto probes = families_.collect(view.probes);
        out.insert(out.end(), std::make_move_iterator(probes.begin()),
                   std::make_move_iterator(probes.end()));
        std::erase_if(out, [](const auto& family) { return family.metric.empty(); });
        return out;
    }

    MetricsState state;

private:
    ProbeFamilies families_;
    std::vector<Nanoseconds> bounds_;
    bool load_;
    std::function<ExporterDrops()> drops_;
    std::function<ThresholdStates()> thresholds_;
    std::function<FindingList()> findings_;
};

}  // namespace

/// The metrics and the HTTP server that shows them; the server goes first.
class PrometheusExporter::Server {
public:
    std::shared_ptr<RunMetrics> metrics;
    std::unique_ptr<prometheus::Exposer> exposer;
};

PrometheusExporter::PrometheusExporter(PrometheusOptions options) : options_(std::move(options)) {
    if (options_.address == "localhost") {
        options_.address = "127.0.0.1";
    }
}

PrometheusExporter::~PrometheusExporter() {
    finish(Clock::now());
}

Status PrometheusExporter::start(const RunInfo& run, std::span<const ProbeInfo> probes) {
    auto families = ProbeFamilies::make(probes);
    if (!families) {
        return families.error();
    }
    if (Status free = check_address(options_.address, options_.port); !free) {
        return free;
    }
    auto server = std::make_unique<Server>();
    server->metrics =
        std::make_shared<RunMetrics>(run, probes, std::move(families).value(), options_);
    const std::string where = authority(options_.address, options_.port);
    try {
        // No keep-alive: an idle connection would hold one of the two threads.
        server->exposer = std::make_unique<prometheus::Exposer>(where, 2);
        server->exposer->RegisterCollectable(server->metrics);
        bound_port_ = static_cast<std::uint16_t>(server->exposer->GetListeningPorts().at(0));
    } catch (const std::exception& error) {
        return Error{fmt::format("cannot serve metrics there: {}", error.what()), where,
                     "choose another port, or 0 for a free one"};
    }
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

void PrometheusExporter::finish(Clock::time_point) {
    if (server_ && server_->exposer) {
        stop_server(server_->exposer, options_.address, bound_port_);
    }
}

std::string PrometheusExporter::url() const {
    return bound_port_ == 0
               ? std::string()
               : fmt::format("http://{}/metrics", authority(options_.address, bound_port_));
}

std::unique_ptr<PrometheusExporter> make_prometheus_exporter(PrometheusOptions options) {
    return std::make_unique<PrometheusExporter>(std::move(options));
}

}  // namespace plimsoll
