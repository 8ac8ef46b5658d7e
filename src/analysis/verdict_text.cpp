#include "analysis/verdict_text.hpp"

#include "analysis/alert_delays.hpp"
#include "analysis/capacity/capacity_text.hpp"
#include "analysis/diagnosis/causes.hpp"
#include "base/units.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <utility>

#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr std::size_t kColumns = 80;  // of the terminal that everyone has

/// Columns that UTF-8 text takes: continuation bytes take none.
std::size_t width(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U;
    }));
}

/// Appends `text` after `lead`, broken between words; further lines align with the first word.
void add(std::string& out, std::string_view lead, std::string_view text) {
    std::string line(lead);
    const std::string indent(width(lead), ' ');
    bool empty = true;
    while (!text.empty()) {
        const std::string_view word = text.substr(0, text.find(' '));
        text.remove_prefix(std::min(word.size() + 1, text.size()));
        if (!empty && width(line) + 1 + width(word) > kColumns) {
            out += line + '\n';
            line = indent;
            empty = true;
        }
        line += empty ? "" : " ";
        line += word;
        empty = false;
    }
    out += line + '\n';
}

/// Digits that the interval does not support would only look exact.
std::string load(const Analysis& analysis, double level) {
    if (!analysis.open_model) {
        return fmt::format("{:.0f} {}", level, level == 1 ? "user" : "users");
    }
    return format_rate(Rate::per_second(level < 20 ? level : std::round(level)));
}

const ValidityCheck* find_check(const Analysis& analysis, std::string_view name) {
    const auto found = std::find_if(analysis.checks.begin(), analysis.checks.end(),
                                    [&](const auto& check) { return check.name == name; });
    return found == analysis.checks.end() ? nullptr : &*found;
}

void add_measurement(std::string& out, const Analysis& analysis, const RunInfo& info) {
    add(out, "", fmt::format("Measurement: {}", to_string(analysis.verdict)));
    std::string summary = fmt::format(
        "{} requests to {} in {:.0f} s, {} failed{}, {} due but not sent", analysis.requests,
        info.target, analysis.duration_s, analysis.failed,
        analysis.unknown > 0 ? fmt::format(" (and {} nobody knows)", analysis.unknown) : "",
        analysis.not_sent);
    if (const ValidityCheck* const lag = find_check(analysis, "send_lag_p99")) {
        summary +=
            fmt::format("; 99 % were sent within {} of their due time", human_seconds(lag->value));
    }
    if (const ValidityCheck* const cpu = find_check(analysis, "generator_cpu")) {
        summary +=
            fmt::format("; the busiest generator thread used {:.0f} % of a core", 100 * cpu->value);
    }
    add(out, "  ", summary + ".");
    for (const ValidityCheck& check : analysis.checks) {
        if (!check.ok) {
            add(out, check.decisive ? "  ✗ " : "  ! ", check.why);
        }
    }
    for (const ValidityNote& note : analysis.notes) {
        add(out, "  ", "Note: " + note.text + ".");
    }
}

/// What was not answered, and the thresholds that did not pass.
void add_gates(std::string& out, const Analysis& analysis) {
    if (!analysis.answers.why.empty()) {
        std::string why = analysis.answers.why + ".";
        why.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(why.front())));
        add(out, analysis.answers.ok ? "  ! " : "  ✗ ", why);
    }
    for (const ThresholdResult& result : analysis.thresholds) {
        const std::string& expression = result.threshold.expression;
        if (!result.ok) {
            add(out, "  ✗ ",
                fmt::format("Threshold {}: {}: {}.", result.threshold.key, expression,
                            result.why.empty() ? "does not hold" : result.why));
        }
    }
}

