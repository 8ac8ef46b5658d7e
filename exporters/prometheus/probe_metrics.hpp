// The probes' metrics as families: one per name, however many probes report it.
#pragma once

#include "base/result.hpp"
#include "exporters/prometheus/metrics_state.hpp"

#include <span>
#include <vector>

#include <prometheus/metric_family.h>

namespace plimsoll {

/// Fixed at the start of a run: which families there are and what each probe adds to them.
///
/// A metric declared by several probes becomes one family with the first one's help. Where two
/// probes of one kind declare a metric without labels (two PostgreSQL servers), nothing could tell
/// their series apart, so every series of those probes also gets the label `probe`.
class ProbeFamilies {
public:
    /// Error: the same name with another type or other label names, or a name of the load's own.
    [[nodiscard]] static Result<ProbeFamilies> make(std::span<const ProbeInfo> probes);

    /// The probes' families, health first. A probe in a gap keeps its counters and loses its
    /// gauges: an old value must not look like a new one. `views` as many as `probes` in make.
    [[nodiscard]] std::vector<prometheus::MetricFamily> collect(
        std::span<const ProbeView> views) const;

private:
    struct Probe {
        std::string name;
        std::vector<std::size_t> family_of;  // by index into its descriptors
        bool labelled = false;               // its series carry `probe`
    };
    ProbeFamilies() = default;
    void add_reading(std::vector<prometheus::MetricFamily>& out, const Probe& probe,
                     const ProbeView& view) const;
    void add_health(std::vector<prometheus::MetricFamily>& out,
                    std::span<const ProbeView> views) const;

    std::vector<MetricDescriptor> families_;
    std::vector<Probe> probes_;
};

}  // namespace plimsoll
