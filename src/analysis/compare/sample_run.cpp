#include "analysis/censored.hpp"
#include "analysis/compare/compared_run.hpp"
#include "analysis/diagnosis/case.hpp"
#include "analysis/load_level.hpp"
#include "signal/names.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <set>
#include <tuple>

namespace plimsoll {
namespace {

std::tuple<std::string, std::string, std::string> key_of(const EndpointInfo& endpoint) {
    return {endpoint.user, endpoint.name, endpoint.method};
}

/// Which window a moment lies in.
std::optional<std::size_t> window_at(const std::vector<Window>& windows,
                                     const std::vector<std::size_t>& by_start, double t_s) {
    const auto after =
        std::upper_bound(by_start.begin(), by_start.end(), t_s,
                         [&](double t, std::size_t w) { return t < windows[w].from_s; });
    if (after == by_start.begin() || t_s >= windows[*(after - 1)].to_s) {
        return std::nullopt;
    }
    return *(after - 1);
}

/// A counter's rise since its first point, restarts left out, at any time.
class Rise {
public:
    explicit Rise(const std::vector<StoredSeries::Point>& counter) {
        double risen = 0;
        for (std::size_t i = 0; i < counter.size(); ++i) {
            risen += i > 0 ? std::max(0.0, counter[i].value - counter[i - 1].value) : 0;
            points_.push_back({counter[i].t_s, risen});
        }
    }
    [[nodiscard]] bool covers(Window window) const {
        return points_.size() > 1 && points_.front().t_s <= window.from_s + kSlack_s &&
               points_.back().t_s >= window.to_s - kSlack_s;
    }
    [[nodiscard]] double at(double t_s) const {
        const auto after = std::lower_bound(points_.begin(), points_.end(), t_s,
                                            [](const auto& p, double t) { return p.t_s < t; });
        if (after == points_.begin()) {
            return points_.front().value;
        }
        if (after == points_.end()) {
            return points_.back().value;
        }
        const auto& before = *(after - 1);
        const double part = (t_s - before.t_s) / (after->t_s - before.t_s);
        return before.value + part * (after->value - before.value);
    }

private:
    static constexpr double kSlack_s = 2;  // a probe's first reading may come a little late
    std::vector<StoredSeries::Point> points_;
};

/// CPU seconds of a role in each window; nothing for windows that its counters do not cover.
std::vector<std::optional<double>> cpu_in(const RunData& data, const std::string& role,
                                          const std::vector<Window>& windows) {
    std::vector<std::optional<double>> used(windows.size());
    for (const StoredSeries& series : data.series) {
        if (series.metric != metric::kContainerCpuSeconds || series.label("role") != role) {
            continue;
        }
        const Rise rise(series.points);
        for (std::size_t w = 0; w < windows.size(); ++w) {
            const Window window{windows[w].from_s, std::min(windows[w].to_s, data.duration_s)};
            if (rise.covers(window)) {
                used[w] = used[w].value_or(0) + rise.at(window.to_s) - rise.at(window.from_s);
            }
        }
    }
    return used;
}

Signal busy_connections(const RunData& data) {
    return sum_of(data, metric::kPgBackends, [](const StoredSeries& series) {
        return !is_ours(series) && is_busy_state(series.label("state"));
    });
}

/// One cell of one run.
struct Cell {
    std::vector<Histogram> responses;  // by distribution
    std::vector<double> requests, failed;
    double seconds = 0;
    double served = 0;
    double due = 0;  // arrivals
};

/// By how many arrivals a second the schedule goes on average in `windows`; 0 where that is not
/// what the load is: users in a loop come as they are answered, and a search sets its own levels.
double scheduled_rate(const ComparedRun& run, const std::vector<Window>& windows) {
    const auto& executors = run.data.info.executors;
    const auto goes_by_schedule = [](const ExecutorInfo& executor) {
        return executor.open && executor.kind != ExecutorKind::ExternallyControlledRate;
    };
    if (run.analysis.find || !std::all_of(executors.begin(), executors.end(), goes_by_schedule)) {
        return 0;
    }
    double arrivals = 0;
    double seconds = 0;
    for (const Window& window : windows) {
        const double to_s =
            std::min({window.to_s, schedule_end(run.data.info), run.data.duration_s});
        if (to_s <= window.from_s) {
            continue;
        }
        seconds += to_s - window.from_s;
        for (const ExecutorInfo& executor : executors) {
            arrivals += mean_level(executor, window.from_s, to_s) * (to_s - window.from_s);
        }
    }
    return seconds > 0 ? arrivals / seconds : 0;
}

class Sampler {
public:
    Sampler(const ComparedRun& run, const SampleNames& names, const std::vector<Window>& windows)
        : run_(run), names_(names), windows_(windows), cells_(windows.size()) {
        const std::size_t groups = names.endpoints.size() + 1;
        for (Cell& cell : cells_) {
            cell.responses.resize(groups);
            cell.requests.resize(groups);
            cell.failed.resize(groups);
        }
        for (std::size_t w = 0; w < windows.size(); ++w) {
            by_start_.push_back(w);
        }
        std::sort(by_start_.begin(), by_start_.end(), [&](std::size_t a, std::size_t b) {
            return windows_[a].from_s < windows_[b].from_s;
        });
        for (const EndpointInfo& endpoint : run.data.info.endpoints) {
            const auto found =
                std::find_if(names.endpoints.begin(), names.endpoints.end(),
                             [&](const auto& e) { return key_of(e) == key_of(endpoint); });
            group_of_.push_back(
                found == names.endpoints.end()
                    ? std::nullopt
                    : std::optional(static_cast<std::size_t>(found - names.endpoints.begin() + 1)));
        }
    }

