#include "analysis/capacity/capacity_detail.hpp"

#include "analysis/breaking_point.hpp"
#include "analysis/capacity/scaling.hpp"
#include "analysis/diagnosis/case.hpp"
#include "analysis/diagnosis/limits.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>

#include <boost/math/distributions/students_t.hpp>
#include <fmt/format.h>

namespace plimsoll {
namespace {

// Demand per request is taken from steps with some load, where the idle part of a process's CPU
// does not count for much.
constexpr double kSomeLoad = 0.4;

Window steady(const StepResult& step) {
    return {step.from_s + step.warm_up_s, step.to_s};
}

/// Steps that hold a level for long enough to be a point of the curve; those at one level together.
std::vector<ScalingLevel> levels_of(const RunData& data, const FindResult& find) {
    std::map<double, ScalingLevel> levels;
    for (const StepResult& step : find.steps) {
        if (step.verdict == StepVerdict::Void || step.requests == 0) {
            continue;
        }
        const Window window = steady(step);
        for (const TickFacts& tick : data.ticks) {
            if (window.holds(tick.middle_s()) && tick.seconds() > 0) {
                levels[step.level].ticks.push_back(
                    {tick.state.in_flight_mean,
                     static_cast<double>(tick.requests) / tick.seconds()});
            }
        }
    }
    std::vector<ScalingLevel> list;
    list.reserve(levels.size());
    for (auto& [level, ticks] : levels) {
        list.push_back(std::move(ticks));
    }
    return list;
}

/// Every resource at every step that carried its level with some load.
using LimitsByStep = std::vector<std::vector<ResourceLimit>>;

std::vector<Window> windows_at(const FindResult& find, double least_level, double most_level) {
    std::vector<Window> windows;
    for (const StepResult& step : find.steps) {
        // A repeat may be unclear by itself; what is carried is judged by all of them together.
        const bool carried = step.verdict == StepVerdict::Pass ||
                             (step.verdict == StepVerdict::Edge && step.leans_pass);
        if (carried && step.level >= least_level && step.level <= most_level) {
            windows.push_back(steady(step));
        }
    }
    return windows;
}

LimitsByStep limits_in(const Case& c, const std::vector<Window>& windows) {
    LimitsByStep all;
    all.reserve(windows.size());
    for (const Window& window : windows) {
        all.push_back(resource_limits(c, window));
    }
    return all;
}

/// The means of several steps' rows, resource by resource.
std::vector<ResourceLimit> mean_limits(const LimitsByStep& steps) {
    std::map<std::string, std::vector<ResourceLimit>> by_resource;
    for (const auto& step : steps) {
        for (const ResourceLimit& limit : step) {
            by_resource[limit.resource].push_back(limit);
        }
    }
    std::vector<ResourceLimit> means;
    for (const auto& [resource, limits] : by_resource) {
        ResourceLimit mean = limits.front();
        mean.busy = mean.demand_s = mean.size = 0;
        const auto n = static_cast<double>(limits.size());
        for (const ResourceLimit& limit : limits) {
            mean.busy += limit.busy / n;
            mean.demand_s += limit.demand_s / n;
            mean.size += limit.size / n;
        }
        mean.could_carry = mean.size / mean.demand_s;
        mean.used_ratio = std::min(1.0, mean.busy / mean.size);
        means.push_back(std::move(mean));
    }
    std::sort(means.begin(), means.end(), [](const ResourceLimit& a, const ResourceLimit& b) {
        return a.used_ratio > b.used_ratio;
    });
    return means;
}

/// The demand per request of one resource over steps, with its 95 % interval.
std::optional<Estimate> demand_of(const LimitsByStep& steps, const std::string& resource) {
    std::vector<double> demands;
    for (const auto& step : steps) {
        for (const ResourceLimit& limit : step) {
            if (limit.resource == resource) {
                demands.push_back(limit.demand_s);
            }
        }
    }
    if (demands.empty()) {
        return std::nullopt;
    }
    const auto n = static_cast<double>(demands.size());
    double mean = 0;
    for (const double demand : demands) {
        mean += demand / n;
    }
    if (demands.size() < 2) {
        return Estimate{0, mean, std::numeric_limits<double>::infinity()};
    }
    double squares = 0;
    for (const double demand : demands) {
        squares += (demand - mean) * (demand - mean);
    }
    const double reach = boost::math::quantile(boost::math::students_t(n - 1), 0.975) *
                         std::sqrt(squares / (n - 1) / n);
    return Estimate{std::max(0.0, mean - reach), mean, mean + reach};
}

/// The size that a finding recommends for what is exhausted.
std::optional<double> recommended_size(const Finding& finding) {
    const auto size = finding.values.find("recommended_pool_size");
    return size == finding.values.end() ? std::nullopt : std::optional(size->second);
}

NextLimit limit_of(const ResourceLimit& limit, double size, const Estimate& demand,
                   std::string why) {
    return {limit.resource,
            limit.cause,
            {size / demand.high, size / demand.value,
             demand.low > 0 ? size / demand.low : std::numeric_limits<double>::infinity()},
            std::move(why)};
}

std::optional<NextLimit> next_limit(const std::vector<ResourceLimit>& margins,
                                    const LimitsByStep& steps, const Finding& binding) {
    std::optional<NextLimit> next;
    for (const ResourceLimit& limit : margins) {
        const auto demand = demand_of(steps, limit.resource);
        if (!demand || demand->value <= 0) {
            continue;
        }
        const bool binds_now = limit.cause == binding.cause;
        const auto size = recommended_size(binding);
        if (binds_now && !size) {
            continue;
        }
        const double then = binds_now ? *size : limit.size;
        NextLimit candidate = limit_of(
            limit, then, *demand,
            binds_now
                ? fmt::format("with {:.0f} {}, as recommended, each busy for {:.3g} ms a request",
                              then, limit.unit, 1e3 * demand->value)
                : fmt::format("{:.3g} {}, of which a request takes {:.3g} ms", then, limit.unit,
                              1e3 * demand->value));
        if (!next || candidate.rate.value < next->rate.value) {
            next = std::move(candidate);
        }
    }
    return next;
}

}  // namespace

CapacityDetail capacity_detail(const RunData& data, const FindResult& find,
                               const std::vector<Finding>& findings) {
    CapacityDetail detail;
    detail.scaling = fit_scaling(levels_of(data, find), data.info.seed);
    if (!find.search.lo) {
        return detail;
    }
    Break whole;
    whole.baseline = take_baseline(data);
    const Case c(data, whole);
    const double lo = *find.search.lo;
    detail.margins = mean_limits(limits_in(c, windows_at(find, lo, lo)));
    if (!findings.empty() && findings.front().cause != "unknown") {
        const LimitsByStep steps = limits_in(c, windows_at(find, kSomeLoad * lo, lo));
        detail.next = next_limit(detail.margins, steps, findings.front());
    }
    return detail;
}

}  // namespace plimsoll
