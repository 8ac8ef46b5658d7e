#include "report/experiment_report.hpp"
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
    return json::object{{"median", range->median}, {"least", range->least}, {"most", range->most}};
}

json::array matrix_of(const ExperimentResult& result) {
    json::array out;
    for (const MatrixCell& cell : result.cells) {
        out.push_back(json::object{{"fault", result.faults[cell.fault]},
                                   {"alert", cell.alert},
                                   {"n", cell.n},
                                   {"fired", cell.fired},
                                   {"late", cell.late},
                                   {"missed", cell.missed},
                                   {"unclear", cell.unclear},
                                   {"delay_s", range_of(cell.delay_s)},
                                   {"resolved_s", range_of(cell.resolved_s)}});
    }
    return out;
}

json::array false_alarms_of(const ExperimentResult& result) {
    json::array out;
    for (const FalseAlarms& alarms : result.false_alarms) {
        out.push_back(json::object{
            {"alert", alarms.alert},
            {"count", alarms.count},
            {"healthy_hours", alarms.healthy_hours},
            {"per_hour", alarms.per_hour ? json::value(*alarms.per_hour) : json::value(nullptr)},
            {"none_seen", alarms.none_seen}});
    }
    return out;
}

json::array runs_of(const ExperimentResult& result) {
    json::array out;
    for (const Repetition& run : result.runs) {
        json::array trials;
        for (const Trial& trial : run.trials) {
            trials.push_back(json::object{{"fault", result.faults[trial.fault]},
                                          {"planted_s", trial.planted_s},
                                          {"healed_s", trial.healed_s}});
        }
        out.push_back(json::object{{"id", run.run_id},
                                   {"folder", run.path},
                                   {"length_s", run.length_s},
                                   {"trials", std::move(trials)}});
    }
    return out;
}

json::array remarks_of(const ExperimentResult& result) {
    json::array out;
    for (const auto& [alert, remark] : result.remarks) {
        out.push_back(json::object{{"alert", alert}, {"remark", remark}});
    }
    return out;
}

}  // namespace

std::string experiment_json(const ExperimentResult& result) {
    return report::pretty_json(json::object{
        {"schema", kExperimentSchema},
        {"version", result.version},
        {"name", result.name},
        {"mode", result.live ? "live" : "backtest"},
        {"healthy_s", result.healthy_s},
        {"fault_s", result.fault_s},
        {"settle_s", result.settle_s},
        {"scrape_s", result.live ? json::value(nullptr) : json::value(result.scrape_s)},
        {"phases", result.phases},
        {"seed", result.seed},
        {"repetitions", result.repetitions},
        {"stopped", result.stopped},
        {"matrix", matrix_of(result)},
        {"false_alarms", false_alarms_of(result)},
        {"runs", runs_of(result)},
        {"remarks", remarks_of(result)},
    });
}

}  // namespace plimsoll
