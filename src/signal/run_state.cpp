#include "signal/run_state.hpp"

#include <utility>

namespace plimsoll {
namespace {

ExporterCountsPtr only(const std::string& exporter, std::uint64_t dropped) {
    Deliveries own;
    own.dropped = dropped;
    return std::make_shared<const ExporterCounts>(ExporterCounts{{exporter, std::move(own)}});
}

}  // namespace

Status RunState::start(const RunInfo& run, std::span<const ProbeInfo> probes) {
    auto made = MetricSet::make(run, probes);
    if (!made) {
        return made.error();
    }
    metrics_ = std::move(made).value();
    const std::lock_guard lock(mutex_);
    latest_ = {nothing_yet(run), std::vector<ProbeView>(probes.size()), nullptr, only(owner_, 0)};
    return {};
}

void RunState::store(const SnapshotPtr& snapshot) {
    SnapshotPtr held = snapshot;  // declared first, so the old one is freed outside the lock
    const std::lock_guard lock(mutex_);
    latest_.snapshot.swap(held);
}

void RunState::store(std::size_t probe, const Reading& reading, const ProbeHealth& health) {
    auto copy = std::make_shared<const Reading>(reading);
    const std::lock_guard lock(mutex_);
    if (probe < latest_.probes.size()) {
        latest_.probes[probe] = {std::move(copy), health, false};
    }
}

void RunState::store_gap(std::size_t probe, bool open, const ProbeHealth& health) {
    const std::lock_guard lock(mutex_);
    if (probe < latest_.probes.size()) {
        latest_.probes[probe].in_gap = open;
        latest_.probes[probe].health = health;
    }
}

void RunState::store_dropped(std::uint64_t total) {
    ExporterCountsPtr own = only(owner_, total);
    const std::lock_guard lock(mutex_);
    if (!told_of_all_) {
        latest_.exporters.swap(own);
    }
}

void RunState::store(const VerdictPtr& verdict) {
    const std::lock_guard lock(mutex_);
    latest_.verdict = verdict;
}

void RunState::store(const ExporterCountsPtr& counts) {
    const std::lock_guard lock(mutex_);
    latest_.exporters = counts;
    told_of_all_ = true;
}

void RunState::end_probes() {
    const std::lock_guard lock(mutex_);
    probes_over_ = true;
}

RunView RunState::view() const {
    bool over = false;
    RunView view;
    {
        const std::lock_guard lock(mutex_);
        view = latest_;
        over = probes_over_;
    }
    view.over = over;
    for (ProbeView& probe : view.probes) {
        probe.in_gap = probe.in_gap || over;
        probe.health.up = probe.health.up && !over;
    }
    return view;
}

}  // namespace plimsoll
