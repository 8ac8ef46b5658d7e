#include "probes/postgres/postgres_probe.hpp"

#include "base/log.hpp"
#include "probes/postgres/activity.hpp"
#include "probes/postgres/blockers.hpp"
#include "probes/postgres/connection.hpp"
#include "probes/postgres/costs.hpp"
#include "probes/postgres/link.hpp"
#include "probes/postgres/metrics.hpp"
#include "probes/postgres/queries.hpp"
#include "probes/postgres/rows.hpp"
#include "probes/postgres/sql_text.hpp"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <utility>
#include <vector>

namespace plimsoll {
namespace {

using namespace postgres;

constexpr double kNearlyFull = 0.9;

/// How an error ends that the server gives to a role without the right.
constexpr const char* kDenied = "(SQLSTATE 42501)";

using Facts = std::vector<std::pair<std::string, std::string>>;

std::string fact_of(const Facts& facts, std::string_view key) {
    for (const auto& [name, value] : facts) {
        if (name == key) {
            return value;
        }
    }
    return {};
}

/// Due at most once a second.
class EverySecond {
public:
    bool due(Clock::time_point now) noexcept {
        if (now < next_) {
            return false;
        }
        next_ = now + std::chrono::seconds(1);
        return true;
    }

private:
    Clock::time_point next_{};
};

class PostgresProbe final : public Probe {
public:
    PostgresProbe(PostgresProbeOptions options, const PgTarget& target)
        : name_(std::move(options.name)),
          period_(options.period),
          refusals_(std::move(options.refusals)),
          main_{PgConnection(target, kPgSessionSettings)} {
        if (options.spare) {
            spare_.emplace(Link{PgConnection(target, kPgSessionSettings)});
            spare_->connection.give_up_after(kSpareBusyLimit);
        }
    }

    [[nodiscard]] std::string name() const override { return name_; }
    [[nodiscard]] std::span<const MetricDescriptor> descriptors() const override {
        return descriptors_;
    }
    [[nodiscard]] Nanoseconds period() const override { return period_; }
    [[nodiscard]] Facts facts() const override {
        Facts all = facts_;
        all.insert(all.end(), end_facts_.begin(), end_facts_.end());
        return all;
    }
    [[nodiscard]] Status start(Clock::time_point deadline) override;
    [[nodiscard]] Result<Reading> read(Clock::time_point deadline) override;
    void finish(Clock::time_point deadline) override;

private:
    // While a server hangs, the first connection is given up and tried anew, because a new server
    // may stand in its place. The spare holds its slot for longer: the same server may come back,
    // and be full.
    static constexpr Nanoseconds kSpareBusyLimit = std::chrono::seconds(30);

    Result<PgRows> activity(Clock::time_point deadline);
    Result<PgRows> ask_activity(Clock::time_point deadline);
    void swap_connections();
    Status learn_server(Clock::time_point deadline);
    void warn_of_privileges();
    void refresh_counters(Clock::time_point deadline);
    void read_blockers_of(Clock::time_point deadline, Reading& reading);
    void keep_spare();
    void note_visibility(const std::vector<ActivityGroup>& groups, Reading& reading);
    [[nodiscard]] double setting(const std::string& name) const;
    void add_activity(const PgRows& rows, Reading& reading);
    void add_counters(Reading& reading) const;

