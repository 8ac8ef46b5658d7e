// A synthetic run, changed by hand to what a real service once showed, and diagnosed again.
#pragma once

#include "analysis/diagnosis/diagnose.hpp"
#include "signal/names.hpp"
#include "synthetic_analysis.hpp"

#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll {

using Labels = std::vector<std::pair<std::string, std::string>>;

constexpr double kFull_s = 28.4;  // when the synthetic run's pool of five is full

inline std::vector<Finding> diagnose_again(const RunData& data) {
    return diagnose(data, find_breaking_point(data), Verdict::Valid, {});
}

/// A run that breaks, seen from the load side alone.
inline RunData without_probes() {
    synthetic::Options options;
    options.database_probe = options.canaries = options.processes = false;
    return analysed(options).data;
}

inline StoredProbe& probe_named(RunData& data, const std::string& name) {
    return *std::find_if(data.probes.begin(), data.probes.end(),
                         [&](const StoredProbe& probe) { return probe.info.name == name; });
}

/// What the process on the target's port is called.
inline void name_server(RunData& data, const std::string& command) {
    probe_named(data, "process").info.facts = {{"role", "app"}, {"command", command}};
}

/// The URL without database answers in 2 ms until `from_s`, then in `slow_s`.
inline void slow_canary(RunData& data, double from_s = kFull_s, double slow_s = 0.8) {
    for (StoredSeries& series : data.series) {
        if (series.metric == metric::kCanarySeconds && series.label("canary") == "no_database") {
            for (auto& point : series.points) {
                point.value = point.t_s > from_s ? slow_s : 0.002;
            }
        }
    }
}

/// A series with a point at every reading of its probe; where there is no such probe, one is made
/// that reads `hz` times a second.
inline void add_series(RunData& data, const std::string& probe, const char* name, MetricType type,
                       Labels labels, const std::function<double(double)>& value, double hz = 5) {
    auto found = std::find_if(data.probes.begin(), data.probes.end(),
                              [&](const StoredProbe& p) { return p.info.name == probe; });
    if (found == data.probes.end()) {
        StoredProbe made;
        made.info.name = probe;
        for (int i = 0; i / hz < data.duration_s; ++i) {
            made.times_s.push_back(i / hz);
        }
        found = data.probes.insert(found, std::move(made));
    }
    found->info.descriptors.push_back({name, type, "", {}});
    StoredSeries series{probe, name, type, std::move(labels), {}};
    for (const double t_s : found->times_s) {
        series.points.push_back({t_s, value(t_s)});
    }
    data.series.push_back(std::move(series));
}

/// A gauge of any probe.
inline void add(RunData& data, const char* probe, double hz, const char* name, Labels labels,
                const std::function<double(double)>& value) {
    add_series(data, probe, name, MetricType::Gauge, std::move(labels), value, hz);
}

/// `threads` take turns at the application's work, which no other work on the machine holds up.
inline void add_threads(RunData& data, double threads, double run_delay = 0.05) {
    add(data, "target:threads", 1, metric::kTargetThreadsAtWork, {},
        [=](double) { return threads; });
    add(data, "target:threads", 1, metric::kTargetRunDelay, {},
        [=](double t) { return run_delay * t; });
}

/// One from the application's own page, a point a second.
inline void add_scraped(RunData& data, const char* name, Labels labels,
                        const std::function<double(double)>& value) {
    StoredSeries series{"app_metrics", name, MetricType::Gauge, std::move(labels), {}};
    for (double t_s = 0.5; t_s < data.duration_s; t_s += 1) {
        series.points.push_back({t_s, value(t_s)});
    }
    data.series.push_back(std::move(series));
}

}  // namespace plimsoll
