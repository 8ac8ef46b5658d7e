#include "run/exporter_set.hpp"

#include <algorithm>
#include <utility>

namespace plimsoll {
namespace {

constexpr std::chrono::seconds kFinishWithin{5};

}  // namespace

ExporterSet::ExporterSet(RunExporters exporters, std::unique_ptr<RunFileWriter> run_file) {
    const auto add = [this](ExporterPtr exporter) {
        workers_.push_back(std::make_unique<ExporterWorker>(std::move(exporter)));
    };
    std::for_each(exporters.before_run_file.begin(), exporters.before_run_file.end(),
                  [&](ExporterPtr& each) { add(std::move(each)); });
    if (run_file) {
        run_file_ = run_file.get();
        add(std::move(run_file));
        run_file_worker_ = workers_.back().get();
    }
    std::for_each(exporters.after_run_file.begin(), exporters.after_run_file.end(),
                  [&](ExporterPtr& each) { add(std::move(each)); });
    const auto serves = std::find_if(workers_.begin(), workers_.end(), [](const WorkerPtr& each) {
        return each->readers() != nullptr;
    });
    endpoint_ = serves == workers_.end() ? nullptr : serves->get();
}

ExporterSet::~ExporterSet() = default;

std::optional<ExporterSet::Refusal> ExporterSet::start(const RunInfo& run,
                                                       const std::vector<ProbeInfo>& probes) {
    for (const WorkerPtr& worker : workers_) {
        if (const Status started = worker->start(run, probes); !started) {
            return Refusal{started.error(), worker->readers() != nullptr};
        }
    }
    tell_deliveries();
    return std::nullopt;
}

void ExporterSet::push_snapshot(const SnapshotPtr& snapshot) {
    tell_deliveries();
    for (const WorkerPtr& worker : workers_) {
        worker->push_snapshot(snapshot);
    }
}

void ExporterSet::push_reading(std::size_t probe, const Reading& reading,
                               const ProbeHealth& health) {
    for (const WorkerPtr& worker : workers_) {
        worker->push_reading(probe, reading, health);
    }
}

void ExporterSet::push_gap(std::size_t probe, const Gap& gap, const ProbeHealth& health) {
    for (const WorkerPtr& worker : workers_) {
        worker->push_gap(probe, gap, health);
    }
}

void ExporterSet::push_event(const Event& event) {
    for (const WorkerPtr& worker : workers_) {
        worker->push_event(event);
    }
}

bool ExporterSet::hears_verdict() const {
    return std::any_of(workers_.begin(), workers_.end(),
                       [](const WorkerPtr& worker) { return worker->hears_verdict(); });
}

void ExporterSet::push_verdict(const VerdictPtr& verdict) {
    for (const WorkerPtr& worker : workers_) {
        worker->push_verdict(verdict);
    }
}

void ExporterSet::tell_deliveries() {
    if (std::none_of(workers_.begin(), workers_.end(),
                     [](const WorkerPtr& worker) { return worker->hears_deliveries(); })) {
        return;
    }
    const auto counts = std::make_shared<const ExporterCounts>(deliveries());
    for (const WorkerPtr& worker : workers_) {
        worker->push_deliveries(counts);
    }
}

void ExporterSet::push_load_end() {
    for (const WorkerPtr& worker : workers_) {
        worker->push_load_end();
    }
}

std::vector<std::string> ExporterSet::finish_those(
    const std::function<bool(const WorkerPtr&)>& which) {
    const auto deadline = Clock::now() + kFinishWithin;
    // All at once: one that has nobody to send to must not take the others' time.
    for (const WorkerPtr& worker : workers_) {
        if (which(worker)) {
            worker->begin_finish(deadline);
        }
    }
    std::vector<std::string> late;
    for (const WorkerPtr& worker : workers_) {
        if (which(worker) && worker->finish(deadline).left_behind) {
            late.push_back(worker->name());
        }
    }
    return late;
}

std::vector<std::string> ExporterSet::finish() {
    // The run file first: one that hangs must not take its time.
    auto late =
        finish_those([this](const WorkerPtr& each) { return each.get() == run_file_worker_; });
    const auto others = finish_those([this](const WorkerPtr& each) {
        return each.get() != run_file_worker_ && !each->hears_verdict() &&
               each->readers() == nullptr;
    });
    late.insert(late.end(), others.begin(), others.end());
    tell_deliveries();
    return late;
}

std::vector<std::string> ExporterSet::finish_judged() {
    return finish_those([this](const WorkerPtr& each) {
        return each.get() != run_file_worker_ && each->hears_verdict() &&
               each->readers() == nullptr;
    });
}

std::vector<std::string> ExporterSet::close_endpoint() {
    return finish_those([](const WorkerPtr& each) { return each->readers() != nullptr; });
}

ExporterCounts ExporterSet::deliveries() const {
    ExporterCounts counts;
    for (const WorkerPtr& worker : workers_) {
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
    return endpoint_ != nullptr ? endpoint_->readers()->url() : std::string();
}

ScrapesByReader ExporterSet::scrapes() const {
    return endpoint_ != nullptr ? endpoint_->readers()->scrapes() : ScrapesByReader{};
}

}  // namespace plimsoll
