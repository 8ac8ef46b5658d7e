// Causes in the application's own process: its CPU quota, its CPU, its rate limit.
#include "analysis/diagnosis/diagnose.hpp"
#include "base/units.hpp"
#include "signal/names.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace plimsoll {
namespace {

// One period in ten stopped short already shows in the tail.
constexpr double kThrottled = 0.10;
constexpr double kCpuFull = 0.90;
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

/// Adds how the URL without database did; false where it contradicts a slow application.
bool state_canary(const Case& c, Finding& finding) {
    const CanaryView view = look_at_canary(c, "no_database", "a URL without database");
    if (!view.known) {
        finding.missing.emplace_back("canary no_database");
        return true;
    }
    (view.slow ? finding.evidence : finding.against).push_back(view.text);
    return view.slow;
}

}  // namespace

std::optional<Finding> find_app_cpu_throttled(const Case& c) {
    const double periods = increase_of_role(c, metric::kContainerPeriods, "app");
    const double throttled = increase_of_role(c, metric::kContainerThrottled, "app");
    if (!c.broke() || periods <= 0 || throttled / periods < kThrottled) {
        return std::nullopt;
    }
    Finding finding;
    finding.cause = "app_cpu_throttled";
    finding.onset_s = c.after().from_s;
    finding.values["throttled_share"] = throttled / periods;
    finding.evidence.push_back(
        fmt::format("the application ran into its CPU quota in {:.0f} % of periods",
                    100 * throttled / periods));
    const bool slow = state_canary(c, finding);
    finding.confidence = !slow ? "low" : finding.missing.empty() ? "high" : "medium";
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
    return finding;
}

std::optional<Finding> find_app_cpu(const Case& c) {
    const auto cores = c.cores("app");
    const auto used = c.cpu_of("app", c.after());
    if (!c.broke() || !cores || !used || *used < kCpuFull * *cores) {
        return std::nullopt;
    }
    Finding finding;
    finding.cause = "app_cpu";
    finding.onset_s = c.after().from_s;
    finding.evidence.push_back(
        fmt::format("the application used {:.2f} of {:g} cores", *used, *cores));
    const bool slow = state_canary(c, finding);
    finding.confidence = slow ? "medium" : "low";
    const double cpu_s = *used / std::max(1e-9, c.served_rate(c.after()));
    const double needed = std::ceil(c.highest_demand() * cpu_s / kTargetUse);
    finding.values = {{"cpu_s_per_request", cpu_s}, {"needed_cores", needed}};
    finding.fix = fmt::format(
        "{} of CPU per request at {:.0f} requests/s need {:.0f} cores at 70 % use: add replicas or "
        "make requests cheaper. Then expect the breaking point at or above that rate; run again to "
        "confirm.",
        human_seconds(cpu_s), c.highest_demand(), needed);
    return finding;
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
    Finding finding;
    finding.cause = "rate_limited";
    finding.confidence = "high";
    finding.onset_s = first_s;
    finding.evidence.push_back(fmt::format("{:.1f} % of answers were 429 from {:.0f} s on",
                                           100 * limited / requests, first_s));
    finding.values = {{"limited_ratio", limited / requests},
                      {"admitted_rate", ok / std::max(1e-9, c.after().seconds())}};
    finding.fix =
        "The target limits its callers on purpose: this is policy, not a breaking point. Exempt "
        "the "
        "generator or stay below the limit to find what breaks; then expect no 429. Run again to "
        "confirm.";
    return finding;
}

}  // namespace plimsoll
