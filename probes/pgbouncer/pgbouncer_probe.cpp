#include "probes/pgbouncer/pgbouncer_probe.hpp"

#include "probes/pgbouncer/console.hpp"
#include "probes/postgres/connection.hpp"
#include "probes/postgres/link.hpp"
#include "signal/names.hpp"

#include <array>
#include <cstdlib>
#include <map>
#include <utility>
#include <vector>

namespace plimsoll {
namespace {

enum Metric : std::uint32_t {
    Waiting,
    Clients,
    Active,
    Idle,
    MaxWait,
    PoolSize,
    Transactions,
    Queries,
    TransactionSeconds,
    QuerySeconds,
    WaitSeconds,
    Connections,
    MaxConnections,
};

std::vector<MetricDescriptor> describe_metrics() {
    using enum MetricType;
    const std::vector<std::string> pool{"database", "user"};
    const std::vector<std::string> database{"database"};
    return {
        {metric::kPgbouncerWaiting, Gauge, "Clients that wait for a server connection.", pool},
        {metric::kPgbouncerClients, Gauge, "Clients that do not wait for one.", pool},
        {metric::kPgbouncerActive, Gauge, "Server connections linked to a client.", pool},
        {metric::kPgbouncerIdle, Gauge, "Server connections ready for a client.", pool},
        {metric::kPgbouncerMaxWait, Gauge, "How long the first in the queue has waited.", pool},
        {metric::kPgbouncerPoolSize, Gauge, "Server connections that the pool may have.", pool},
        {metric::kPgbouncerTransactions, Counter, "Transactions pooled.", database},
        {"plimsoll_pgbouncer_queries_total", Counter, "Queries pooled.", database},
        {metric::kPgbouncerTransactionSeconds, Counter,
         "Time that server connections spent in transactions.", database},
        {"plimsoll_pgbouncer_query_seconds_total", Counter,
         "Time that server connections spent on queries.", database},
        {metric::kPgbouncerWaitSeconds, Counter,
         "Time that clients waited for a server connection.", database},
        {metric::kPgbouncerConnections, Gauge, "Client connections, all pools together.", {}},
        {metric::kPgbouncerMaxConnections, Gauge, "The setting max_client_conn.", {}},
    };
}

ConsoleTable table_of(const PgRows& rows) {
    ConsoleTable table;
    for (int column = 0; column < rows.columns(); ++column) {
        table.columns.emplace_back(rows.column_name(column));
    }
    for (int row = 0; row < rows.size(); ++row) {
        auto& cells = table.rows.emplace_back();
        for (int column = 0; column < rows.columns(); ++column) {
            cells.emplace_back(rows.text(row, column));
        }
    }
    return table;
}

class PgbouncerProbe final : public Probe {
public:
    PgbouncerProbe(PgbouncerProbeOptions options, const PgTarget& target)
        : name_(std::move(options.name)),
          period_(options.period),
          link_{PgConnection(target.console(), "")} {}

    [[nodiscard]] std::string name() const override { return name_; }
    [[nodiscard]] std::span<const MetricDescriptor> descriptors() const override {
        return descriptors_;
    }
    [[nodiscard]] Nanoseconds period() const override { return period_; }
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> facts() const override {
        return facts_;
    }
    [[nodiscard]] Status start(Clock::time_point deadline) override;
    [[nodiscard]] Result<Reading> read(Clock::time_point deadline) override;

private:
    Status raise(Clock::time_point deadline);
    Result<ConsoleTable> show(const char* what, Clock::time_point deadline);
    Status read_settings(Clock::time_point deadline);
    void read_counters(Clock::time_point deadline);
    void add_pools(const std::vector<PoolState>& pools, Reading& reading);