/// Checks and broken iterations, where there are any.
void add_flow(std::string& out, const Analysis& analysis) {
    std::uint64_t passed = 0;
    std::uint64_t failed = 0;
    const CheckResult* worst = nullptr;
    for (const CheckResult& check : analysis.scenario_checks) {
        passed += check.passed;
        failed += check.failed;
        worst = worst == nullptr || check.failed > worst->failed ? &check : worst;
    }
    if (passed + failed > 0) {
        add(out, failed == 0 ? "  " : "  ✗ ",
            failed == 0 ? fmt::format("All {} checks held.", passed)
                        : fmt::format("{} of {} checks failed, most of them \"{}\" ({}).", failed,
                                      passed + failed, worst->name, worst->failed));
    }
    const auto tell = [&](std::uint64_t count, std::string_view what) {
        if (count > 0) {
            add(out, "  ! ", fmt::format("{} {}", count, what));
        }
    };
    const FlowResult& flow = analysis.flow;
    tell(flow.cut_short, "iterations were cut short by a failed step.");
    tell(flow.steps_unrendered, "steps were not sent: a value in them was missing.");
    tell(flow.starts_failed, "times user_start failed and ended that user.");
    tell(flow.out_of_data, "iterations did not begin: unique data was used up.");
}

void add_break(std::string& out, const Analysis& analysis) {
    const BreakingPoint& point = analysis.breaking_point;
    if (analysis.verdict == Verdict::Invalid) {
        add(out, "", "Breaking point: not judged, the generator was the limit.");
        return;
    }
    if (!point.found && !analysis.answers.none && analysis.requests > 0 &&
        analysis.failed == analysis.requests) {
        add(out, "",
            "No answer about the target: every request failed. Check the target, the path and what "
            "the scenario expects.");
        return;
    }
    if (!point.found && analysis.requests == 0) {
        add(out, "", "No answer about the target: no request was sent.");
        return;
    }
    if (!point.found && !analysis.answers.ok) {
        add(out, "",
            analysis.answers.none
                ? "No answer about the target: it answered no request. Check that it runs and "
                  "answers within the timeout and the graceful stop."
                : "The target did not answer all that was asked of it; there is no single load "
                  "from which on it broke.");
        return;
    }
    if (!point.found) {
        add(out, "",
            fmt::format("Nothing broke up to {}, the highest load tried.",
                        load(analysis, analysis.highest_offered)));
        return;
    }
    const std::string between =
        point.interval[0] > 0
            ? fmt::format(" (between {} and {})", load(analysis, point.interval[0]),
                          load(analysis, point.interval[1]))
            : std::string();
    if (point.recovered_s) {
        add(out, "",
            fmt::format("It broke at {}, {:.0f} s into the run{}, and recovered at {:.0f} s, under "
                        "as much load.",
                        load(analysis, point.at_rate), point.at_s, between, *point.recovered_s));
    } else if (point.interval[0] > 0) {
        add(out, "",
            fmt::format("It broke at {}, {:.0f} s into the run{}.", load(analysis, point.at_rate),
                        point.at_s, between));
    } else {
        add(out, "",
            fmt::format("It was overloaded from the start, at {}: its breaking point lies below.",
                        load(analysis, point.at_rate)));
    }
    if (!point.symptom.empty()) {
        add(out, "  ", (point.recovered_s ? "Meanwhile " : "From then on ") + point.symptom + ".");
    }
    for (const Slowdown& slowdown : point.healed) {
        add(out, "  ",
            fmt::format("It {}slowed down from {:.0f} to {:.0f} s as well, at {}, and recovered.",
                        slowdown.to_s <= point.at_s ? "had " : "", slowdown.from_s, slowdown.to_s,
                        load(analysis, slowdown.at_rate)));
    }
    if (point.recovered_s) {
        add(out, "  ",
            fmt::format("Nothing else broke up to {}, the highest load tried.",
                        load(analysis, analysis.highest_offered)));
    }
}

/// In place of the breaking point: the search's answer, and what bound it.
void add_capacity(std::string& out, const Analysis& analysis) {
    const FindResult& find = *analysis.find;
    std::string goals;
    for (const std::string& goal : find.goals) {
        goals += (goals.empty() ? "" : "; ") + goal;
    }
    add(out, "", "Capacity, by " + goals + ":");
    add(out, "  ", capacity_sentence(find));
    if (find.requests_per_iteration > 1.01 && find.search.lo) {
        add(out, "  ",
            fmt::format("Each iteration makes {:.2f} requests: {:.0f} requests/s at the "
                        "lower end.",
                        find.requests_per_iteration,
                        find.requests_per_iteration * *find.search.lo));
    }
    for (const std::string& note : capacity_notes(find)) {
        add(out, "  ", note);
    }
}

