#include "analysis/diagnosis/claim.hpp"
#include "analysis/diagnosis/diagnose.hpp"
#include "analysis/diagnosis/full_pool.hpp"
#include "analysis/diagnosis/resources.hpp"
#include "analysis/diagnosis/said_pool.hpp"
#include "signal/names.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace plimsoll {
namespace {

bool has_metric(const RunData& data, std::string_view metric, std::string_view label = {},
                std::string_view value = {}) {
    return std::any_of(data.series.begin(), data.series.end(), [&](const StoredSeries& s) {
        return s.metric == metric && (label.empty() || s.label(label) == value);
    });
}

void state_missing(const Case& c, Claim& finding) {
    const RunData& data = c.data();
    const auto need = [&](bool there, const char* what) {
        if (!there) {
            finding.lacks(what);
        }
    };
    need(has_metric(data, metric::kPgBackends),
         "the database's connections: add probes.postgres with a DSN (role with pg_monitor)");
    need(has_metric(data, metric::kCanarySeconds, "canary", "no_database"),
         "a URL that needs no database: add probes.canaries.no_database");
    need(has_metric(data, metric::kContainerCpuSeconds, "role", "app"),
         "CPU and memory of the application: add it to probes.containers with role: app");
    need(has_metric(data, metric::kContainerCpuSeconds, "role", "database"),
         "CPU and memory of the database: add it to probes.containers with role: database");
}

/// What is open for each layer that was measured: ruled out by its figure, or full without telling
/// why.
std::vector<std::string> weigh(const Case& c, Claim& finding) {
    std::vector<std::string> open;
    const auto rule_out = [&](const std::string& what, const std::string& figure) {
        finding.evidence.push_back(fmt::format("ruled out: {} ({})", what, figure));
    };
    const Reach reach = reach_of(c);
    if (reach.level == Level::Full) {
        open.emplace_back("its workers or its event loop: " + reach.text);
    } else if (reach.known) {
        rule_out("workers, event loop and accept queue", reach.text);
    }
    const AppCpu app = app_cpu_of(c);
    if (app.level == Level::Room) {
        rule_out("the application's CPU", app.figure);
    } else if (!app.figure.empty()) {
        open.emplace_back("its CPU: " + app.figure);
    }
    const DatabaseCpu database = database_cpu_of(c);
    if (database.level == Level::Room) {
        rule_out("the database's CPU", database.figure);
    } else if (!database.figure.empty()) {
        open.emplace_back("the database's CPU: " + database.figure);
    }
    const auto locks = lock_share(c, c.after());
    if (locks && *locks < 0.2) {
        rule_out("locks", fmt::format("{:.0f} % of active backends waited for one", 100 * *locks));
    }
    const std::vector<App> apps = apps_of(c.data());
    const auto pool = fullest_pool(c, apps);
    if (pool) {
        open.push_back(fmt::format("the {:.0f} connections of \"{}\", of which {:.1f} were busy",
                                   pool->size, pool->app->shown(), pool->busy_mean));
    } else if (const auto room = pool_with_room(c)) {
        rule_out("the connection pool", fmt::format("\"{}\" had {:.0f} of {:.0f} in use",
                                                    room->name, room->used, room->size));
    } else if (!apps.empty()) {
        double busy = 0;
        double all = 0;
        for (const App& one : apps) {
            busy += mean_in(one.busy, c.after()).value_or(0);
            all += mean_in(one.all, c.after()).value_or(0);
        }
        rule_out("a full connection pool",
                 fmt::format("{:.1f} of {:.1f} connections were busy on average", busy, all));
    }
    return open;
}

}  // namespace

Finding admit_unknown(const Case& c) {
    Claim finding;
    finding.cause = "unknown";
    finding.onset_s = c.found().point.at_s;
    finding.evidence.push_back("the load side alone: " + c.found().point.symptom);
    const std::vector<std::string> open = weigh(c, finding);
    state_missing(c, finding);
    if (!open.empty()) {
        finding.evidence.push_back(fmt::format("what remains possible: {}", fmt::join(open, "; ")));
    } else if (finding.missing.empty()) {
        finding.evidence.emplace_back(
            "what remains possible: something that requests wait for inside the application "
            "(another "
            "service, a thread pool, a lock of its own)");
    }
    finding.fix =
        !finding.missing.empty()
            ? std::string("Add what is missing and run again: then expect a cause with evidence.")
        : reach_of(c).level == Level::Full
            ? std::string(
                  "One experiment tells: double the number of workers or processes and run "
                  "again. If the breaking point moves in proportion, expect a worker pool or "
                  "a blocked loop to be the cause; if not, what they all wait for.")
            : std::string(
                  "One experiment tells: run again with the slowest endpoint alone, then "
                  "without it. Whichever run does not break, expect the cause in what that "
                  "endpoint waits for.");
    return conclude(finding);
}

}  // namespace plimsoll
