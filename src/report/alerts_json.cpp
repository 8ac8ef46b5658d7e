#include "report/alerts_report.hpp"
#include "report/json_text.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

namespace plimsoll {
namespace {

namespace json = boost::json;

json::value range_of(const std::optional<PhaseRange>& range) {
    if (!range) {
        return nullptr;
    }
    return json::object{{"median", range->median},
                        {"least", range->least},
                        {"most", range->most},
                        {"phases", range->count}};
}

json::object onset_of(const Onset& onset) {
    json::value interval = nullptr;
    if (onset.interval) {
        interval = json::array{(*onset.interval)[0], (*onset.interval)[1]};
    }
    return {{"at_s", onset.at_s}, {"source", onset.source}, {"interval_s", std::move(interval)}};
}

json::object run_of(const RunTruth& run) {
    json::array others;
    for (const Onset& other : run.others) {
        others.push_back(onset_of(other));
    }
    return {{"id", run.id},
            {"scenario", run.scenario},
            {"duration_s", run.duration_s},
            {"healthy_s", run.healthy_s()},
            {"onset", run.onset ? json::value(onset_of(*run.onset)) : json::value(nullptr)},
            {"other_onsets", std::move(others)}};
}

json::object outcome_of(const AlertReport& report, const AlertOutcome& outcome) {
    json::array spans;
    for (const ShownSpan& span : outcome.spans) {
        spans.push_back(json::object{{"state", span.firing ? "firing" : "pending"},
                                     {"from_s", span.from_s},
                                     {"to_s", span.to_s},
                                     {"open", span.open}});
    }
    return {{"alert", outcome.alert},
            {"group", outcome.group},
            {"file", outcome.file},
            {"run", report.runs[outcome.run].id},
            {"phases", outcome.phases},
            {"fired", outcome.fired},
            {"pending_s", range_of(outcome.pending_s)},
            {"firing_s", range_of(outcome.firing_s)},
            {"resolved_s", range_of(outcome.resolved_s)},
            {"failed_before", range_of(outcome.failed_before)},
            {"slow_before", range_of(report.limit_s ? outcome.slow_before : std::nullopt)},
            {"false_alarms", outcome.false_alarms},
            {"flapped", outcome.flapped},
            {"firing_share", outcome.firing_share},
            {"spans", std::move(spans)},
            {"remarks", report::texts_of(outcome.remarks)}};
}

json::object sweep_of(const AlertSweep& sweep) {
    json::array points;
    for (const SweepPoint& point : sweep.points) {
        points.push_back(
            json::object{{"name", point.variant.name},
                         {"threshold", report::number_or_null(point.variant.threshold)},
                         {"for_s", to_seconds(point.variant.hold)},
                         {"as_it_is", point.variant.as_it_is},
                         {"delay_s", range_of(point.delay_s)},
                         {"fired", point.fired},
                         {"expected", point.expected},
                         {"false_alarms_per_hour", report::number_or_null(point.per_hour)},
                         {"best", point.best},
                         {"knee", point.knee}});
    }
    return {{"alert", sweep.alert}, {"proposal", sweep.proposal}, {"points", std::move(points)}};
}

}  // namespace

std::string alerts_json(const AlertReport& report, const Sweeps& sweeps) {
    json::array runs;
    for (const RunTruth& run : report.runs) {
        runs.push_back(run_of(run));
    }
    json::array outcomes;
    for (const AlertOutcome& outcome : report.outcomes) {
        outcomes.push_back(outcome_of(report, outcome));
    }
    json::array alarms;
    for (const FalseAlarms& each : report.false_alarms) {
        alarms.push_back(json::object{{"alert", each.alert},
                                      {"count", each.count},
                                      {"healthy_hours", each.healthy_hours},
                                      {"per_hour", report::number_or_null(each.per_hour)},
                                      {"none_seen", each.none_seen}});
    }
    json::array demands;
    for (const DemandResult& each : report.demands) {
        demands.push_back(json::object{{"alert", each.demand.alert},
                                       {"within_s", report::number_or_null(each.demand.within_s)},
                                       {"ok", each.ok},
                                       {"why", each.why}});
    }
    json::array swept;
    for (const AlertSweep& each : sweeps) {
        swept.push_back(sweep_of(each));
    }
    return report::pretty_json(json::object{{"schema", kAlertsSchema},
                                            {"ok", report.ok()},
                                            {"scrape_s", report.scrape_s},
                                            {"evaluation_s", report.evaluation_s},
                                            {"phases", report.phases},
                                            {"limit_s", report::number_or_null(report.limit_s)},
                                            {"runs", std::move(runs)},
                                            {"alerts", std::move(outcomes)},
                                            {"false_alarms", std::move(alarms)},
                                            {"demands", std::move(demands)},
                                            {"sweeps", std::move(swept)},
                                            {"left_out", report::texts_of(report.left_out)}});
}

}  // namespace plimsoll
