#include "run/exporter_set.hpp"

#include "exporters/json/json_exporter.hpp"
#include "exporters/prometheus/prometheus_exporter.hpp"
#include "store/run_writer.hpp"

#include <tuple>

namespace plimsoll {
namespace {

constexpr std::chrono::seconds kFinishWithin{5};

}  // namespace

ExporterSet::ExporterSet(ExporterPlan plan) {
    if (plan.prometheus) {
        PrometheusOptions options;
        std::tie(options.address, options.port) = *plan.prometheus;
        options.exporters = [this] { return deliveries(); };
        options.verdict = std::move(plan.verdict);
        auto exporter = make_prometheus_exporter(std::move(options));
        prometheus_ = exporter.get();
        workers_.push_back(std::make_unique<ExporterWorker>(std::move(exporter)));
        endpoint_ = workers_.back().get();
    }
    if (!plan.json.empty()) {
        workers_.push_back(std::make_unique<ExporterWorker>(make_json_exporter(plan.json)));
    }
    auto run_file = make_run_file_exporter(plan.run_file);
    run_file_ = run_file.get();
    workers_.push_back(std::make_unique<ExporterWorker>(std::move(run_file)));
    run_file_worker_ = workers_.back().get();
    if (plan.otlp) {
        workers_.push_back(std::make_unique<ExporterWorker>(std::move(plan.otlp)));
    }
}

ExporterSet::~ExporterSet() {
    close_endpoint();
}

std::optional<ExporterSet::Refusal> ExporterSet::start(const RunInfo& run,
                                                       const std::vector<ProbeInfo>& probes) {
    for (const auto& worker : workers_) {
        if (const Status started = worker->start(run, probes); !started) {
            return Refusal{started.error(), worker.get() == endpoint_};
        }
    }
    return std::nullopt;
}

void ExporterSet::push_snapshot(const SnapshotPtr& snapshot) {
    for (const auto& worker : workers_) {
        worker->push_snapshot(snapshot);
    }
}

void ExporterSet::push_reading(std::size_t probe, const Reading& reading,
                               const ProbeHealth& health) {
    for (const auto& worker : workers_) {
        worker->push_reading(probe, reading, health);
    }
}

void ExporterSet::push_gap(std::size_t probe, const Gap& gap, const ProbeHealth& health) {
    for (const auto& worker : workers_) {
        worker->push_gap(probe, gap, health);
    }
}

void ExporterSet::push_event(const Event& event) {
    for (const auto& worker : workers_) {
        worker->push_event(event);
    }
}

std::vector<std::string> ExporterSet::finish() {
    const auto deadline = Clock::now() + kFinishWithin;
    std::vector<std::string> late;
    // The run file first: one that hangs must not take its time.
    if (run_file_worker_->finish(deadline).left_behind) {
        late.push_back(run_file_worker_->name());
    }
    for (const auto& worker : workers_) {
        if (worker.get() != endpoint_ && worker.get() != run_file_worker_ &&
            worker->finish(deadline).left_behind) {
            late.push_back(worker->name());
        }
    }
    return late;
}

std::vector<std::string> ExporterSet::close_endpoint() {
    if (endpoint_ != nullptr && endpoint_->finish(Clock::now() + kFinishWithin).left_behind) {
        return {endpoint_->name()};
    }
    return {};
}

std::vector<std::pair<std::string, Deliveries>> ExporterSet::deliveries() const {
    std::vector<std::pair<std::string, Deliveries>> counts;
    for (const auto& worker : workers_) {
        counts.emplace_back(worker->name(), worker->deliveries());
    }
    return counts;
}

std::map<std::string, std::string> ExporterSet::delivery_facts() const {
    std::map<std::string, std::string> facts;
    for (const auto& [name, counts] : deliveries()) {
        facts["exporter.sent." + name] = std::to_string(counts.sent);
        facts["exporter.retried." + name] = std::to_string(counts.retried);
        facts["exporter.rejected." + name] = std::to_string(counts.rejected);
        facts["exporter.dropped." + name] = std::to_string(counts.dropped);
        if (!counts.last_error.empty()) {
            facts["exporter.error." + name] = counts.last_error;
        }
    }
    return facts;
}

std::string ExporterSet::endpoint() const {
    return prometheus_ != nullptr ? prometheus_->url() : std::string();
}

Scrapes ExporterSet::scrapes() const {
    return prometheus_ != nullptr ? prometheus_->scrapes() : Scrapes{};
}

void ExporterSet::end_probes() {
    if (prometheus_ != nullptr) {
        prometheus_->end_probes();
    }
}

}  // namespace plimsoll
