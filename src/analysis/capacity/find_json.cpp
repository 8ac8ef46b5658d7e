#include "analysis/capacity/find_json.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

namespace plimsoll {
namespace {

namespace json = boost::json;

json::value number_of(double value) {
    return std::isfinite(value) ? json::value(value) : json::value(nullptr);
}

json::value maybe(const std::optional<double>& value) {
    return value ? number_of(*value) : json::value(nullptr);
}

json::array estimate_of(const Estimate& estimate) {
    return {number_of(estimate.low), number_of(estimate.value), number_of(estimate.high)};
}

json::object step_of(const StepResult& step) {
    return {{"kind", to_string(step.kind)},
            {"level", step.level},
            {"from_s", step.from_s},
            {"to_s", step.to_s},
            {"warm_up_s", step.warm_up_s},
            {"verdict", to_string(step.verdict)},
            {"together", to_string(step.together)},
            {"leans_pass", step.leans_pass},
            {"piled_up", step.piled_up},
            {"why", step.why},
            {"requests", step.requests},
            {"rate", step.rate},
            {"iterations_rate", step.iterations_rate},
            {"in_flight", step.in_flight},
            {"response_s", step.response_s},
            {"p99_s", estimate_of(step.p99_s)},
            {"failed_ratio", estimate_of(step.failed_ratio)}};
}

/// Reads one value after the other; what is not of its kind leaves a fault. Never throws.
class Reader {
public:
    explicit Reader(const json::object& object) : object_(object) {}
    [[nodiscard]] double number(std::string_view key, double when_null = 0) {
        const json::value* const value = object_.if_contains(key);
        if (value != nullptr && value->is_null()) {
            return when_null;
        }
        if (value == nullptr || !value->is_number()) {
            return miss(key, 0.0);
        }
        return as_number(*value);
    }
    [[nodiscard]] std::optional<double> maybe_number(std::string_view key) {
        const double value = number(key, std::numeric_limits<double>::quiet_NaN());
        return std::isnan(value) ? std::nullopt : std::optional(value);
    }
    [[nodiscard]] bool truth(std::string_view key) {
        const json::value* const value = object_.if_contains(key);
        return value != nullptr && value->is_bool() ? value->get_bool() : miss(key, false);
    }
    [[nodiscard]] std::string text(std::string_view key) {
        const json::value* const value = object_.if_contains(key);
        return value != nullptr && value->is_string() ? std::string(value->get_string())
                                                      : miss(key, std::string());
    }
    template <typename Enum, std::size_t N>
    [[nodiscard]] Enum one_of(std::string_view key, const std::array<std::string_view, N>& names) {
        const std::string name = text(key);
        const auto found = std::find(names.begin(), names.end(), name);
        return found == names.end() ? miss(key, Enum{}) : static_cast<Enum>(found - names.begin());
    }
    [[nodiscard]] Estimate estimate(std::string_view key) {
        const json::value* const value = object_.if_contains(key);
        if (value == nullptr || !value->is_array() || value->get_array().size() != 3) {
            return miss(key, Estimate{});
        }
        const json::array& three = value->get_array();
        const auto at = [&](std::size_t i, double when_null) {
            return three[i].is_number() ? as_number(three[i]) : when_null;
        };
        return {at(0, 0), at(1, 0), at(2, std::numeric_limits<double>::infinity())};
    }
    [[nodiscard]] const json::array& array(std::string_view key) {
        static const json::array kNone;
        const json::value* const value = object_.if_contains(key);
        return value != nullptr && value->is_array() ? value->get_array()
                                                     : (static_cast<void>(miss(key, 0)), kNone);
    }
    [[nodiscard]] const std::string& fault() const { return fault_; }
    void take_fault(const Reader& of) { fault_ = fault_.empty() ? of.fault_ : fault_; }

private:
    static double as_number(const json::value& value) {
        return value.is_double()  ? value.get_double()
               : value.is_int64() ? static_cast<double>(value.get_int64())
                                  : static_cast<double>(value.get_uint64());
    }
    template <typename T>
    T miss(std::string_view key, T fallback) {
        fault_ = fault_.empty() ? std::string(key) : fault_;
        return fallback;
    }
    const json::object& object_;
    std::string fault_;
};

StepResult step_from(Reader& read) {
    StepResult step;
    step.kind = read.one_of<StepKind>("kind", kStepKindNames);
    step.level = read.number("level");
    step.from_s = read.number("from_s");
    step.to_s = read.number("to_s");
    step.warm_up_s = read.number("warm_up_s");
    step.verdict = read.one_of<StepVerdict>("verdict", kStepVerdictNames);
    step.together = read.one_of<StepVerdict>("together", kStepVerdictNames);
    step.leans_pass = read.truth("leans_pass");
    step.piled_up = read.truth("piled_up");
    step.why = read.text("why");
    step.requests = static_cast<std::uint64_t>(
        std::clamp(read.number("requests"), 0.0, 1e15));  // exact in a double up to 9e15
    step.rate = read.number("rate");
    step.iterations_rate = read.number("iterations_rate");
    step.in_flight = read.number("in_flight");
    step.response_s = read.number("response_s");
    step.p99_s = read.estimate("p99_s");
    step.failed_ratio = read.estimate("failed_ratio");
    return step;
}

}  // namespace

std::string to_json(const FindResult& result) {
    json::array steps;
    for (const StepResult& step : result.steps) {
        steps.push_back(step_of(step));
    }
    json::array goals;
    for (const std::string& goal : result.goals) {
        goals.push_back(json::value(goal));
    }
    return json::serialize(json::object{{"end", to_string(result.search.end)},
                                        {"lo", maybe(result.search.lo)},
                                        {"hi", maybe(result.search.hi)},
                                        {"confirmed", result.search.confirmed},
                                        {"confirmations", result.search.confirmations},
                                        {"open", result.open},
                                        {"precision", result.precision},
                                        {"goals", std::move(goals)},
                                        {"steps", std::move(steps)},
                                        {"requests_per_iteration", result.requests_per_iteration},
                                        {"recovery_s", maybe(result.recovery_s)},
                                        {"metastable", result.metastable},
                                        {"stopped", result.stopped}});
}

Result<FindResult> find_result_from(std::string_view text) {
    boost::system::error_code error;
    const json::value value = json::parse(json::string_view(text.data(), text.size()), error);
    if (error || !value.is_object()) {
        return Error{"is no JSON object", kFindFact, ""};
    }
    Reader read(value.get_object());
    FindResult result;
    result.search.end = read.one_of<SearchEnd>("end", kSearchEndNames);
    result.search.lo = read.maybe_number("lo");
    result.search.hi = read.maybe_number("hi");
    result.search.confirmed = static_cast<unsigned>(std::clamp(read.number("confirmed"), 0.0, 1e6));
    result.search.confirmations =
        static_cast<unsigned>(std::clamp(read.number("confirmations"), 0.0, 1e6));
    result.open = read.truth("open");
    result.precision = read.number("precision");
    for (const json::value& goal : read.array("goals")) {
        result.goals.push_back(goal.is_string() ? std::string(goal.get_string()) : std::string());
    }
    for (const json::value& step : read.array("steps")) {
        static const json::object kNone;
        Reader of_step(step.is_object() ? step.get_object() : kNone);
        result.steps.push_back(step_from(of_step));
        read.take_fault(of_step);
    }
    result.requests_per_iteration = read.number("requests_per_iteration", 1);
    result.recovery_s = read.maybe_number("recovery_s");
    result.metastable = read.truth("metastable");
    result.stopped = read.text("stopped");
    if (!read.fault().empty()) {
        return Error{fmt::format("{} is missing or of the wrong kind", read.fault()), kFindFact,
                     ""};
    }
    return result;
}

}  // namespace plimsoll
