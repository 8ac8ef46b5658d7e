#include "alerts/truth.hpp"

#include "analysis/analyse.hpp"

#include <algorithm>

namespace plimsoll {
namespace {

std::optional<double> tightest_limit(const RunInfo& run) {
    std::optional<double> limit;
    for (const Threshold& threshold : run.thresholds) {
        const bool of_all = threshold.endpoint.empty() && threshold.endpoints.empty();
        const bool upper = threshold.comparison == Comparison::Less ||
                           threshold.comparison == Comparison::LessEqual;
        const bool counts =
            threshold.statistic == Statistic::Rate || threshold.statistic == Statistic::Count;
        if (threshold.metric == ThresholdMetric::ResponseTime && of_all && upper && !counts) {
            limit = std::min(limit.value_or(threshold.limit), threshold.limit);
        }
    }
    return limit;
}

}  // namespace

Result<RunTruth> find_truth(const RunReader& reader, const std::string& path,
                            std::optional<double> given_s) {
    const auto analysis = analyse(reader);
    if (!analysis) {
        return analysis.error();
    }
    std::vector<Onset> onsets = analysis->onsets;
    RunTruth truth;
    truth.path = path;
    truth.id = reader.info().id;
    truth.scenario = reader.info().scenario_name;
    truth.duration_s = analysis->duration_s;
    if (given_s) {
        onsets.insert(onsets.begin(), {*given_s, "--onset", std::nullopt, Onset::Kind::Given});
    }
    if (!onsets.empty()) {
        truth.onset = onsets.front();
        truth.others.assign(onsets.begin() + 1, onsets.end());
        const auto events = reader.events();
        if (!events) {
            return events.error();
        }
        const auto later = std::count_if(events->begin(), events->end(), [&](const auto& event) {
            return event.kind == EventKind::FaultPlanted && event.t_s >= truth.onset->at_s;
        });
        truth.troubles = std::max<std::size_t>(1, static_cast<std::size_t>(later));
    }
    return truth;
}

Result<HarmCurve> HarmCurve::read(const RunReader& reader) {
    HarmCurve curve;
    curve.limit_s_ = tightest_limit(reader.info());
    Harm sum;
    const Status walked = reader.for_each_tick([&](const StoredTick& tick) {
        for (const EndpointStats& endpoint : tick.endpoints) {
            sum.failed += static_cast<double>(endpoint.failed);
            if (curve.limit_s_) {
                const std::uint64_t within =
                    endpoint.response.count_at_most(from_seconds(*curve.limit_s_));
                sum.slow += static_cast<double>(endpoint.response.count() - within);
            }
        }
        curve.points_.push_back({to_seconds(tick.to), sum});
    });
    if (!walked) {
        return walked.error();
    }
    return curve;
}

HarmCurve::Harm HarmCurve::at(double t_s) const {
    Harm harm;
    for (const Point& point : points_) {
        if (point.at_s > t_s) {
            break;
        }
        harm = point.sum;
    }
    return harm;
}

HarmCurve::Harm HarmCurve::between(double from_s, double to_s) const {
    const Harm from = at(from_s);
    const Harm to = at(to_s);
    return {to.failed - from.failed, to.slow - from.slow};
}

}  // namespace plimsoll
