// A run's metrics to a StatsD server over UDP.
#pragma once

#include "signal/metric_exporter.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace plimsoll {

/// Makes lines of frames. One thread.
///
/// A metric's name is its public one with "." behind "plimsoll" and without "_total"; labels are
/// tags as DogStatsD has them (name:1|c|#label:value). A count is what was added since the last
/// frame; a histogram is a count and the gauges mean, p50, p95, p99 and max of the tick, in
/// seconds. What no name or tag can hold (: | @ # , and line breaks) is "_".
class StatsdLines {
public:
    /// `frame`: of the last tick (MetricSpan::LastTick). Counts of nothing are left out.
    [[nodiscard]] std::vector<std::string> lines(const MetricFrame& frame);

private:
    std::map<std::string, double> before_;  // counts that are since the start, by name and tags
};

/// Lines joined to datagrams of at most `most_bytes`; a longer line is one alone.
[[nodiscard]] std::vector<std::string> datagrams(const std::vector<std::string>& lines,
                                                 std::size_t most_bytes);

/// Sends all metrics of each tick. Nobody answers over UDP: sent is what the system took; where it
/// says that nobody listens there, the lines are dropped.
class StatsdExporter final : public MetricExporter {
public:
    /// `where`: HOST:PORT, [ADDRESS]:PORT.
    explicit StatsdExporter(std::string where);
    ~StatsdExporter() override;

    [[nodiscard]] std::optional<Deliveries> deliveries() const override;
    void finish(Clock::time_point deadline) override;

protected:
    /// Error: no such host, or no port.
    [[nodiscard]] Status open() override;
    void on_tick() override;
    void on_judged() override;

private:
    void send();
    void send(const MetricFrame& frame);

    std::string where_;
    int socket_ = -1;
    StatsdLines lines_;
    mutable std::mutex mutex_;
    Deliveries counts_;  // under mutex_
};

/// Why `where` cannot be a place; without looking the host up.
[[nodiscard]] Status check_statsd_place(const std::string& where);

}  // namespace plimsoll
