// A pool that is large enough on the whole, and was not for a moment.
#include "analysis/diagnosis/claim.hpp"
#include "analysis/diagnosis/diagnose.hpp"
#include "analysis/diagnosis/full_pool.hpp"
#include "analysis/diagnosis/queries.hpp"
#include "analysis/diagnosis/said_pool.hpp"
#include "analysis/proportion.hpp"
#include "signal/names.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace plimsoll {
namespace {

// Around the errors: a pool's time-out is up to this much after what filled it, as a rule.
constexpr double kBefore_s = 2;
constexpr double kAfter_s = 1;
constexpr double kManyLocks = 0.20;

/// Connections of the application that had the most at one time.
double peak_connections(const Case& c) {
    double peak = 0;
    for (const App& app : apps_of(c.data())) {
        peak = std::max(peak, max_in(app.all, c.load()).value_or(0));
    }
    return peak;
}

/// Highest share of active backends that waited for a lock, around a second with failures.
double worst_lock_share(const Case& c) {
    double worst = 0;
    for (const TickFacts& tick : c.data().ticks) {
        if (tick.requests > tick.ok) {
            const Window around{tick.from_s - kBefore_s, tick.to_s + kAfter_s};
            worst = std::max(worst, lock_share(c, around).value_or(0));
        }
    }
    return worst;
}

void state_share(const Case& c, const ErrorsLike& errors, Finding& finding) {
    const std::uint64_t requests = c.data().all.requests;
    const auto [low, high] = wilson_interval(errors.count, requests);
    const double ratio = static_cast<double>(errors.count) / static_cast<double>(requests);
    finding.evidence.emplace_back(
        fmt::format("{} of {} requests ({:.3f} %, 95 % interval {:.3f} to {:.3f} %) were answered: "
                    "{}",
                    errors.count, requests, 100 * ratio, 100 * low, 100 * high, errors.sample),
        errors.query);
    finding.values = {{"error_ratio", ratio}, {"error_ratio_low", low}, {"error_ratio_high", high}};
    const auto failing =
        std::count_if(c.data().ticks.begin(), c.data().ticks.end(),
                      [](const TickFacts& tick) { return tick.requests > tick.ok; });
    finding.evidence.emplace_back(
        fmt::format("they came between {:.1f} and {:.1f} s; {} of {} seconds had failures at all",
                    errors.first_s, errors.last_s, failing, c.data().ticks.size()),
        errors.query);
}

}  // namespace

std::optional<Finding> find_rare_pool_errors(const Case& c) {
    if (c.broke()) {
        return std::nullopt;  // find_app_pool_exhausted
    }
    const ErrorsLike errors = pool_errors(c.data());
    if (errors.count == 0 || c.data().all.requests == 0) {
        return std::nullopt;
    }
    Claim finding;
    finding.direct = true;
    finding.cause = "app_pool_exhausted";
    finding.onset_s = errors.first_s;
    state_share(c, errors, finding);
    const auto size = pool_size_in(errors.sample);
    if (size) {
        finding.values["pool_size"] = *size;
    }
    if (c.has_postgres()) {
        const double peak = peak_connections(c);
        finding.values["peak_connections"] = peak;
        finding.evidence.emplace_back(
            fmt::format("at its peak the application had {:.0f} database connections", peak),
            query::gauge(c, metric::kPgBackends));
    } else {
        finding.lacks(
            "the database's connections: add probes.postgres with a DSN (role with pg_monitor)");
    }
    if (!size) {
        finding.lacks("the pool's size in the error's text");
    }
    const double locks = worst_lock_share(c);
    if (locks > kManyLocks) {
        finding.values["lock_share"] = locks;
        finding.evidence.emplace_back(
            fmt::format("at such a time {:.0f} % of the active backends waited for a lock",
                        100 * locks),
            query::gauge(c, metric::kPgBackends, {{"state", "active"}}));
        finding.fix =
            "Find what takes the lock at those times and shorten it or move it away from requests: "
            "everybody waited for it with a connection in hand. A larger pool would only let more "
            "of them wait. Then expect no such errors; run again to confirm.";
        return conclude(finding);
    }
    finding.fix = fmt::format(
        "For moments more requests than the pool{} can serve wanted a connection for longer than "
        "it "
        "lets them wait. Look at what takes long at those times, then raise the pool or its "
        "overflow. Then expect no such errors; run again to confirm.",
        size ? fmt::format(" of {:.0f}", *size) : std::string());
    return conclude(finding);
}

}  // namespace plimsoll
