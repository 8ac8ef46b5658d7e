#include "run/run_verdict.hpp"

#include "analysis/alert_delays.hpp"

namespace plimsoll {

RunVerdict verdict_of(const Analysis& analysis) {
    RunVerdict verdict;
    verdict.final = true;
    verdict.validity = to_string(analysis.verdict);
    for (const Finding& finding : analysis.findings) {
        verdict.findings.push_back(
            {finding.cause, finding.confidence, finding.onset_s,
             finding.evidence.empty() ? std::string() : finding.evidence.front().text});
    }
    for (const ThresholdResult& each : analysis.thresholds) {
        verdict.thresholds.emplace_back(each.threshold.key + ": " + each.threshold.expression,
                                        each.ok);
    }
    if (analysis.breaking_point.found) {
        verdict.broke_at = BrokeAt{analysis.breaking_point.at_rate, analysis.breaking_point.at_s};
    }
    for (const AlertEpisode& episode : analysis.alerts) {
        verdict.alerts.push_back({episode.alert, episode.begin_s(), episode.resolved_s,
                                  episode.firing_s.has_value(), episode_text(episode)});
    }
    return verdict;
}

}  // namespace plimsoll