    std::string name_;
    Nanoseconds period_;
    std::vector<MetricDescriptor> descriptors_ = describe_metrics();
    Link link_;
    Refusals refusals_;
    std::vector<std::pair<std::string, std::string>> facts_;
    double default_pool_size_ = 0;
    double max_clients_ = 0;
    std::map<std::string, double> pool_sizes_;
    std::map<std::pair<std::string, std::string>, PoolState> pools_;  // all ever seen
    std::vector<Value> counters_;
    Clock::time_point settings_due_{};
    Clock::time_point counters_due_{};
};

Status PgbouncerProbe::raise(Clock::time_point deadline) {
    link_.connection.look();
    const bool was_up = link_.connection.up();
    Status status = link_.raise(deadline, refusals_);
    if (!status) {
        Error error = status.error();
        if (error.what.find("not allowed") != std::string::npos) {
            error.hint = "add \"" + link_.connection.target().user() +
                         "\" to stats_users in pgbouncer.ini, then RELOAD";
        }
        return error;
    }
    if (!was_up) {
        settings_due_ = {};
    }
    return {};
}

Result<ConsoleTable> PgbouncerProbe::show(const char* what, Clock::time_point deadline) {
    const auto rows = link_.connection.query_simple(std::string("SHOW ") + what, deadline);
    if (!rows) {
        return rows.error();
    }
    return table_of(*rows);
}

Status PgbouncerProbe::start(Clock::time_point deadline) {
    if (Status up = raise(deadline); !up) {
        return up;
    }
    return read_settings(deadline);
}

Status PgbouncerProbe::read_settings(Clock::time_point deadline) {
    constexpr std::array<const char*, 6> kKept{"pool_mode",          "default_pool_size",
                                               "reserve_pool_size",  "max_client_conn",
                                               "max_db_connections", "query_wait_timeout"};
    const auto config = show("CONFIG", deadline);
    if (!config) {
        return config.error();
    }
    const auto databases = show("DATABASES", deadline);
    if (!databases) {
        return databases.error();
    }
    auto settings = read_pairs(*config, "key", "value");
    default_pool_size_ = std::strtod(settings["default_pool_size"].c_str(), nullptr);
    max_clients_ = std::strtod(settings["max_client_conn"].c_str(), nullptr);
    pool_sizes_ = read_pool_sizes(*databases);
    facts_.clear();
    for (const char* key : kKept) {
        if (const std::string& value = settings[key]; !value.empty()) {
            facts_.emplace_back(key, value);
        }
    }
    if (const auto version = show("VERSION", deadline); version && !version->rows.empty()) {
        facts_.emplace_back("version", version->rows[0].at(0));
    }
    settings_due_ = Clock::now() + std::chrono::seconds(10);
    return {};
}

/// A failure here costs these values their freshness, not the reading.
void PgbouncerProbe::read_counters(Clock::time_point deadline) {
    counters_due_ = Clock::now() + std::chrono::seconds(1);
    const auto stats = show("STATS", deadline);
    const auto lists = show("LISTS", deadline);
    if (!stats || !lists) {
        return;
    }
    counters_.clear();
    for (const PoolTotals& each : read_totals(*stats)) {
        const auto add = [&](Metric metric, const std::optional<double>& value) {
            if (value) {
                counters_.push_back({metric, {each.database}, *value});
            }
        };
        add(Transactions, each.transactions);
        add(Queries, each.queries);
        add(TransactionSeconds, each.transaction_s);
        add(QuerySeconds, each.query_s);
        add(WaitSeconds, each.wait_s);
    }
    const auto items = read_pairs(*lists, "list", "items");
    if (const auto used = items.find("used_clients"); used != items.end()) {
        counters_.push_back({Connections, {}, std::strtod(used->second.c_str(), nullptr)});
    }
    counters_.push_back({MaxConnections, {}, max_clients_});
}

Result<Reading> PgbouncerProbe::read(Clock::time_point deadline) {
    const Clock::time_point from = Clock::now();
    // Others are read by the same thread: what is late by then is left for the next turn.
    deadline = from + (deadline - from) * 4 / 5;
    if (Status up = raise(deadline); !up) {
        return up.error();
    }
    const auto pools = show("POOLS", deadline);
    if (!pools) {
        return pools.error();
    }
    Reading reading;
    reading.took = Clock::now() - from;
    reading.at = from + reading.took / 2;
    if (from >= settings_due_) {
        if (Status known = read_settings(deadline); !known) {
            return known.error();
        }
    }
    if (from >= counters_due_) {
        read_counters(deadline);
    }
    add_pools(read_pools(*pools), reading);
    reading.values.insert(reading.values.end(), counters_.begin(), counters_.end());
    return reading;
}

void PgbouncerProbe::add_pools(const std::vector<PoolState>& pools, Reading& reading) {
    for (auto& [key, pool] : pools_) {
        pool = {key.first, key.second, {}, 0, 0, 0, 0, 0};
    }
    for (const PoolState& pool : pools) {
        pools_[{pool.database, pool.user}] = pool;
    }
    for (const auto& [key, pool] : pools_) {
        const std::vector<std::string> labels{key.first, key.second};
        const auto size = pool_sizes_.find(key.first);
        reading.values.push_back({Waiting, labels, pool.clients_waiting});
        reading.values.push_back({Clients, labels, pool.clients_active});
        reading.values.push_back({Active, labels, pool.servers_active});
        reading.values.push_back({Idle, labels, pool.servers_idle});
        reading.values.push_back({MaxWait, labels, pool.max_wait_s});
        reading.values.push_back(
            {PoolSize, labels, size == pool_sizes_.end() ? default_pool_size_ : size->second});
    }
}

}  // namespace

Result<ProbePtr> make_pgbouncer_probe(PgbouncerProbeOptions options) {
    const Result<PgTarget> target = PgTarget::parse(options.dsn);
    if (!target) {
        Error error = target.error();
        error.what = "the PgBouncer connection string cannot be read";
        return error;
    }
    return ProbePtr(std::make_unique<PgbouncerProbe>(std::move(options), *target));
}

}  // namespace plimsoll
