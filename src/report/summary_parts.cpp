#include "report/summary_parts.hpp"

#include "report/json_text.hpp"
#include "report/words.hpp"

#include <map>

namespace plimsoll::report {
namespace {

namespace json = boost::json;

json::object numbers_of(const std::map<std::string, double>& numbers) {
    json::object object;
    for (const auto& [name, number] : numbers) {
        object[name] = number;
    }
    return object;
}

/// What the value lies between; no upper one where nothing bounds it.
json::value bounds_of(const ThresholdResult& result) {
    if (!result.value) {
        return nullptr;
    }
    const double high = result.at_most.value_or(*result.value);
    return json::array{*result.value, high};
}

}  // namespace

json::object validity_json(const Analysis& analysis) {
    json::array checks;
    for (const auto& check : analysis.checks) {
        checks.push_back(json::object{{"name", check.name},
                                      {"ok", check.ok},
                                      {"value", check.value},
                                      {"limit", check.limit},
                                      {"why", check.why}});
    }
    json::array notes;
    for (const auto& note : analysis.notes) {
        notes.push_back(json::object{{"name", note.name}, {"text", note.text}});
    }
    return {{"verdict", to_string(analysis.verdict)},
            {"checks", std::move(checks)},
            {"notes", std::move(notes)}};
}

json::array thresholds_json(const Analysis& analysis) {
    json::array thresholds;
    for (const auto& result : analysis.thresholds) {
        json::object threshold{
            {"metric", result.threshold.key},
            {"expression", result.threshold.expression},
            {"ok", result.ok},
            {"value", number_or_null(result.value)},
            {"state", to_string(result.state)},
            {"bounds", bounds_of(result)},
            {"why", result.why.empty() ? json::value(nullptr) : json::value(result.why)}};
        if (result.threshold.window > Nanoseconds{}) {
            threshold["window_s"] = to_seconds(result.threshold.window);
        }
        json::array stages;
        for (const StageVerdict& stage : result.stages) {
            stages.push_back(json::object{{"executor", stage.executor},
                                          {"stage", stage.stage},
                                          {"ok", stage.ok},
                                          {"state", to_string(stage.state)},
                                          {"value", number_or_null(stage.value)}});
        }
        if (!stages.empty()) {
            threshold["stages"] = std::move(stages);
        }
        thresholds.push_back(std::move(threshold));
    }
    return thresholds;
}

json::object breaking_point_json(const BreakingPoint& broke) {
    if (!broke.found) {
        return {{"found", false},         {"at_s", nullptr},    {"at_rate", nullptr},
                {"interval", nullptr},    {"symptom", nullptr}, {"recovered_s", nullptr},
                {"healed", json::array()}};
    }
    json::array healed;
    for (const Slowdown& slowdown : broke.healed) {
        healed.push_back(json::object{
            {"from_s", slowdown.from_s}, {"to_s", slowdown.to_s}, {"at_rate", slowdown.at_rate}});
    }
    return {{"found", true},
            {"at_s", broke.at_s},
            {"at_rate", broke.at_rate},
            {"interval", json::array{broke.interval[0], broke.interval[1]}},
            {"symptom", broke.symptom},
            {"recovered_s", number_or_null(broke.recovered_s)},
            {"healed", std::move(healed)}};
}

json::array findings_json(const Analysis& analysis) {
    json::array findings;
    for (const auto& finding : analysis.findings) {
        findings.push_back(json::object{{"cause", finding.cause},
                                        {"confidence", finding.confidence},
                                        {"onset_s", finding.onset_s},
                                        {"evidence", texts_of(texts(finding.evidence))},
                                        {"against", texts_of(texts(finding.against))},
                                        {"missing", texts_of(finding.missing)},
                                        {"values", numbers_of(finding.values)},
                                        {"fix", finding.fix}});
    }
    return findings;
}

}  // namespace plimsoll::report
