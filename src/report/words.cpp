#include "report/words.hpp"

#include "analysis/capacity/capacity_text.hpp"
#include "analysis/diagnosis/causes.hpp"
#include "analysis/verdict_text.hpp"
#include "base/units.hpp"
#include "report/text.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <map>
#include <utility>

#include <fmt/format.h>

namespace plimsoll::report {
namespace {

const double* find_value(const Finding& finding, const char* key) {
    const auto found = finding.values.find(key);
    return found == finding.values.end() ? nullptr : &found->second;
}

/// The number to change, and to what, where the finding knows it.
std::string cause_figures(const Finding& finding) {
    if (const auto* size = find_value(finding, "pool_size")) {
        std::string text = fmt::format(" — {} connections", figure(*size));
        if (const auto* should = find_value(finding, "recommended_pool_size")) {
            text += fmt::format(", should be {}", figure(*should));
        }
        return text;
    }
    if (const auto* limit = find_value(finding, "max_connections")) {
        return fmt::format(" — {} connections", figure(*limit));
    }
    return {};
}

std::string counted(std::size_t count, std::string_view singular) {
    return fmt::format("{} {}{}", count, singular, count == 1 ? "" : "s");
}

std::string counted_users(double users) {
    const std::string number = figure(users);
    return number + (number == "1" ? " user" : " users");
}

}  // namespace

std::string cause_title(std::string_view cause) {
    if (const Cause* const known = find_cause(cause)) {
        return std::string(known->report);
    }
    std::string words(cause);
    std::replace(words.begin(), words.end(), '_', ' ');
    return words;
}

std::vector<std::string> texts(const std::vector<Sentence>& sentences) {
    std::vector<std::string> list;
    for (const Sentence& sentence : sentences) {
        list.push_back(sentence.text);
    }
    return list;
}

std::string load_text(const Analysis& analysis, double load) {
    return figure(load) + (analysis.open_model ? " requests/s" : load == 1 ? " user" : " users");
}

std::string headline(const Analysis& analysis) {
    if (analysis.verdict == Verdict::Invalid) {
        for (const auto& check : analysis.checks) {
            if (!check.ok && check.decisive) {
                return "No answer about the target, the measurement is invalid: " + check.why;
            }
        }
        return "No answer about the target: the measurement is invalid";
    }
    if (analysis.requests == 0) {
        return "Nothing was measured: no request was sent";
    }
    if (analysis.answers.none) {
        return "No answer about the target: it answered no request";
    }
    const auto cause = analysis.findings.empty() ? cause_title("unknown")
                                                 : cause_title(analysis.findings.front().cause) +
                                                       cause_figures(analysis.findings.front());
    if (analysis.find) {
        const bool bound = analysis.find->search.hi && !analysis.findings.empty();
        return fmt::format("Carries {}{}", capacity_range(*analysis.find),
                           bound ? ": " + cause : std::string());
    }
    const auto& broke = analysis.breaking_point;
    if (broke.found) {
        const std::string recovered =
            broke.recovered_s ? fmt::format(" and recovered ({})", clock_text(*broke.recovered_s))
                              : std::string();
        return fmt::format("Broke at {} ({}){}: {}", load_text(analysis, broke.at_rate),
                           clock_text(broke.at_s), recovered, cause);
    }
    if (analysis.failed == analysis.requests) {
        return "No answer about the target: every request failed";
    }
    const auto limit = analysis.highest_offered > 0
                           ? " up to " + load_text(analysis, analysis.highest_offered)
                           : std::string();
    if (!analysis.answers.ok) {
        return "The target did not answer: " + analysis.answers.why;
    }
    if (analysis.findings.empty()) {
        return fmt::format("Nothing broke{}", limit);
    }
    return fmt::format("Nothing broke{}, but: {}", limit, cause);
}

std::vector<std::string> headline_notes(const Analysis& analysis, bool finished) {
    std::vector<std::string> notes;
    const auto& broke = analysis.breaking_point;
    if (broke.found && !broke.symptom.empty()) {
        notes.push_back("Symptom: " + broke.symptom + (broke.symptom.ends_with('.') ? "" : "."));
    }
    if (broke.found && broke.interval[1] > broke.interval[0]) {
        notes.push_back(fmt::format("The break lies between {} and {}.", figure(broke.interval[0]),
                                    load_text(analysis, broke.interval[1])));
    }
    if (broke.recovered_s) {
        notes.push_back(fmt::format("From {} on it kept up again, under as much load.",
                                    clock_text(*broke.recovered_s)));
    }
    for (const Slowdown& slowdown : broke.healed) {
        notes.push_back(fmt::format("Slow from {} to {} as well, at {}, and recovered.",
                                    clock_text(slowdown.from_s), clock_text(slowdown.to_s),
                                    load_text(analysis, slowdown.at_rate)));
    }
    if (!analysis.answers.why.empty()) {
        std::string why = analysis.answers.why + ".";
        why.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(why.front())));
        notes.push_back(std::move(why));
    }
    const auto failed = static_cast<std::size_t>(
        std::count_if(analysis.thresholds.begin(), analysis.thresholds.end(),
                      [](const ThresholdResult& result) { return !result.ok; }));
    if (failed > 0) {
        notes.push_back(fmt::format("{} of {} did not pass.", failed,
                                    counted(analysis.thresholds.size(), "threshold")));
    }
    for (const ThresholdResult& result : analysis.thresholds) {
        if (!result.ok && !result.why.empty()) {
            notes.push_back(fmt::format("{} {}: {}.", result.threshold.key,
                                        threshold_text(result.threshold), result.why));
        }
    }
    if (!finished) {
        notes.push_back(fmt::format("The run was cut off; what is shown is complete up to {}.",
                                    clock_text(analysis.duration_s)));
    }
    return notes;
}

