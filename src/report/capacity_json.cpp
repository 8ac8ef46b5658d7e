#include "report/capacity_json.hpp"

#include "report/json_text.hpp"

#include <optional>
#include <utility>

#include <boost/json/object.hpp>
#include <fmt/format.h>

namespace plimsoll::report {
namespace {

namespace json = boost::json;

json::array estimate_of(const Estimate& estimate) {
    return {estimate.low, estimate.value, estimate.high};
}

json::value scaling_of(const ScalingFit& fit) {
    if (fit.shape == ScalingShape::Unknown) {
        return {{"shape", nullptr}, {"why", fit.why}};
    }
    const UslFit& usl = *fit.usl;
    const auto maybe = [](const std::optional<double>& value) {
        return value ? json::value(*value) : json::value(nullptr);
    };
    return {{"shape", fit.shape == ScalingShape::Usl ? "usl" : "plateau"},
            {"why", fit.why},
            {"usl", json::object{{"gamma", estimate_of(usl.gamma)},
                                 {"sigma", estimate_of(usl.sigma)},
                                 {"kappa", estimate_of(usl.kappa)},
                                 {"aicc", usl.aicc},
                                 {"peak_in_flight", maybe(usl.peak_in_flight)},
                                 {"peak_rate", maybe(usl.peak_rate)}}},
            {"plateau", json::object{{"alone_s", estimate_of(fit.plateau->alone_s)},
                                     {"limit_rate", estimate_of(fit.plateau->limit_rate)},
                                     {"aicc", fit.plateau->aicc}}}};
}

json::value next_of(const Analysis& analysis) {
    if (!analysis.capacity || !analysis.capacity->next) {
        return nullptr;
    }
    const NextLimit& next = *analysis.capacity->next;
    return {{"resource", next.resource},
            {"bound_by", next.cause},
            {"rate", estimate_of(next.rate)},
            {"why", next.why}};
}

}  // namespace

json::array limits_json(const std::vector<ResourceLimit>& limits) {
    json::array array;
    for (const ResourceLimit& limit : limits) {
        array.push_back(json::object{{"resource", limit.resource},
                                     {"unit", limit.unit},
                                     {"size", limit.size},
                                     {"busy", limit.busy},
                                     {"demand_s", limit.demand_s},
                                     {"could_carry", limit.could_carry},
                                     {"used_ratio", limit.used_ratio}});
    }
    return array;
}

/// Requests per second, or users; a bound that is not known is null.
json::value capacity_json(const Analysis& analysis) {
    if (!analysis.find) {
        return nullptr;
    }
    const FindResult& find = *analysis.find;
    const double each = find.open ? find.requests_per_iteration : 1;
    const auto bound = [&](const std::optional<double>& level) {
        return level ? json::value(*level * each) : json::value(nullptr);
    };
    json::array steps;
    for (const StepResult& step : find.steps) {
        steps.push_back(json::object{{"kind", to_string(step.kind)},
                                     {"level", step.level},
                                     {"rate", step.rate},
                                     {"verdict", to_string(step.verdict)},
                                     {"from_s", step.from_s},
                                     {"to_s", step.to_s},
                                     {"warm_up_s", step.warm_up_s},
                                     {"requests", step.requests},
                                     {"in_flight", step.in_flight},
                                     {"p99_s", estimate_of(step.p99_s)},
                                     {"failed_ratio", estimate_of(step.failed_ratio)},
                                     {"why", step.why}});
    }
    const bool bound_known = find.search.hi && !analysis.findings.empty();
    return json::object{
        {"end", to_string(find.search.end)},
        {"unit", find.open ? "requests/s" : "users"},
        {"rate", json::array{bound(find.search.lo), bound(find.search.hi)}},
        {"requests_per_iteration", find.requests_per_iteration},
        {"bound_by",
         bound_known ? json::value(analysis.findings.front().cause) : json::value(nullptr)},
        {"confirmed", fmt::format("{}/{}", find.search.confirmed, find.search.confirmations)},
        {"slo", texts_of(find.goals)},
        {"recovery_s", number_or_null(find.recovery_s)},
        {"metastable", find.metastable},
        {"stopped", find.stopped.empty() ? json::value(nullptr) : json::value(find.stopped)},
        {"margins", analysis.capacity ? limits_json(analysis.capacity->margins) : json::array{}},
        {"next", next_of(analysis)},
        {"scaling",
         analysis.capacity ? scaling_of(analysis.capacity->scaling) : json::value(nullptr)},
        {"steps", std::move(steps)}};
}

}  // namespace plimsoll::report
