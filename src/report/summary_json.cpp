#include "report/capacity_json.hpp"
#include "report/json_text.hpp"
#include "report/report.hpp"
#include "report/summary_parts.hpp"
#include "report/text.hpp"
#include "report/words.hpp"

#include <chrono>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <fmt/format.h>

namespace plimsoll {
namespace {

namespace json = boost::json;
using report::number_or_null;

/// Null where the summary does not support the quantile, or where it lies among timeouts.
json::value quantile_of(const LatencySummary& latency, double q, double value_s) {
    return report::support_of(latency, q) == report::Support::Stated ? json::value(value_s)
                                                                     : json::value(nullptr);
}

json::object latency_of(const LatencySummary& latency) {
    const auto unless_empty = [&](double value_s) {
        return latency.count > 0 ? json::value(value_s) : json::value(nullptr);
    };
    return {{"min", unless_empty(latency.min)},
            {"mean", unless_empty(latency.mean)},
            {"p50", quantile_of(latency, 0.5, latency.p50)},
            {"p90", quantile_of(latency, 0.9, latency.p90)},
            {"p95", quantile_of(latency, 0.95, latency.p95)},
            {"p99", quantile_of(latency, 0.99, latency.p99)},
            {"p999", quantile_of(latency, 0.999, latency.p999)},
            {"max", unless_empty(latency.max)},
            {"censored_from", latency.censored_from}};
}

template <typename Number>
json::object numbers_of(const std::map<std::string, Number>& numbers) {
    json::object object;
    for (const auto& [name, number] : numbers) {
        object[name] = number;
    }
    return object;
}

json::object run_of(const RunInfo& info, const Analysis& analysis) {
    const auto started =
        std::chrono::floor<std::chrono::seconds>(info.start.wall.time_since_epoch());
    return {{"id", info.id},
            {"scenario", info.scenario_name},
            {"version", info.version},
            {"started", report::utc_time(started.count())},
            {"duration_s", analysis.duration_s},
            {"seed", info.seed},
            {"segment",
             info.segment.is_whole()
                 ? json::value(nullptr)
                 : json::value(fmt::format("{}/{}", info.segment.number, info.segment.count))}};
}

/// The phases that any request went through; what comes before them is the send lag.
json::object phases_of(const Analysis& analysis) {
    json::object phases;
    for (std::size_t i = 0; i < kRequestPhaseCount; ++i) {
        if (analysis.phases[i].count != 0) {
            phases[kRequestPhaseNames[i]] = latency_of(analysis.phases[i]);
        }
    }
    return phases;
}

json::object totals_of(const Analysis& analysis) {
    return {{"requests", analysis.requests},
            {"failed", analysis.failed},
            {"failed_unknown", analysis.unknown},
            {"cut_off", analysis.answers.cut_off},
            {"not_sent", analysis.not_sent},
            {"rate", analysis.rate},
            {"response_s", latency_of(analysis.response)},
            {"service_s", latency_of(analysis.service)},
            {"send_lag_s", latency_of(analysis.send_lag)},
            {"redirects", analysis.redirects},
            {"phases_s", phases_of(analysis)}};
}

json::array endpoints_of(const Analysis& analysis) {
    json::array endpoints;
    for (const auto& endpoint : analysis.endpoints) {
        endpoints.push_back(json::object{{"user", endpoint.user},
                                         {"name", endpoint.name},
                                         {"method", endpoint.method},
                                         {"requests", endpoint.requests},
                                         {"failed", endpoint.failed},
                                         {"failed_unknown", endpoint.unknown},
                                         {"rate", endpoint.rate},
                                         {"outcomes", numbers_of(endpoint.outcomes)},
                                         {"response_s", latency_of(endpoint.response)},
                                         {"service_s", latency_of(endpoint.service)}});
    }
    return endpoints;
}

json::array checks_of(const Analysis& analysis) {
    json::array checks;
    for (const auto& check : analysis.scenario_checks) {
        checks.push_back(json::object{{"name", check.name},
                                      {"passed", check.passed},
                                      {"failed", check.failed},
                                      {"cut_off", check.cut_off}});
    }
    return checks;
}

json::array groups_of(const Analysis& analysis) {
    json::array groups;
    for (const auto& group : analysis.groups) {
        groups.push_back(json::object{{"name", group.name},
                                      {"count", group.count},
                                      {"failed", group.failed},
                                      {"broken_off", group.broken_off},
                                      {"duration_s", latency_of(group.duration)}});
    }
    return groups;
}

json::object flow_of(const FlowResult& flow) {
    return {{"iterations", flow.iterations},       {"completed", flow.completed},
            {"cut_short", flow.cut_short},         {"steps_unrendered", flow.steps_unrendered},
            {"starts_failed", flow.starts_failed}, {"users_stopped", flow.users_stopped},
            {"out_of_data", flow.out_of_data}};
}

json::array stage_endpoints(const Analysis& analysis, const StageResult& stage) {
    json::array endpoints;
    for (std::size_t e = 0; e < stage.endpoints.size() && e < analysis.endpoints.size(); ++e) {
        const StageEndpointResult& result = stage.endpoints[e];
        if (result.requests > 0) {
            endpoints.push_back(json::object{{"user", analysis.endpoints[e].user},
                                             {"name", analysis.endpoints[e].name},
                                             {"method", analysis.endpoints[e].method},
                                             {"requests", result.requests},
                                             {"failed", result.failed},
                                             {"mean_s", result.mean_s},
                                             {"min_s", result.min_s},
                                             {"max_s", result.max_s},
                                             {"change", number_or_null(result.change)}});
        }
    }
    return endpoints;
}

json::array stages_of(const Analysis& analysis) {
    json::array stages;
    for (const auto& stage : analysis.stages) {
        stages.push_back(json::object{{"executor", stage.executor},
                                      {"stage", stage.stage},
                                      {"from_s", stage.from_s},
                                      {"to_s", stage.to_s},
                                      {"offered_rate", stage.offered_rate},
                                      {"rate", stage.rate},
                                      {"users", stage.users},
                                      {"response_s", latency_of(stage.response)},
                                      {"failed_ratio", stage.failed_ratio}});
        if (!stage.endpoints.empty()) {
            stages.back().as_object()["endpoints"] = stage_endpoints(analysis, stage);
        }
    }
    return stages;
}

json::object answers_of(const AnswerResult& answers) {
    return {{"ok", answers.ok},
            {"answered", answers.answered},
            {"unanswered", answers.unanswered},
            {"unknown", answers.unknown},
            {"cut_off", answers.cut_off},
            {"oldest_s", answers.oldest_s},
            {"silent_s", answers.silent_s},
            {"why", answers.why.empty() ? json::value(nullptr) : json::value(answers.why)}};
}

json::array onsets_of(const Analysis& analysis) {
    json::array onsets;
    for (const Onset& onset : analysis.onsets) {
        json::value interval = nullptr;
        if (onset.interval) {
            interval = json::array{(*onset.interval)[0], (*onset.interval)[1]};
        }
        onsets.push_back(json::object{
            {"at_s", onset.at_s}, {"source", onset.source}, {"interval_s", std::move(interval)}});
    }
    return onsets;
}

json::array alerts_of(const Analysis& analysis) {
    json::array alerts;
    for (const AlertEpisode& episode : analysis.alerts) {
        alerts.push_back(json::object{{"alert", episode.alert},
                                      {"already", episode.already},
                                      {"onset_s", number_or_null(episode.onset_s)},
                                      {"pending_s", number_or_null(episode.pending_s)},
                                      {"firing_s", number_or_null(episode.firing_s)},
                                      {"notified_s", number_or_null(episode.notified_s)},
                                      {"resolved_s", number_or_null(episode.resolved_s)}});
    }
    return alerts;
}

json::object exporters_of(const GeneratorResult& generator) {
    json::object exporters;
    for (const auto& [name, counts] : generator.exporters) {
        exporters[name] = json::object{{"sent", counts.sent},
                                       {"retried", counts.retried},
                                       {"rejected", counts.rejected},
                                       {"dropped", counts.dropped}};
    }
    return exporters;
}

json::object generator_of(const GeneratorResult& generator) {
    return {{"cpu_seconds", generator.cpu_seconds},
            {"cpu_us_per_request", generator.cpu_us_per_request},
            {"max_rss_bytes", generator.max_rss_bytes},
            {"shards", generator.shards},
            {"dropped", numbers_of(generator.dropped)},
            {"cpu_ratio_max", generator.cpu_ratio_max},
            {"loop_lag_max_s", generator.loop_lag_max_s},
            {"late_sends", generator.late_sends},
            {"not_sent", json::object{{"user_cap", generator.not_sent_user_cap},
                                      {"generator", generator.not_sent_generator}}},
            {"sockets_left",
             generator.sockets_left ? json::value(*generator.sockets_left) : json::value(nullptr)},
            {"ceiling_rate", number_or_null(generator.ceiling_rate)}};
}

}  // namespace

std::string render_json(const RunInfo& info, const Analysis& analysis) {
    return report::pretty_json(json::object{
        {"schema", kSummarySchema},
        {"run", run_of(info, analysis)},
        {"validity", report::validity_json(analysis)},
        {"totals", totals_of(analysis)},
        {"endpoints", endpoints_of(analysis)},
        {"checks", checks_of(analysis)},
        {"groups", groups_of(analysis)},
        {"flow", flow_of(analysis.flow)},
        {"stages", stages_of(analysis)},
        {"thresholds", report::thresholds_json(analysis)},
        {"answers", answers_of(analysis.answers)},
        {"breaking_point", report::breaking_point_json(analysis.breaking_point)},
        {"capacity", report::capacity_json(analysis)},
        {"findings", report::findings_json(analysis)},
        {"onsets", onsets_of(analysis)},
        {"alerts", alerts_of(analysis)},
        {"resource_limits", report::limits_json(analysis.resource_limits)},
        {"generator", generator_of(analysis.generator)},
        {"exporters", exporters_of(analysis.generator)},
    });
}

}  // namespace plimsoll
