// Causes in the application's own process: its CPU quota, its CPU, its rate limit.
#include "analysis/diagnosis/claim.hpp"
#include "analysis/diagnosis/diagnose.hpp"
#include "analysis/diagnosis/queries.hpp"
#include "analysis/diagnosis/resources.hpp"
#include "base/units.hpp"
#include "signal/names.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace plimsoll {
namespace {

// One period in ten stopped short already shows in the tail.
constexpr double kThrottled = 0.10;
// A quota a third above what is used leaves bursts alone.
constexpr double kQuotaRoom = 1.3;
// Utilisation that leaves queueing in one process small.
constexpr double kTargetUse = 0.7;
constexpr double kLimitedShare = 0.05;

double increase_of_role(const Case& c, const char* metric, const char* role) {
    double increase = 0;
    for (const StoredSeries& s : c.data().series) {
        if (s.metric == metric && s.label("role") == role) {
            increase += increase_in(s.points, c.after());
        }
    }
    return increase;
}

/// Adds how the URL without database did.
void state_canary(const Case& c, Claim& finding) {
    const Reach reach = reach_of(c);
    if (!reach.known) {
        finding.lacks("canary no_database");
    } else {
        (reach.slow ? finding.evidence : finding.against).push_back(reach.said());
    }
}

/// Adds why a core for each process is its limit where there are more.
void state_loops(const Case& c, const AppCpu& cpu, Claim& finding) {
    if (cpu.loops > 1) {
        finding.evidence.emplace_back(
            fmt::format("it stayed at a core for each of its {:.0f} processes while the load rose, "
                        "as one thread in each does",
                        cpu.loops),
            cpu.query);
    } else {
        finding.evidence.emplace_back(
            "it stayed at one core of more while the load rose, as a single thread does: an event "
            "loop, or an interpreter that runs one thread at a time",
            cpu.query);
    }
    if (cpu.thread_seen) {
        const Signal hottest = series_of(c.data(), metric::kTargetHottest);
        finding.evidence.emplace_back(
            fmt::format("its busiest thread used {:.0f} % of a core",
                        100 * median_in(hottest, c.at_break()).value_or(0)),
            query::gauge(c, metric::kTargetHottest));
    } else if (server_command(c).empty()) {
        finding.lacks(
            "what kind of server it is: one core is a limit only of what runs one thread");
    }
}

}  // namespace

std::optional<Finding> find_app_cpu_throttled(const Case& c) {
    const double periods = increase_of_role(c, metric::kContainerPeriods, "app");
    const double throttled = increase_of_role(c, metric::kContainerThrottled, "app");
    if (!c.broke() || periods <= 0 || throttled / periods < kThrottled) {
        return std::nullopt;
    }
    Claim finding;
    finding.cause = "app_cpu_throttled";
    finding.direct = true;
    finding.onset_s = c.after().from_s;
    finding.values["throttled_share"] = throttled / periods;
    finding.evidence.emplace_back(
        fmt::format("the application ran into its CPU quota in {:.0f} % of periods",
                    100 * throttled / periods),
        query::counter(c, metric::kContainerThrottled, {{"role", "app"}}));
    state_canary(c, finding);
    const double used = c.cpu_of("app", c.after()).value_or(0);
    const double before = std::max(1e-9, c.served_rate(c.before()));
    const double per_request = c.cpu_of("app", c.before()).value_or(0) / before;
    const double needed = std::max(used, per_request * c.highest_demand());
    finding.values["needed_cores"] = needed * kQuotaRoom;
    finding.fix = fmt::format(
        "Raise the application's CPU quota to {:.1f} cores (1.3 × the {:.1f} that {:.0f} "
        "requests/s "
        "need), or remove it. Then expect no throttled periods; run again to confirm.",
        needed * kQuotaRoom, needed, c.highest_demand());
    return conclude(finding);
}

