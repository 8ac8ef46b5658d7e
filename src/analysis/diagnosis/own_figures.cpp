// What the server and the runtime say of themselves: full workers, and garbage collection.
#include "analysis/diagnosis/claim.hpp"
#include "analysis/diagnosis/diagnose.hpp"
#include "analysis/diagnosis/full_pool.hpp"
#include "analysis/diagnosis/queries.hpp"
#include "analysis/diagnosis/resources.hpp"
#include "analysis/diagnosis/said_pool.hpp"
#include "analysis/diagnosis/unread.hpp"
#include "analysis/diagnosis/waiting.hpp"
#include "base/units.hpp"
#include "signal/names.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>

namespace plimsoll {
namespace {

// A page is read once a second.
constexpr std::size_t kLeastPages = 3;
constexpr double kAllBusy = 0.95;
// Each busy for so much longer than before the break: they wait for something further inside.
constexpr double kLonger = 2;
// Of wall time. Collectors that keep up take some hundredths.
constexpr double kPaused = 0.25;
// Of the CPU time that the application used.
constexpr double kCollecting = 0.40;
// It does little else.
constexpr double kNothingElse = 0.70;
// Of a core, where neighbours take it the rest of the time that it wants.
constexpr double kCollectingSqueezed = 0.20;

struct FullWorkers {
    std::string name;
    double size = 0, busy = 0, queued = 0, onset_s = 0;
    std::optional<double> busy_before;
    // By Little's law, how long a request kept one busy; 0: not known. Under light load the request
    // for the page may be most of it, just before the break others may wait already.
    double each_before_s = 0, each_light_s = 0;
    std::optional<double> silent_s;  // since then its page was not answered any more
};

double each_s(const Case& c, const Signal& busy, Window window) {
    return mean_in(busy, window).value_or(0) / std::max(1e-9, c.served_rate(window));
}

std::optional<FullWorkers> full_workers(const Case& c) {
    const RunData& data = c.data();
    std::optional<FullWorkers> fullest;
    for (const StoredSeries& sizes : data.series) {
        if (sizes.metric != metric::kAppWorkersSize) {
            continue;
        }
        FullWorkers one;
        one.name = sizes.label("workers");
        const Signal busy = series_of(data, metric::kAppWorkersBusy, "workers", one.name);
        const Signal queued = series_of(data, metric::kAppWorkersQueued, "workers", one.name);
        const auto [told, silent_s] = told_after(c, busy.empty() ? queued : busy, kLeastPages);
        one.silent_s = silent_s;
        one.size = median_in(sizes.points, told).value_or(0);
        one.busy = mean_in(busy, told).value_or(0);
        one.queued = median_in(queued, told).value_or(0);
        one.busy_before = mean_in(busy, c.before());
        one.each_before_s = each_s(c, busy, c.before());
        one.each_light_s = each_s(c, busy, c.light());
        const auto all_busy = [&](double n) { return n >= kAllBusy * one.size; };
        const auto waits = [](double n) { return n >= 1; };
        const bool is_full = samples_in(busy, told) >= kLeastPages &&
                             share_in(busy, told, all_busy).value_or(0) >= kSustainedShare;
        const bool has_queue = samples_in(queued, told) >= kLeastPages &&
                               share_in(queued, told, waits).value_or(0) >= kSustainedShare;
        // Without a word of how many are busy, a queue says that all are.
        if (one.size < 1 || !(is_full || (busy.empty() && has_queue))) {
            continue;
        }
        one.busy = busy.empty() ? one.size : one.busy;
        const Window until{c.load().from_s, c.after().to_s};
        one.onset_s = busy.empty()
                          ? sustained_since(queued, until, kSustainedShare, waits).value_or(0)
                          : sustained_since(busy, until, kSustainedShare, all_busy).value_or(0);
        if (!fullest || one.queued > fullest->queued) {
            fullest = one;
        }
    }
    return fullest;
}

/// Something that stands further inside is full, or each worker is busy for longer than before.
bool binds_inside(const Case& c, const FullWorkers& workers) {
    const std::vector<App> apps = apps_of(c.data());
    const auto pool = fullest_pool(c, apps);
    const double served = std::max(1e-9, c.served_rate(c.answered(c.after())));
    const double each = workers.busy / served;
    const auto longer = [&](double than) { return than > 0 && each > kLonger * than; };
    return longer(workers.each_before_s) || longer(workers.each_light_s) ||
           app_cpu_of(c).level == Level::Full || database_cpu_of(c).level == Level::Full ||
           lock_share(c, c.after()).value_or(0) > kMostLocks || pool_with_queue(c) ||
           pool_errors(c.data()).count > 0 || (pool && pool->size < workers.size) ||
           refusal_errors(c.data()).count > 0 || find_idle_in_transaction(c) ||
           find_connection_leak(c) || find_slow_sql(c) || find_database_io(c) ||
           find_slow_upstream(c);
}

/// What stands further inside and was not measured, so that the workers may only wait for it.
void state_unmeasured(const Case& c, const AppCpu& app, const DatabaseCpu& database,
                      Claim& finding) {
    constexpr double kHostUsedUp = 0.9;
    constexpr double kGoodPart = 0.5;
    const double host = host_cpu_of(c, c.after()).value_or(1);
    const bool uses_much = app.used >= kGoodPart * app.cores && app.cores > 0;
    if (host >= kHostUsedUp && (app.level != Level::Room || uses_much)) {
        finding.blind_to(app.level != Level::Room ? unmeasured_cpu(c)
                         : host_cpu_of(c, c.after())
                             ? "how it does on a machine that is not used up"
                             : "how busy the machine as a whole was (probes.host)");
    } else if (app.level != Level::Room) {
        finding.lacks(unmeasured_cpu(c));
    }
    if (!c.has_postgres()) {
        finding.blind_to("what the database's connections did: add probes.postgres");
    } else if (database.level != Level::Room || !database.runnable) {
        finding.lacks(
            "what the database did: add probes.postgres, and its process with role: database");
    }
}

/// Garbage collection by one measure.
struct Collecting {
    double share = 0, before = 0;
    double cores = 0;
    std::string text;
};

/// Of wall time, by the process that stood still most.
Collecting pauses(const Case& c) {
    Collecting most;
    for (const StoredSeries& s : c.data().series) {
        if (s.metric != metric::kAppGcPause || samples_in(s.points, c.after()) < kLeastPages) {
            continue;
        }
        const double share = rate_in(s.points, c.after()).value_or(0);
        if (share > most.share) {
            most.share = share;
            most.before = rate_in(s.points, c.before()).value_or(0);
        }
    }
    most.text = fmt::format(
        "by its own figures garbage collection stopped it for {:.0f} % of the time ({:.0f} % "
        "before the break)",
        100 * most.share, 100 * most.before);
    return most;
}

/// Of the application's CPU time.
Collecting cpu_share(const Case& c) {
    Collecting most;
    const auto total = c.cpu_of("app", c.after());
    for (const StoredSeries& s : c.data().series) {
        const bool own = s.metric == metric::kAppGcCpu;
        if (!own && s.metric != metric::kTargetGcCpu) {
            continue;
        }
        const auto said = own ? rate_in(series_of(c.data(), metric::kAppCpu), c.after())
                              : std::optional<double>();
        const double used = total.value_or(said.value_or(0));
        const double cores = rate_in(s.points, c.after()).value_or(0);
        if (used > 0 && cores / used > most.share) {
            most.share = cores / used;
            most.cores = cores;
            most.text = fmt::format("{} took {:.2f} of the {:.2f} cores that it used",
                                    own ? "garbage collection" : "threads that collect garbage",
                                    cores, used);
        }
    }
    return most;
}

/// Of the time that the application's threads waited for a CPU, the collector's share: others had
/// it meanwhile.
double waited_for_a_core(const Case& c, const Collecting& busy) {
    return busy.share *
           rate_in(series_of(c.data(), metric::kTargetRunDelay), c.after()).value_or(0);
}

bool wants_a_core(const Case& c, const Collecting& busy) {
    return busy.cores >= kCollecting ||
           (busy.cores >= kCollectingSqueezed && busy.share >= kNothingElse &&
            busy.cores + waited_for_a_core(c, busy) >= kCollecting);
}

}  // namespace

std::optional<KnownWorkers> known_workers(const Case& c) {
    if (const auto workers = full_workers(c)) {
        return KnownWorkers{workers->size, fmt::format("workers ({})", workers->name)};
    }
    const auto processes = busy_acceptors(c);
    const auto threads = threads_at_work(c);
    if (threads && *threads > processes.value_or(1) && threads_are_workers(c)) {
        return KnownWorkers{*threads, "threads"};
    }
    return processes ? std::optional(KnownWorkers{*processes, "processes"}) : std::nullopt;
}

std::optional<Finding> find_full_workers(const Case& c) {
    const auto workers = c.broke() ? full_workers(c) : std::nullopt;
    if (!workers || binds_inside(c, *workers) || transactions_unmeasured(c)) {
        return std::nullopt;
    }
    Claim finding;
    finding.cause = "worker_pool";
    finding.direct = true;
    finding.onset_s = workers->onset_s;
    finding.evidence.emplace_back(
        fmt::format("by its own figures {:.1f} of {:.0f} workers ({}) were busy{}{}", workers->busy,
                    workers->size, workers->name,
                    workers->silent_s ? fmt::format(" until its page was not answered any more, at "
                                                    "{:.0f} s",
                                                    *workers->silent_s)
                                      : "",
                    workers->queued >= 1
                        ? fmt::format(", and {:.0f} requests waited for one", workers->queued)
                        : ""),
        query::gauge(c, metric::kAppWorkersBusy, {{"workers", workers->name}}));
    const AppCpu app = app_cpu_of(c);
    const DatabaseCpu database = database_cpu_of(c);
    rule_out_cpu(app, database, finding);
    state_unmeasured(c, app, database, finding);
    if (!workers->busy_before) {
        finding.lacks("whether each was busy for longer than before: how many are busy");
    }
    const double served = std::max(1e-9, c.served_rate(c.answered(c.after())));
    const double hold = workers->size / served;
    const double needed = c.highest_demand() * hold;
    const double n = recommended_pool(needed);
    finding.values = {{"workers", workers->size},
                      {"hold_s", hold},
                      {"capacity_rate", served},
                      {"needed_workers", needed},
                      {"recommended_workers", n}};
    finding.fix = fmt::format(
        "Raise the threads or workers of {} from {:.0f} to {:.0f}: {:.0f} requests/s × {} each "
        "keep "
        "{:.1f} busy on average (Little's law), and 2√{:.1f} more cover bursts. Each may want a "
        "database connection as well. With {:.0f} expect none to wait for a worker; run again to "
        "confirm.",
        workers->name, workers->size, n, c.highest_demand(), human_seconds(hold), needed, needed,
        n);
    return conclude(finding);
}

std::optional<Finding> find_gc_pause(const Case& c) {
    const Collecting stopped = pauses(c);
    const Collecting busy = cpu_share(c);
    const bool stops = stopped.share >= kPaused && stopped.share >= kLonger * stopped.before;
    const bool burns = busy.share >= kCollecting && app_cpu_of(c).level == Level::Full;
    // One thread that collects for most of the time, while all others stand still.
    const Reach reach = reach_of(c);
    const bool all_wait = reach.known && reach.slow;
    const bool stands = !burns && busy.share >= kCollecting && wants_a_core(c, busy) &&
                        (all_wait || busy.share >= kNothingElse);
    if (!c.broke() || (!stops && !burns && !stands)) {
        return std::nullopt;
    }
    Claim finding;
    finding.cause = "gc_pause";
    finding.direct = stops;
    // Who used the CPU; and that it was full, or that all waited.
    finding.sources = burns || (stands && all_wait) ? 2 : 1;
    finding.onset_s = c.after().from_s;
    if (stops) {
        finding.evidence.emplace_back(stopped.text, query::counter(c, metric::kAppGcPause));
        finding.values["paused_share"] = stopped.share;
    }
    if (burns || stands) {
        finding.evidence.emplace_back(
            burns ? busy.text + ", and all of these were used"
                  : fmt::format("{}: for up to {:.0f} % of the time nothing else went on",
                                busy.text, 100 * std::min(1.0, busy.cores)),
            query::counter(c, metric::kTargetGcCpu));
        finding.values["gc_cpu_share"] = busy.share;
        if (stands && busy.cores < kCollecting) {
            finding.evidence.emplace_back(
                fmt::format(
                    "its threads waited for a CPU that others had, {:.1f} s a second in all",
                    waited_for_a_core(c, busy) / busy.share),
                query::counter(c, metric::kTargetRunDelay));
        }
    }
    if (reach.known) {
        (reach.slow ? finding.evidence : finding.against).push_back(reach.said({}));
    } else {
        finding.lacks("canary no_database");
    }
    finding.fix =
        "Give it more heap (-Xmx, --max-old-space-size, GOMEMLIMIT), or let requests keep and "
        "allocate less: what a heap dump or an allocation profile under this load shows first. "
        "Memory "
        "that grows at a constant load is a leak, and a larger heap only moves the end. With less "
        "to collect expect the pauses below a tenth of the time; run again to confirm.";
    return conclude(finding);
}

}  // namespace plimsoll