    std::string name_;
    Nanoseconds period_;
    std::shared_ptr<Refusals> refusals_;
    std::vector<MetricDescriptor> descriptors_ = describe_metrics();
    Link main_;
    std::optional<Link> spare_;
    bool server_known_ = false;  // as it runs now
    Facts facts_;
    Facts end_facts_;
    ActivitySeries series_;
    bool hidden_ = false;  // some backend's state was, at the last reading
    EverySecond counters_due_;
    std::vector<Value> counters_;  // the last ones read
    std::string counters_trouble_;
    EverySecond blockers_due_;
    std::uint64_t blocked_ = 0;  // at the last reading
    BlockerTally blockers_;
    Costs costs_;
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
    if (Status known = learn_server(deadline); !known) {
        return known;
    }
    if (spare_) {
        if (Status up = spare_->raise(deadline, *refusals_); !up) {
            spdlog::warn("no spare connection probe={} reason=\"{}\"", name_,
                         up.error().to_string());
        }
    }
    warn_of_privileges();
    return {};
}

void PostgresProbe::warn_of_privileges() {
    if (const std::string grant = fact_of(facts_, "missing_grant"); !grant.empty()) {
        hidden_ = true;
        spdlog::warn("other roles' activity is hidden probe={} fix=\"{}\"", name_, grant);
    }
    if (const std::string grant = fact_of(facts_, "missing_slot_grant"); !grant.empty()) {
        spdlog::info("reserved connections cannot be used probe={} fix=\"{}\"", name_, grant);
    }
}

/// What holds until the server is restarted. Also the first look at what statements and tables have
/// cost so far.
Status PostgresProbe::learn_server(Clock::time_point deadline) {
    const int version = main_.connection.server_version();
    const Result<PgRows> rows = main_.connection.query(settings_sql(version), deadline);
    if (!rows) {
        return rows.error();
    }
    facts_.clear();
    for (int row = 0; row < rows->size(); ++row) {
        facts_.emplace_back(rows->text(row, 0), rows->text(row, 1));
    }
    server_known_ = true;
    const Facts troubles =
        costs_.begin(main_.connection, fact_of(facts_, "statements_schema"), deadline);
    facts_.insert(facts_.end(), troubles.begin(), troubles.end());
    return {};
}

double PostgresProbe::setting(const std::string& name) const {
    // reserved_connections is not there before PostgreSQL 16.
    return std::strtod(fact_of(facts_, name).c_str(), nullptr);
}

void PostgresProbe::swap_connections() {
    std::swap(main_, *spare_);
    main_.connection.give_up_after(PgConnection::kBusyLimit);
    spare_->connection.give_up_after(kSpareBusyLimit);
}

Result<PgRows> PostgresProbe::ask_activity(Clock::time_point deadline) {
    Result<PgRows> rows = main_.ask("plimsoll_activity", activity_sql, deadline);
    if (!rows && rows.error().what.ends_with(kDenied)) {
        Error error = rows.error();
        error.hint =
            "run GRANT SELECT ON pg_stat_activity TO " + quote_name(fact_of(facts_, "role"));
        return error;
    }
    return rows;
}

Result<PgRows> PostgresProbe::activity(Clock::time_point deadline) {
    if (spare_) {
        main_.connection.look();
        spare_->connection.look();
        const bool usable = spare_->connection.up() && !spare_->connection.busy();
        if (usable && (!main_.connection.up() || main_.connection.busy())) {
            swap_connections();
        }
    }
    if (Status up = main_.raise(deadline, *refusals_); !up) {
        return up.error();
    }
    Result<PgRows> rows = ask_activity(deadline);
    if (!rows && !main_.connection.up()) {
        server_known_ = false;  // the server may have been restarted with other settings
        if (spare_ && spare_->connection.up()) {
            swap_connections();
            return ask_activity(deadline);
        }
    }
    return rows;
}

Result<Reading> PostgresProbe::read(Clock::time_point deadline) {
    const Clock::time_point from = Clock::now();
    // Others are read by the same thread: what is late by then is left for the next turn.
    deadline = from + (deadline - from) * 4 / 5;
    Result<PgRows> rows = activity(deadline);
    const Nanoseconds took = Clock::now() - from;
    if (!rows) {
        keep_spare();
        return rows.error();
    }
    if (!server_known_) {
        if (Status known = learn_server(deadline); !known) {
            return known.error();
        }
    }
    Reading reading;
    reading.at = from + took / 2;
    reading.took = took;
    add_activity(*rows, reading);
    read_blockers_of(deadline, reading);
    if (counters_due_.due(from)) {
        refresh_counters(deadline);
    }
    add_counters(reading);
    keep_spare();
    return reading;
}

/// A failure here costs these values their freshness, not the reading.
void PostgresProbe::refresh_counters(Clock::time_point deadline) {
    const auto rows = main_.ask(
        "plimsoll_counters", [&] { return counters_sql(main_.connection.server_version()); },
        deadline);
    if (!rows) {
        if (counters_trouble_.empty() && main_.connection.up() && !main_.connection.busy()) {
            counters_trouble_ = rows.error().to_string();
            spdlog::warn("counters cannot be read probe={} reason=\"{}\"", name_,
                         counters_trouble_);
        }
        return;
    }
    counters_trouble_.clear();
    counters_ = read_counters(*rows, descriptors_);
}

void PostgresProbe::read_blockers_of(Clock::time_point deadline, Reading& reading) {
    if (blocked_ == 0 || !blockers_due_.due(Clock::now())) {
        return;
    }
    if (const auto rows = main_.ask("plimsoll_blockers", blockers_sql, deadline)) {
        for (std::string& note : blockers_.add(read_blockers(*rows))) {
            reading.notes.push_back(std::move(note));
        }
    }
}

void PostgresProbe::finish(Clock::time_point deadline) {
    end_facts_ = blockers_.facts();
    if (spare_ && spare_->connection.up() && !main_.connection.up()) {
        swap_connections();
    }
    const Facts facts =
        costs_.since(main_.connection, fact_of(facts_, "statements_schema"), deadline);
    end_facts_.insert(end_facts_.end(), facts.begin(), facts.end());
}

/// One step towards a spare connection, without waiting.
void PostgresProbe::keep_spare() {
    if (spare_) {
        spare_->connection.look();
        static_cast<void>(spare_->raise(Clock::now(), *refusals_));
    }
}

void PostgresProbe::note_visibility(const std::vector<ActivityGroup>& groups, Reading& reading) {
    const std::string role = fact_of(facts_, "role");
    const bool hidden =
        std::any_of(groups.begin(), groups.end(), [](const ActivityGroup& g) { return g.hidden; });
    const bool seen = std::any_of(groups.begin(), groups.end(), [&](const ActivityGroup& g) {
        return !g.ours && !g.hidden && g.usename != role;
    });
    if (hidden == hidden_ || (!hidden && !seen)) {
        return;  // with nobody else there, there is nothing to see
    }
    hidden_ = hidden;
    std::erase_if(facts_, [](const auto& fact) { return fact.first == "missing_grant"; });
    if (!hidden) {
        reading.notes.emplace_back("other roles' activity can be seen");
        return;
    }
    const std::string grant = "GRANT pg_monitor TO " + quote_name(fact_of(facts_, "role"));
    facts_.emplace_back("missing_grant", grant);
    reading.notes.push_back("other roles' activity is hidden; run " + grant);
    spdlog::warn("other roles' activity is hidden probe={} fix=\"{}\"", name_, grant);
}

void PostgresProbe::add_activity(const PgRows& rows, Reading& reading) {
    const std::vector<ActivityGroup> groups = read_groups(rows);
    const ActivitySummary summary = summarise(groups);
    series_.update(groups);
    const auto add = [&](Metric metric, const CountSeries& series) {
        for (const auto& [labels, count] : series.counts()) {
            reading.values.push_back({metric, labels, static_cast<double>(count)});
        }
    };
    add(Backends, series_.backends);
    add(Waiting, series_.waiting);
    add(Stale, series_.stale);
    const double most = setting("max_connections");
    const double reserved =
        setting("superuser_reserved_connections") + setting("reserved_connections");
    const double used = static_cast<double>(summary.connections) / std::max(most - reserved, 1.0);
    if (used >= kNearlyFull) {
        refusals_->saw_nearly_full(reading.at);
    }
    reading.values.push_back({UsedRatio, {}, used});
    reading.values.push_back({MaxConnections, {}, most});
    reading.values.push_back({Reserved, {}, reserved});
    note_visibility(groups, reading);
    blocked_ = summary.blocked;
    if (summary.hidden == 0) {
        reading.values.push_back({Blocked, {}, static_cast<double>(summary.blocked)});
        reading.values.push_back({LongestTransaction, {}, summary.longest_transaction_s});
        reading.values.push_back({IdleInTransaction, {}, summary.longest_idle_in_transaction_s});
        reading.values.push_back({NewBackends, {}, static_cast<double>(summary.fresh)});
    }
}

void PostgresProbe::add_counters(Reading& reading) const {
    reading.values.insert(reading.values.end(), counters_.begin(), counters_.end());
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