    void add(const StoredTick& tick) {
        const double middle_s = (to_seconds(tick.from) + to_seconds(tick.to)) / 2;
        const auto at = window_at(windows_, by_start_, middle_s);
        if (!at) {
            return;
        }
        Cell& cell = cells_[*at];
        cell.seconds += to_seconds(tick.to - tick.from);
        cell.due += static_cast<double>(tick.counts.arrivals_due);
        for (std::size_t e = 0; e < tick.endpoints.size(); ++e) {
            add(cell, 0, tick.endpoints[e]);
            if (e < group_of_.size() && group_of_[e]) {
                add(cell, *group_of_[e], tick.endpoints[e]);
            }
            for (const StatusCount& count : tick.endpoints[e].statuses) {
                cell.served += was_served(count.outcome) ? static_cast<double>(count.count) : 0;
            }
        }
    }

    /// Requests that were cut off and are known to have failed: in the last cell of a whole run.
    void add_lost() {
        if (cells_.empty() || windows_.back().to_s != kForEver) {
            return;
        }
        for (std::size_t e = 0; e < run_.data.totals.size(); ++e) {
            const EndpointStats& all = run_.data.totals[e];
            const auto lost = static_cast<double>(failures_of(all).certain - all.failed);
            add_lost(0, lost);
            if (group_of_[e]) {
                add_lost(*group_of_[e], lost);
            }
        }
    }

