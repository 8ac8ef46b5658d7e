#include "analysis/diagnosis/own_pool.hpp"

#include "analysis/diagnosis/claim.hpp"
#include "analysis/diagnosis/diagnose.hpp"
#include "analysis/diagnosis/pool_errors.hpp"
#include "analysis/diagnosis/pooler.hpp"
#include "analysis/diagnosis/queries.hpp"
#include "analysis/diagnosis/resources.hpp"
#include "analysis/diagnosis/said_pool.hpp"
#include "analysis/diagnosis/unread.hpp"
#include "base/units.hpp"
#include "signal/names.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace plimsoll {
namespace {

/// Whether a probe tells this metric, where there is something to tell.
bool looks_for(const RunData& data, std::string_view metric) {
    return std::ranges::any_of(data.probes, [&](const StoredProbe& probe) {
        return std::ranges::any_of(probe.info.descriptors, [&](const MetricDescriptor& each) {
            return each.name == metric;
        });
    });
}

// A pool lets requests through side by side; what lets one through at a time is something else.
constexpr double kSideBySide = 1.5;

/// Whether the figures of the load and of the machine speak against a pool that is merely small:
/// that goes on at its pace, and lets several requests through at a time.
bool is_no_pool(const Case& c) {
    const auto at_once = worked_at_once(c);
    const Reach reach = reach_of(c);
    return collapsed(c) || (at_once && *at_once < kSideBySide) || reach.level == Level::Full ||
           database_cpu_of(c).level == Level::Full;
}

/// Whether what the pool's connections do, or cannot have, is the reason for the queue.
bool database_is_the_limit(const Case& c) {
    if (was_refused(c)) {
        return true;
    }
    const auto cores = c.cores("database");
    const auto cpu = c.cpu_of("database", c.after());
    const auto on_cpu = mean_in(active_unwaited(c.data()), c.after());
    const auto locks = lock_share(c, c.after());
    return (cores && cpu && *cpu >= kIdleDatabase * *cores) ||
           (cores && on_cpu && *on_cpu >= kIdleDatabase * *cores) || (locks && *locks > kMostLocks);
}

}  // namespace

double heavier_mix(const Case& c) {
    const std::vector<double> light = light_responses(c);
    const auto mean = [&](Window window) {
        double work = 0;
        double requests = 0;
        for (const TickFacts& tick : c.data().ticks) {
            for (std::size_t e = 0; e < std::min(light.size(), tick.endpoints.size()); ++e) {
                const auto served = static_cast<double>(tick.endpoints[e].served);
                work += window.holds(tick.middle_s()) ? served * light[e] : 0;
                requests += window.holds(tick.middle_s()) && light[e] > 0 ? served : 0;
            }
        }
        return requests > 0 ? work / requests : 0;
    };
    const double before = mean(c.before());
    const double after = mean(c.answered(c.after()));
    return before > 0 && after > 0 ? after / before : 1;
}

bool holders_wait_for_another(const Case& c) {
    constexpr double kMost = 0.5;
    constexpr double kShort = 0.2;
    const auto in_state = [&](bool (*counts)(std::string_view), Window window) {
        const auto wanted = [=](const StoredSeries& s) {
            return !is_ours(s) && counts(s.label("state"));
        };
        return mean_in(sum_of(c.data(), metric::kPgBackends, wanted), window).value_or(0);
    };
    const auto idle_share = [&](Window window) {
        const double busy = in_state(is_busy_state, window);
        const double idle = in_state(
            [](std::string_view state) { return state.starts_with("idle in transaction"); },
            window);
        return busy > 0 ? idle / busy : 0;
    };
    const Window light = c.light();
    const Signal dwell = series_of(c.data(), metric::kPgIdleInTransaction);
    const auto at_first = median_in(dwell, light);
    const auto later = median_in(dwell, c.after());
    const bool longer = at_first && later && samples_in(dwell, light) >= kLeastSamples &&
                        samples_in(dwell, c.after()) >= kLeastSamples &&
                        *at_first <= kShort * *later;
    return pool_errors(c.data()).count > 0 && idle_share(c.after()) >= kMost && longer &&
           answers_were_read(c) && !find_slow_upstream(c) && !find_connection_leak(c) &&
           looks_for(c.data(), metric::kPgStale);
}

