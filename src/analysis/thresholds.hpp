// Pass or fail of the scenario's criteria: at the end, and live for abort_on_fail.
#pragma once

#include "analysis/result.hpp"
#include "record/interval.hpp"
#include "record/run_info.hpp"
#include "signal/reading.hpp"

#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

/// Judges one threshold on everything since the start. `total` is by EndpointId, `seconds` the time
/// that passed (for rates), `groups` by GroupId, `checks` by CheckId. Endpoints of the same name
/// count together. Where there is nothing to judge (no request yet) `value` is absent and the
/// threshold holds, as in k6. Not for probes' metrics.
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
/// The part of it that one threshold looks at.
struct LoadSums {
    EndpointStats stats;
    LoadCounts counts;
    double seconds = 0;
    Histogram groups;
    CheckCount checks;
    void merge(const LoadSums& other);
};
[[nodiscard]] LoadSums select(const Threshold& threshold, const RunInfo& info, const LoadView& view,
                              double seconds);
/// The value of a load threshold on these sums; nullopt where there is nothing to judge.
[[nodiscard]] std::optional<double> value_of(const Threshold& threshold, const LoadSums& sums);
[[nodiscard]] bool holds(const Threshold& threshold, double value);

/// The sum of the last `window` of ticks. Merging is the only operation there is on histograms, so
/// ticks that leave cannot be taken away: two stacks, one merge per tick on average.
class SlidingSums {
public:
    explicit SlidingSums(double window_s) : window_s_(window_s) {}
    void add(double from_s, double to_s, LoadSums sums);
    /// nullopt before a whole window has passed.
    [[nodiscard]] std::optional<LoadSums> sum() const;

private:
    struct Cell {
        double from_s;
        double to_s;
        LoadSums sums;  // front: of this cell and all behind it; back: of this cell alone
    };
    void turn_over();
    double window_s_;
    std::vector<Cell> front_;  // the oldest is last
    std::vector<Cell> back_;   // the newest is last
    LoadSums back_sum_;
};

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

    /// In the order of RunInfo::thresholds. With a window: false and the worst value once one
    /// stretch failed. `finished`: a probe's metric that was never read fails.
    [[nodiscard]] std::vector<ThresholdResult> results(bool finished) const;
    /// Whether it failed when last judged: over the last window, or so far.
    [[nodiscard]] bool fails_now(std::size_t threshold) const;

private:
    struct Judged {
        Threshold threshold;
        std::optional<SlidingSums> window;
        ProbeValues values;
        std::optional<double> now;    // over the last window, or so far
        std::optional<double> worst;  // of all windows
    };
    void judge_tick(Judged& judged, double from_s, double to_s, LoadSums delta);

    RunInfo info_;
    std::vector<Judged> judged_;
};

}  // namespace plimsoll
