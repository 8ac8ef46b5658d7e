// What differs between two sides and is no quantity: verdicts, thresholds, causes.
#include "analysis/compare/rows.hpp"
#include "analysis/verdict_text.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

namespace plimsoll {
namespace {

Verdict worst_verdict(const std::vector<ComparedRun>& runs) {
    Verdict worst = Verdict::Valid;
    for (const ComparedRun& run : runs) {
        worst = std::max(worst, run.analysis.verdict);
    }
    return worst;
}

/// "KEY: EXPRESSION" to whether it held in all runs.
std::map<std::string, bool> thresholds_of(const std::vector<ComparedRun>& runs) {
    std::map<std::string, bool> held;
    for (const ComparedRun& run : runs) {
        for (const ThresholdResult& each : run.analysis.thresholds) {
            const std::string name = each.threshold.key + ": " + each.threshold.expression;
            held[name] = held.try_emplace(name, true).first->second && each.ok;
        }
    }
    return held;
}

/// Causes with the sentence that goes with the first finding of each.
std::map<std::string, std::string> causes_of(const std::vector<ComparedRun>& runs) {
    std::map<std::string, std::string> causes;
    for (const ComparedRun& run : runs) {
        for (const Finding& finding : run.analysis.findings) {
            causes.try_emplace(
                finding.cause,
                fmt::format("{} ({} confidence){}{}", cause_in_words(finding.cause),
                            finding.confidence, finding.fix.empty() ? "" : ". ", finding.fix));
        }
    }
    return causes;
}

std::string failed_checks(const std::vector<ComparedRun>& runs) {
    std::string names;
    for (const ComparedRun& run : runs) {
        for (const ValidityCheck& check : run.analysis.checks) {
            if (!check.ok && names.find(check.why) == std::string::npos) {
                names += " " + check.why;
            }
        }
    }
    return names;
}

}  // namespace

std::vector<std::string> changes(const std::vector<ComparedRun>& base,
                                 const std::vector<ComparedRun>& now) {
    std::vector<std::string> sentences;
    if (const Verdict was = worst_verdict(base), is = worst_verdict(now); was != is) {
        sentences.push_back(fmt::format("The measurement was {} and is {} now.{}", to_string(was),
                                        to_string(is), failed_checks(is > was ? now : base)));
    }
    const auto held = thresholds_of(base);
    for (const auto& [name, holds] : thresholds_of(now)) {
        if (const auto before = held.find(name); before != held.end() && before->second != holds) {
            sentences.push_back(
                fmt::format("Threshold {}: {}.", name,
                            holds ? "did not hold and holds now" : "held and does not hold now"));
        }
    }
    const auto was = causes_of(base);
    const auto is = causes_of(now);
    for (const auto& [cause, text] : is) {
        if (!was.contains(cause)) {
            sentences.push_back("New: " + text);
        }
    }
    for (const auto& [cause, text] : was) {
        if (!is.contains(cause)) {
            sentences.push_back(fmt::format("No longer: {}", cause_in_words(cause)));
        }
    }
    return sentences;
}

}  // namespace plimsoll
