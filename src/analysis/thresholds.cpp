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

std::optional<double> of_histogram(const Threshold& threshold, const Histogram& histogram) {
    if (histogram.empty()) {
        return std::nullopt;
    }
    switch (threshold.statistic) {
        case Statistic::Avg:
            return to_seconds(histogram.sum()) / static_cast<double>(histogram.count());
        case Statistic::Min:
            return to_seconds(histogram.min());
        case Statistic::Med:
            return to_seconds(histogram.quantile(0.5));
        case Statistic::Max:
            return to_seconds(histogram.max());
        case Statistic::Quantile:
            return to_seconds(histogram.quantile(threshold.quantile));
        case Statistic::Count:
            return static_cast<double>(histogram.count());
        case Statistic::Rate:
        case Statistic::Last:
            break;
    }
    return std::nullopt;
}

/// A count, or how many a second.
std::optional<double> of_count(const Threshold& threshold, std::uint64_t count, double seconds) {
    const auto n = static_cast<double>(count);
    if (threshold.statistic == Statistic::Rate) {
        return seconds > 0 ? std::optional(n / seconds) : std::nullopt;
    }
    return n;
}

bool has_selector(const Threshold& threshold) {
    return threshold.status_low != 0 || !threshold.outcome.empty();
}

bool counts(const Threshold& threshold, const StatusCount& entry) {
    const bool status = threshold.status_low == 0 || (entry.status >= threshold.status_low &&
                                                      entry.status <= threshold.status_high);
    return status && (threshold.outcome.empty() || to_string(entry.outcome) == threshold.outcome);
}

std::uint64_t requests_of(const Threshold& threshold, const EndpointStats& stats, bool failed) {
    if (!has_selector(threshold)) {
        return failed ? stats.failed : stats.requests;
    }
    std::uint64_t total = 0;
    for (const StatusCount& entry : stats.statuses) {
        const bool wanted = counts(threshold, entry) && (!failed || is_failure(entry.outcome));
        total += wanted ? entry.count : 0U;
    }
    return total;
}

std::optional<double> of_failed(const Threshold& threshold, const EndpointStats& stats) {
    const auto failed = static_cast<double>(requests_of(threshold, stats, true));
    if (threshold.statistic == Statistic::Count) {
        return failed;
    }
    if (stats.requests == 0) {
        return std::nullopt;
    }
    return failed / static_cast<double>(stats.requests);
}

/// Checks that held, over all.
std::optional<double> of_checks(const CheckCount& sum) {
    if (sum.passed + sum.failed == 0) {
        return std::nullopt;
    }
    return static_cast<double>(sum.passed) / static_cast<double>(sum.passed + sum.failed);
}

CheckCount select_checks(const Threshold& threshold, const RunInfo& info,
                         std::span<const CheckCount> checks) {
    CheckCount sum;
    for (std::size_t c = 0; c < checks.size() && c < info.checks.size(); ++c) {
        if (threshold.endpoint.empty() || info.checks[c] == threshold.endpoint) {
            sum.passed += checks[c].passed;
            sum.failed += checks[c].failed;
        }
    }
    return sum;
}

Histogram select_groups(const Threshold& threshold, const RunInfo& info,
                        std::span<const GroupStats> groups) {
    Histogram merged;
    for (std::size_t g = 0; g < groups.size() && g < info.groups.size(); ++g) {
        if (threshold.endpoint.empty() || info.groups[g] == threshold.endpoint) {
            merged.merge(groups[g].duration);
        }
    }
    return merged;
}

EndpointStats select_endpoints(const Threshold& threshold, const RunInfo& info,
                               std::span<const EndpointStats> by_endpoint) {
    EndpointStats merged;
    for (std::size_t e = 0; e < by_endpoint.size() && e < info.endpoints.size(); ++e) {
        if (selects(threshold, info, e)) {
            merged.merge(by_endpoint[e]);
        }
    }
    return merged;
}

