// Pass or fail of the scenario's criteria: at the end, and live for abort_on_fail.
#pragma once

#include "analysis/gate.hpp"
#include "analysis/result.hpp"
#include "analysis/sliding_sums.hpp"
#include "record/interval.hpp"
#include "record/run_info.hpp"
#include "signal/reading.hpp"

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

/// Judges one threshold on a whole run. `total` is by EndpointId, `seconds` the time that passed
/// (for rates), `groups` by GroupId, `checks` by CheckId. Endpoints of the same name count
/// together. Where there is nothing to judge (no request, no check) `value` is absent and the
/// threshold does not pass, unless it says allow_empty. Not for probes' metrics.
[[nodiscard]] ThresholdResult judge(const Threshold& threshold, const RunInfo& info,
                                    std::span<const EndpointStats> total, const LoadCounts& counts,
                                    double seconds, std::span<const GroupStats> groups = {},
                                    std::span<const CheckCount> checks = {});

/// What was counted in some time, by the ids of a run.
struct LoadView {
    std::span<const EndpointStats> endpoints;
    const LoadCounts& counts;
    std::span<const GroupStats> groups = {};
    std::span<const CheckCount> checks = {};
};
/// The part of it that `threshold` looks at. `whole`: of a whole run, not to be merged with more;
/// then what was cut off is judged endpoint by endpoint.
[[nodiscard]] LoadSums select(const Threshold& threshold, const RunInfo& info, const LoadView& view,
                              double seconds, bool whole = false);

/// What the probes reported of one metric, combined over the series that a threshold selects.
class ProbeValues {
public:
    /// Values of one probe, in time order.
    void add(const std::string& probe, double t_s, double value);
    /// The statistic over the values in (from_s, to_s]; nullopt where there are too few.
    [[nodiscard]] std::optional<double> value(const Threshold& threshold, double from_s,
                                              double to_s) const;
    [[nodiscard]] std::optional<double> first_s() const;

private:
    struct Point {
        double t_s;
        double value;
    };
    std::map<std::string, std::vector<Point>> by_probe_;
};
/// Several series at one reading come to one value: the highest of times and shares, the sum of all
/// else.
[[nodiscard]] double combine(const Threshold& threshold, std::span<const double> values);

/// Adds what one reading of a probe says of a threshold's metric, if it reports that metric.
void add_reading(const Threshold& threshold, const std::string& probe,
                 std::span<const MetricDescriptor> descriptors, double t_s,
                 std::span<const Value> values, ProbeValues& into);

/// Judges all thresholds of a run while it goes on. Threading: none of its own.
class ThresholdWatch {
public:
    explicit ThresholdWatch(const RunInfo& info);

    /// A tick's samples and the run's totals with it (without endpoints: not known). Times from
    /// the run's start.
    void on_tick(double from_s, double to_s, const LoadView& delta, const LoadView& total);
    /// All values of one reading of one probe.
    void on_reading(const std::string& probe, std::span<const MetricDescriptor> descriptors,
                    double t_s, std::span<const Value> values);
    /// A value that is combined already, from a run file.
    void add_point(std::size_t threshold, const std::string& probe, double t_s, double value);

    /// In the order of RunInfo::thresholds. With a window: not ok and the worst value once one
    /// stretch did not pass; a run shorter than its window is one stretch. `finished`: what was
    /// never judged does not pass, unless it says allow_empty.
    [[nodiscard]] std::vector<ThresholdResult> results(bool finished) const;
    /// Whether it failed when last judged: over the last window, or so far. What is not known may
    /// still turn out well.
    [[nodiscard]] bool fails_now(std::size_t threshold) const;

private:
    struct Judged {
        Threshold threshold;
        std::optional<SlidingSums> window;
        ProbeValues values;
        std::optional<Gate> now;    // over the last window, or so far
        std::optional<Gate> worst;  // of all windows
    };
    static void judge_tick(Judged& judged, double from_s, double to_s, LoadSums delta);

    RunInfo info_;
    std::vector<Judged> judged_;
};

}  // namespace plimsoll