bool was_refused(const Case& c) {
    const Signal refused = series_of(c.data(), metric::kPgConnectionRefused, "sqlstate", "53300");
    return (!refused.empty() && refused.back().value > 0) || refusal_errors(c.data()).count > 0;
}

std::optional<Finding> pool_by_errors_alone(const Case& c) {
    const ErrorsLike errors = pool_errors(c.data());
    if (errors.count == 0 || was_refused(c) || is_no_pool(c)) {
        return std::nullopt;
    }
    Claim finding;
    finding.cause = "app_pool_exhausted";
    finding.direct = true;
    finding.onset_s = errors.first_s;
    finding.evidence.emplace_back(fmt::format("{} answers say so: {}", errors.count, errors.sample),
                                  errors.query);
    if (const auto size = pool_size_in(errors.sample)) {
        finding.values["pool_size"] = *size;
    }
    finding.blind_to(
        c.has_postgres()
            ? "which connections it held: PostgreSQL saw no full pool of one application"
            : "what its connections did: add probes.postgres with a DSN (role with pg_monitor)");
    finding.fix =
        "Add probes.postgres: then the pool's size, the time a request holds a connection and "
        "the size it should have are computed. With a larger pool expect these errors to come "
        "later or not at all; run again to confirm.";
    return conclude(finding);
}

std::optional<Finding> pool_by_its_own_metrics(const Case& c) {
    const auto pool = pool_with_queue(c);
    const double served = c.served_rate(c.answered(c.after()));
    if (!pool || served <= 0 || pool->used_mean <= 0 || database_is_the_limit(c) ||
        fullest_pooler(c) || collapsed(c) || pooler_suspected(c, std::nullopt)) {
        return std::nullopt;
    }
    Claim finding;
    finding.direct = true;
    finding.cause = "app_pool_exhausted";
    finding.onset_s = pool->onset_s;
    finding.evidence.emplace_back("the application says so: " + pool->shown(), pool->query(c));
    const ErrorsLike errors = pool_errors(c.data());
    if (errors.count > 0) {
        finding.evidence.emplace_back(
            fmt::format("{} answers say so: {}", errors.count, errors.sample), errors.query);
    }
    // Little's law on the pool: busy connections over requests per second.
    const double hold_s = pool->used_mean / served;
    const double served_before = c.served_rate(c.before());
    std::optional<double> before_s;
    if (pool->used_before && *pool->used_before > 0 && served_before > 0) {
        before_s = *pool->used_before / served_before * heavier_mix(c);
    }
    const bool slower = before_s && hold_s > kSlowerHold * *before_s;
    if (!before_s) {
        finding.lacks("time under light load, to compare the hold time with");
    } else {
        auto& list = slower ? finding.against : finding.evidence;
        list.emplace_back(fmt::format("a request holds a connection for {} ({} before)",
                                      human_seconds(hold_s), human_seconds(*before_s)),
                          query::gauge(c, metric::kAppPoolUsed, {{"pool", pool->name}}));
    }
    if (!c.has_postgres()) {
        finding.blind_to(
            "what its connections did (waited for locks, sat in open transactions): add "
            "probes.postgres with a DSN (role with pg_monitor)");
    }
    if (slower) {
        finding.blind_to("what holds them for longer than before");
    }
    const double needed = c.highest_demand() * hold_s;
    finding.values = {{"hold_s", hold_s},
                      {"busy_mean", pool->used_mean},
                      {"needed_connections", needed},
                      {"recommended_pool_size", recommended_pool(needed)}};
    if (pool->size > 0) {
        finding.values["pool_size"] = pool->size;
        finding.values["capacity_rate"] = pool->size / hold_s;
    }
    finding.fix = fmt::format(
        "Set pool \"{}\" to {:.0f} connections: {:.0f} requests/s × {} of hold time keep {:.1f} "
        "busy on average (Little's law), and 2√{:.1f} more cover bursts. Check that the database "
        "has room for them. Then expect no queue for connections up to {:.0f} requests/s; run "
        "again to confirm.",
        pool->name, recommended_pool(needed), c.highest_demand(), human_seconds(hold_s), needed,
        needed, c.highest_demand());
    return conclude(finding);
}

}  // namespace plimsoll
