#include "probes/postgres/postgres_probe.hpp"

#include "base/log.hpp"
#include "probes/postgres/activity.hpp"
#include "probes/postgres/connection.hpp"
#include "signal/names.hpp"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <utility>
#include <vector>

namespace plimsoll {
namespace {

enum Metric : std::uint32_t {
    Backends,
    UsedRatio,
    MaxConnections,
    Reserved,
    Blocked,
    LongestTransaction,
    IdleInTransaction,
    Transactions,
    Refused,
};

std::vector<MetricDescriptor> describe_metrics() {
    using enum MetricType;
    return {
        {metric::kPgBackends,
         Gauge,
         "Client backends, Plimsoll's own left out.",
         {"datname", "usename", "application_name", "state", "wait_event_type"}},
        {metric::kPgConnectionsUsedRatio,
         Gauge,
         "Client backends over the connections that roles without privileges can have.",
         {}},
        {metric::kPgMaxConnections, Gauge, "The setting max_connections.", {}},
        {metric::kPgReservedConnections,
         Gauge,
         "Connections kept for superusers and privileged roles.",
         {}},
        {metric::kPgBlockedBackends, Gauge, "Client backends that wait for a lock.", {}},
        {metric::kPgLongestTransaction, Gauge, "Age of the oldest open transaction.", {}},
        {metric::kPgIdleInTransaction,
         Gauge,
         "Longest time a backend has been idle in its transaction.",
         {}},
        {metric::kPgTransactions,
         Counter,
         "Transactions ended in the probe's database.",
         {"datname", "result"}},
        {metric::kPgConnectionRefused,
         Counter,
         "Connections that the server refused to Plimsoll.",
         {"sqlstate"}},
    };
}

// backend_type is NULL where the role may not see a backend's state (not only state and
// wait_event): asking for 'client backend' alone would make everybody else's connections vanish.
// Those with a database and a user are client backends, but for a background worker now and then.
constexpr const char* kPrepare =
    "PREPARE plimsoll_activity AS SELECT "
    "coalesce(datname, ''), coalesce(usename, ''), coalesce(application_name, ''), "
    "state, wait_event_type, coalesce(application_name, '') = 'plimsoll', backend_type IS NULL, "
    "count(*), max(extract(epoch FROM clock_timestamp() - xact_start))::float8, "
    "max(extract(epoch FROM clock_timestamp() - state_change))::float8 "
    "FROM pg_stat_activity WHERE backend_type = 'client backend' "
    "OR (backend_type IS NULL AND datid IS NOT NULL AND usesysid IS NOT NULL) "
    "GROUP BY 1, 2, 3, 4, 5, 6, 7; "
    "PREPARE plimsoll_database AS SELECT datname, xact_commit, xact_rollback "
    "FROM pg_stat_database WHERE datname = current_database();";

// reset_val: what applies to others, not what this session has set for itself.
constexpr const char* kSettings =
    "SELECT name, reset_val FROM pg_settings WHERE name IN ('server_version', "
    "'server_version_num', 'max_connections', 'superuser_reserved_connections', "
    "'reserved_connections', 'idle_in_transaction_session_timeout', 'statement_timeout', "
    "'synchronous_commit', 'track_io_timing') "
    "UNION ALL SELECT 'database', current_database()::text "
    "UNION ALL SELECT 'role', current_user::text "
    "UNION ALL SELECT 'missing_grant', 'GRANT pg_monitor TO ' || quote_ident(current_user) "
    "WHERE NOT pg_has_role('pg_read_all_stats', 'usage')";

std::optional<std::string> text_or_null(const PgRows& rows, int row, int column) {
    if (rows.null(row, column)) {
        return std::nullopt;
    }
    return std::string(rows.text(row, column));
}
std::optional<double> number_or_null(const PgRows& rows, int row, int column) {
    if (rows.null(row, column)) {
        return std::nullopt;
    }
    return rows.number(row, column);
}

std::vector<ActivityGroup> read_groups(const PgRows& rows) {
    std::vector<ActivityGroup> groups;
    for (int row = 0; row < rows.size(); ++row) {
        groups.push_back({std::string(rows.text(row, 0)), std::string(rows.text(row, 1)),
                          std::string(rows.text(row, 2)), text_or_null(rows, row, 3),
                          text_or_null(rows, row, 4), rows.text(row, 5) == "t",
                          rows.text(row, 6) == "t", static_cast<std::uint64_t>(rows.number(row, 7)),
                          number_or_null(rows, row, 8), number_or_null(rows, row, 9)});
    }
    return groups;
}

/// When a connection may be tried again: 0.1 s after the first failure, doubling up to 1 s, so
/// that a server that comes back is found within 2 s and one that is down is left in peace.
class Backoff {
public:
    [[nodiscard]] bool due(Clock::time_point now) const noexcept { return now >= next_; }
    void failed(Clock::time_point now) noexcept {
        next_ = now + wait_;
        wait_ = std::min<Nanoseconds>(wait_ * 2, std::chrono::seconds(1));
    }
    void succeeded() noexcept { *this = Backoff(); }

private:
    Clock::time_point next_{};
    Nanoseconds wait_ = std::chrono::milliseconds(100);
};

/// A connection that is opened again when lost.
struct Link {
    PgConnection connection;
    Backoff backoff;

