// Connections that were taken and never given back.
#include "analysis/diagnosis/claim.hpp"
#include "analysis/diagnosis/diagnose.hpp"
#include "analysis/diagnosis/full_pool.hpp"
#include "analysis/diagnosis/queries.hpp"
#include "analysis/diagnosis/resources.hpp"
#include "analysis/diagnosis/said_pool.hpp"
#include "base/units.hpp"
#include "signal/names.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace plimsoll {
namespace {

// A connection may rest in a pool that is larger than its load needs; one that sits in a
// transaction for seconds was forgotten, or waits for something slow.
constexpr double kMostOfThePool = 0.8;
constexpr double kHalf = 0.5;
constexpr double kLeastHeld = 2;
// Held ones that do not come back: the counts of thirds of the time may dip by sampling only.
constexpr double kDip = 0.9;
// Somebody who comes back late lets the oldest age fall; a leak's grows with the clock.
constexpr double kAgesWithTheClock = 0.5;
// A leak shows one connection after another, and from before it has taken them all. A pool that is
// larger than needed rests from the start; one whose users all hang, all at once after the break.
constexpr double kAtStart = 0.3;
constexpr double kAtBreak = 0.25;

// Fewer readings with connections held say nothing of who holds them.
constexpr std::size_t kLeastReadings = 3;
// A transaction counts as held once it has been open for this long.
constexpr double kHeldFor_s = 5;

struct Held {
    const App* app = nullptr;
    bool in_transaction = false;
    Signal count;
    double at_end = 0;
    double onset_s = 0;
};

Signal stale_of(const RunData& data, const App& app, bool in_transaction) {
    return sum_of(data, metric::kPgStale, [&](const StoredSeries& s) {
        return s.label("datname") == app.datname && s.label("usename") == app.usename &&
               s.label("application_name") == app.name &&
               s.label("state").starts_with("idle in transaction") == in_transaction;
    });
}

/// Rises with time and does not fall back, from when the first was held to the load's end.
bool only_grows(const Signal& count, Window window) {
    const double third = window.seconds() / 3;
    const auto part = [&](int i) {
        return mean_in(count, {window.from_s + i * third, window.from_s + (i + 1) * third});
    };
    const auto first = part(0);
    const auto second = part(1);
    const auto last = part(2);
    return first && second && last && *second >= kDip * *first && *last >= kDip * *second &&
           *last >= *first + 1;
}

/// Less and less gets through, which is what a pool of forgotten connections does; one that is
/// merely too large goes on. Or, where every leak opens a new one, PostgreSQL refuses more.
bool starved(const Case& c) {
    const Window load = c.load();
    const Window end{load.to_s - load.seconds() / 4, load.to_s};
    const Window last{c.after().to_s - c.after().seconds() / 2, c.after().to_s};
    const Window just_before{c.before().to_s - 5, c.before().to_s};
    return c.served_rate(end) <= kHalf * c.served_rate(c.before()) ||
           c.served_rate(last) <= kHalf * c.served_rate(just_before) ||
           refusal_errors(c.data()).count > 0 ||
           max_in(series_of(c.data(), metric::kPgConnectionsUsedRatio), c.load()).value_or(0) >= 1;
}

/// Idle connections that nobody uses are as idle as forgotten ones: whether they grew in number
/// while the target still worked, and nothing else says that they are at rest.
bool forgotten_one_by_one(const Case& c, const Signal& held, double at_end) {
    const double fifth = c.load().from_s + c.load().seconds() / 5;
    const double at_start = mean_in(held, {c.load().from_s, fifth}).value_or(0);
    const double at_break = mean_in(held, {c.before().to_s - 3, c.before().to_s + 1}).value_or(0);
    return at_start <= kAtStart * at_end && at_break >= kAtBreak * at_end &&
           reach_of(c).level != Level::Full && !pool_with_room(c);
}

/// While the target still worked no more connections were held than requests were under way: these
/// wait for something with a connection in hand, one each. What is forgotten outlives its request.
bool held_by_requests(const Case& c, const Signal& held) {
    std::size_t all = 0;
    std::size_t covered = 0;
    for (const auto& point : held) {
        if (point.t_s >= c.found().certain_s) {
            break;
        }
        const auto tick = std::find_if(
            c.data().ticks.begin(), c.data().ticks.end(),
            [&](const TickFacts& t) { return point.t_s >= t.from_s && point.t_s < t.to_s; });
        if (tick != c.data().ticks.end() && point.value >= kLeastHeld) {
            ++all;
            covered += point.value <= tick->state.in_flight_mean ? 1U : 0U;
        }
    }
    return all >= kLeastReadings &&
           static_cast<double>(covered) >= kSustainedShare * static_cast<double>(all);
}

std::optional<Held> look_for(const Case& c, const App& app, bool in_transaction) {
    Held held{&app, in_transaction, stale_of(c.data(), app, in_transaction), 0, 0};
    const double to_s = c.load().to_s;
    const Window end{std::max(c.load().from_s, to_s - 2), to_s};
    const auto first = std::find_if(held.count.begin(), held.count.end(),
                                    [](const auto& p) { return p.t_s >= 0 && p.value >= 1; });
    if (first == held.count.end() || samples_in(held.count, {first->t_s, to_s}) < kLeastSamples) {
        return std::nullopt;
    }
    held.onset_s = first->t_s;
    held.at_end = mean_in(held.count, end).value_or(0);
    const double all = mean_in(app.all, end).value_or(0);
    const double share = in_transaction ? kHalf : kMostOfThePool;
    if (held.at_end < kLeastHeld || held.at_end < share * all ||
        !only_grows(held.count, {held.onset_s, to_s})) {
        return std::nullopt;
    }
    // A leak takes connections before there are none left. What began with the break, or what
    // requests under way hold, waits for something else with a transaction open.
    const bool after_the_break = held.onset_s - kHeldFor_s > c.found().point.at_s;
    if (in_transaction && (after_the_break || held_by_requests(c, held.count))) {
        return std::nullopt;
    }
    if (!in_transaction && (!starved(c) || !forgotten_one_by_one(c, held.count, held.at_end))) {
        return std::nullopt;
    }
    if (in_transaction) {
        const auto oldest = max_in(series_of(c.data(), metric::kPgIdleInTransaction), end);
        if (!oldest || *oldest < kAgesWithTheClock * (to_s - held.onset_s)) {
            return std::nullopt;
        }
    }
    return held;
}

void state_drain(const Case& c, const Held& held, Claim& finding) {
    const Window drain{c.data().load_end_s + 1, c.data().duration_s + 60};
    const auto left = mean_in(held.count, drain);
    if (!left || samples_in(held.count, drain) < 3) {
        finding.lacks("time after the load, to see whether the connections come back");
    } else if (*left >= kDip * held.at_end) {
        finding.evidence.emplace_back(
            fmt::format("{:.0f} of them were still held after the load had ended", *left),
            query::drain(c, metric::kPgStale));
        finding.values["held_after_load"] = *left;
    } else {
        finding.against.emplace_back(
            fmt::format("after the load only {:.0f} were still held", *left),
            query::drain(c, metric::kPgStale));
    }
}

}  // namespace

