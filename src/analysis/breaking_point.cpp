#include "analysis/breaking_point.hpp"

#include "analysis/as_double.hpp"
#include "analysis/change_point.hpp"
#include "analysis/load_level.hpp"
#include "base/units.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/format.h>

namespace plimsoll {
namespace {

// A target that fails more than this from the start is broken from the start.
constexpr double kHabitualFailures = 0.10;

// A plateau: one-second rates that vary by less. Poisson scatter alone is 0.06 at 250/s, 0.2 at
// 25/s.
constexpr double kSteady = 0.25;
// Its two halves differ by less, beyond what scatter explains.
constexpr double kLevel = 0.03;
// Carried before, and not after: throughput fell with overload, so what is left is no capacity.
constexpr double kRetrograde = 1.08;
// Noise moves the onset either way, but not by half of the load.
constexpr double kNearest = 0.5;

// Of the load at which it had slowed down before: the onset itself is uncertain by a few percent.
constexpr double kClearlyMore = 1.2;
// A slowdown that comes back within so many times its own length had not healed.
constexpr double kSoon = 1.5;

double median(std::vector<double> values) {
    if (values.empty()) {
        return 0;
    }
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

struct MeanResponse {
    double seconds = 0;
    double requests = 0;
    bool censored = false;  // some were given up: it was longer
    [[nodiscard]] std::string text() const {
        return fmt::format("{}{}", censored ? "at least " : "", human_seconds(seconds));
    }
};
MeanResponse response_between(const RunData& data, double from_s, double to_s) {
    MeanResponse mean;
    for (const TickFacts& tick : data.ticks) {
        if (tick.middle_s() >= from_s && tick.middle_s() < to_s) {
            mean.seconds += tick.response_mean_s * as_double(tick.requests);
            mean.requests += as_double(tick.requests);
            mean.censored = mean.censored || tick.censored > 0;
        }
    }
    mean.seconds /= std::max(1.0, mean.requests);
    return mean;
}

/// Ok requests per second in [from_s, to_s). Relative to the mean: the standard deviation of its
/// ticks, two standard errors of the mean, and how much the second half differs from the first.
struct Goodput {
    double mean = 0, spread = 0, error = 0, trend = 0;
    [[nodiscard]] bool is_plateau() const {
        // The difference of two halves has twice the standard error of the whole's mean.
        return mean > 0 && spread <= kSteady && trend <= kLevel + 2 * error;
    }
};
Goodput goodput_between(const RunData& data, double from_s, double to_s) {
    std::vector<double> rates;
    double sum = 0;
    for (const TickFacts& tick : data.ticks) {
        if (tick.from_s >= from_s && tick.to_s <= to_s) {
            rates.push_back(as_double(tick.ok) / tick.seconds());
            sum += rates.back();
        }
    }
    if (rates.empty()) {
        return {};
    }
    const double n = as_double(rates.size());
    Goodput goodput{sum / n, 0, 0, 0};
    double squares = 0;
    double first_half = 0;
    for (std::size_t i = 0; i < rates.size(); ++i) {
        squares += (rates[i] - goodput.mean) * (rates[i] - goodput.mean);
        first_half += i < rates.size() / 2 ? rates[i] : 0;
    }
    if (goodput.mean > 0) {
        goodput.spread = std::sqrt(squares / n) / goodput.mean;
        goodput.error = 2 * goodput.spread / std::sqrt(n);
    }
    if (goodput.mean > 0 && rates.size() >= 2) {
        const double half = std::floor(n / 2);
        const double second_half = sum - first_half;
        goodput.trend = std::abs(second_half / (n - half) - first_half / half) / goodput.mean;
    }
    return goodput;
}

/// When the schedule crosses `level` for the last time before `until_s`; interpolated within a
/// tick.
std::optional<double> last_crossing(const RunData& data, const std::vector<LoadTick>& ticks,
                                    double level, double until_s) {
    std::optional<double> at_s;
    for (const LoadTick& tick : ticks) {
        const double here = offered_at(data.info, tick.from_s);
        const double next = offered_at(data.info, tick.to_s);
        if (tick.to_s <= until_s && here <= level && level < next) {
            at_s = tick.from_s + (tick.to_s - tick.from_s) * (level - here) / (next - here);
        }
    }
    return at_s;
}

/// Moves the point to the rate that was carried from then on, where that is steady.
void settle_on_plateau(const RunData& data, Break& found, const std::vector<LoadTick>& ticks) {
    BreakingPoint& point = found.point;
    Goodput after = goodput_between(data, found.certain_s, found.until_s);
    found.goodput_after = after.mean;
    const double per_level = is_open_model(data.info) ? found.baseline.requests_per_arrival
                                                      : found.baseline.requests_per_user;
    const Goodput before = goodput_between(data, point.at_s - kPersists_s, point.at_s);
    if (per_level <= 0 || after.mean <= 0 || before.mean > kRetrograde * after.mean) {
        return;
    }
    auto at_s = last_crossing(data, ticks, after.mean / per_level, found.until_s);
    if (at_s && *at_s > found.certain_s) {  // found early: the plateau begins later
        after = goodput_between(data, *at_s, found.until_s);
        at_s = last_crossing(data, ticks, after.mean / per_level, found.until_s);
    }
    const double carried = after.mean / per_level;
    if (!at_s || !after.is_plateau() || carried < kNearest * point.at_rate ||
        carried * kNearest > point.at_rate) {
        return;
    }
    point.at_rate = carried;
    point.at_s = *at_s;
    point.interval[0] = std::min(point.interval[0], carried * (1 - after.error));
    point.interval[1] = std::max(point.interval[1], carried * (1 + after.error));
    found.certain_s = std::max(found.certain_s, *at_s);
}

std::string describe(const RunData& data, const Break& found) {
    std::vector<std::string> parts;
    const double end = found.until_s;
    double asked = 0;
    double good = 0;
    double requests = 0;
    for (const TickFacts& tick : data.ticks) {
        if (tick.middle_s() >= found.point.at_s && tick.middle_s() < end) {
            const double arrivals =
                as_double(tick.counts.arrivals_due - tick.counts.not_sent_generator);
            asked += arrivals * found.baseline.requests_per_arrival;
            good += as_double(tick.ok);
            requests += as_double(tick.requests);
        }
    }
    if (is_open_model(data.info) && asked > 0 && good < 0.99 * asked) {
        parts.push_back(fmt::format("only {:.0f} % of the requests due were answered well in time",
                                    100 * good / asked));
    } else if (!is_open_model(data.info)) {
        parts.push_back(fmt::format("more users brought no more than {}",
                                    format_rate(Rate::per_second(found.goodput_after))));
    }
    const MeanResponse after = response_between(data, found.point.at_s, end);
    if (after.requests == 0) {
        parts.emplace_back("no request was answered");
    } else if (found.point.at_s < found.baseline.until_s) {
        parts.push_back(fmt::format("mean response time was {}", after.text()));
    } else if (after.seconds > kLatencyFactor * found.baseline.response_s) {
        parts.push_back(fmt::format("mean response time rose from {} to {}",
                                    human_seconds(found.baseline.response_s), after.text()));
    }
    const double failed = requests > 0 ? 1 - good / requests : 0;
    if (failed > found.baseline.failed_ratio + 0.01) {
        parts.push_back(fmt::format("{:.1f} % of the answers were failures", 100 * failed));
    }
    return fmt::format("{}", fmt::join(parts, "; "));
}

}  // namespace

Baseline take_baseline(const RunData& data) {
    Baseline baseline;
    const bool open = is_open_model(data.info);
    std::vector<const TickFacts*> ticks;
    for (const TickFacts& tick : data.ticks) {
        if (tick.middle_s() < data.load_end_s) {
            ticks.push_back(&tick);
        }
    }
    // The first second carries the set-up of connections; an eighth of the load is before most
    // breaks, ten ticks are enough.
    const std::size_t skip = ticks.size() >= 8 ? 1 : 0;
    const std::size_t count = std::clamp<std::size_t>(ticks.size() / 8, 3, 10);
    std::vector<double> responses;
    std::vector<double> paces;
    double requests = 0;
    double failed = 0;
    double iterations = 0;
    for (std::size_t i = skip; i < ticks.size() && i < skip + count; ++i) {
        const TickFacts& tick = *ticks[i];
        baseline.until_s = tick.to_s;
        iterations += as_double(tick.counts.iterations_completed);
        requests += as_double(tick.requests);
        failed += as_double(tick.requests - tick.ok);
        if (tick.requests > 0) {
            responses.push_back(tick.response_mean_s);
        }
        const double users = open ? 0 : users_in(data, tick);
        if (users > 0) {
            paces.push_back(as_double(tick.ok) / users / tick.seconds());
        }
    }
    baseline.response_s = median(responses);
    baseline.fastest_s = baseline.response_s;
    for (std::size_t i = 0; i < ticks.size() && i < skip + count; ++i) {
        if (ticks[i]->requests > 0) {
            baseline.fastest_s = std::min(baseline.fastest_s, ticks[i]->response_mean_s);
        }
    }
    baseline.requests_per_user = median(paces);
    if (requests > 0) {
        baseline.failed_ratio = failed / requests;
        baseline.requests_per_arrival = iterations > 0 ? std::max(1.0, requests / iterations) : 1;
    }
    if (baseline.failed_ratio > kHabitualFailures) {
        baseline.failed_ratio = 0;
    }
    return baseline;
}

namespace {

/// A change of either kind, and the tick from which on the target kept up again.
struct Found {
    Change change;
    bool falls_short = false;
    std::optional<std::size_t> healed;
};
std::optional<Found> next_change(const std::vector<LoadTick>& ticks, bool open, double floor_s,
                                 std::size_t from) {
    const auto short_of = shortfall_change(ticks, open, from);
    if (const auto slower = latency_change(ticks, floor_s, from)) {
        const auto healed = recovery_from(ticks, *slower, open);
        // Latency leaves its floor before goodput falls short: alone it counts where that never
        // came of it.
        if (!short_of || (healed && *healed <= short_of->onset)) {
            return Found{*slower, false, healed};
        }
    }
    return short_of ? std::optional(Found{*short_of, true, recovery_from(ticks, *short_of, open)})
                    : std::nullopt;
}

/// All changes, in order; only the last of them may not have healed.
std::vector<Found> all_changes(const std::vector<LoadTick>& ticks, bool open, double floor_s) {
    std::vector<Found> all;
    std::size_t from = 0;
    while (const auto found = next_change(ticks, open, floor_s, from)) {
        all.push_back(*found);
        if (!found->healed) {
            break;
        }
        from = *found->healed;
    }
    return all;
}

/// Whether the last change is a slowdown that came back: soon, and at about the same load.
bool comes_back(const std::vector<LoadTick>& ticks, const Found& one, const Found& last) {
    const LoadTick& onset = ticks[one.change.onset];
    const LoadTick& again = ticks[last.change.onset];
    const double healed_s = ticks[*one.healed].from_s;
    return again.level < kClearlyMore * onset.level &&
           again.from_s - healed_s <= kSoon * (healed_s - onset.from_s);
}

/// The one that is the breaking point: what broke for good, from where it began that came back; the
/// first where all healed.
std::size_t choose(const std::vector<LoadTick>& ticks, std::vector<Found>& all) {
    if (all.back().healed) {
        return 0;
    }
    std::size_t chosen = all.size() - 1;
    while (chosen > 0 && comes_back(ticks, all[chosen - 1], all[chosen])) {
        all[--chosen].healed.reset();
    }
    return chosen;
}

}  // namespace

Break find_breaking_point(const RunData& data) {
    Break found;
    found.baseline = take_baseline(data);
    const std::vector<LoadTick> ticks = load_ticks(data, found.baseline);
    std::vector<Found> all =
        all_changes(ticks, is_open_model(data.info), found.baseline.response_s);
    if (all.empty()) {
        return found;
    }
    const std::size_t chosen = choose(ticks, all);
    const Found& the = all[chosen];
    const LoadTick& onset = ticks[the.change.onset];
    const LoadTick& sure = ticks[the.change.sure];
    BreakingPoint& point = found.point;
    point.found = true;
    point.at_s = onset.from_s;
    point.at_rate = onset.level;
    point.interval = {the.change.onset > 0 ? ticks[the.change.onset - 1].level : 0, sure.level};
    std::sort(point.interval.begin(), point.interval.end());
    point.interval[1] = std::max(point.interval[1], point.at_rate);
    point.interval[0] = std::min(point.interval[0], point.at_rate);
    found.certain_s = sure.to_s;
    found.until_s = high_until(ticks, the.change.onset);
    if (the.healed) {
        point.recovered_s = ticks[*the.healed].from_s;
        found.until_s = *point.recovered_s;
    }
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (i != chosen && all[i].healed && (i < chosen || the.healed)) {
            const LoadTick& from = ticks[all[i].change.onset];
            point.healed.push_back({from.from_s, ticks[*all[i].healed].from_s, from.level});
        }
    }
    found.goodput_after = goodput_between(data, found.certain_s, found.until_s).mean;
    if (the.falls_short && !the.healed) {
        settle_on_plateau(data, found, ticks);
    }
    point.symptom = describe(data, found);
    return found;
}

}  // namespace plimsoll
