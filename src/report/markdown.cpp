#include "analysis/alert_delays.hpp"
#include "base/units.hpp"
#include "report/report.hpp"
#include "report/text.hpp"
#include "report/words.hpp"

#include <fmt/format.h>

namespace plimsoll {
namespace {

using report::escape_markdown;
using report::quantile_text;

std::string bullets(std::string_view title, const std::vector<std::string>& items) {
    if (items.empty()) {
        return {};
    }
    std::string text = fmt::format("{}:\n\n", title);
    for (const auto& item : items) {
        text += "- " + escape_markdown(item) + "\n";
    }
    return text + "\n";
}

std::string finding_text(const Finding& finding, bool first) {
    std::string text;
    if (!first) {
        text +=
            fmt::format("**Also: {}** ({} confidence, from {})\n\n",
                        escape_markdown(report::cause_title(finding.cause)),
                        escape_markdown(finding.confidence), report::clock_text(finding.onset_s));
    }
    if (!finding.fix.empty()) {
        text += fmt::format("**Fix:** {}\n\n", escape_markdown(finding.fix));
    }
    return text + bullets("Evidence", report::texts(finding.evidence)) +
           bullets("Against it", report::texts(finding.against)) +
           bullets("Not known", finding.missing);
}

std::string totals_table(const Analysis& analysis) {
    const auto cell = [&](const LatencySummary& latency, double q, double value_s) {
        return quantile_text(latency, q, value_s);
    };
    const auto& response = analysis.response;
    const auto& service = analysis.service;
    const double failed_ratio = analysis.requests > 0 ? static_cast<double>(analysis.failed) /
                                                            static_cast<double>(analysis.requests)
                                                      : 0;
    return fmt::format(
        "| requests | failed | rate | response p50 | p95 | p99 | service p50 | p99 |\n"
        "|---:|---:|---:|---:|---:|---:|---:|---:|\n"
        "| {} | {} ({}) | {}/s | {} | {} | {} | {} | {} |\n\n",
        report::grouped(analysis.requests), report::grouped(analysis.failed),
        report::percent(failed_ratio), report::figure(analysis.rate),
        cell(response, 0.5, response.p50), cell(response, 0.95, response.p95),
        cell(response, 0.99, response.p99), cell(service, 0.5, service.p50),
        cell(service, 0.99, service.p99));
}

std::string thresholds_table(const Analysis& analysis) {
    if (analysis.thresholds.empty()) {
        return {};
    }
    std::string text = "| threshold | must hold | value | |\n|---|---|---:|---|\n";
    for (const auto& result : analysis.thresholds) {
        text += fmt::format(
            "| {} | {} | {} | {} |\n", escape_markdown(result.threshold.key),
            escape_markdown(report::threshold_text(result.threshold)),
            report::threshold_value(result),
            result.ok ? "pass"
                      : fmt::format("**{}**",
                                    result.state == GateState::NotKnown ? "NOT KNOWN" : "FAIL"));
    }
    return text + "\n";
}

/// What each resource could carry at most, the least first.
std::string resources_table(const Analysis& analysis) {
    if (analysis.resource_limits.empty()) {
        return {};
    }
    std::string text =
        "What each resource could carry, by what a request used of it where most was carried "
        "around the break:\n\n"
        "| resource | could carry | size | busy | used | per request |\n"
        "|---|---:|---:|---:|---:|---:|\n";
    for (const ResourceLimit& limit : analysis.resource_limits) {
        text +=
            fmt::format("| {} | {}/s | {} {} | {} | {} | {} |\n", escape_markdown(limit.resource),
                        report::figure(limit.could_carry), report::figure(limit.size),
                        escape_markdown(limit.unit), report::figure(limit.busy),
                        report::percent(limit.used_ratio), human_seconds(limit.demand_s));
    }
    return text + "\n";
}

/// The per-endpoint limits, stage by stage.
std::string sla_table(const Analysis& analysis) {
    const auto results = report::sla_results(analysis);
    if (results.empty()) {
        return {};
    }
    std::string text = "| limit of | must hold |";
    std::string line = "\n|---|---|";
    for (std::size_t i = 0; i < analysis.stages.size(); ++i) {
        text += fmt::format(" {} |", escape_markdown(report::stage_title(analysis, i)));
        line += "---:|";
    }
    text += line + "\n";
    for (const ThresholdResult* const result : results) {
        text += fmt::format("| {} | {} |", escape_markdown(result->threshold.key),
                            escape_markdown(result->threshold.expression));
        for (const StageVerdict& stage : result->stages) {
            text += fmt::format(" {}{} |", report::threshold_value(result->threshold, stage.value),
                                stage.ok ? "" : " **FAIL**");
        }
        text += "\n";
    }
    return text + "\n";
}

std::string checks_table(const Analysis& analysis) {
    if (analysis.scenario_checks.empty()) {
        return {};
    }
    std::string text = "| check | passed | failed |\n|---|---:|---:|\n";
    for (const auto& check : analysis.scenario_checks) {
        text += fmt::format("| {} | {} | {} |\n", escape_markdown(check.name),
                            report::grouped(check.passed), report::grouped(check.failed));
    }
    return text + "\n";
}

std::string groups_table(const Analysis& analysis) {
    if (analysis.groups.empty()) {
        return {};
    }
    std::string text =
        "| group | count | failed | broken off | p50 | p95 | p99 |\n"
        "|---|---:|---:|---:|---:|---:|---:|\n";
    for (const auto& group : analysis.groups) {
        const auto& duration = group.duration;
        text += fmt::format("| {} | {} | {} | {} | {} | {} | {} |\n", escape_markdown(group.name),
                            report::grouped(group.count), report::grouped(group.failed),
                            report::grouped(group.broken_off),
                            quantile_text(duration, 0.5, duration.p50),
                            quantile_text(duration, 0.95, duration.p95),
                            quantile_text(duration, 0.99, duration.p99));
    }
    return text + "\n";
}

/// Mean response times stage by stage, against the first; the fastest shows whether all got slower.
std::string stage_endpoints_table(const Analysis& analysis) {
    const auto stages = report::compared_stages(analysis);
    if (stages.empty()) {
        return {};
    }
    std::string text = "<details><summary>Endpoints by stage</summary>\n\n| mean, fastest |";
    std::string line = "\n|---|";
    for (const std::size_t stage : stages) {
        text += fmt::format(" {} |", escape_markdown(report::stage_title(analysis, stage)));
        line += "---:|";
    }
    text += line + "\n";
    for (std::size_t e = 0; e < analysis.endpoints.size(); ++e) {
        text += fmt::format("| {} {} |", escape_markdown(analysis.endpoints[e].method),
                            escape_markdown(analysis.endpoints[e].name));
        for (const std::size_t stage : stages) {
            const StageEndpointResult& result = analysis.stages[stage].endpoints[e];
            text += fmt::format(
                " {} |", report::stage_mean(result) +
                             (result.requests == 0 ? "" : ", " + human_seconds(result.min_s)));
        }
        text += "\n";
    }
    return text + "\n</details>\n\n";
}

std::string endpoints_table(const Analysis& analysis) {
    std::string text = fmt::format(
        "<details><summary>{} endpoint{}</summary>\n\n"
        "| endpoint | requests | failed | p50 | p95 | p99 |\n|---|---:|---:|---:|---:|---:|\n",
        analysis.endpoints.size(), analysis.endpoints.size() == 1 ? "" : "s");
    for (const auto& endpoint : analysis.endpoints) {
        const auto& response = endpoint.response;
        text += fmt::format("| {} {} | {} | {} | {} | {} | {} |\n",
                            escape_markdown(endpoint.method), escape_markdown(endpoint.name),
                            report::grouped(endpoint.requests), report::grouped(endpoint.failed),
                            quantile_text(response, 0.5, response.p50),
                            quantile_text(response, 0.95, response.p95),
                            quantile_text(response, 0.99, response.p99));
    }
    return text + "\n</details>\n\n";
}

/// What the alerts that were watched did, and how soon.
std::string alerts_table(const Analysis& analysis) {
    if (analysis.alerts.empty()) {
        return {};
    }
    std::string text = fmt::format(
        "Alerts ({}):\n\n| alert | pending | firing | reached the Alertmanager | resolved |\n"
        "|---|---:|---:|---:|---:|\n",
        escape_markdown(episodes_headline(analysis)));
    for (const AlertEpisode& episode : analysis.alerts) {
        text += fmt::format("| {} | {} | {} | {} | {} |\n", escape_markdown(episode.alert),
                            pending_text(episode), firing_text(episode),
                            after_onset_text(episode.notified_s, episode.onset_s),
                            after_onset_text(episode.resolved_s, episode.onset_s));
    }
    return text + "\n";
}

}  // namespace

std::string render_markdown(const RunInfo& info, const Analysis& analysis, bool finished) {
    std::string text =
        fmt::format("## Plimsoll: {} ({})\n\n**{}**", escape_markdown(info.scenario_name),
                    to_string(analysis.verdict), escape_markdown(report::headline(analysis)));
    if (!analysis.findings.empty()) {
        text += fmt::format(" ({} confidence)", escape_markdown(analysis.findings[0].confidence));
    }
    text += "\n\n";
    for (const auto& note : report::headline_notes(analysis, finished)) {
        text += escape_markdown(note) + "\n";
    }
    text += "\n";
    for (std::size_t i = 0; i < analysis.findings.size(); ++i) {
        text += finding_text(analysis.findings[i], i == 0);
    }
    text += resources_table(analysis) + totals_table(analysis) + thresholds_table(analysis) +
            sla_table(analysis) + alerts_table(analysis) + checks_table(analysis) +
            groups_table(analysis) + endpoints_table(analysis) + stage_endpoints_table(analysis);
    text += fmt::format("Measurement {}: {}\n\n", to_string(analysis.verdict),
                        escape_markdown(report::validity_text(analysis)));
    text += fmt::format("Run `{}`, plimsoll {}, {}, seed {}.\n", report::one_line(info.id),
                        escape_markdown(info.version), report::clock_text(analysis.duration_s),
                        info.seed);
    return text;
}

}  // namespace plimsoll
