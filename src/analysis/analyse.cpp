#include "analysis/analyse.hpp"

#include "analysis/alert_delays.hpp"
#include "analysis/answer_window.hpp"
#include "analysis/answers.hpp"
#include "analysis/breaking_point.hpp"
#include "analysis/capacity/capacity_detail.hpp"
#include "analysis/capacity/find_json.hpp"
#include "analysis/capacity/searched_part.hpp"
#include "analysis/censored.hpp"
#include "analysis/diagnosis/diagnose.hpp"
#include "analysis/diagnosis/limits.hpp"
#include "analysis/judge_run.hpp"
#include "analysis/latency.hpp"
#include "analysis/load_level.hpp"
#include "analysis/onset.hpp"
#include "analysis/run_data.hpp"
#include "analysis/stages.hpp"
#include "analysis/validity.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace plimsoll {
namespace {

constexpr std::string_view kDropped = "exporter.dropped.";
constexpr std::array<std::pair<std::string_view, std::uint64_t ExporterResult::*>, 4>
    kExporterCounts{{{"exporter.sent.", &ExporterResult::sent},
                     {"exporter.retried.", &ExporterResult::retried},
                     {"exporter.rejected.", &ExporterResult::rejected},
                     {kDropped, &ExporterResult::dropped}}};

void add_totals(const RunData& data, Analysis& analysis) {
    analysis.duration_s = data.duration_s;
    analysis.requests = data.all.requests;
    for (const EndpointStats& stats : data.totals) {
        const Failures failures = failures_of(stats);
        analysis.failed += failures.certain;
        analysis.unknown += failures.unknown;
    }
    analysis.answers = judge_answers(data);
    analysis.not_sent = data.counts.not_sent();
    const std::uint64_t ended = data.all.requests - data.all.cut_off.count();
    analysis.rate = data.duration_s > 0 ? static_cast<double>(ended) / data.duration_s : 0;
    analysis.response = summarise_latency(data.all.response, data.all.censored.count());
    analysis.service = summarise_latency(data.all.service, data.all.censored_service.count());
    analysis.send_lag = summarise_latency(data.all.send_lag, 0);
    for (std::size_t i = 0; i < kRequestPhaseCount; ++i) {
        analysis.phases[i] = summarise_latency(data.phases.times[i], 0);
    }
    analysis.redirects = data.counts.redirects;
    for (std::size_t e = 0; e < data.totals.size(); ++e) {
        analysis.endpoints.push_back(
            summarise_endpoint(data.info.endpoints[e], data.totals[e], data.duration_s));
    }
}

void add_flow(const RunData& data, Analysis& analysis) {
    for (std::size_t c = 0; c < data.checks.size(); ++c) {
        analysis.scenario_checks.push_back({data.info.checks[c], data.checks[c].passed,
                                            data.checks[c].failed, data.checks[c].cut_off});
    }
    for (std::size_t g = 0; g < data.groups.size(); ++g) {
        const GroupStats& stats = data.groups[g];
        analysis.groups.push_back({data.info.groups[g], stats.count, stats.failed, stats.broken_off,
                                   summarise_latency(stats.duration, stats.censored.count())});
    }
    const LoadCounts& counts = data.counts;
    analysis.flow = {counts.iterations_started,   counts.iterations_completed,
                     counts.iterations_cut_short, counts.steps_unrendered,
                     counts.starts_failed,        counts.users_stopped,
                     counts.out_of_data};
}

void add_errors(const RunData& data, Analysis& analysis) {
    for (const StoredError& error : data.errors) {
        ErrorResult result;
        if (error.sample.endpoint < data.info.endpoints.size()) {
            const EndpointInfo& endpoint = data.info.endpoints[error.sample.endpoint];
            result.method = endpoint.method;
            result.name = endpoint.name;
        }
        result.outcome = to_string(error.sample.outcome);
        result.status = error.sample.status;
        result.text = error.sample.text;
        result.count = error.sample.count;
        result.first_s = error.first_s;
        result.last_s = error.last_s;
        analysis.errors.push_back(std::move(result));
    }
}

GeneratorResult generator_of(const RunData& data) {
    GeneratorResult generator;
    double measured = 0;
    for (const TickFacts& tick : data.ticks) {
        measured += tick.cpu_seconds;
    }
    generator.cpu_seconds = data.fact("generator.cpu_seconds", measured);
    if (data.all.requests > 0) {
        const double worked =
            std::max(0.0, generator.cpu_seconds - data.fact("generator.polled_seconds", 0));
        generator.cpu_us_per_request = 1e6 * worked / static_cast<double>(data.all.requests);
    }
    generator.max_rss_bytes =
        static_cast<std::uint64_t>(std::max(0.0, data.fact("generator.max_rss_bytes", 0)));
    generator.shards = data.info.shards;
    for (const TickFacts& tick : data.ticks) {
        const ShardState& state = tick.state;
        generator.cpu_ratio_max = std::max(generator.cpu_ratio_max, state.cpu_ratio);
        generator.loop_lag_max_s =
            std::max(generator.loop_lag_max_s, to_seconds(state.loop_lag_max));
        generator.late_sends += state.late_sends;
        if (state.sockets_left != ShardState::kSocketsUnknown) {
            generator.sockets_left =
                std::min(generator.sockets_left.value_or(UINT64_MAX), state.sockets_left);
        }
    }
    generator.not_sent_user_cap = data.counts.not_sent_user_cap;
    generator.not_sent_generator = data.counts.not_sent_generator;
    if (const double ceiling = data.fact("generator.ceiling_rate", 0); ceiling > 0) {
        generator.ceiling_rate = ceiling;
    }
    for (const auto& [key, value] : data.facts) {
        const auto count = static_cast<std::uint64_t>(std::max(0.0, data.fact(key, 0)));
        if (key.starts_with(kDropped)) {
            generator.dropped[key.substr(kDropped.size())] = count;
        }
        for (const auto& [prefix, which] : kExporterCounts) {
            if (key.starts_with(prefix)) {
                generator.exporters[key.substr(prefix.size())].*which = count;
            }
        }
    }
    return generator;
}

/// Validity, breaking point and causes.
Status judge(const RunReader& reader, const RunData& data, Analysis& analysis) {
    analysis.checks = check_validity(data);
    analysis.notes = validity_notes(data);
    analysis.verdict = verdict_of(analysis.checks);
    Break found = find_breaking_point(data);
    if (analysis.verdict == Verdict::Invalid) {
        found = Break{};  // void: what broke may have been the generator
        found.baseline = take_baseline(data);
    }
    analysis.breaking_point = found.point;
    analysis.findings = diagnose(data, found, analysis.verdict, analysis.checks);
    if (found.point.found) {
        const Case broken(data, found);
        analysis.resource_limits = resource_limits(broken, broken.carried_most());
    }
    const Status judged = judge_for_answer(reader, data, found, analysis.findings, analysis.checks);
    analysis.verdict = verdict_of(analysis.checks);
    return judged;
}

}  // namespace

