#include "analysis/thresholds.hpp"

#include "record/outcome.hpp"

#include <algorithm>
#include <cmath>

namespace plimsoll {
namespace {

bool selects(const Threshold& threshold, const RunInfo& info, std::size_t endpoint) {
    if (!threshold.endpoints.empty()) {
        return std::find(threshold.endpoints.begin(), threshold.endpoints.end(), endpoint) !=
               threshold.endpoints.end();
    }
    return threshold.endpoint.empty() || info.endpoints[endpoint].name == threshold.endpoint;
}

CheckCount select_checks(const Threshold& threshold, const RunInfo& info,
                         std::span<const CheckCount> checks) {
    CheckCount sum;
    for (std::size_t c = 0; c < checks.size() && c < info.checks.size(); ++c) {
        if (threshold.endpoint.empty() || info.checks[c] == threshold.endpoint) {
            sum.merge(checks[c]);
        }
    }
    return sum;
}

void select_groups(const Threshold& threshold, const RunInfo& info,
                   std::span<const GroupStats> groups, LoadSums& sums) {
    for (std::size_t g = 0; g < groups.size() && g < info.groups.size(); ++g) {
        if (threshold.endpoint.empty() || info.groups[g] == threshold.endpoint) {
            sums.groups.merge(groups[g].duration);
            sums.censored_groups.merge(groups[g].censored.get());
        }
    }
}

void select_endpoints(const Threshold& threshold, const RunInfo& info,
                      std::span<const EndpointStats> by_endpoint, bool whole, LoadSums& sums) {
    Failures failures;
    for (std::size_t e = 0; e < by_endpoint.size() && e < info.endpoints.size(); ++e) {
        if (selects(threshold, info, e)) {
            sums.stats.merge(by_endpoint[e]);
            const Failures own = whole ? failures_of(by_endpoint[e]) : Failures{};
            failures.certain += own.certain;
            failures.unknown += own.unknown;
        }
    }
    if (whole) {
        sums.failures = failures;
    }
}

bool is_upper_unit(const Threshold& threshold) {
    const ThresholdUnit unit = unit_of(threshold);
    return unit == ThresholdUnit::Seconds || unit == ThresholdUnit::Ratio;
}

bool labels_fit(const Threshold& threshold, const MetricDescriptor& metric, const Value& value) {
    return std::all_of(threshold.labels.begin(), threshold.labels.end(), [&](const auto& wanted) {
        for (std::size_t i = 0; i < metric.labels.size() && i < value.labels.size(); ++i) {
            if (metric.labels[i] == wanted.first) {
                return value.labels[i] == wanted.second;
            }
        }
        return false;
    });
}

/// The smallest value that at least the share `quantile` of them does not exceed.
double quantile_of(std::vector<double>& values, double quantile) {
    const double rank = std::ceil(quantile * static_cast<double>(values.size()));
    const auto index = static_cast<std::size_t>(std::max(rank, 1.0)) - 1;
    const auto at =
        values.begin() + static_cast<std::ptrdiff_t>(std::min(index, values.size() - 1));
    std::nth_element(values.begin(), at, values.end());
    return *at;
}

std::optional<double> statistic_of(const Threshold& threshold, std::vector<double> values) {
    if (values.empty()) {
        return std::nullopt;
    }
    switch (threshold.statistic) {
        case Statistic::Min:
            return *std::min_element(values.begin(), values.end());
        case Statistic::Max:
            return *std::max_element(values.begin(), values.end());
        case Statistic::Med:
            return quantile_of(values, 0.5);
        case Statistic::Quantile:
            return quantile_of(values, threshold.quantile);
        case Statistic::Last:
            return values.back();
        case Statistic::Avg:
        case Statistic::Rate:
        case Statistic::Count:
            break;
    }
    double sum = 0;
    for (const double value : values) {
        sum += value;
    }
    return sum / static_cast<double>(values.size());
}

}  // namespace

LoadSums select(const Threshold& threshold, const RunInfo& info, const LoadView& view,
                double seconds, bool whole) {
    LoadSums sums;
    sums.counts = view.counts;
    sums.seconds = seconds;
    if (threshold.metric == ThresholdMetric::Checks) {
        sums.checks = select_checks(threshold, info, view.checks);
    } else if (threshold.metric == ThresholdMetric::GroupDuration) {
        select_groups(threshold, info, view.groups, sums);
    } else {
        select_endpoints(threshold, info, view.endpoints, whole, sums);
    }
    return sums;
}

ThresholdResult judge(const Threshold& threshold, const RunInfo& info,
                      std::span<const EndpointStats> total, const LoadCounts& counts,
                      double seconds, std::span<const GroupStats> groups,
                      std::span<const CheckCount> checks) {
    const LoadSums sums = select(threshold, info, {total, counts, groups, checks}, seconds, true);
    return result_of(threshold, judge(threshold, sums), true);
}

double combine(const Threshold& threshold, std::span<const double> values) {
    double result = 0;
    for (const double value : values) {
        result = is_upper_unit(threshold) ? std::max(result, value) : result + value;
    }
    return result;
}

void ProbeValues::add(const std::string& probe, double t_s, double value) {
    by_probe_[probe].push_back({t_s, value});
}

std::optional<double> ProbeValues::first_s() const {
    std::optional<double> first;
    for (const auto& [probe, points] : by_probe_) {
        first = std::min(first.value_or(points.front().t_s), points.front().t_s);
    }
    return first;
}

std::optional<double> ProbeValues::value(const Threshold& threshold, double from_s,
                                         double to_s) const {
    std::vector<double> values;
    double growth = 0;
    double seconds = 0;
    for (const auto& [probe, points] : by_probe_) {
        const auto begin = std::partition_point(points.begin(), points.end(),
                                                [&](const Point& p) { return p.t_s <= from_s; });
        double covered = 0;
        for (auto point = begin; point != points.end() && point->t_s <= to_s; ++point) {
            if (!is_counter(threshold)) {
                values.push_back(point->value);
            } else if (point != points.begin()) {  // what it grew by since the reading before
                const Point& before = *(point - 1);
                const double step = std::max(0.0, point->value - before.value);
                const double length = point->t_s - before.t_s;
                growth += step;
                covered += length;
                if (length > 0) {
                    values.push_back(step / length);
                }
            }
        }
        seconds = std::max(seconds, covered);
    }
    if (is_counter(threshold) && threshold.statistic == Statistic::Count) {
        return values.empty() ? std::nullopt : std::optional(growth);
    }
    if (is_counter(threshold) && threshold.statistic == Statistic::Rate) {
        return seconds > 0 ? std::optional(growth / seconds) : std::nullopt;
    }
    return statistic_of(threshold, std::move(values));
}

ThresholdWatch::ThresholdWatch(const RunInfo& info) : info_(info) {
    for (const Threshold& threshold : info.thresholds) {
        Judged judged;
        judged.threshold = threshold;
        if (threshold.window > Nanoseconds{} && threshold.metric != ThresholdMetric::Probe) {
            judged.window.emplace(to_seconds(threshold.window));
        }
        judged_.push_back(std::move(judged));
    }
}

void ThresholdWatch::judge_tick(Judged& judged, double from_s, double to_s, LoadSums delta) {
    const Threshold& threshold = judged.threshold;
    const double window_s = to_seconds(threshold.window);
    Gate gate;
    if (judged.window) {
        judged.window->add(from_s, to_s, std::move(delta));
        if (const auto sum = judged.window->sum()) {
            gate = judge(threshold, *sum);
        }
    } else if (to_s >= window_s - 1e-3) {
        const auto value =
            judged.values.value(threshold, window_s > 0 ? to_s - window_s : -1e9, to_s);
        gate = value ? judge(threshold, *value) : gate;
    }
    if (gate.state == GateState::NoSample) {
        return;
    }
    judged.now = gate;
    if (window_s == 0 || !judged.worst || is_worse(threshold, gate, *judged.worst)) {
        judged.worst = std::move(gate);
    }
}

void ThresholdWatch::on_tick(double from_s, double to_s, const LoadView& delta,
                             const LoadView& total) {
    for (Judged& judged : judged_) {
        const Threshold& threshold = judged.threshold;
        if (threshold.metric == ThresholdMetric::Probe) {
            judge_tick(judged, from_s, to_s, {});
        } else if (judged.window) {
            judge_tick(judged, from_s, to_s, select(threshold, info_, delta, to_s - from_s));
        } else if (!total.endpoints.empty()) {
            judged.now = judge(threshold, select(threshold, info_, total, to_s, true));
            judged.worst = judged.now;
        }
    }
}

void add_reading(const Threshold& threshold, const std::string& probe,
                 std::span<const MetricDescriptor> descriptors, double t_s,
                 std::span<const Value> values, ProbeValues& into) {
    const bool reported =
        threshold.metric == ThresholdMetric::Probe &&
        std::any_of(descriptors.begin(), descriptors.end(),
                    [&](const MetricDescriptor& d) { return d.name == threshold.probe_metric; });
    if (!reported) {
        return;
    }
    std::vector<double> fitting;
    for (const Value& value : values) {
        const MetricDescriptor& metric = descriptors[value.metric];
        if (metric.name == threshold.probe_metric && labels_fit(threshold, metric, value)) {
            fitting.push_back(value.value);
        }
    }
    // Of what is counted, none is a value; of times, shares and counters it is the lack of one.
    if (!fitting.empty() ||
        (unit_of(threshold) == ThresholdUnit::Count && !is_counter(threshold))) {
        into.add(probe, t_s, combine(threshold, fitting));
    }
}

void ThresholdWatch::on_reading(const std::string& probe,
                                std::span<const MetricDescriptor> descriptors, double t_s,
                                std::span<const Value> values) {
    for (Judged& judged : judged_) {
        add_reading(judged.threshold, probe, descriptors, t_s, values, judged.values);
    }
}

void ThresholdWatch::add_point(std::size_t threshold, const std::string& probe, double t_s,
                               double value) {
    judged_[threshold].values.add(probe, t_s, value);
}

std::vector<ThresholdResult> ThresholdWatch::results(bool finished) const {
    std::vector<ThresholdResult> results;
    for (const Judged& judged : judged_) {
        std::optional<Gate> gate = judged.worst;
        if (finished && !gate && judged.window && judged.window->is_partial()) {
            gate = judge(judged.threshold, judged.window->all());
        }
        results.push_back(result_of(judged.threshold, gate, finished));
    }
    return results;
}

bool ThresholdWatch::fails_now(std::size_t threshold) const {
    const Judged& judged = judged_[threshold];
    return judged.now && judged.now->state == GateState::Failed;
}

}  // namespace plimsoll
