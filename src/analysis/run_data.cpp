#include "analysis/run_data.hpp"

#include "analysis/censored.hpp"
#include "analysis/load_level.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

namespace plimsoll {

bool was_served(Outcome outcome) {
    return outcome == Outcome::Ok || outcome == Outcome::Http4xx || outcome == Outcome::CheckFailed;
}

namespace {

/// Of those cut off; in a tick with timeouts too, up to their send lag.
Nanoseconds cut_off_service(const EndpointStats& stats) {
    return std::min(stats.cut_off.get().sum(), stats.censored_service.get().sum());
}

std::vector<StageFacts> stages_of(const RunInfo& info) {
    std::vector<StageFacts> stages;
    for (std::size_t e = 0; e < info.executors.size(); ++e) {
        std::uint32_t number = 0;
        double level = info.executors[e].start_value;
        for (const StageInfo& stage : info.executors[e].stages) {
            StageFacts facts;
            facts.executor = e;
            facts.stage = number++;
            facts.from_s = to_seconds(stage.from);
            facts.to_s = to_seconds(stage.to);
            facts.held = stage.target == level;
            facts.endpoints.resize(info.endpoints.size());
            level = stage.target;
            stages.push_back(std::move(facts));
        }
    }
    return stages;
}

/// `mean_s` is a sum until the stage is complete.
void add_endpoint(const EndpointStats& stats, StageEndpoint& sum) {
    if (stats.requests == 0) {
        return;
    }
    const double fastest = to_seconds(stats.response.min());
    sum.min_s = sum.requests == 0 ? fastest : std::min(sum.min_s, fastest);
    sum.max_s = std::max(sum.max_s, to_seconds(stats.response.max()));
    sum.mean_s += to_seconds(stats.response.sum());
    sum.requests += stats.requests;
    sum.failed += stats.failed;
}

/// What was planned of `executor` after `end` never came.
void cut_stages(ExecutorInfo& executor, Nanoseconds end) {
    const double end_s = to_seconds(end);
    double begin = executor.start_value;
    for (StageInfo& stage : executor.stages) {
        const double planned = stage.target;
        if (stage.from >= end) {
            stage.from = end;
            stage.to = end;
        } else if (stage.to > end) {
            const double share =
                (end_s - to_seconds(stage.from)) / to_seconds(stage.to - stage.from);
            stage.target = begin + (stage.target - begin) * share;
            stage.to = end;
        }
        begin = planned;
    }
}

class Accumulator {
public:
    explicit Accumulator(RunData& data) : data_(data) {
        data_.totals.resize(data_.info.endpoints.size());
        data_.groups.resize(data_.info.groups.size());
        data_.checks.resize(data_.info.checks.size());
        data_.stages = stages_of(data_.info);
        for (const EndpointInfo& endpoint : data_.info.endpoints) {
            sign_in_.push_back(is_sign_in(endpoint.name));
        }
    }

    void add(const StoredTick& tick) {
        TickFacts& facts = data_.ticks.emplace_back(
            tick_facts(to_seconds(tick.from), to_seconds(tick.to), tick.counts, tick.state,
                       tick.endpoints, tick.shards));
        EndpointStats merged;
        for (std::size_t e = 0; e < tick.endpoints.size(); ++e) {
            data_.totals[e].merge(tick.endpoints[e]);
            merged.merge(tick.endpoints[e]);
            facts.sign_ins += sign_in_[e] ? tick.endpoints[e].requests : 0U;
        }
        data_.all.merge(merged);
        if (tick.last_answer || facts.answered > 0) {
            data_.last_answer_s = to_seconds(tick.last_answer.value_or(tick.to));
        }
        data_.phases.merge(tick.phases);
        data_.counts.merge(tick.counts);
        cut_ended(tick);
        for (std::size_t g = 0; g < std::min(tick.groups.size(), data_.groups.size()); ++g) {
            data_.groups[g].merge(tick.groups[g]);
        }
        for (std::size_t c = 0; c < std::min(tick.checks.size(), data_.checks.size()); ++c) {
            data_.checks[c].merge(tick.checks[c]);
        }
        for (StageFacts& stage : data_.stages) {
            if (facts.middle_s() >= stage.from_s && facts.middle_s() < stage.to_s) {
                stage.stats.merge(merged);
                stage.seconds += facts.seconds();
                stage.users_seconds += tick.state.users * facts.seconds();
                for (std::size_t e = 0; e < tick.endpoints.size(); ++e) {
                    add_endpoint(tick.endpoints[e], stage.endpoints[e]);
                }
            }
        }
    }

    void finish() {
        data_.duration_s = data_.ticks.empty() ? 0 : data_.ticks.back().to_s;
        data_.load_end_s = std::min(schedule_end(data_.info), data_.duration_s);
        for (StageFacts& stage : data_.stages) {
            stage.to_s = std::min(stage.to_s, data_.duration_s);
            for (StageEndpoint& endpoint : stage.endpoints) {
                endpoint.mean_s /=
                    static_cast<double>(std::max<std::uint64_t>(1, endpoint.requests));
            }
        }
        std::erase_if(data_.stages, [](const StageFacts& s) { return s.to_s <= s.from_s; });
    }

private:
    /// An executor whose iterations are done, or that was stopped, asks for nothing any more.
    void cut_ended(const StoredTick& tick) {
        for (std::size_t e = 0; e < std::min(tick.executors.size(), data_.info.executors.size());
             ++e) {
            ExecutorInfo& executor = data_.info.executors[e];
            if (executor.stages.empty() || tick.executors[e].stage < executor.stages.size() ||
                tick.to >= executor.stages.back().to) {
                continue;
            }
            cut_stages(executor, tick.from);
            for (StageFacts& stage : data_.stages) {
                if (stage.executor == e) {
                    stage.to_s = std::min(stage.to_s, to_seconds(tick.from));
                }
            }
        }
    }