std::optional<Finding> find_app_cpu(const Case& c) {
    const AppCpu cpu = app_cpu_of(c);
    if (!c.broke() || cpu.level != Level::Full) {
        return std::nullopt;
    }
    Claim finding;
    const double machine = c.data().fact("env.cores", 0);
    if (machine > 0 && cpu.cores < machine &&
        (increase_of_role(c, metric::kContainerPeriods, "app") <= 0 ||
         series_of(c.data(), metric::kContainerThrottled, "role", "app").empty())) {
        // Full, and its limit is a quota's: whether it was held back, nobody counted.
        finding.cause = "app_cpu_throttled";
        finding.onset_s = cpu.onset_s;
        finding.evidence.emplace_back(cpu.figure + ", which is its quota", cpu.query);
        finding.lacks("how often it was held back: cpu.stat of its cgroup");
        finding.fix =
            "Raise the application's CPU quota, or remove it. Then expect the breaking point to "
            "move in proportion; run again to confirm.";
        return conclude(finding);
    }
    finding.cause = "app_cpu";
    finding.onset_s = std::min(cpu.onset_s, c.after().to_s);
    finding.evidence.emplace_back(cpu.figure, cpu.query);
    finding.sources = 2;  // the core's time, and requests that need nothing else wait
    state_canary(c, finding);
    if (cpu.loops > 0) {
        state_loops(c, cpu, finding);
    }
    if (cpu.starved) {
        finding.lacks("how far it comes where nothing else uses these cores");
    }
    const Window carried = c.carried_most();
    const auto used = c.cpu_of("app", carried);
    const double cpu_s =
        used.value_or(cpu.used) / std::max(1e-9, c.served_rate(used ? carried : c.at_break()));
    const double needed = std::ceil(c.highest_demand() * cpu_s / kTargetUse);
    finding.values = {{"cpu_s_per_request", cpu_s}, {"needed_cores", needed}};
    finding.fix =
        cpu.loops > 0
            ? fmt::format(
                  "{} of CPU per request let {} answer {:.0f} requests/s at most; {:.0f} "
                  "requests/s need {:.0f} processes at 70 % use each: start more of them (workers, "
                  "cluster), make requests cheaper, or move the work off the loop.",
                  human_seconds(cpu_s),
                  cpu.loops > 1 ? fmt::format("{:.0f} threads", cpu.loops) : "one thread",
                  cpu.loops / cpu_s, c.highest_demand(), needed)
            : fmt::format(
                  "{} of CPU per request at {:.0f} requests/s need {:.0f} cores at 70 % use: add "
                  "replicas or make requests cheaper.",
                  human_seconds(cpu_s), c.highest_demand(), needed);
    finding.fix += " Then expect the breaking point at or above that rate; run again to confirm.";
    return conclude(finding);
}

std::optional<Finding> find_rate_limited(const Case& c) {
    double limited = 0;
    double requests = 0;
    double ok = 0;
    double first_s = -1;
    for (const TickFacts& tick : c.data().ticks) {
        if (!c.after().holds(tick.middle_s())) {
            continue;
        }
        limited += static_cast<double>(tick.rate_limited);
        requests += static_cast<double>(tick.requests);
        ok += static_cast<double>(tick.ok);
        first_s = first_s < 0 && tick.rate_limited > 0 ? tick.from_s : first_s;
    }
    if (requests == 0 || limited < kLimitedShare * requests) {
        return std::nullopt;
    }
    Claim finding;
    finding.cause = "rate_limited";
    finding.direct = true;
    finding.onset_s = first_s;
    finding.evidence.emplace_back(fmt::format("{:.1f} % of answers were 429 from {:.0f} s on",
                                              100 * limited / requests, first_s),
                                  query::statuses(c));
    finding.values = {{"limited_ratio", limited / requests},
                      {"admitted_rate", ok / std::max(1e-9, c.after().seconds())}};
    finding.fix =
        "The target limits its callers on purpose: this is policy, not a breaking point. Exempt "
        "the "
        "generator or stay below the limit to find what breaks; then expect no 429. Run again to "
        "confirm.";
    return conclude(finding);
}

}  // namespace plimsoll
