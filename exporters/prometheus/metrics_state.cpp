#include "exporters/prometheus/metrics_state.hpp"

#include <utility>

namespace plimsoll {

void MetricsState::start(const RunInfo& run, std::span<const ProbeInfo> probes) {
    run_ = run;
    probes_.assign(probes.begin(), probes.end());
    auto zero = std::make_shared<Snapshot>();
    zero->total.resize(run.endpoints.size());
    zero->shards.resize(run.shards);
    const std::lock_guard lock(mutex_);
    latest_ = {std::move(zero), std::vector<ProbeView>(probes.size()), 0, false};
}

void MetricsState::store(const SnapshotPtr& snapshot) {
    SnapshotPtr held = snapshot;  // declared first, so the old one is freed outside the lock
    const std::lock_guard lock(mutex_);
    latest_.snapshot.swap(held);
}

void MetricsState::store(std::size_t probe, const Reading& reading, const ProbeHealth& health) {
    auto copy = std::make_shared<const Reading>(reading);
    const std::lock_guard lock(mutex_);
    if (probe < latest_.probes.size()) {
        latest_.probes[probe] = {std::move(copy), health, false};
    }
}

void MetricsState::store_gap(std::size_t probe, bool open, const ProbeHealth& health) {
    const std::lock_guard lock(mutex_);
    if (probe < latest_.probes.size()) {
        latest_.probes[probe].in_gap = open;
        latest_.probes[probe].health = health;
    }
}

void MetricsState::store_dropped(std::uint64_t total) {
    const std::lock_guard lock(mutex_);
    latest_.dropped = total;
}

void MetricsState::end_probes() {
    const std::lock_guard lock(mutex_);
    latest_.probes_over = true;
}

MetricsView MetricsState::view() const {
    MetricsView view;
    {
        const std::lock_guard lock(mutex_);
        view = latest_;
    }
    for (ProbeView& probe : view.probes) {
        probe.in_gap = probe.in_gap || view.probes_over;
        probe.health.up = probe.health.up && !view.probes_over;
    }
    return view;
}

}  // namespace plimsoll