std::optional<Finding> find_connection_leak(const Case& c) {
    if (!c.broke()) {
        return std::nullopt;
    }
    const std::vector<App> apps = apps_of(c.data());
    std::optional<Held> most;
    for (const App& app : apps) {
        for (const bool in_transaction : {true, false}) {
            const auto held = app.hidden ? std::nullopt : look_for(c, app, in_transaction);
            if (held && (!most || held->at_end > most->at_end)) {
                most = held;
            }
        }
    }
    if (!most) {
        return std::nullopt;
    }
    Claim finding;
    finding.cause = "connection_leak";
    finding.sources = 2;  // they grow with the clock, and stay
    finding.onset_s = most->onset_s;
    finding.evidence.emplace_back(
        fmt::format("from {:.1f} s on \"{}\" held more and more connections without using them: "
                    "{:.0f} of {:.0f} "
                    "had been {} for 5 s or longer at the load's end",
                    most->onset_s, most->app->shown(), most->at_end,
                    mean_in(most->app->all, {c.load().to_s - 2, c.load().to_s}).value_or(0),
                    most->in_transaction ? "idle in a transaction" : "idle"),
        query::gauge(c, metric::kPgStale));
    finding.values["held"] = most->at_end;
    state_drain(c, *most, finding);
    finding.direct = most->in_transaction && finding.values.contains("held_after_load");
    if (!most->in_transaction && !reach_of(c).known) {
        finding.lacks("canary no_database");
    }
    finding.fix =
        "Give connections back on every path, errors and time-outs included (with, using, defer, "
        "try-with-resources), and let the pool report those held for long. With that expect the "
        "number of idle-held connections to return to zero when the load ends; run again to "
        "confirm.";
    return conclude(finding);
}

}  // namespace plimsoll
