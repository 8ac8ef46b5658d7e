#include "analysis/judge_run.hpp"

#include "analysis/thresholds.hpp"

#include <algorithm>
#include <map>

namespace plimsoll {
namespace {

using Readings = std::map<double, std::vector<double>>;  // by time

bool labels_fit(const Threshold& threshold, const StoredSeries& series) {
    return std::all_of(threshold.labels.begin(), threshold.labels.end(), [&](const auto& label) {
        return series.label(label.first) == label.second;
    });
}

// As ThresholdWatch::on_reading sees it live: one value for each reading of each probe.
void add_points(const RunData& data, const Threshold& threshold, std::size_t index,
                ThresholdWatch& watch) {
    std::map<std::string, Readings> by_probe;
    const bool counts = unit_of(threshold) == ThresholdUnit::Count && !is_counter(threshold);
    for (const StoredProbe& probe : data.probes) {
        const auto& metrics = probe.info.descriptors;
        const bool reports = std::any_of(metrics.begin(), metrics.end(), [&](const auto& metric) {
            return metric.name == threshold.probe_metric;
        });
        for (const double t_s : reports&& counts ? probe.times_s : std::vector<double>{}) {
            by_probe[probe.info.name][t_s];
        }
    }
    for (const StoredSeries& series : data.series) {
        if (series.metric == threshold.probe_metric && labels_fit(threshold, series)) {
            for (const auto& point : series.points) {
                by_probe[series.probe][point.t_s].push_back(point.value);
            }
        }
    }
    for (const auto& [probe, readings] : by_probe) {
        for (const auto& [t_s, values] : readings) {
            watch.add_point(index, probe, t_s, combine(threshold, values));
        }
    }
}

/// The samples of one threshold in each stage of the run.
class StageSums {
public:
    StageSums(const RunData& data, const Threshold& threshold)
        : data_(data), threshold_(threshold), sums_(data.stages.size()) {}

    void add(const StoredTick& tick) {
        const double middle_s = (to_seconds(tick.from) + to_seconds(tick.to)) / 2;
        for (std::size_t i = 0; i < sums_.size(); ++i) {
            if (middle_s >= data_.stages[i].from_s && middle_s < data_.stages[i].to_s) {
                sums_[i].merge(select(threshold_, data_.info,
                                      {tick.endpoints, tick.counts, tick.groups, tick.checks},
                                      to_seconds(tick.to - tick.from)));
            }
        }
    }

    [[nodiscard]] std::vector<StageVerdict> verdicts() const {
        std::vector<StageVerdict> verdicts;
        for (std::size_t i = 0; i < sums_.size(); ++i) {
            StageVerdict verdict;
            verdict.executor = data_.info.executors[data_.stages[i].executor].name;
            verdict.stage = data_.stages[i].stage;
            const ThresholdResult result =
                result_of(threshold_, judge(threshold_, sums_[i]), false);
            verdict.value = result.value;
            verdict.ok = result.ok;
            verdict.state = result.state;
            verdicts.push_back(std::move(verdict));
        }
        return verdicts;
    }

private:
    const RunData& data_;
    const Threshold& threshold_;
    std::vector<LoadSums> sums_;
};

}  // namespace

Result<std::vector<ThresholdResult>> judge_run(const RunReader& reader, const RunData& data) {
    const std::vector<Threshold>& thresholds = data.info.thresholds;
    ThresholdWatch watch(data.info);
    const LoadCounts none;
    const LoadView nothing{{}, none};
    std::map<std::size_t, StageSums> stages;
    bool by_tick = false;
    for (std::size_t i = 0; i < thresholds.size(); ++i) {
        if (thresholds[i].metric == ThresholdMetric::Probe) {
            add_points(data, thresholds[i], i, watch);
        }
        if (thresholds[i].sla) {
            stages.emplace(i, StageSums(data, thresholds[i]));
        }
        by_tick = by_tick || thresholds[i].sla || thresholds[i].window > Nanoseconds{};
    }
    if (by_tick) {
        const Status walked = reader.for_each_tick([&](const StoredTick& tick) {
            watch.on_tick(to_seconds(tick.from), to_seconds(tick.to),
                          {tick.endpoints, tick.counts, tick.groups, tick.checks}, nothing);
            for (auto& [index, sums] : stages) {
                sums.add(tick);
            }
        });
        if (!walked) {
            return walked.error();
        }
    } else {
        watch.on_tick(0, data.duration_s, nothing, nothing);
    }
    std::vector<ThresholdResult> results = watch.results(true);
    for (std::size_t i = 0; i < thresholds.size(); ++i) {
        const bool whole =
            thresholds[i].window == Nanoseconds{} && thresholds[i].metric != ThresholdMetric::Probe;
        if (whole) {
            results[i] = judge(thresholds[i], data.info, data.totals, data.counts, data.duration_s,
                               data.groups, data.checks);
        }
        if (const auto sums = stages.find(i); sums != stages.end()) {
            results[i].stages = sums->second.verdicts();
        }
    }
    return results;
}

}  // namespace plimsoll
