// What an application says of its pools, its workers and its runtime.
#pragma once

#include "base/result.hpp"
#include "probes/app_metrics/exposition_text.hpp"

#include <array>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace plimsoll {

/// In the order of the probe's descriptors.
enum class AppFigure : std::size_t {
    // Of a connection pool
    PoolSize,      // the most connections it may have
    PoolUsed,      // given out now
    PoolIdle,      // open and free
    PoolPending,   // callers that wait for one now
    PoolTimeouts,  // callers that gave up waiting, since the start
    PoolWaits,     // callers that had to wait, since the start
    // Of threads or processes that requests are worked on by
    WorkersSize,    // how many there may be
    WorkersBusy,    // that work
    WorkersQueued,  // requests or tasks that wait for one
    // Of the process
    LoopLag,       // seconds that a due callback of the event loop waits
    LoopBusy,      // share of time, 0-1, that the event loop is not idle
    GcPause,       // seconds in which garbage collection stopped everything, since the start
    GcCpu,         // CPU seconds of garbage collection, since the start
    Cpu,           // CPU seconds, since the start
    SchedulerWait  // seconds that runnable goroutines waited for a thread, since the start
};
inline constexpr std::size_t kAppFigures = 15;
/// The names that a user's mapping has for them.
inline constexpr std::array<std::string_view, kAppFigures> kAppFigureNames{
    "pool_size",    "pool_used",    "pool_idle",      "pool_pending", "pool_timeouts", "pool_waits",
    "workers_size", "workers_busy", "workers_queued", "loop_lag",     "loop_busy",     "gc_pause",
    "gc_cpu",       "cpu",          "scheduler_wait"};

enum class AppGroup { Pool, Workers, Process };
[[nodiscard]] AppGroup group_of(AppFigure figure);

struct AppFigures {
    std::array<std::optional<double>, kAppFigures> values;
    [[nodiscard]] const std::optional<double>& operator[](AppFigure figure) const {
        return values[static_cast<std::size_t>(figure)];
    }
};
/// What a page says: figures by (group, name of the pool or of the workers; "" for the process).
using AppPage = std::map<std::pair<AppGroup, std::string>, AppFigures>;

/// A user's own name for a figure.
struct FigureMapping {
    AppFigure figure = AppFigure::PoolSize;
    MetricSample selector;  // of parse_selector
};
/// From a scenario's `map`: (pool_size, my_metric{pool="x"}) ... Error: an unknown figure or a
/// selector that is none.
[[nodiscard]] Result<std::vector<FigureMapping>> parse_mappings(
    const std::vector<std::pair<std::string, std::string>>& map);

/// Collects the figures of one scrape. Known without configuration: what docs/app-metrics.md lists.
/// What a user maps counts instead of what was recognised for that name and figure. Several series
/// of one name and figure (the processes of one server) add up; of LoopLag and LoopBusy the highest
/// counts.
///
/// A pool is called as the first of these labels says: pool, pool_name, pool.name with or without
/// OpenTelemetry's prefix, db_name, datname, db, name; else "default". Workers are called by their
/// server, and their own name where it has several kinds: "tomcat http-nio-8080".
class AppCollector {
public:
    explicit AppCollector(std::span<const FigureMapping> mappings) : mappings_(mappings) {}
    void add(const MetricSample& sample);
    [[nodiscard]] AppPage page() const;

private:
    std::span<const FigureMapping> mappings_;
    AppPage recognised_, mapped_;
};

}  // namespace plimsoll
