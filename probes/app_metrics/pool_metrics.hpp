// What the metrics of connection pools are called, and what they mean.
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

/// In the order of PoolFigures::values.
enum class PoolFigure : std::size_t {
    Size,      // the most connections it may have
    Used,      // given out now
    Idle,      // open and free
    Pending,   // callers that wait for one now
    Timeouts,  // callers that gave up waiting, since the start
    Waits      // callers that had to wait, since the start
};
inline constexpr std::size_t kPoolFigures = 6;
/// The names that a user's mapping has for them: pool_size ...
inline constexpr std::array<std::string_view, kPoolFigures> kPoolFigureNames{
    "pool_size", "pool_used", "pool_idle", "pool_pending", "pool_timeouts", "pool_waits"};

struct PoolFigures {
    std::array<std::optional<double>, kPoolFigures> values;
    [[nodiscard]] const std::optional<double>& operator[](PoolFigure figure) const {
        return values[static_cast<std::size_t>(figure)];
    }
};

/// A user's own name for a figure.
struct PoolMapping {
    PoolFigure figure = PoolFigure::Size;
    MetricSample selector;  // of parse_selector
};
/// From a scenario's `map`: (pool_size, my_metric{pool="x"}) ... Error: an unknown figure or a
/// selector that is none.
[[nodiscard]] Result<std::vector<PoolMapping>> parse_mappings(
    const std::vector<std::pair<std::string, std::string>>& map);

/// Collects the pools of one scrape. Known without configuration: OpenTelemetry's
/// db.client.connection(s).*, HikariCP's, pgxpool's, Go's database/sql. What a user maps counts
/// instead of what was recognised for that pool and figure. Several series of one pool and figure
/// (the processes of one server) add up.
///
/// A pool is called as the first of these labels says: pool, pool_name, pool.name with or without
/// OpenTelemetry's prefix, db_name, datname, db, name; else "default".
class PoolCollector {
public:
    explicit PoolCollector(std::span<const PoolMapping> mappings) : mappings_(mappings) {}
    void add(const MetricSample& sample);
    [[nodiscard]] std::map<std::string, PoolFigures> pools() const;

private:
    std::span<const PoolMapping> mappings_;
    std::map<std::string, PoolFigures> recognised_, mapped_;
};

}  // namespace plimsoll
