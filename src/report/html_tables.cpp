#include "base/units.hpp"
#include "report/html_table.hpp"
#include "report/renderers.hpp"
#include "report/text.hpp"
#include "report/words.hpp"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

namespace plimsoll::report {
namespace {

std::string mark(bool ok, std::string_view good, std::string_view bad) {
    return ok ? fmt::format("<span class=\"ok\">✓ {}</span>", good)
              : fmt::format("<span class=\"no\">✗ {}</span>", bad);
}

std::string share(std::uint64_t part, std::uint64_t whole) {
    if (part == 0) {
        return "0";
    }
    const double ratio = whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : 0;
    return fmt::format("{} <small>({})</small>", grouped(part), percent(ratio));
}

std::string thresholds(const Analysis& analysis) {
    if (analysis.thresholds.empty()) {
        return {};
    }
    Table table("thresholds", "Thresholds",
                {{"Metric"}, {"Must hold"}, {"Value", Align::Number}, {"Result"}});
    for (const auto& result : analysis.thresholds) {
        table.row({escape_markup(result.threshold.key),
                   escape_markup(threshold_text(result.threshold)), threshold_value(result),
                   mark(result.ok, "pass", threshold_mark(result))});
    }
    return table.end();
}

/// The per-endpoint limits, stage by stage.
std::string sla(const Analysis& analysis) {
    const auto results = sla_results(analysis);
    if (results.empty()) {
        return {};
    }
    std::vector<std::string> titles;
    for (std::size_t i = 0; i < analysis.stages.size(); ++i) {
        titles.push_back(escape_markup(stage_title(analysis, i)));
    }
    std::vector<Column> columns{{"Limit of"}, {"Must hold"}};
    for (const std::string& title : titles) {
        columns.push_back({title, Align::Number});
    }
    columns.push_back({"Whole run", Align::Number});
    Table table("sla", "Limits per endpoint and stage", std::move(columns));
    for (const ThresholdResult* const result : results) {
        const Threshold& threshold = result->threshold;
        std::vector<std::string> cells{escape_markup(threshold.key),
                                       escape_markup(threshold.expression)};
        for (const StageVerdict& stage : result->stages) {
            const std::string value = threshold_value(threshold, stage.value);
            cells.push_back(stage.value ? mark(stage.ok, value, value) : "–");
        }
        const std::string value = threshold_value(*result);
        cells.push_back(result->value ? mark(result->ok, value, value) : "–");
        table.row(cells);
    }
    return table.end();
}

std::string checks(const Analysis& analysis) {
    if (analysis.scenario_checks.empty()) {
        return {};
    }
    Table table("scenario-checks", "Checks on responses",
                {{"Check"}, {"Passed", Align::Number}, {"Failed", Align::Number}, {"Result"}});
    for (const auto& check : analysis.scenario_checks) {
        const bool judged = check.passed + check.failed > 0;
        table.row({escape_markup(check.name), grouped(check.passed),
                   share(check.failed, check.passed + check.failed),
                   judged ? mark(check.failed == 0, "held", "did not always hold") : "–"});
    }
    return table.end();
}

std::string groups(const Analysis& analysis) {
    if (analysis.groups.empty()) {
        return {};
    }
    Table table("groups", "Groups of steps: from the first step's due time to the last one's end",
                {{"Group"},
                 {"Count", Align::Number},
                 {"Failed", Align::Number},
                 {"Broken off", Align::Number},
                 {"p50", Align::Number},
                 {"p95", Align::Number},
                 {"p99", Align::Number},
                 {"max", Align::Number}});
    for (const auto& group : analysis.groups) {
        const auto& duration = group.duration;
        table.row({escape_markup(group.name), grouped(group.count),
                   share(group.failed, group.count), grouped(group.broken_off),
                   quantile_text(duration, 0.5, duration.p50),
                   quantile_text(duration, 0.95, duration.p95),
                   quantile_text(duration, 0.99, duration.p99),
                   duration.count > 0 ? human_seconds(duration.max) : "–"});
    }
    return table.end();
}

/// Only what happened.
std::string flow_text(const FlowResult& flow) {
    std::string text;
    const auto add = [&](std::uint64_t count, std::string_view what) {
        if (count > 0) {
            text += fmt::format("<p>{} {}</p>\n", grouped(count), what);
        }
    };
    add(flow.cut_short, "iterations were cut short by a failed step.");
    add(flow.steps_unrendered, "steps were not sent because a value in them was missing.");
    add(flow.starts_failed, "times user_start failed, which ended that user.");
    add(flow.users_stopped, "times a user stopped before its time.");
    add(flow.out_of_data, "iterations did not begin because unique data was used up.");
    return text;
}

/// What the failures were, one line each.
std::string outcomes_text(const EndpointResult& endpoint) {
    std::string text;
    for (const auto& [outcome, count] : endpoint.outcomes) {
        if (outcome != "ok" && count > 0) {
            text += fmt::format("<br><small>{} {}</small>", escape_markup(outcome), grouped(count));
        }
    }
    return text;
}

std::string endpoints(const Analysis& analysis) {
    Table table("endpoints", "Endpoints: response time from due time, service time from sending",
                {{"Endpoint"},
                 {"Requests", Align::Number},
                 {"Failed", Align::Number},
                 {"Rate", Align::Number},
                 {"Response p50", Align::Number},
                 {"p95", Align::Number},
                 {"p99", Align::Number},
                 {"max", Align::Number},
                 {"Service p50", Align::Number},
                 {"p99", Align::Number}});
    for (const auto& endpoint : analysis.endpoints) {
        const auto& response = endpoint.response;
        const auto& service = endpoint.service;
        table.row({fmt::format("<span class=\"method\">{}</span> {}<br><small>{}</small>",
                               escape_markup(endpoint.method), escape_markup(endpoint.name),
                               escape_markup(endpoint.user)),
                   grouped(endpoint.requests),
                   share(endpoint.failed, endpoint.requests) + outcomes_text(endpoint),
                   figure(endpoint.rate) + "/s", quantile_text(response, 0.5, response.p50),
                   quantile_text(response, 0.95, response.p95),
                   quantile_text(response, 0.99, response.p99), mean_text(response, response.max),
                   quantile_text(service, 0.5, service.p50),
                   quantile_text(service, 0.99, service.p99)});
    }
    return table.end();
}

/// Mean response times stage by stage, against the first; the fastest shows whether all got slower.
std::string stage_endpoints(const Analysis& analysis) {
    const auto compared = compared_stages(analysis);
    if (compared.empty()) {
        return {};
    }
    std::vector<std::string> titles;
    for (const std::size_t stage : compared) {
        titles.push_back(escape_markup(stage_title(analysis, stage)));
    }
    std::vector<Column> columns{{"Endpoint"}};
    for (const std::string& title : titles) {
        columns.push_back({title, Align::Number});
    }
    Table table(
        "stage-endpoints",
        "Endpoints by stage: mean response time, against the first stage; the fastest below",
        std::move(columns));
    for (std::size_t e = 0; e < analysis.endpoints.size(); ++e) {
        std::vector<std::string> cells{fmt::format("<span class=\"method\">{}</span> {}",
                                                   escape_markup(analysis.endpoints[e].method),
                                                   escape_markup(analysis.endpoints[e].name))};
        for (const std::size_t stage : compared) {
            const StageEndpointResult& result = analysis.stages[stage].endpoints[e];
            std::string cell = stage_mean(result);
            if (result.requests > 0) {
                cell += fmt::format("<br><small>{}</small>", human_seconds(result.min_s));
            }
            cells.push_back(std::move(cell));
        }
        table.row(cells);
    }
    return table.end();
}

std::string stages(const Analysis& analysis) {
    if (analysis.stages.empty()) {
        return {};
    }
    Table table("stages", "Stages of the load",
                {{"Executor"},
                 {"Stage", Align::Number},
                 {"From", Align::Number},
                 {"To", Align::Number},
                 {"Offered", Align::Number},
                 {"Completed", Align::Number},
                 {"Users", Align::Number},
                 {"Failed", Align::Number},
                 {"Response p50", Align::Number},
                 {"p95", Align::Number},
                 {"p99", Align::Number}});
    for (const auto& stage : analysis.stages) {
        const auto& response = stage.response;
        table.row({escape_markup(stage.executor), fmt::format("{}", stage.stage + 1),
                   clock_text(stage.from_s), clock_text(stage.to_s),
                   stage.offered_rate > 0 ? figure(stage.offered_rate) + "/s" : "–",
                   figure(stage.rate) + "/s", figure(stage.users), percent(stage.failed_ratio),
                   quantile_text(response, 0.5, response.p50),
                   quantile_text(response, 0.95, response.p95),
                   quantile_text(response, 0.99, response.p99)});
    }
    return table.end();
}

/// Where the requests' time went; nothing where no response came.
std::string phases(const Analysis& analysis) {
    const auto is_empty = [](const LatencySummary& phase) { return phase.count == 0; };
    if (std::all_of(analysis.phases.begin(), analysis.phases.end(), is_empty)) {
        return {};
    }
    Table table("phases", "Where the time of requests went",
                {{"Phase"},
                 {"Requests", Align::Number},
                 {"Mean", Align::Number},
                 {"p50", Align::Number},
                 {"p99", Align::Number},
                 {"max", Align::Number}});
    const auto row = [&](std::string_view name, const LatencySummary& phase) {
        if (phase.count != 0) {
            table.row({std::string(name), grouped(phase.count), human_seconds(phase.mean),
                       quantile_text(phase, 0.5, phase.p50), quantile_text(phase, 0.99, phase.p99),
                       human_seconds(phase.max)});
        }
    };
    row("blocked", analysis.send_lag);
    for (std::size_t i = 0; i < kRequestPhaseCount; ++i) {
        row(kRequestPhaseNames[i], analysis.phases[i]);
    }
    return table.end();
}

std::string validity(const Analysis& analysis) {
    Table table("validity", "Validity of the measurement",
                {{"Check"},
                 {"Result"},
                 {"Value", Align::Number},
                 {"Limit", Align::Number},
                 {"What was seen"}});
    for (const auto& check : analysis.checks) {
        table.row({escape_markup(check.name),
                   mark(check.ok, "pass", check.decisive ? "invalid" : "degraded"),
                   figure(check.value), figure(check.limit), escape_markup(check.why)});
    }
    return table.end();
}

}  // namespace

std::string html_tables(const RunInfo& info, const RunData& data, const Analysis& analysis) {
    std::string text =
        "<section aria-labelledby=\"figures\">\n<h2 id=\"figures\">Figures</h2>\n"
        "<p class=\"hint\">“–” in place of a percentile: too few samples to state it (p99 needs "
        "563, p99.9 needs 5,662). “≥”: it lies among requests that timed out.</p>\n";
    text += endpoints(analysis) + phases(analysis) + groups(analysis) + checks(analysis) +
            flow_text(analysis.flow) + stages(analysis) + stage_endpoints(analysis) +
            thresholds(analysis) + sla(analysis) + validity(analysis) +
            html_run_tables(info, data, analysis);
    if (!info.scenario_text.empty()) {
        text += fmt::format(
            "<details><summary>The scenario as it was run</summary>\n<pre>{}</pre>"
            "</details>\n",
            escape_markup(info.scenario_text));
    }
    return text + "</section>\n";
}

}  // namespace plimsoll::report
