#include "analysis/breaking_point.hpp"

#include "analysis/load_level.hpp"
#include "base/units.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>

#include <fmt/format.h>

namespace plimsoll {
namespace {

// A change shorter than this is a hiccup: a checkpoint, a garbage collection, a neighbour.
constexpr double kPersists_s = 5;
// Of those seconds so many must show it; on a ramp one may scatter to the other side.
constexpr double kPersistingShare = 0.75;
constexpr double kRecovered_s = 3;
constexpr double kRounding_s = 1e-6;  // ticks end at their nanosecond
// Goodput falls short when it is below 99 % of what was asked.
constexpr double kLeastLoss = 0.01;
// Open model: 2 % of the demand may go missing per tick without counting (clock edges, retries).
constexpr double kOpenAllowance = 0.02;
// Closed model: users wait for each other long before the knee, so a tenth is forgiven.
constexpr double kClosedAllowance = 0.10;
// A queue of this share of a second's demand is no longer scatter ...
constexpr double kShortfallLimit_s = 0.1;
// ... and neither is this many requests, whatever the rate.
constexpr double kShortfallLimit_requests = 10;
// Closed model: counts scatter; four standard deviations of a Poisson count.
constexpr double kPoissonDeviations = 4;
// Latency counts from twice the floor on, and only where people could notice: 20 ms more.
constexpr double kLatencyFactor = 2;
constexpr double kLatencyRise_s = 0.020;
// Latency alone is a break when it lasts at five times the floor and 0.1 s above it.
constexpr double kBrokenFactor = 5;
constexpr double kBrokenRise_s = 0.1;
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
// The load counts as still as high down to this share of the breaking point.
constexpr double kStillHigh = 0.9;

double median(std::vector<double> values) {
    if (values.empty()) {
        return 0;
    }
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

double as_double(std::uint64_t n) {
    return static_cast<double>(n);
}

/// Mean number of users alive in a tick: whole ones, though the schedule moves between them.
double users_in(const RunData& data, const TickFacts& tick) {
    constexpr int kPoints = 20;
    double sum = 0;
    for (int i = 0; i < kPoints; ++i) {
        const double t_s = tick.from_s + tick.seconds() * (i + 0.5) / kPoints;
        sum += std::floor(offered_at(data.info, t_s) + 1e-9);
    }
    return sum / kPoints;
}

/// One tick of the load's time, normalised.
struct Feature {
    double from_s, to_s, level;
    double demand;     // requests asked for in this tick
    double shortfall;  // of them, not answered well
    double latency;    // log(R / 2 R0), 0 below notice
    double response_s;
};

/// Until when the load stayed near the level at which it broke, or above.
double high_until(const std::vector<Feature>& ticks, std::size_t onset) {
    double until_s = ticks[onset].to_s;
    for (std::size_t i = onset; i < ticks.size(); ++i) {
        if (ticks[i].level >= kStillHigh * ticks[onset].level) {
            until_s = ticks[i].to_s;
        }
    }
    return until_s;
}

struct Change {
    std::size_t onset;  // first tick of the excursion
    std::size_t sure;   // where the limit was passed
};

class Features {
public:
    Features(const RunData& data, const Baseline& baseline)
        : data_(data), baseline_(baseline), open_(is_open_model(data.info)) {
        double in_flight = 0;
        for (const TickFacts& tick : data.ticks) {
            const double middle = tick.middle_s();
            if (middle < data.load_end_s && tick.seconds() > 0) {
                all_.push_back(feature_of(tick, in_flight));
            }
            in_flight = tick.state.in_flight;
        }
    }
    [[nodiscard]] const std::vector<Feature>& all() const { return all_; }

private:
    Feature feature_of(const TickFacts& tick, double in_flight_before) const {
        Feature f{tick.from_s, tick.to_s,           offered_at(data_.info, tick.middle_s()), 0, 0,
                  0,           tick.response_mean_s};
        const double good_share = 1 - baseline_.failed_ratio;
        if (open_) {
            const double turned_away =
                as_double(tick.counts.not_sent[0]) * baseline_.requests_per_arrival;
            f.demand =
                as_double(tick.requests) + turned_away + tick.state.in_flight - in_flight_before;
            // On a ramp a healthy target has more in flight every second (Little's law).
            const double rise =
                offered_at(data_.info, std::min(tick.to_s, data_.load_end_s) - 1e-9) -
                offered_at(data_.info, tick.from_s);
            const double natural =
                std::max(0.0, rise) * baseline_.requests_per_arrival * baseline_.response_s;
            f.shortfall = f.demand * good_share - as_double(tick.ok) - natural;
        } else {
            f.demand = baseline_.requests_per_user * users_in(data_, tick) * tick.seconds();
            f.shortfall = f.demand - as_double(tick.ok);
        }
        if (tick.requests > 0 && baseline_.response_s > 0 &&
            tick.response_mean_s > baseline_.response_s + kLatencyRise_s) {
            f.latency = std::log(tick.response_mean_s / (kLatencyFactor * baseline_.response_s));
        } else {
            f.latency = -1;
        }
        return f;
    }

    const RunData& data_;
    const Baseline& baseline_;
    bool open_;
    std::vector<Feature> all_;
};

/// Walks the cumulative sum of `step`; `sure` says whether an excursion from tick a to tick b
/// proves a change. The sum goes back to zero by itself where the series recovers, and at once
/// after kRecovered_s without a positive step: the debt of a past hiccup is no lasting change.
class Walk {
public:
    using Step = std::function<double(const Feature&)>;
    using Sure = std::function<bool(std::size_t, std::size_t, double)>;
    using Stays = std::function<bool(std::size_t)>;
    Walk(const std::vector<Feature>& ticks, Step step, Sure sure, Stays stays)
        : ticks_(ticks), step_(std::move(step)), sure_(std::move(sure)), stays_(std::move(stays)) {}

    std::optional<Change> first_change() {
        for (std::size_t i = 0; i < ticks_.size(); ++i) {
            take(i);
            if (sum_ > 0 && !passed_ && sure_(onset_, i, sum_)) {
                passed_ = i;
            }
            if (passed_ && lasts(i)) {
                if (stays_(onset_)) {
                    return Change{onset_, *passed_};
                }
                forget();
            }
        }
        return std::nullopt;
    }

private:
    void take(std::size_t i) {
        const double x = step_(ticks_[i]);
        positive_.push_back(x > 0);
        if (x > 0) {
            last_positive_s_ = ticks_[i].to_s;
        }
        if (sum_ <= 0) {
            onset_ = i;
            passed_.reset();
        }
        sum_ = std::max(0.0, sum_ + x);
        if (ticks_[i].to_s - last_positive_s_ >= kRecovered_s) {
            forget();
        }
    }
    void forget() {
        sum_ = 0;
        passed_.reset();
    }
    /// The excursion is old enough, and its last kPersists_s are still of it.
    [[nodiscard]] bool lasts(std::size_t i) const {
        if (ticks_[i].to_s - ticks_[onset_].from_s < kPersists_s - kRounding_s) {
            return false;
        }
        double all = 0;
        double positive = 0;
        for (std::size_t k = i + 1; k-- > onset_ && all < kPersists_s - kRounding_s;) {
            const double length = ticks_[k].to_s - ticks_[k].from_s;
            all += length;
            positive += positive_[k] ? length : 0;
        }
        return positive >= kPersistingShare * all;
    }

    const std::vector<Feature>& ticks_;
    Step step_;
    Sure sure_;
    Stays stays_;
    std::vector<bool> positive_;
    double sum_ = 0;
    double last_positive_s_ = 0;
    std::size_t onset_ = 0;
    std::optional<std::size_t> passed_;
};

std::optional<Change> shortfall_change(const std::vector<Feature>& ticks, bool open) {
    const auto step = [=](const Feature& f) {
        return f.shortfall - (open ? kOpenAllowance : kClosedAllowance) * std::max(0.0, f.demand);
    };
    const auto sure = [&](std::size_t, std::size_t i, double sum) {
        const double demand = std::max(0.0, ticks[i].demand);
        const double per_second = demand / (ticks[i].to_s - ticks[i].from_s);
        const double scatter = open ? 0 : kPoissonDeviations * std::sqrt(demand);
        return sum > std::max({kShortfallLimit_requests, kShortfallLimit_s * per_second, scatter});
    };
    // A queue that comes and goes under a load near capacity is scatter: what is missing in all the
    // time under that load must count as well.
    const auto stays = [&](std::size_t onset) {
        const double until_s = high_until(ticks, onset);
        double demand = 0;
        double shortfall = 0;
        for (std::size_t i = onset; i < ticks.size() && ticks[i].to_s <= until_s; ++i) {
            demand += ticks[i].demand;
            shortfall += ticks[i].shortfall;
        }
        return shortfall >= kLeastLoss * demand;
    };
    return Walk(ticks, step, sure, stays).first_change();
}

/// Mean response time of the last kPersists_s up to tick `last`, not before tick `first`.
double recent_response(const std::vector<Feature>& ticks, std::size_t first, std::size_t last) {
    double sum = 0;
    double seconds = 0;
    for (std::size_t k = last + 1; k-- > first && seconds < kPersists_s - kRounding_s;) {
        const double length = ticks[k].to_s - ticks[k].from_s;
        sum += ticks[k].response_s * length;
        seconds += length;
    }
    return sum / seconds;
}

std::optional<Change> latency_change(const std::vector<Feature>& ticks, double floor_s) {
    const auto step = [](const Feature& f) { return f.latency; };
    const auto sure = [&](std::size_t onset, std::size_t i, double) {
        const double mean = recent_response(ticks, onset, i);
        return ticks[i].to_s - ticks[onset].from_s >= kPersists_s - kRounding_s &&
               mean >= kBrokenFactor * floor_s && mean >= floor_s + kBrokenRise_s;
    };
    const auto stays = [](std::size_t) { return true; };
    return Walk(ticks, step, sure, stays).first_change();
}

double response_between(const RunData& data, double from_s, double to_s) {
    double sum = 0;
    double n = 0;
    for (const TickFacts& tick : data.ticks) {
        if (tick.middle_s() >= from_s && tick.middle_s() < to_s) {
            sum += tick.response_mean_s * as_double(tick.requests);
            n += as_double(tick.requests);
        }
    }
    return n > 0 ? sum / n : 0;
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
std::optional<double> last_crossing(const RunData& data, const std::vector<Feature>& ticks,
                                    double level, double until_s) {
    std::optional<double> at_s;
    for (const Feature& tick : ticks) {
        const double here = offered_at(data.info, tick.from_s);
        const double next = offered_at(data.info, tick.to_s);
        if (tick.to_s <= until_s && here <= level && level < next) {
            at_s = tick.from_s + (tick.to_s - tick.from_s) * (level - here) / (next - here);
        }
    }
    return at_s;
}

/// Moves the point to the rate that was carried from then on, where that is steady.
void settle_on_plateau(const RunData& data, Break& found, const std::vector<Feature>& ticks) {
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
            const double arrivals = as_double(tick.counts.arrivals_due - tick.counts.not_sent[1]);
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
    const double after = response_between(data, found.point.at_s, end);
    if (found.point.at_s < found.baseline.until_s) {
        parts.push_back(fmt::format("mean response time was {}", human_seconds(after)));
    } else if (after > kLatencyFactor * found.baseline.response_s) {
        parts.push_back(fmt::format("mean response time rose from {} to {}",
                                    human_seconds(found.baseline.response_s),
                                    human_seconds(after)));
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

Break find_breaking_point(const RunData& data) {
    Break found;
    found.baseline = take_baseline(data);
    const bool open = is_open_model(data.info);
    const Features features(data, found.baseline);
    const std::vector<Feature>& ticks = features.all();
    auto change = shortfall_change(ticks, open);
    const bool falls_short = change.has_value();
    if (!change) {
        change = latency_change(ticks, found.baseline.response_s);
    }
    if (!change) {
        return found;
    }
    const Feature& onset = ticks[change->onset];
    const Feature& sure = ticks[change->sure];
    BreakingPoint& point = found.point;
    point.found = true;
    point.at_s = onset.from_s;
    point.at_rate = onset.level;
    point.interval = {change->onset > 0 ? ticks[change->onset - 1].level : 0, sure.level};
    std::sort(point.interval.begin(), point.interval.end());
    point.interval[1] = std::max(point.interval[1], point.at_rate);
    point.interval[0] = std::min(point.interval[0], point.at_rate);
    found.certain_s = sure.to_s;
    found.until_s = high_until(ticks, change->onset);
    found.goodput_after = goodput_between(data, found.certain_s, found.until_s).mean;
    if (falls_short) {
        settle_on_plateau(data, found, ticks);
    }
    point.symptom = describe(data, found);
    return found;
}

}  // namespace plimsoll
