#include "analysis/change_point.hpp"

#include "analysis/as_double.hpp"
#include "analysis/load_level.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

namespace plimsoll {
namespace {

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
// Requests in flight are whole, and at low rates one more or less is scatter.
constexpr double kLeastAllowance_requests = 1;
// A queue of this share of a second's demand is no longer scatter ...
constexpr double kShortfallLimit_s = 0.1;
// ... and neither is this many requests, whatever the rate.
constexpr double kShortfallLimit_requests = 10;
// Closed model: counts scatter; four standard deviations of a Poisson count.
constexpr double kPoissonDeviations = 4;
// ... and only where people could notice: 20 ms more.
constexpr double kLatencyRise_s = 0.020;
// Latency alone is a break when it lasts at five times the floor and 0.1 s above it.
constexpr double kBrokenFactor = 5;
constexpr double kBrokenRise_s = 0.1;

// Healed: so long in relation to how long it did not keep up, in most ticks, under as much load.
constexpr double kHealedShare = 0.5;
constexpr double kHealedMostly = 0.9;
constexpr double kAsMuch = 0.95;

// The load counts as still as high down to this share of the breaking point.
constexpr double kStillHigh = 0.9;

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
    [[nodiscard]] const std::vector<LoadTick>& all() const { return all_; }

private:
    LoadTick feature_of(const TickFacts& tick, double in_flight_before) const {
        LoadTick f{tick.from_s, tick.to_s,           offered_at(data_.info, tick.middle_s()), 0, 0,
                   0,           tick.response_mean_s};
        const double good_share = 1 - baseline_.failed_ratio;
        if (open_) {
            const double turned_away =
                as_double(tick.counts.not_sent_user_cap) * baseline_.requests_per_arrival;
            f.demand =
                as_double(tick.requests) + turned_away + tick.state.in_flight - in_flight_before;
            f.shortfall = f.demand * good_share - as_double(tick.ok) - natural_growth(tick);
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

    /// Requests that join those in flight as the load rises, from nothing at the start, while
    /// response time stays at its floor (Little's law): no queue yet.
    double natural_growth(const TickFacts& tick) const {
        const double before =
            tick.from_s > 0 ? offered_at(data_.info, tick.from_s - kRounding_s) : 0;
        const double end_s = std::min(tick.to_s, data_.load_end_s) - kRounding_s;
        const double rise = offered_at(data_.info, end_s) - before;
        return std::max(0.0, rise) * baseline_.requests_per_arrival * baseline_.fastest_s;
    }

    const RunData& data_;
    const Baseline& baseline_;
    bool open_;
    std::vector<LoadTick> all_;
};

/// Walks the cumulative sum of `step`; `sure` says whether an excursion from tick a to tick b
/// proves a change. The sum goes back to zero by itself where the series recovers, and at once
/// after kRecovered_s without a positive step: the debt of a past hiccup is no lasting change.
class Walk {
public:
    using Step = std::function<double(const LoadTick&)>;
    using Sure = std::function<bool(std::size_t, std::size_t, double)>;
    using Stays = std::function<bool(std::size_t)>;
    Walk(const std::vector<LoadTick>& ticks, Step step, Sure sure, Stays stays)
        : ticks_(ticks), step_(std::move(step)), sure_(std::move(sure)), stays_(std::move(stays)) {}

    std::optional<Change> first_change(std::size_t from) {
        positive_.assign(from, false);
        onset_ = from;
        for (std::size_t i = from; i < ticks_.size(); ++i) {
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

    const std::vector<LoadTick>& ticks_;
    Step step_;
    Sure sure_;
    Stays stays_;
    std::vector<bool> positive_;
    double sum_ = 0;
    double last_positive_s_ = 0;
    std::size_t onset_ = 0;
    std::optional<std::size_t> passed_;
};

/// What is missing of a tick's demand, beyond what is forgiven.
double beyond_allowance(const LoadTick& tick, bool open) {
    const double share = open ? kOpenAllowance : kClosedAllowance;
    return tick.shortfall - std::max(kLeastAllowance_requests, share * tick.demand);
}

/// Answers come well, and as fast as at first: also a queue that is being worked off counts.
bool keeps_up(const LoadTick& tick, bool open) {
    return beyond_allowance(tick, open) <= 0 && tick.latency <= 0;
}

/// Mean response time of the last kPersists_s up to tick `last`, not before tick `first`.
double recent_response(const std::vector<LoadTick>& ticks, std::size_t first, std::size_t last) {
    double sum = 0;
    double seconds = 0;
    for (std::size_t k = last + 1; k-- > first && seconds < kPersists_s - kRounding_s;) {
        const double length = ticks[k].to_s - ticks[k].from_s;
        sum += ticks[k].response_s * length;
        seconds += length;
    }
    return sum / seconds;
}

}  // namespace

double users_in(const RunData& data, const TickFacts& tick) {
    constexpr int kPoints = 20;
    double sum = 0;
    for (int i = 0; i < kPoints; ++i) {
        const double t_s = tick.from_s + tick.seconds() * (i + 0.5) / kPoints;
        sum += std::floor(offered_at(data.info, t_s) + 1e-9);
    }
    return sum / kPoints;
}

std::vector<LoadTick> load_ticks(const RunData& data, const Baseline& baseline) {
    return Features(data, baseline).all();
}

double high_until(const std::vector<LoadTick>& ticks, std::size_t onset) {
    double until_s = ticks[onset].to_s;
    for (std::size_t i = onset; i < ticks.size(); ++i) {
        if (ticks[i].level >= kStillHigh * ticks[onset].level) {
            until_s = ticks[i].to_s;
        }
    }
    return until_s;
}

std::optional<std::size_t> recovery_from(const std::vector<LoadTick>& ticks, const Change& change,
                                         bool open) {
    double most = 0;  // of load, while it did not keep up
    for (std::size_t r = change.onset; r < ticks.size(); ++r) {
        if (r <= change.sure || !keeps_up(ticks[r], open)) {
            most = std::max(most, ticks[r].level);
            continue;
        }
        const double bad_s = ticks[r].from_s - ticks[change.onset].from_s;
        const double needed_s = std::max(kPersists_s, kHealedShare * bad_s) - kRounding_s;
        double good_s = 0;
        double all_s = 0;
        for (std::size_t k = r; k < ticks.size() && all_s < needed_s; ++k) {
            if (ticks[k].level < kAsMuch * most) {
                break;
            }
            const double length = ticks[k].to_s - ticks[k].from_s;
            all_s += length;
            good_s += keeps_up(ticks[k], open) ? length : 0;
        }
        if (all_s >= needed_s && good_s >= kHealedMostly * all_s) {
            return r;
        }
        most = std::max(most, ticks[r].level);
    }
    return std::nullopt;
}

std::optional<Change> shortfall_change(const std::vector<LoadTick>& ticks, bool open,
                                       std::size_t from) {
    const auto step = [=](const LoadTick& f) { return beyond_allowance(f, open); };
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
    return Walk(ticks, step, sure, stays).first_change(from);
}

std::optional<Change> latency_change(const std::vector<LoadTick>& ticks, double floor_s,
                                     std::size_t from) {
    const auto step = [](const LoadTick& f) { return f.latency; };
    const auto sure = [&](std::size_t onset, std::size_t i, double) {
        const double mean = recent_response(ticks, onset, i);
        return ticks[i].to_s - ticks[onset].from_s >= kPersists_s - kRounding_s &&
               mean >= kBrokenFactor * floor_s && mean >= floor_s + kBrokenRise_s;
    };
    const auto stays = [](std::size_t) { return true; };
    return Walk(ticks, step, sure, stays).first_change(from);
}

}  // namespace plimsoll
