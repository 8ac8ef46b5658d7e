#include "analysis/diagnosis/full_pool.hpp"

#include "analysis/diagnosis/queries.hpp"
#include "signal/names.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

namespace plimsoll {
namespace {

// Hand-over from one request to the next leaves a connection idle for a moment: one of them, or a
// tenth of a large pool, may be caught so.
constexpr double kHandOverShare = 0.10;
// What the PostgreSQL probe reports where its role may not see a backend's state.
constexpr const char* kHidden = "hidden";
// Of a pool, on average over three seconds: full, but for hand-overs.
constexpr double kNearlyFull = 0.85;
constexpr double kSmooth_s = 3;
// A reading now and then hides what just began or ended (a parallel worker has no type by then);
// a role without the right to look hides all of them.
constexpr double kHiddenShare = 0.2;
// Of the hold time under light load. Cold caches and warm-up make that a little longer, never
// twice.
constexpr double kShrunkHold = 0.6;

/// The earliest time from which the pool was nearly full until `end_s`: a small pool is full by
/// chance for moments long before, and not for moments long after.
std::optional<double> full_since(const Signal& busy, double size, Window window) {
    std::optional<double> since;
    for (double from = window.to_s - kSmooth_s; from >= window.from_s; from -= kSmooth_s / 6) {
        const auto mean = mean_in(busy, {from, from + kSmooth_s});
        if (mean && *mean < kNearlyFull * size) {
            break;
        }
        since = mean ? std::optional(from) : since;
    }
    return since;
}

/// The value that most samples have.
double mode_in(const Signal& signal, Window window) {
    std::map<long, int> counts;
    for (const auto& point : signal) {
        if (window.holds(point.t_s)) {
            ++counts[std::lround(point.value)];
        }
    }
    const auto most =
        std::max_element(counts.begin(), counts.end(),
                         [](const auto& a, const auto& b) { return a.second < b.second; });
    return most == counts.end() ? 0 : static_cast<double>(most->first);
}

/// Connections that were as busy when fewer requests came are not busy because of these: a batch
/// job, a queue's workers. What requests hold is busy in proportion to them (utilisation law).
bool is_others_work(const Case& c, const App& app, const FullPool& pool) {
    const Window light = c.light();
    const auto busy = mean_in(app.busy, light);
    const double before = c.served_rate(light);
    const double after = c.served_rate(pool.window);
    if (!busy || before <= 0 || after <= 0 || samples_in(app.busy, light) < kLeastSamples) {
        return false;
    }
    return pool.busy_mean / after < kShrunkHold * *busy / before;
}

std::optional<FullPool> measure(const Case& c, const App& app, Window window) {
    if (samples_in(app.all, window) < kLeastSamples) {
        return std::nullopt;
    }
    FullPool pool{&app, mode_in(app.all, window), mean_in(app.busy, window).value_or(0), 0, window};
    const double slack = std::max(1.0, std::floor(kHandOverShare * pool.size));
    const auto full = [&](double busy) { return busy >= std::max(1.0, pool.size - slack); };
    const auto flat = [&](double n) { return std::abs(n - pool.size) <= 1; };
    if (pool.size < 1 || share_in(app.all, window, flat).value_or(0) < kSustainedShare ||
        share_in(app.busy, window, full).value_or(0) < kSustainedShare) {
        return std::nullopt;
    }
    if (!app.hidden && is_others_work(c, app, pool)) {
        return std::nullopt;
    }
    const Window until{c.load().from_s, window.to_s};
    auto since = full_since(app.busy, pool.size, until);
    since = since ? since : sustained_since(app.busy, until, kSustainedShare, full);
    pool.onset_s = since.value_or(window.from_s);
    pool.window = c.answered(window);
    pool.busy_mean = mean_in(app.busy, pool.window).value_or(pool.busy_mean);
    return pool;
}

std::optional<FullPool> measure(const Case& c, const App& app) {
    auto pool = measure(c, app, c.after());
    return pool || !c.broke() ? pool : measure(c, app, c.at_break());
}

}  // namespace

std::vector<App> apps_of(const RunData& data) {
    std::map<std::tuple<std::string, std::string, std::string>, App> apps;
    for (const StoredSeries& s : data.series) {
        if (s.metric == metric::kPgBackends && !is_ours(s)) {
            const std::tuple key(s.label("datname"), s.label("usename"),
                                 s.label("application_name"));
            App& app = apps[key];
            std::tie(app.datname, app.usename, app.name) = key;
        }
    }
    std::vector<App> list;
    for (auto& [key, app] : apps) {
        const auto same = [&app = app](const StoredSeries& s) {
            return s.label("datname") == app.datname && s.label("usename") == app.usename &&
                   s.label("application_name") == app.name;
        };
        app.all = sum_of(data, metric::kPgBackends, same);
        app.busy = sum_of(data, metric::kPgBackends, [&](const StoredSeries& s) {
            return same(s) && (is_busy_state(s.label("state")) || s.label("state") == kHidden);
        });
        const Signal hidden = sum_of(data, metric::kPgBackends, [&](const StoredSeries& s) {
            return same(s) && s.label("state") == kHidden;
        });
        const Window all{0, data.duration_s};
        app.hidden =
            mean_in(hidden, all).value_or(0) > kHiddenShare * mean_in(app.all, all).value_or(0);
        list.push_back(app);
    }
    return list;
}

std::string App::query(const Case& c) const {
    return query::gauge(c, metric::kPgBackends,
                        {{"datname", datname}, {"usename", usename}, {"application_name", name}});
}

std::optional<FullPool> fullest_pool(const Case& c, const std::vector<App>& apps) {
    std::optional<FullPool> best;
    for (const App& app : apps) {
        const auto pool = measure(c, app);
        if (pool && (!best || pool->busy_mean > best->busy_mean)) {
            best = pool;
        }
    }
    return best;
}

}  // namespace plimsoll
