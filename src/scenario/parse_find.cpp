// The find block: how `plimsoll find` searches.
#include "scenario/parts.hpp"

#include <array>

#include <fmt/format.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;

constexpr std::array<std::string_view, 6> kFindKeys{"start",  "max",    "precision",
                                                    "window", "budget", "closed"};
constexpr Nanoseconds kLongestWindow = 5min;  // the longest that a step is held at one go

/// A rate, or with `closed` a number of users.
std::optional<double> read_level(const Item& item, bool closed) {
    if (closed) {
        const auto users = item.whole(1, kMostUsers, "with closed: true it counts users, e.g. 50");
        return users ? std::optional(static_cast<double>(*users)) : std::nullopt;
    }
    const auto rate = item.rate();
    if (rate && rate->per_second() <= 0) {
        item.fault("must be above 0", "e.g. 20/s");
        return std::nullopt;
    }
    return rate ? std::optional(rate->per_second()) : std::nullopt;
}

void read_levels(const Fields& fields, FindPlan& plan) {
    if (const auto start = fields.get("start")) {
        plan.start = read_level(*start, plan.closed);
    }
    if (const auto most = fields.get("max")) {
        plan.most = read_level(*most, plan.closed);
        if (plan.start && plan.most && *plan.most < *plan.start) {
            most->fault("must not be below start");
        }
    }
}

void read_times(const Fields& fields, FindPlan& plan) {
    if (const auto window = fields.get("window")) {
        plan.window = window->positive_duration();
        if (plan.window && *plan.window > kLongestWindow) {
            window->fault("must be at most 5m: no step is held for longer");
        }
    }
    if (const auto budget = fields.get("budget")) {
        plan.budget = budget->positive_duration();
        if (plan.budget && *plan.budget < kLeastFindBudget) {
            budget->fault("must be at least 30s: a search takes a dozen steps of some seconds");
        }
    }
}

}  // namespace

FindPlan read_find(const Item& item) {
    FindPlan plan;
    if (!item.require_map("start, max, precision, window, budget and closed",
                          "e.g. find: {start: 20/s, max: 1000/s, precision: 5%}")) {
        return plan;
    }
    const Fields fields(item, {kFindKeys});
    if (const auto closed = fields.get("closed")) {
        plan.closed = closed->boolean().value_or(false);
    }
    read_levels(fields, plan);
    if (const auto precision = fields.get("precision")) {
        plan.precision = precision->ratio();
        if (plan.precision && !(*plan.precision >= kFinestPrecision && *plan.precision <= 1)) {
            precision->fault("must be from 1% to 100%", "how close the two ends must come: 5%");
        }
    }
    read_times(fields, plan);
    return plan;
}

}  // namespace plimsoll