    RunData& data_;
    std::vector<bool> sign_in_;  // by EndpointId
};

template <typename T>
void take(Result<T> from, T& into, Status& status) {
    if (!from) {
        status = status.ok() ? Status(from.error()) : status;
        return;
    }
    into = std::move(from).value();
}

}  // namespace

RunData cut_at(const RunData& data, double end_s) {
    RunData cut = data;
    std::erase_if(cut.ticks, [&](const TickFacts& tick) { return tick.to_s > end_s + 1e-6; });
    cut.counts = {};
    for (const TickFacts& tick : cut.ticks) {
        cut.counts.merge(tick.counts);
    }
    for (StoredSeries& series : cut.series) {
        std::erase_if(series.points, [&](const auto& point) { return point.t_s > end_s; });
    }
    std::erase_if(cut.series, [](const StoredSeries& series) { return series.points.empty(); });
    for (StoredProbe& probe : cut.probes) {
        std::erase_if(probe.times_s, [&](double t_s) { return t_s > end_s; });
    }
    std::erase_if(cut.gaps, [&](const StoredGap& gap) { return gap.from_s > end_s; });
    std::erase_if(cut.errors, [&](const StoredError& error) { return error.first_s > end_s; });
    std::erase_if(cut.stages, [&](const StageFacts& stage) { return stage.from_s >= end_s; });
    const auto end = std::chrono::duration_cast<Nanoseconds>(std::chrono::duration<double>(end_s));
    for (ExecutorInfo& executor : cut.info.executors) {
        cut_stages(executor, end);
    }
    cut.duration_s = cut.ticks.empty() ? 0 : cut.ticks.back().to_s;
    cut.load_end_s = std::min(schedule_end(cut.info), cut.duration_s);
    return cut;
}

TickFacts tick_facts(double from_s, double to_s, const LoadCounts& counts, const ShardState& state,
                     std::span<const EndpointStats> endpoints, std::span<const ShardState> shards) {
    TickFacts facts;
    facts.from_s = from_s;
    facts.to_s = to_s;
    facts.counts = counts;
    facts.state = state;
    Nanoseconds response{};
    Nanoseconds service{};
    for (const EndpointStats& stats : endpoints) {
        const std::uint64_t cut_off = stats.cut_off.count();
        facts.requests += stats.requests - cut_off;
        facts.cut_off += cut_off;
        facts.answered += count_answers(stats);
        facts.censored += stats.censored.count() - cut_off;
        facts.rate_limited += stats.count(Outcome::RateLimited);
        facts.ok += stats.count(Outcome::Ok);
        response += stats.response.sum() - stats.cut_off.get().sum();
        service += stats.service.sum() - cut_off_service(stats);
        TickEndpoint& endpoint = facts.endpoints.emplace_back();
        endpoint.requests = stats.requests - cut_off;
        endpoint.response_s = to_seconds(stats.response.sum() - stats.cut_off.get().sum());
        for (const StatusCount& entry : stats.statuses) {
            endpoint.served += was_served(entry.outcome) ? entry.count : 0U;
        }
        facts.served += endpoint.served;
    }
    if (facts.requests > 0) {
        const auto n = static_cast<double>(facts.requests);
        facts.response_mean_s = to_seconds(response) / n;
        facts.service_mean_s = to_seconds(service) / n;
    }
    for (const ShardState& shard : shards) {
        facts.cpu_seconds += shard.cpu_ratio * facts.seconds();
    }
    return facts;
}

bool is_sign_in(std::string_view endpoint_name) {
    constexpr std::array<std::string_view, 16> kWords{
        "login",  "log in",  "log_in",  "log-in", "signin",   "sign in", "sign-in", "sign_in",
        "signup", "sign up", "sign-up", "regist", "password", "token",   "/auth",   "authenticat"};
    std::string name(endpoint_name);
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return std::any_of(kWords.begin(), kWords.end(),
                       [&](std::string_view word) { return name.find(word) != std::string::npos; });
}

double RunData::fact(const std::string& key, double fallback) const {
    const auto found = facts.find(key);
    if (found == facts.end()) {
        return fallback;
    }
    double value = 0;
    const char* const end = found->second.data() + found->second.size();
    const auto parsed = std::from_chars(found->second.data(), end, value);
    return parsed.ec == std::errc{} && parsed.ptr == end ? value : fallback;
}

Result<RunData> load_run_data(const RunReader& reader) {
    RunData data;
    data.info = reader.info();
    data.finished = reader.finished();
    Accumulator accumulator(data);
    Status status = reader.for_each_tick([&](const StoredTick& tick) { accumulator.add(tick); });
    accumulator.finish();
    take(reader.series(), data.series, status);
    take(reader.probes(), data.probes, status);
    take(reader.errors(), data.errors, status);
    take(reader.gaps(), data.gaps, status);
    take(reader.facts(), data.facts, status);
    if (!status.ok()) {
        return status.error();
    }
    return data;
}

}  // namespace plimsoll
