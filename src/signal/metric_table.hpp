// Inside src/signal: the table that the load's own metrics come from. A row is all that there is of
// a metric; a plain count needs none, its row in record/load_counts.hpp is enough.
#pragma once

#include "signal/metric_set.hpp"

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string_view>
#include <vector>

namespace plimsoll {

/// What values are read from: how the run stands, and what happened in the stretch asked for.
struct Look {
    const RunInfo& run;
    const RunView& view;
    const std::vector<std::string>& probe_names;
    const RunVerdict& verdict;
    const Snapshot& now;
    const std::vector<EndpointStats>& endpoints;  // this and what follows: of the stretch
    const std::vector<GroupStats>& groups;
    const std::vector<CheckCount>& checks;
    const PhaseStats& phases;
    const LoadCounts& counts;
    std::uint64_t late_sends;
};

/// Takes the series of one metric, label values in the order of its descriptor.
class SeriesWriter {
public:
    SeriesWriter(MetricFamily& family, MetricFrame& frame) : family_(family), frame_(frame) {}

    void value(std::initializer_list<std::string_view> labels, double value);
    void count(std::initializer_list<std::string_view> labels, std::uint64_t count);
    /// `times` is the snapshot's.
    void times(std::initializer_list<std::string_view> labels, const Histogram& times);
    void times(std::initializer_list<std::string_view> labels,
               std::unique_ptr<const Histogram> made);
    /// Of the last series.
    void add_exemplar(const MetricExemplar& exemplar);
    /// More than the descriptor names, on the last series. `name` stays as long as the MetricSet.
    void add_label(std::string_view name, std::string_view value);

private:
    MetricSeries& add(std::initializer_list<std::string_view> labels);

    MetricFamily& family_;
    MetricFrame& frame_;
};

/// Where a metric stands in a frame, and when.
enum class MetricPlace {
    Load,    // where a load runs
    Always,  // of the run, its exporters, its verdict
    Probes   // of any probe, behind the probes' own
};

struct MetricRow {
    MetricDescriptor metric;
    MetricPlace place = MetricPlace::Load;
    void (*fill)(const Look& look, SeriesWriter& to) = nullptr;
    std::uint64_t LoadCounts::*count = nullptr;  // in place of `fill`: this count, without labels
};

/// In the order of a frame.
[[nodiscard]] const std::vector<MetricRow>& metric_table();

/// Its parts: what was sent and what came of it; how the load and its generator stand; what the run
/// is (that row first), its exporters, verdict and probes.
[[nodiscard]] std::vector<MetricRow> request_metrics();
[[nodiscard]] std::vector<MetricRow> load_state_metrics();
[[nodiscard]] std::vector<MetricRow> run_metrics();

}  // namespace plimsoll
