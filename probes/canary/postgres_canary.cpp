#include "probes/canary/canary.hpp"
#include "probes/canary/canary_probe.hpp"
#include "probes/postgres/connection.hpp"
#include "probes/postgres/postgres_probe.hpp"
#include "signal/names.hpp"

#include <algorithm>
#include <utility>

namespace plimsoll {
namespace {

class SelectCanary final : public CanaryProbe {
public:
    SelectCanary(PostgresCanaryOptions options, PgTarget target)
        : CanaryProbe(options.name.empty() ? "select_1" : options.name, options.period),
          connection_(std::move(target), kPgSessionSettings),
          refusals_(std::move(options.refusals)) {}

private:
    [[nodiscard]] Result<Nanoseconds> attempt(Clock::time_point deadline) override {
        if (Status up = connection_.connect(deadline); !up) {
            if (refusals_ != nullptr && !connection_.connecting()) {
                refusals_->count(connection_.sqlstate());
            }
            return up.error();
        }
        const Clock::time_point from = Clock::now();
        const Result<PgRows> rows = connection_.query("SELECT 1", deadline);
        if (!rows) {
            return rows.error();
        }
        return Clock::now() - from;
    }

    PgConnection connection_;
    std::shared_ptr<Refusals> refusals_;
};

class ConnectCanary final : public CanaryProbe {
public:
    ConnectCanary(PostgresCanaryOptions options, PgTarget target)
        : CanaryProbe(options.name.empty() ? "pg_connect" : options.name,
                      std::max(options.period, kCanaryPeriod)),
          target_(std::move(target)),
          refusals_(std::move(options.refusals)) {
        if (refusals_ == nullptr) {
            refusals_ = std::make_shared<Refusals>();
            refused_metric_ = declare({metric::kPgConnectionRefused,
                                       MetricType::Counter,
                                       "Connections that the server refused to Plimsoll.",
                                       {"sqlstate"}});
        }
    }

private:
    [[nodiscard]] Result<Nanoseconds> attempt(Clock::time_point deadline) override {
        PgConnection connection(target_, "");
        const Clock::time_point from = Clock::now();
        if (Status up = connection.connect(deadline); !up) {
            refusals_->count(connection.sqlstate());
            return up.error();
        }
        return Clock::now() - from;
    }
    /// A full server is what this canary is there for.
    [[nodiscard]] bool urgent() const override { return refusals_->nearly_full(Clock::now()); }
    void add_values(Reading& reading) const override {
        if (refused_metric_ == 0) {
            return;
        }
        for (const auto& [sqlstate, count] : refusals_->by_sqlstate()) {
            reading.values.push_back({refused_metric_, {sqlstate}, static_cast<double>(count)});
        }
    }

    PgTarget target_;
    std::shared_ptr<Refusals> refusals_;
    std::uint32_t refused_metric_ = 0;  // 0: the PostgreSQL probe reports them
};

class PoolerCanary final : public CanaryProbe {
public:
    PoolerCanary(const PoolerCanaryOptions& options, PgTarget target)
        : CanaryProbe(options.name, std::max(options.period, kCanaryPeriod)),
          target_(std::move(target)) {}

private:
    [[nodiscard]] Result<Nanoseconds> attempt(Clock::time_point deadline) override {
        PgConnection connection(target_, "");
        const Clock::time_point from = Clock::now();
        if (Status up = connection.connect(deadline); !up) {
            return up.error();
        }
        // Prepared statements and the extended protocol would depend on the pooler's mode.
        if (const auto rows = connection.query_simple("SELECT 1", deadline); !rows) {
            return rows.error();
        }
        return Clock::now() - from;
    }

    PgTarget target_;
};

template <typename Canary>
Result<ProbePtr> make_canary(PostgresCanaryOptions options) {
    Result<PgTarget> target = PgTarget::parse(options.dsn);
    if (!target) {
        return target.error();
    }
    return ProbePtr(std::make_unique<Canary>(std::move(options), std::move(*target)));
}

}  // namespace

Result<ProbePtr> make_select_canary(PostgresCanaryOptions options) {
    return make_canary<SelectCanary>(std::move(options));
}
Result<ProbePtr> make_connect_canary(PostgresCanaryOptions options) {
    return make_canary<ConnectCanary>(std::move(options));
}

Result<ProbePtr> make_pooler_canary(PoolerCanaryOptions options) {
    const Result<PgTarget> pooler = PgTarget::parse(options.pgbouncer_dsn);
    if (!pooler) {
        return pooler.error();
    }
    if (!pooler->database().empty() && pooler->database() != "pgbouncer") {
        return ProbePtr(std::make_unique<PoolerCanary>(options, pooler->through(*pooler)));
    }
    if (options.database_dsn.empty()) {
        return ProbePtr();
    }
    const Result<PgTarget> database = PgTarget::parse(options.database_dsn);
    if (!database) {
        return database.error();
    }
    return ProbePtr(std::make_unique<PoolerCanary>(options, database->through(*pooler)));
}

}  // namespace plimsoll
