#include "probes/app_metrics/pool_metrics.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace plimsoll {
namespace {

struct KnownMetric {
    std::string_view name;  // dots as underscores
    PoolFigure figure;
    std::string_view state = {};  // only series whose label `state` says so
};

// Names as the libraries publish them; OpenTelemetry's by way of its Prometheus exporters, of the
// current convention and the one before it.
constexpr std::array kKnown{
    KnownMetric{"db_client_connection_count", PoolFigure::Used, "used"},
    KnownMetric{"db_client_connection_count", PoolFigure::Idle, "idle"},
    KnownMetric{"db_client_connection_max", PoolFigure::Size},
    KnownMetric{"db_client_connection_pending_requests", PoolFigure::Pending},
    KnownMetric{"db_client_connection_timeouts_total", PoolFigure::Timeouts},
    KnownMetric{"db_client_connections_usage", PoolFigure::Used, "used"},
    KnownMetric{"db_client_connections_usage", PoolFigure::Idle, "idle"},
    KnownMetric{"db_client_connections_max", PoolFigure::Size},
    KnownMetric{"db_client_connections_pending_requests", PoolFigure::Pending},
    KnownMetric{"db_client_connections_timeouts_total", PoolFigure::Timeouts},
    // HikariCP by Micrometer
    KnownMetric{"hikaricp_connections_max", PoolFigure::Size},
    KnownMetric{"hikaricp_connections_active", PoolFigure::Used},
    KnownMetric{"hikaricp_connections_idle", PoolFigure::Idle},
    KnownMetric{"hikaricp_connections_pending", PoolFigure::Pending},
    KnownMetric{"hikaricp_connections_timeout_total", PoolFigure::Timeouts},
    // HikariCP by its own collector
    KnownMetric{"hikaricp_max_connections", PoolFigure::Size},
    KnownMetric{"hikaricp_active_connections", PoolFigure::Used},
    KnownMetric{"hikaricp_idle_connections", PoolFigure::Idle},
    KnownMetric{"hikaricp_pending_threads", PoolFigure::Pending},
    KnownMetric{"hikaricp_connection_timeout_total", PoolFigure::Timeouts},
    // pgxpool
    KnownMetric{"pgxpool_max_conns", PoolFigure::Size},
    KnownMetric{"pgxpool_acquired_conns", PoolFigure::Used},
    KnownMetric{"pgxpool_idle_conns", PoolFigure::Idle},
    KnownMetric{"pgxpool_empty_acquire_count", PoolFigure::Waits},
    KnownMetric{"pgxpool_empty_acquire_count_total", PoolFigure::Waits},
    KnownMetric{"pgxpool_empty_acquire", PoolFigure::Waits},
    KnownMetric{"pgxpool_empty_acquire_total", PoolFigure::Waits},
    KnownMetric{"pgxpool_canceled_acquire_count", PoolFigure::Timeouts},
    KnownMetric{"pgxpool_canceled_acquire_count_total", PoolFigure::Timeouts},
    // Go's database/sql: by the client library's collector, and by sqlstats
    KnownMetric{"go_sql_max_open_connections", PoolFigure::Size},
    KnownMetric{"go_sql_in_use_connections", PoolFigure::Used},
    KnownMetric{"go_sql_idle_connections", PoolFigure::Idle},
    KnownMetric{"go_sql_wait_count_total", PoolFigure::Waits},
    KnownMetric{"go_sql_stats_connections_max_open", PoolFigure::Size},
    KnownMetric{"go_sql_stats_connections_in_use", PoolFigure::Used},
    KnownMetric{"go_sql_stats_connections_idle", PoolFigure::Idle},
    KnownMetric{"go_sql_stats_connections_waited_for", PoolFigure::Waits},
    KnownMetric{"go_sql_stats_connections_waited_for_total", PoolFigure::Waits},
};

constexpr std::array<std::string_view, 12> kPoolLabels{"pool",
                                                       "pool_name",
                                                       "db_client_connection_pool_name",
                                                       "db_client_connections_pool_name",
                                                       "db.client.connection.pool.name",
                                                       "db.client.connections.pool.name",
                                                       "pool.name",
                                                       "db_name",
                                                       "datname",
                                                       "dbname",
                                                       "db",
                                                       "name"};
// A label's value ends up in our own series: no more of it than a name needs.
constexpr std::size_t kLongestPoolName = 100;

std::string pool_of(const MetricSample& sample) {
    for (const std::string_view label : kPoolLabels) {
        const std::string_view value = sample.label(label);
        if (!value.empty()) {
            return std::string(value.substr(0, kLongestPoolName));
        }
    }
    return "default";
}

std::string_view state_of(const MetricSample& sample) {
    for (const std::string_view label :
         {"state", "db_client_connection_state", "db_client_connections_state",
          "db.client.connection.state"}) {
        if (const std::string_view value = sample.label(label); !value.empty()) {
            return value;
        }
    }
    return {};
}

bool fits(const MetricSample& selector, const MetricSample& sample) {
    return selector.name == sample.name &&
           std::all_of(selector.labels.begin(), selector.labels.end(), [&](const auto& label) {
               return sample.label(label.first) == label.second;
           });
}

}  // namespace

Result<std::vector<PoolMapping>> parse_mappings(
    const std::vector<std::pair<std::string, std::string>>& map) {
    std::vector<PoolMapping> mappings;
    for (const auto& [figure, text] : map) {
        const auto known = std::find(kPoolFigureNames.begin(), kPoolFigureNames.end(), figure);
        if (known == kPoolFigureNames.end()) {
            return Error{fmt::format("is no figure of a pool; there are {}",
                                     fmt::join(kPoolFigureNames, ", ")),
                         figure};
        }
        auto selector = parse_selector(text);
        if (!selector) {
            return Error{selector.error().what, figure, selector.error().hint};
        }
        mappings.push_back(
            {static_cast<PoolFigure>(known - kPoolFigureNames.begin()), std::move(*selector)});
    }
    return mappings;
}

void PoolCollector::add(const MetricSample& sample) {
    if (!std::isfinite(sample.value)) {
        return;
    }
    const auto count = [&](std::map<std::string, PoolFigures>& pools, PoolFigure figure) {
        auto& value = pools[pool_of(sample)].values[static_cast<std::size_t>(figure)];
        value = value.value_or(0) + sample.value;
    };
    for (const PoolMapping& mapping : mappings_) {
        if (fits(mapping.selector, sample)) {
            count(mapped_, mapping.figure);
        }
    }
    std::string name = sample.name;
    std::replace(name.begin(), name.end(), '.', '_');
    for (const KnownMetric& known : kKnown) {
        if (known.name == name && (known.state.empty() || known.state == state_of(sample))) {
            // database/sql says 0 where the number is not limited.
            if (known.figure != PoolFigure::Size || sample.value > 0) {
                count(recognised_, known.figure);
            }
        }
    }
}

std::map<std::string, PoolFigures> PoolCollector::pools() const {
    std::map<std::string, PoolFigures> all = recognised_;
    for (const auto& [pool, figures] : mapped_) {
        for (std::size_t i = 0; i < kPoolFigures; ++i) {
            if (figures.values[i]) {
                all[pool].values[i] = figures.values[i];
            }
        }
    }
    return all;
}

}  // namespace plimsoll
