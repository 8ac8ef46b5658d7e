#include "signal/metric_exporter.hpp"

namespace plimsoll {

Status MetricExporter::start(const RunInfo& run, std::span<const ProbeInfo> probes) {
    if (Status described = state_->start(run, probes); !described) {
        return described;
    }
    ticked_at_ = run.start.mono;
    return open();
}

void MetricExporter::on_snapshot(const SnapshotPtr& snapshot) {
    state_->store(snapshot);
    ticked_at_ = snapshot->to;
    on_tick();
}

void MetricExporter::on_reading(std::size_t probe, const Reading& reading,
                                const ProbeHealth& health) {
    state_->store(probe, reading, health);
    const RunInfo& run = state_->run();
    if (!run.has_load && reading.at >= ticked_at_ + run.tick) {
        ticked_at_ = reading.at;
        on_tick();
    }
}

void MetricExporter::on_gap(std::size_t probe, const Gap& gap, const ProbeHealth& health) {
    state_->store_gap(probe, gap.open, health);
}

void MetricExporter::on_dropped(std::uint64_t total) {
    state_->store_dropped(total);
}

void MetricExporter::on_verdict(const VerdictPtr& verdict) {
    state_->store(verdict);
    if (verdict->final) {
        on_judged();
    }
}

void MetricExporter::on_deliveries(const ExporterCountsPtr& counts) {
    state_->store(counts);
}

void MetricExporter::on_load_end() {
    state_->end_probes();
}

}  // namespace plimsoll