    /// One more try to be up by `deadline`, if it is time for one. Refusals are counted.
    Status raise(Clock::time_point deadline, Refusals& refusals) {
        if (connection.up()) {
            return {};
        }
        if (!connection.connecting() && !backoff.due(Clock::now())) {
            return Error{"the connection is lost; it is tried again shortly",
                         connection.target().where()};
        }
        Status status = connection.connect(deadline);
        if (status) {
            backoff.succeeded();
        } else if (!connection.connecting()) {
            backoff.failed(Clock::now());
            refusals.count(connection.sqlstate());
        }
        return status;
    }
};

class PostgresProbe final : public Probe {
public:
    PostgresProbe(PostgresProbeOptions options, const PgTarget& target)
        : name_(std::move(options.name)),
          period_(options.period),
          refusals_(std::move(options.refusals)),
          main_{PgConnection(target, std::string(kPgSessionSettings) + kPrepare), {}} {
        if (options.spare) {
            spare_.emplace(
                Link{PgConnection(target, std::string(kPgSessionSettings) + kPrepare), {}});
        }
    }

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
    Result<PgRows> activity(Clock::time_point deadline);
    Status read_settings(Clock::time_point deadline);
    void read_transactions(Clock::time_point deadline);
    void keep_spare();
    [[nodiscard]] double setting(const std::string& name) const;
    void add_activity(const PgRows& rows, Reading& reading);
    void add_counters(Reading& reading) const;

