// The one list of a run's metrics, and their values. Every exporter of metrics reads it; none has a
// list of its own.
#pragma once

#include "base/result.hpp"
#include "record/run_info.hpp"
#include "signal/reading.hpp"
#include "signal/run_view.hpp"

#include <array>
#include <compare>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

struct MetricLabel {
    std::string_view name;
    std::string value;  // valid UTF-8, whatever it was made from
    friend auto operator<=>(const MetricLabel&, const MetricLabel&) = default;
};

/// One of a histogram's values, of a request whose trace is kept.
struct MetricExemplar {
    Nanoseconds value{};
    Clock::time_point at;  // when the request ended
    std::array<std::uint8_t, 16> trace_id{};
    std::array<std::uint8_t, 8> span_id{};
};

/// Labels come in the order of MetricDescriptor::labels. What stands behind those is more than the
/// descriptor names: the run's tags, whose names may be anything, or the probe's name.
struct MetricSeries {
    std::vector<MetricLabel> labels;
    double value = 0;                  // of a gauge or counter; counts are exact up to 2^53
    const Histogram* times = nullptr;  // of a histogram: never null there
    /// Of the last tick, in order of time; a few. Only where traces are taken.
    std::vector<MetricExemplar> exemplars = {};
};

struct MetricFamily {
    const MetricDescriptor* metric = nullptr;
    /// Its counts are of the stretch that was asked for; else since the start, whatever was asked.
    bool of_span = false;
    std::vector<MetricSeries> series;  // at least one; no two with the same labels
};

/// All families of one look, in a fixed order. Valid as long as the MetricSet that it was made by;
/// it holds on to the snapshot whose histograms it refers to, and copies none.
struct MetricFrame {
    std::vector<MetricFamily> families;
    SnapshotPtr snapshot;
    std::vector<std::unique_ptr<const Histogram>> made;  // those that no snapshot has as they are
};

/// Of which stretch counters and histograms tell. Gauges are of now, and what probes and exporters
/// count is since the start, either way.
enum class MetricSpan { SinceStart, LastTick };

/// The load's own metrics, those about its exporters, its verdict and its probes: the catalogue.
/// In the order of a frame, which has the probes' own before the last three.
[[nodiscard]] std::vector<MetricDescriptor> own_metrics();

/// The metrics of one run. Fixed from its start: which there are, and what each probe adds to them.
///
/// A metric declared by several probes becomes one family with the first one's help. Where two
/// probes of one kind declare a metric without labels (two PostgreSQL servers), nothing could tell
/// their series apart, so every series of those probes also gets the label `probe`. A probe in a
/// gap keeps its counters and loses its gauges: an old value must not look like a new one.
///
/// Threading: immutable; `frame` may be called by several threads at once. It costs one pass over
/// the endpoints and no pass over their histograms, but for one merge of the send lags.
class MetricSet {
public:
    /// Error: a probe's metric has a name of the load's own, or one that an earlier probe declares
    /// with another type or other labels.
    [[nodiscard]] static Result<MetricSet> make(const RunInfo& run,
                                                std::span<const ProbeInfo> probes);

    /// Families without series are left out; of the load's there are none where none runs
    /// (RunInfo::has_load).
    [[nodiscard]] MetricFrame frame(const RunView& view,
                                    MetricSpan span = MetricSpan::SinceStart) const;

    [[nodiscard]] const RunInfo& run() const { return run_; }

private:
    struct Probe {
        std::vector<std::size_t> family_of;  // by index into its descriptors
        bool labelled = false;               // its series carry `probe`
    };
    MetricSet() = default;
    [[nodiscard]] std::vector<MetricFamily> probe_families(const RunView& view) const;
    void add_reading(std::vector<MetricFamily>& out, std::size_t probe,
                     const ProbeView& view) const;

    RunInfo run_;
    std::vector<MetricDescriptor> probe_metrics_;
    std::vector<std::string> probe_names_;
    std::vector<Probe> probes_;
};

/// A snapshot of nothing yet, with all endpoints and shards: counters begin at 0, so that the first
/// tick is seen as a rise.
[[nodiscard]] SnapshotPtr nothing_yet(const RunInfo& run);

}  // namespace plimsoll
