// PostgreSQL had no connection left to give.
#include "analysis/diagnosis/claim.hpp"
#include "analysis/diagnosis/diagnose.hpp"
#include "analysis/diagnosis/queries.hpp"
#include "base/units.hpp"
#include "signal/names.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

namespace plimsoll {
namespace {

// Full, but for the slot that the sampler itself or a closing backend holds at the moment.
constexpr double kFull = 0.98;
// Of the samples, and of the requests that failed meanwhile.
constexpr double kOften = 0.05;

struct Evidence {
    ErrorsLike errors;
    double refused = 0;  // our own connects
    std::optional<double> refused_since;
    double peak_ratio = 0;
    std::optional<double> full_since;
    /// One refusal of ours alone may be a moment in which nobody was harmed.
    [[nodiscard]] bool direct() const {
        return errors.count > 0 || refused >= 2 || (refused > 0 && peak_ratio >= kFull);
    }
};

Evidence gather(const Case& c) {
    Evidence e;
    const RunData& data = c.data();
    e.errors = refusal_errors(data);
    const Signal refused = series_of(data, metric::kPgConnectionRefused, "sqlstate", "53300");
    if (!refused.empty()) {
        // A counter that a probe first reports when it is no longer 0 counts from there.
        e.refused = refused.back().value;
        e.refused_since = first_rise(refused);
        if (!e.refused_since && e.refused > 0) {
            e.refused_since = refused.front().t_s;
        }
    }
    const Signal ratio = series_of(data, metric::kPgConnectionsUsedRatio);
    e.peak_ratio = max_in(ratio, c.load()).value_or(0);
    const auto first =
        std::find_if(ratio.begin(), ratio.end(), [](const auto& p) { return p.value >= kFull; });
    if (first != ratio.end()) {
        e.full_since = first->t_s;
    }
    return e;
}

/// Every slot was taken while it broke, for most of the time or while requests failed.
bool full_unseen(const Case& c) {
    const Signal ratio = series_of(c.data(), metric::kPgConnectionsUsedRatio);
    const auto share = share_in(ratio, c.after(), [](double r) { return r >= kFull; });
    double failed = 0;
    double requests = 0;
    for (const TickFacts& tick : c.data().ticks) {
        if (c.after().holds(tick.middle_s())) {
            failed += static_cast<double>(tick.requests - tick.ok);
            requests += static_cast<double>(tick.requests);
        }
    }
    return c.broke() && (share.value_or(0) >= kSustainedShare ||
                         (share.value_or(0) >= kOften && failed >= kOften * requests));
}

double onset_of(const Evidence& e) {
    double onset = 1e300;
    if (e.errors.count > 0) {
        onset = std::min(onset, e.errors.first_s);
    }
    for (const auto& since : {e.refused_since, e.full_since}) {
        onset = std::min(onset, since.value_or(onset));
    }
    return std::max(0.0, onset);
}

/// The application_name (or user) with the most connections at its peak.
std::pair<std::string, double> hungriest(const Case& c) {
    std::map<std::string, double> peaks;
    for (const StoredSeries& s : c.data().series) {
        if (s.metric != metric::kPgBackends || is_ours(s)) {
            continue;
        }
        const std::string app = s.label("application_name");
        const std::string user = s.label("usename");
        const std::string shown = app.empty() ? user : app;
        if (!peaks.contains(shown)) {
            peaks[shown] = max_in(sum_of(c.data(), metric::kPgBackends,
                                         [&](const StoredSeries& other) {
                                             return other.label("application_name") == app &&
                                                    other.label("usename") == user;
                                         }),
                                  c.load())
                               .value_or(0);
        }
    }
    const auto most =
        std::max_element(peaks.begin(), peaks.end(),
                         [](const auto& a, const auto& b) { return a.second < b.second; });
    return most == peaks.end() ? std::pair<std::string, double>{}
                               : std::pair<std::string, double>(*most);
}

/// Mean busy backends over served requests, before the limit was hit: Little's law.
std::optional<double> hold_time(const Case& c, double onset_s) {
    const Window before{0, onset_s};
    const Signal busy = sum_of(c.data(), metric::kPgBackends, [](const StoredSeries& s) {
        return !is_ours(s) && is_busy_state(s.label("state"));
    });
    const auto mean = mean_in(busy, before);
    const double served = c.served_rate(before);
    if (!mean || served <= 0 || samples_in(busy, before) < kLeastSamples) {
        return std::nullopt;
    }
    return *mean / served;
}

void state_evidence(const Case& c, const Evidence& e, Claim& finding) {
    if (e.errors.count > 0) {
        finding.evidence.emplace_back(fmt::format("{} answers carry PostgreSQL's refusal: {}",
                                                  e.errors.count, e.errors.sample),
                                      e.errors.query);
    }
    if (e.refused > 0) {
        finding.evidence.emplace_back(
            fmt::format("PostgreSQL refused {:.0f} of our own new connections with SQLSTATE 53300, "
                        "the first after {:.1f} s",
                        e.refused, std::max(0.0, e.refused_since.value_or(0))),
            query::counter(c, metric::kPgConnectionRefused, {{"sqlstate", "53300"}}));
        finding.values["refused"] = e.refused;
    }
    const auto slots = slots_of(c.data());
    if (slots) {
        finding.values["max_connections"] = slots->max_connections;
        finding.values["reserved_connections"] = slots->reserved;
        finding.values["peak_used"] = std::round(e.peak_ratio * slots->usable());
        finding.evidence.emplace_back(
            fmt::format("at the peak {:.0f} of {:.0f} connections were used (max_connections "
                        "{:.0f}, {:.0f} of them reserved)",
                        e.peak_ratio * slots->usable(), slots->usable(), slots->max_connections,
                        slots->reserved),
            query::gauge(c, metric::kPgConnectionsUsedRatio));
    } else {
        finding.missing.emplace_back(
            "the database's connections: add probes.postgres with a DSN (role with pg_monitor)");
    }
    if (const auto [app, peak] = hungriest(c); peak > 0) {
        finding.values["app_connections"] = peak;
        finding.evidence.emplace_back(
            fmt::format("\"{}\" alone had {:.0f} of them open", app, peak),
            query::gauge(c, metric::kPgBackends));
    }
    const CanaryView held =
        look_at_canary(c, "select_1", "SELECT 1 on a connection held since the start");
    if (held.known && !held.slow) {
        finding.evidence.push_back(held.said("the database itself stayed fast: "));
    }
}

void state_fix(const Case& c, Finding& finding) {
    const auto hold = hold_time(c, finding.onset_s);
    const std::string advice =
        "Keep connections open and share them: a pool in the application, or PgBouncer in front of "
        "PostgreSQL.";
    if (!hold) {
        finding.fix = advice +
                      " Keep the sum of all pools below max_connections - reserved. Then expect no "
                      "refusals; run again to confirm.";
        return;
    }
    const double demand = c.highest_demand();
    const double needed = demand * *hold;
    const double n = recommended_pool(needed);
    finding.values["hold_s"] = *hold;
    finding.values["needed_connections"] = needed;
    finding.values["recommended_pool_size"] = n;
    finding.fix = fmt::format(
        "{} {:.0f} connections carry the {:.0f} requests/s of this run: {} of hold time keep "
        "{:.1f} busy on average (Little's law), and 2√{:.1f} more cover bursts.",
        advice, n, demand, human_seconds(*hold), needed, needed);
    const auto value = [&](const char* key) {
        const auto found = finding.values.find(key);
        return found == finding.values.end() ? 0 : found->second;
    };
    const double others = std::max(0.0, value("peak_used") - value("app_connections"));
    if (const auto slots = slots_of(c.data()); slots && n + others > slots->usable()) {
        finding.fix += fmt::format(
            " PostgreSQL gives only {:.0f}, {:.0f} of them to others: raise max_connections to "
            "{:.0f} or more as well.",
            slots->usable(), others, n + others + slots->reserved);
    }
    finding.fix += fmt::format(
        " With that pool expect no refusals up to {:.0f} requests/s; run again to confirm.",
        demand);
}

}  // namespace

std::optional<Finding> find_max_connections(const Case& c) {
    const Evidence e = gather(c);
    if (!e.direct() && !full_unseen(c)) {
        return std::nullopt;
    }
    Claim finding;
    finding.cause = "max_connections";
    finding.direct = e.direct();
    finding.sources = 2;  // no slot left, and requests that failed or waited meanwhile
    finding.onset_s = onset_of(e);
    state_evidence(c, e, finding);
    state_fix(c, finding);
    return conclude(finding);
}

}  // namespace plimsoll