    [[nodiscard]] SampledRun result() const {
        SampledRun sampled;
        sampled.cells = cells_.size();
        const std::size_t groups = names_.endpoints.size() + 1;
        sampled.distributions.resize(groups);
        sampled.ratios.resize(1 + groups);
        const double scheduled = scheduled_rate(run_, windows_);
        for (const Cell& cell : cells_) {
            // That more arrivals came by chance is not the target's doing: of each it is asked how
            // much of it was done, at the rate of the schedule.
            add_ratio(sampled.ratios[0], cell.requests[0],
                      scheduled > 0 ? cell.due / scheduled : cell.seconds);
            for (std::size_t g = 0; g < groups; ++g) {
                sampled.distributions[g].cells.push_back(counts_of(cell.responses[g]));
                add_ratio(sampled.ratios[1 + g], cell.failed[g], cell.requests[g]);
            }
            sampled.pace.push_back(std::log(1e-9 + to_seconds(cell.responses[0].mean())));
        }
        add_hold(sampled);
        for (const std::string& role : names_.roles) {
            RatioCells ratio;
            const auto used = cpu_in(run_.data, role, windows_);
            for (std::size_t c = 0; c < cells_.size(); ++c) {
                add_ratio(ratio, used[c].value_or(0), used[c] ? cells_[c].requests[0] : 0);
            }
            sampled.ratios.push_back(std::move(ratio));
        }
        return sampled;
    }

private:
    void add_lost(std::size_t group, double lost) {
        cells_.back().requests[group] += lost;
        cells_.back().failed[group] += lost;
    }
    static void add(Cell& cell, std::size_t group, const EndpointStats& stats) {
        // What the end of the run cut off has no time of its own.
        cell.responses[group].merge(
            stats.cut_off.empty() ? stats.response : stats.response.without(stats.cut_off.get()));
        cell.requests[group] += static_cast<double>(stats.requests - stats.cut_off.count());
        cell.failed[group] += static_cast<double>(stats.failed);
    }
    static void add_ratio(RatioCells& ratio, double over, double under) {
        ratio.over.push_back(over);
        ratio.under.push_back(under);
    }
    static std::vector<std::pair<std::uint32_t, double>> counts_of(const Histogram& histogram) {
        std::vector<std::pair<std::uint32_t, double>> counts;
        for (const Histogram::Bucket& bucket : histogram.buckets()) {
            counts.emplace_back(static_cast<std::uint32_t>(Histogram::bucket_of(bucket.lower_ns)),
                                static_cast<double>(bucket.count));
        }
        return counts;
    }
    void add_hold(SampledRun& sampled) const {
        if (!names_.hold) {
            return;
        }
        const Signal busy = busy_connections(run_.data);
        RatioCells ratio;
        for (std::size_t c = 0; c < cells_.size(); ++c) {
            const auto mean = mean_in(busy, windows_[c]);
            add_ratio(ratio, mean.value_or(0) * cells_[c].seconds, mean ? cells_[c].served : 0);
        }
        sampled.ratios.push_back(std::move(ratio));
    }

    const ComparedRun& run_;
    const SampleNames& names_;
    const std::vector<Window>& windows_;
    std::vector<Cell> cells_;
    std::vector<std::size_t> by_start_;
    std::vector<std::optional<std::size_t>> group_of_;  // by EndpointId
};

std::set<std::string> roles_of(const RunData& data) {
    std::set<std::string> roles;
    for (const StoredSeries& series : data.series) {
        if (series.metric == metric::kContainerCpuSeconds && !series.label("role").empty() &&
            series.points.size() > 1) {
            roles.insert(series.label("role"));
        }
    }
    return roles;
}

}  // namespace

SampleNames common_names(const std::vector<const ComparedRun*>& runs) {
    SampleNames names;
    names.endpoints = runs.front()->data.info.endpoints;
    std::set<std::string> roles = roles_of(runs.front()->data);
    names.hold = true;
    for (const ComparedRun* run : runs) {
        const auto& own = run->data.info.endpoints;
        std::erase_if(names.endpoints, [&](const EndpointInfo& endpoint) {
            return std::none_of(own.begin(), own.end(),
                                [&](const auto& e) { return key_of(e) == key_of(endpoint); });
        });
        const std::set<std::string> own_roles = roles_of(run->data);
        std::erase_if(roles, [&](const std::string& role) { return !own_roles.contains(role); });
        names.hold = names.hold && !busy_connections(run->data).empty();
    }
    names.roles.assign(roles.begin(), roles.end());
    return names;
}

Result<SampledRun> sample_run(const ComparedRun& run, const SampleNames& names,
                              const std::vector<Window>& windows) {
    Sampler sampler(run, names, windows);
    const Status walked =
        run.reader.for_each_tick([&](const StoredTick& tick) { sampler.add(tick); });
    if (!walked) {
        return walked.error();
    }
    sampler.add_lost();
    return sampler.result();
}

}  // namespace plimsoll