void add_finding(std::string& out, const Finding& finding, std::string_view heading) {
    add(out, "",
        finding.cause == "unknown"
            ? fmt::format("{}: unknown. What was measured does not show it, so nothing is guessed.",
                          heading)
            : fmt::format("{}: {} ({} confidence, since {:.0f} s).", heading,
                          cause_in_words(finding.cause), finding.confidence, finding.onset_s));
    for (const Sentence& line : finding.evidence) {
        add(out, "  + ", line.text);
    }
    for (const Sentence& line : finding.against) {
        add(out, "  - ", line.text);
    }
    for (const std::string& line : finding.missing) {
        add(out, "  ? ", "not measured: " + line);
    }
    if (!finding.fix.empty()) {
        add(out, "  → ", finding.fix);
    }
}

void add_limit_rows(std::string& out, const std::vector<ResourceLimit>& limits) {
    for (const ResourceLimit& limit : limits) {
        add(out, "  ",
            fmt::format("{}: {} at most, {} of {:.4g} {} a request; {:.0f} % used", limit.resource,
                        format_rate(Rate::per_second(limit.could_carry)),
                        human_seconds(limit.demand_s), limit.size, limit.unit,
                        100 * limit.used_ratio));
    }
}

/// How full each resource is at what is carried, and what would bind next.
void add_margins(std::string& out, const CapacityDetail& detail) {
    out += "\nAt what it carries\n";
    add_limit_rows(out, detail.margins);
    if (detail.next) {
        add(out, "  ", next_line(*detail.next));
    }
    if (detail.scaling.shape != ScalingShape::Unknown) {
        add(out, "  ", detail.scaling.why);
    }
}

/// What each resource could carry, the least first.
void add_limits(std::string& out, const Analysis& analysis) {
    if (analysis.capacity && !analysis.capacity->margins.empty()) {
        return add_margins(out, *analysis.capacity);
    }
    if (!analysis.resource_limits.empty()) {
        out += "\nWhat each resource could carry\n";
        add_limit_rows(out, analysis.resource_limits);
    }
}

/// What the alerts that were watched did, and how soon.
void add_alerts(std::string& out, const Analysis& analysis) {
    if (analysis.alerts.empty()) {
        return;
    }
    constexpr std::size_t kMost = 20;
    out += '\n';
    add(out, "", "Alerts (" + episodes_headline(analysis) + ")");
    for (std::size_t i = 0; i < analysis.alerts.size() && i < kMost; ++i) {
        const AlertEpisode& episode = analysis.alerts[i];
        add(out, "  ", episode.alert + ": " + episode_text(episode));
    }
    if (analysis.alerts.size() > kMost) {
        add(out, "  ", fmt::format("{} more are in the report", analysis.alerts.size() - kMost));
    }
}

}  // namespace

std::string_view cause_in_words(std::string_view cause) {
    const Cause* const known = find_cause(cause);
    return known == nullptr ? cause : known->terminal;
}

std::string verdict_text(const Analysis& analysis, const RunInfo& info) {
    std::string out;
    add_measurement(out, analysis, info);
    add_gates(out, analysis);
    add_flow(out, analysis);
    out += '\n';
    if (analysis.find) {
        add_capacity(out, analysis);
    } else {
        add_break(out, analysis);
    }
    for (std::size_t i = 0; i < analysis.findings.size(); ++i) {
        out += '\n';
        const bool broke = analysis.breaking_point.found;
        add_finding(out, analysis.findings[i],
                    analysis.verdict == Verdict::Invalid ? "What limited the run"
                    : i > 0                              ? "Also"
                    : analysis.find                      ? "What binds it"
                    : broke                              ? "What gave way first"
                                                         : "A limit was hit");
    }
    add_limits(out, analysis);
    add_alerts(out, analysis);
    return out;
}

std::string failed_checks(const std::vector<ValidityCheck>& checks, bool decisive) {
    std::string text;
    for (const ValidityCheck& check : checks) {
        if (!check.ok && (check.decisive || !decisive)) {
            std::string_view why = check.why;
            why.remove_suffix(why.ends_with('.') ? 1 : 0);
            text.append(text.empty() ? "" : "; ").append(why);
        }
    }
    return text;
}

}  // namespace plimsoll