std::string to_string(Verdict verdict) {
    switch (verdict) {
        case Verdict::Valid:
            return "VALID";
        case Verdict::Degraded:
            return "DEGRADED";
        case Verdict::Invalid:
            break;
    }
    return "INVALID";
}

std::string to_string(GateState state) {
    switch (state) {
        case GateState::Passed:
            return "passed";
        case GateState::Failed:
            return "failed";
        case GateState::NotKnown:
            return "not_known";
        case GateState::NoSample:
            break;
    }
    return "no_sample";
}

Result<Analysis> analyse(const RunReader& reader) {
    const auto loaded = load_run_data(reader);
    if (!loaded) {
        return loaded.error();
    }
    const RunData& data = loaded.value();
    Analysis analysis;
    add_totals(data, analysis);
    add_flow(data, analysis);
    add_errors(data, analysis);
    analysis.generator = generator_of(data);
    analysis.stages = judge_stages(data);
    auto thresholds = judge_run(reader, data);
    if (!thresholds) {
        return thresholds.error();
    }
    analysis.thresholds = std::move(thresholds).value();
    analysis.open_model = is_open_model(data.info);
    analysis.highest_offered = highest_offered(data.info, data.load_end_s);
    if (const auto kept = data.facts.find(kFindFact); kept != data.facts.end()) {
        auto result = find_result_from(kept->second);
        if (!result) {
            return result.error();
        }
        analysis.find = std::move(result).value();
    }
    const Status judged =
        judge(reader, analysis.find ? searched_part(data, *analysis.find) : data, analysis);
    if (!judged) {
        return judged.error();
    }
    const auto events = reader.events();
    if (!events) {
        return events.error();
    }
    analysis.onsets = known_onsets(*events, analysis);
    analysis.alerts = alert_episodes(*events, analysis.onsets);
    if (analysis.find) {
        analysis.capacity = capacity_detail(data, *analysis.find, analysis.findings);
    }
    return analysis;
}

}  // namespace plimsoll