/// Whether `a` is further on the failing side than `b`.
bool is_worse(const Threshold& threshold, double a, double b) {
    const bool upper =
        threshold.comparison == Comparison::Less || threshold.comparison == Comparison::LessEqual;
    return upper ? a > b : a < b;
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

bool holds(const Threshold& threshold, double value) {
    switch (threshold.comparison) {
        case Comparison::Less:
            return value < threshold.limit;
        case Comparison::LessEqual:
            return value <= threshold.limit;
        case Comparison::Greater:
            return value > threshold.limit;
        case Comparison::GreaterEqual:
            return value >= threshold.limit;
    }
    return false;
}

LoadSums select(const Threshold& threshold, const RunInfo& info, const LoadView& view,
                double seconds) {
    LoadSums sums;
    sums.counts = view.counts;
    sums.seconds = seconds;
    if (threshold.metric == ThresholdMetric::Checks) {
        sums.checks = select_checks(threshold, info, view.checks);
    } else if (threshold.metric == ThresholdMetric::GroupDuration) {
        sums.groups = select_groups(threshold, info, view.groups);
    } else {
        sums.stats = select_endpoints(threshold, info, view.endpoints);
    }
    return sums;
}

std::optional<double> value_of(const Threshold& threshold, const LoadSums& sums) {
    const EndpointStats& stats = sums.stats;
    switch (threshold.metric) {
        case ThresholdMetric::ResponseTime:
            return of_histogram(threshold, stats.response);
        case ThresholdMetric::ServiceTime:
            return of_histogram(threshold, stats.service);
        case ThresholdMetric::Failed:
            return of_failed(threshold, stats);
        case ThresholdMetric::Requests:
            return of_count(threshold, requests_of(threshold, stats, false), sums.seconds);
        case ThresholdMetric::Dropped:
            return of_count(threshold, sums.counts.not_sent[0] + sums.counts.not_sent[1],
                            sums.seconds);
        case ThresholdMetric::Checks:
            return of_checks(sums.checks);
        case ThresholdMetric::GroupDuration:
            return of_histogram(threshold, sums.groups);
        case ThresholdMetric::Iterations:
            return of_count(threshold, sums.counts.iterations_completed, sums.seconds);
        case ThresholdMetric::DataSent:
            return of_count(threshold, stats.bytes_sent, sums.seconds);
        case ThresholdMetric::DataReceived:
            return of_count(threshold, stats.bytes_received, sums.seconds);
        case ThresholdMetric::Probe:
            break;
    }
    return std::nullopt;
}

ThresholdResult judge(const Threshold& threshold, const RunInfo& info,
                      std::span<const EndpointStats> total, const LoadCounts& counts,
                      double seconds, std::span<const GroupStats> groups,
                      std::span<const CheckCount> checks) {
    ThresholdResult result;
    result.threshold = threshold;
    result.value =
        value_of(threshold, select(threshold, info, {total, counts, groups, checks}, seconds));
    result.ok = !result.value || holds(threshold, *result.value);
    return result;
}

void LoadSums::merge(const LoadSums& other) {
    stats.merge(other.stats);
    counts.merge(other.counts);
    seconds += other.seconds;
    groups.merge(other.groups);
    checks.passed += other.checks.passed;
    checks.failed += other.checks.failed;
}

void SlidingSums::turn_over() {
    LoadSums sum;
    while (!back_.empty()) {
        Cell cell = std::move(back_.back());
        back_.pop_back();
        sum.merge(cell.sums);
        cell.sums = sum;
        front_.push_back(std::move(cell));
    }
    back_sum_ = {};
}

void SlidingSums::add(double from_s, double to_s, LoadSums sums) {
    constexpr double kSlack_s = 1e-3;  // ticks end when they end, not to the nanosecond
    back_sum_.merge(sums);
    back_.push_back({from_s, to_s, std::move(sums)});
    while (true) {
        if (front_.empty()) {
            if (back_.size() <= 1 || back_.front().from_s >= to_s - window_s_ - kSlack_s) {
                return;
            }
            turn_over();
        }
        if (front_.back().from_s >= to_s - window_s_ - kSlack_s) {
            return;
        }
        front_.pop_back();
    }
}

std::optional<LoadSums> SlidingSums::sum() const {
    constexpr double kSlack_s = 1e-3;
    if (front_.empty() && back_.empty()) {
        return std::nullopt;
    }
    const double first_s = front_.empty() ? back_.front().from_s : front_.back().from_s;
    const double last_s = back_.empty() ? front_.front().to_s : back_.back().to_s;
    if (last_s - first_s < window_s_ - kSlack_s) {
        return std::nullopt;
    }
    LoadSums sum = front_.empty() ? LoadSums{} : front_.back().sums;
    sum.merge(back_sum_);
    return sum;
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
    std::optional<double> value;
    if (judged.window) {
        judged.window->add(from_s, to_s, std::move(delta));
        if (const auto sum = judged.window->sum()) {
            value = value_of(threshold, *sum);
        }
    } else if (to_s >= window_s - 1e-3) {
        value = judged.values.value(threshold, window_s > 0 ? to_s - window_s : -1e9, to_s);
    }
    if (!value) {
        return;
    }
    judged.now = value;
    const bool worst = !judged.worst || is_worse(threshold, *value, *judged.worst);
    if (window_s > 0) {
        judged.worst = worst ? value : judged.worst;
    } else {
        judged.worst = value;
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
            judged.now = value_of(threshold, select(threshold, info_, total, to_s));
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
        ThresholdResult result;
        result.threshold = judged.threshold;
        result.value = judged.worst;
        const bool blind =
            finished && judged.threshold.metric == ThresholdMetric::Probe && !judged.worst;
        result.ok = !blind && (!judged.worst || holds(judged.threshold, *judged.worst));
        results.push_back(std::move(result));
    }
    return results;
}

bool ThresholdWatch::fails_now(std::size_t threshold) const {
    const Judged& judged = judged_[threshold];
    return judged.now && !holds(judged.threshold, *judged.now);
}

}  // namespace plimsoll