    std::string name_;
    Nanoseconds period_;
    std::shared_ptr<Refusals> refusals_;
    std::vector<MetricDescriptor> descriptors_ = describe_metrics();
    Link main_;
    std::optional<Link> spare_;
    bool settings_known_ = false;  // of the server as it runs now
    std::vector<std::pair<std::string, std::string>> facts_;
    BackendSeries backends_;
    struct Transactions {
        std::string datname;
        double committed;
        double rolled_back;
    };
    std::optional<Transactions> transactions_;
    Clock::time_point transactions_due_{};
};

Status PostgresProbe::start(Clock::time_point deadline) {
    if (Status up = main_.raise(deadline, *refusals_); !up) {
        Error error = up.error();
        if (main_.connection.sqlstate() == kTooManyConnections) {
            error.hint =
                "the server is full before the load has begun; free connections or raise "
                "max_connections";
        }
        return error;
    }
    if (Status known = read_settings(deadline); !known) {
        return known;
    }
    if (spare_) {
        if (Status up = spare_->raise(deadline, *refusals_); !up) {
            spdlog::warn("no spare connection probe={} reason=\"{}\"", name_,
                         up.error().to_string());
        }
    }
    for (const auto& [key, value] : facts_) {
        if (key == "missing_grant") {
            spdlog::warn("other roles' activity is hidden probe={} fix=\"{}\"", name_, value);
        }
    }
    return {};
}

Status PostgresProbe::read_settings(Clock::time_point deadline) {
    const Result<PgRows> rows = main_.connection.query(kSettings, deadline);
    if (!rows) {
        return rows.error();
    }
    facts_.clear();
    for (int row = 0; row < rows->size(); ++row) {
        facts_.emplace_back(rows->text(row, 0), rows->text(row, 1));
    }
    settings_known_ = true;
    return {};
}

double PostgresProbe::setting(const std::string& name) const {
    for (const auto& [key, value] : facts_) {
        if (key == name) {
            return std::strtod(value.c_str(), nullptr);
        }
    }
    return 0;  // reserved_connections before PostgreSQL 16
}

Result<PgRows> PostgresProbe::activity(Clock::time_point deadline) {
    constexpr const char* kStatement = "plimsoll_activity";
    if (spare_) {
        spare_->connection.look();
        const bool usable = spare_->connection.up() && !spare_->connection.busy();
        if (usable && (!main_.connection.up() || main_.connection.busy())) {
            std::swap(main_, *spare_);
        }
    }
    if (Status up = main_.raise(deadline, *refusals_); !up) {
        return up.error();
    }
    Result<PgRows> rows = main_.connection.query_prepared(kStatement, deadline);
    if (!rows && !main_.connection.up()) {
        settings_known_ = false;  // the server may have been restarted with others
        if (spare_ && spare_->connection.up()) {
            std::swap(main_, *spare_);
            return main_.connection.query_prepared(kStatement, deadline);
        }
    }
    return rows;
}

Result<Reading> PostgresProbe::read(Clock::time_point deadline) {
    const Clock::time_point from = Clock::now();
    Result<PgRows> rows = activity(deadline);
    const Nanoseconds took = Clock::now() - from;
    if (!rows) {
        keep_spare();
        return rows.error();
    }
    if (!settings_known_) {
        if (Status known = read_settings(deadline); !known) {
            return known.error();
        }
    }
    read_transactions(deadline);
    Reading reading;
    reading.at = from + took / 2;
    reading.took = took;
    add_activity(*rows, reading);
    add_counters(reading);
    keep_spare();
    return reading;
}

void PostgresProbe::read_transactions(Clock::time_point deadline) {
    const Clock::time_point now = Clock::now();
    if (now < transactions_due_) {
        return;
    }
    transactions_due_ = now + std::chrono::seconds(1);
    // A failure here costs these values their freshness, not the reading.
    if (const auto rows = main_.connection.query_prepared("plimsoll_database", deadline);
        rows && rows->size() == 1) {
        transactions_ = {std::string(rows->text(0, 0)), rows->number(0, 1), rows->number(0, 2)};
    }
}

/// One step towards a spare connection, without waiting.
void PostgresProbe::keep_spare() {
    if (spare_) {
        spare_->connection.look();
        static_cast<void>(spare_->raise(Clock::now(), *refusals_));
    }
}

void PostgresProbe::add_activity(const PgRows& rows, Reading& reading) {
    const std::vector<ActivityGroup> groups = read_groups(rows);
    const ActivitySummary summary = summarise(groups);
    for (const auto& [labels, count] : backends_.update(groups)) {
        reading.values.push_back(
            {Backends, {labels.begin(), labels.end()}, static_cast<double>(count)});
    }
    const double most = setting("max_connections");
    const double reserved =
        setting("superuser_reserved_connections") + setting("reserved_connections");
    reading.values.push_back(
        {UsedRatio, {}, static_cast<double>(summary.connections) / std::max(most - reserved, 1.0)});
    reading.values.push_back({MaxConnections, {}, most});
    reading.values.push_back({Reserved, {}, reserved});
    if (summary.hidden == 0) {
        reading.values.push_back({Blocked, {}, static_cast<double>(summary.blocked)});
        reading.values.push_back({LongestTransaction, {}, summary.longest_transaction_s});
        reading.values.push_back({IdleInTransaction, {}, summary.longest_idle_in_transaction_s});
    }
}

void PostgresProbe::add_counters(Reading& reading) const {
    if (transactions_) {
        const Transactions& seen = *transactions_;
        reading.values.push_back({Metric::Transactions, {seen.datname, "commit"}, seen.committed});
        reading.values.push_back(
            {Metric::Transactions, {seen.datname, "rollback"}, seen.rolled_back});
    }
    for (const auto& [sqlstate, count] : refusals_->by_sqlstate()) {
        reading.values.push_back({Refused, {sqlstate}, static_cast<double>(count)});
    }
}

}  // namespace

Result<ProbePtr> make_postgres_probe(PostgresProbeOptions options) {
    const Result<PgTarget> target = PgTarget::parse(options.dsn);
    if (!target) {
        return target.error();
    }
    if (options.refusals == nullptr) {
        options.refusals = std::make_shared<Refusals>();
    }
    return ProbePtr(std::make_unique<PostgresProbe>(std::move(options), *target));
}

}  // namespace plimsoll
