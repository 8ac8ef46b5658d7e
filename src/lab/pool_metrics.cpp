#include "lab/pool_metrics.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace plimsoll {
namespace {

class Text {
public:
    template <typename Number>
    void add(std::string_view name, std::string_view type, std::string_view labels, Number value) {
        // Within a family the type comes once; families are written one after the other.
        if (name != last_) {
            text_ += fmt::format("# TYPE {} {}\n", name, type);
            last_ = name;
        }
        text_ += fmt::format("{}{} {}\n", name, labels, value);
    }
    std::string take() { return std::move(text_); }
    void append(std::string_view more) { text_ += more; }

private:
    std::string text_;
    std::string last_;
};

struct Figures {
    int most;
    int total;
    int used;
    int idle;
};

Figures figures_of(const DatabasePoolState& pool) {
    const int used = std::min(pool.busy, pool.connected);
    return {pool.size + pool.overflow, pool.connected, used, pool.connected - used};
}

void add_otel(Text& text, const DatabasePoolState& pool) {
    const Figures now = figures_of(pool);
    const std::string count = "db_client_connection_count";
    text.add(count, "gauge",
             R"({db_client_connection_pool_name="lab",db_client_connection_state="idle"})",
             now.idle);
    text.add(count, "gauge",
             R"({db_client_connection_pool_name="lab",db_client_connection_state="used"})",
             now.used);
    constexpr std::string_view kPool = R"({db_client_connection_pool_name="lab"})";
    text.add("db_client_connection_max", "gauge", kPool, now.most);
    text.add("db_client_connection_pending_requests", "gauge", kPool, pool.waiting);
    text.add("db_client_connection_timeouts_total", "counter", kPool, pool.timeouts);
    text.append("# TYPE db_client_connection_wait_time_seconds summary\n");
    text.append(
        fmt::format("db_client_connection_wait_time_seconds_sum{} {}\n", kPool, pool.wait_seconds));
    text.append(
        fmt::format("db_client_connection_wait_time_seconds_count{} {}\n", kPool, pool.acquires));
}

void add_hikari(Text& text, const DatabasePoolState& pool) {
    const Figures now = figures_of(pool);
    constexpr std::string_view kPool = R"({pool="lab"})";
    text.add("hikaricp_connections", "gauge", kPool, now.total);
    text.add("hikaricp_connections_active", "gauge", kPool, now.used);
    text.add("hikaricp_connections_idle", "gauge", kPool, now.idle);
    text.add("hikaricp_connections_pending", "gauge", kPool, pool.waiting);
    text.add("hikaricp_connections_max", "gauge", kPool, now.most);
    text.add("hikaricp_connections_min", "gauge", kPool, pool.size);
    text.add("hikaricp_connections_timeout_total", "counter", kPool, pool.timeouts);
    text.append("# TYPE hikaricp_connections_acquire_seconds summary\n");
    text.append(
        fmt::format("hikaricp_connections_acquire_seconds_count{} {}\n", kPool, pool.acquires));
    text.append(
        fmt::format("hikaricp_connections_acquire_seconds_sum{} {}\n", kPool, pool.wait_seconds));
}

void add_pgx(Text& text, const DatabasePoolState& pool) {
    const Figures now = figures_of(pool);
    text.add("pgxpool_acquired_conns", "gauge", "", now.used);
    text.add("pgxpool_idle_conns", "gauge", "", now.idle);
    text.add("pgxpool_total_conns", "gauge", "", now.total);
    text.add("pgxpool_max_conns", "gauge", "", now.most);
    text.add("pgxpool_acquire_count", "counter", "", pool.acquires);
    text.add("pgxpool_acquire_duration_ns", "counter", "",
             static_cast<std::uint64_t>(pool.wait_seconds * 1e9));
    text.add("pgxpool_empty_acquire_count", "counter", "", pool.empty_acquires);
    text.add("pgxpool_canceled_acquire_count", "counter", "", pool.timeouts);
}

}  // namespace

Result<PoolMetrics> parse_pool_metrics(std::string_view text) {
    if (text == "none") {
        return PoolMetrics::None;
    }
    if (text == "otel") {
        return PoolMetrics::Otel;
    }
    if (text == "hikari") {
        return PoolMetrics::Hikari;
    }
    if (text == "pgx") {
        return PoolMetrics::Pgx;
    }
    return Error{fmt::format("must be otel, hikari, pgx or none, got \"{}\"", text), {}, {}};
}

std::string metrics_text(PoolMetrics naming, const DatabasePoolState& pool,
                         std::uint64_t requests) {
    Text text;
    text.add("lab_requests_total", "counter", "", requests);
    switch (naming) {
        case PoolMetrics::Otel:
            add_otel(text, pool);
            break;
        case PoolMetrics::Hikari:
            add_hikari(text, pool);
            break;
        case PoolMetrics::Pgx:
            add_pgx(text, pool);
            break;
        case PoolMetrics::None:
            break;
    }
    return text.take();
}

}  // namespace plimsoll
