#include "analysis/diagnosis/diagnose.hpp"
#include "analysis/diagnosis/full_pool.hpp"
#include "analysis/diagnosis/pooler.hpp"
#include "analysis/diagnosis/waiting.hpp"
#include "signal/names.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

namespace plimsoll {
namespace {

constexpr double kHalfOfMachine = 0.5;
constexpr double kUsedUp = 0.93;
// Connections lie in a pool at rest; more of them busy than this, and the database is not idle.
constexpr double kQuietShare = 0.8;

}  // namespace

double app_connections(const Case& c, Window window) {
    double most = 0;
    for (const App& app : apps_of(c.data())) {
        most = std::max(most, mean_in(app.all, window).value_or(0));
    }
    return most;
}
double busy_connections(const Case& c, Window window) {
    double most = 0;
    for (const App& app : apps_of(c.data())) {
        most = std::max(most, mean_in(app.busy, window).value_or(0));
    }
    return most;
}

bool transactions_unmeasured(const Case& c) {
    constexpr double kMost = 0.5;
    const auto idle = mean_in(sum_of(c.data(), metric::kPgBackends,
                                     [](const StoredSeries& s) {
                                         return !is_ours(s) &&
                                                s.label("state").starts_with("idle in transaction");
                                     }),
                              c.after());
    return idle.value_or(0) >= std::max(1.0, kMost * busy_connections(c, c.after())) &&
           series_of(c.data(), metric::kPgIdleInTransaction).empty();
}

bool database_is_quiet(const Case& c) {
    const double all = app_connections(c, c.at_break());
    return busy_connections(c, c.at_break()) <= kQuietShare * std::max(1.0, all);
}

std::optional<double> busy_plateau(const Case& c, double about) {
    constexpr double kMostly = 0.6;
    constexpr double kHardlyEver = 0.05;  // the backends of one reading are not of one moment
    const auto share_of = [&](const Signal& busy, const std::function<bool(double)>& counts) {
        return share_in(busy, c.after(), counts).value_or(0);
    };
    // Connections as busy under light load are busy with something else: a queue's consumer.
    const Window light = c.light();
    std::optional<double> nearest;
    for (const App& app : apps_of(c.data())) {
        const double level = std::round(median_in(app.busy, c.after()).value_or(0));
        const bool stays =
            samples_in(app.busy, c.after()) >= kLeastSamples && level >= 1 &&
            share_of(app.busy, [&](double n) { return std::round(n) == level; }) >= kMostly &&
            share_of(app.busy, [&](double n) { return std::round(n) > level; }) <= kHardlyEver;
        const bool always = std::round(median_in(app.busy, light).value_or(0)) >= level;
        const bool nearer = !nearest || std::abs(level - about) < std::abs(*nearest - about);
        if (stays && !always && nearer) {
            nearest = level;
        }
    }
    return nearest;
}

Inside look_inside(const Case& c) {
    Inside inside{app_cpu_of(c), database_cpu_of(c)};
    const AppCpu& app = inside.app;
    const DatabaseCpu& database = inside.database;
    inside.known = app.level == Level::Room && database.runnable && database.level == Level::Room;
    inside.delay_unknown = host_cpu_of(c, c.after()).value_or(1) >= kUsedUp &&
                           series_of(c.data(), metric::kTargetRunDelay).empty();
    inside.host_unknown =
        app.used >= kHalfOfMachine * c.cores("app").value_or(1) && !host_cpu_of(c, c.after());
    const auto locks = lock_share(c, c.after());
    inside.full = app.level == Level::Full || database.level == Level::Full ||
                  (locks && *locks > kMostLocks &&
                   database.runnable.value_or(0) + busy_connections(c, c.after()) > 1) ||
                  fullest_pooler(c).has_value() || refusal_errors(c.data()).count > 0 ||
                  find_database_io(c).has_value() || find_slow_sql(c).has_value() ||
                  find_connection_leak(c).has_value();
    return inside;
}

void state_room(const Inside& inside, Claim& finding) {
    if (inside.delay_unknown) {
        finding.blind_to("whether its threads waited for a CPU that others used up");
    }
    if (inside.host_unknown) {
        finding.blind_to(
            "how busy the machine as a whole was (probes.host): half of its CPU or more "
            "is the application's");
    }
    rule_out_cpu(inside.app, inside.database, finding);
}

Claim waiting_claim(const char* cause, const Reach& reach) {
    Claim finding;
    finding.cause = cause;
    finding.onset_s = reach.known ? reach.onset_s : 0;
    finding.sources = 2;
    if (reach.known) {
        finding.evidence.push_back(reach.said(
            {}, reach.slow ? ": requests wait before the application gets to them" : ""));
    }
    return finding;
}

}  // namespace plimsoll