std::string validity_text(const Analysis& analysis) {
    const auto failed = std::count_if(analysis.checks.begin(), analysis.checks.end(),
                                      [](const ValidityCheck& check) { return !check.ok; });
    if (failed == 0) {
        return fmt::format("{} passed.", counted(analysis.checks.size(), "validity check"));
    }
    return fmt::format("{} of {} did not pass: {}.", failed,
                       counted(analysis.checks.size(), "validity check"),
                       failed_checks(analysis.checks));
}

std::string threshold_value(const Threshold& threshold, std::optional<double> value) {
    if (!value) {
        return "no data";
    }
    switch (unit_of(threshold)) {
        case ThresholdUnit::Seconds:
            return human_seconds(*value);
        case ThresholdUnit::Ratio:
            return percent(*value);
        case ThresholdUnit::PerSecond:
            return figure(*value) + "/s";
        case ThresholdUnit::Bytes:
            return bytes_text(*value);
        case ThresholdUnit::BytesPerSecond:
            return bytes_text(*value) + "/s";
        case ThresholdUnit::Count:
            break;
    }
    return figure(*value);
}

std::string threshold_value(const ThresholdResult& result) {
    const std::string value = threshold_value(result.threshold, result.value);
    if (!result.at_most) {
        return value;
    }
    return std::isfinite(*result.at_most)
               ? fmt::format("{} to {}", value, threshold_value(result.threshold, result.at_most))
               : "≥ " + value;
}

std::string_view threshold_mark(const ThresholdResult& result) {
    if (result.ok) {
        return "pass";
    }
    return result.state == GateState::NotKnown ? "not known" : "fail";
}

std::string threshold_text(const Threshold& threshold) {
    return threshold.window > Nanoseconds{} ? fmt::format("{} in every {}", threshold.expression,
                                                          format_duration(threshold.window))
                                            : threshold.expression;
}

std::vector<const ThresholdResult*> sla_results(const Analysis& analysis) {
    std::vector<const ThresholdResult*> results;
    for (const ThresholdResult& result : analysis.thresholds) {
        if (!result.stages.empty() && result.stages.size() == analysis.stages.size()) {
            results.push_back(&result);
        }
    }
    return results;
}

std::string stage_title(const Analysis& analysis, std::size_t stage) {
    const StageResult& of = analysis.stages[stage];
    const bool several =
        std::any_of(analysis.stages.begin(), analysis.stages.end(),
                    [&](const StageResult& other) { return other.executor != of.executor; });
    const std::string level =
        of.offered_rate > 0 ? figure(of.offered_rate) + "/s" : counted_users(of.users);
    return fmt::format("{}stage {} ({})", several ? of.executor + ", " : "", of.stage + 1, level);
}

std::vector<std::size_t> compared_stages(const Analysis& analysis) {
    std::map<std::string, std::vector<std::size_t>> by_executor;
    std::vector<std::size_t> most;
    for (std::size_t i = 0; i < analysis.stages.size(); ++i) {
        const StageResult& stage = analysis.stages[i];
        if (!stage.held || stage.endpoints.size() != analysis.endpoints.size()) {
            continue;
        }
        auto& own = by_executor[stage.executor];
        own.push_back(i);
        most = own.size() > most.size() ? own : most;
    }
    return most.size() < 2 ? std::vector<std::size_t>{} : most;
}

std::string stage_mean(const StageEndpointResult& result) {
    if (result.requests == 0) {
        return "–";
    }
    std::string text = human_seconds(result.mean_s);
    if (result.change) {
        const double change = 100 * *result.change;
        const auto size = static_cast<std::uint64_t>(std::llround(std::abs(change)));
        text += fmt::format(" ({}{} %)", change < 0 ? "-" : "+", grouped(size));
    }
    return text;
}

Support support_of(const LatencySummary& latency, double q) {
    if (latency.count == 0) {
        return Support::NoSamples;
    }
    if (q > latency.censored_from) {
        return Support::Censored;
    }
    const bool supported = q >= 0.999  ? latency.p999_supported
                           : q >= 0.99 ? latency.p99_supported
                                       : true;
    return supported ? Support::Stated : Support::TooFewSamples;
}

std::string quantile_text(const LatencySummary& latency, double q, double value_s) {
    switch (support_of(latency, q)) {
        case Support::Stated:
            return human_seconds(value_s);
        case Support::Censored:
            return "≥ " + human_seconds(value_s);
        case Support::TooFewSamples:
        case Support::NoSamples:
            break;
    }
    return "–";
}

std::string mean_text(const LatencySummary& latency, double value_s) {
    return latency.count == 0 ? "–"
                              : (latency.censored_from < 1 ? "≥ " : "") + human_seconds(value_s);
}

}  // namespace plimsoll::report
