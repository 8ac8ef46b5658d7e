#include "app/load_demand.hpp"

#include "app/request_estimate.hpp"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

namespace plimsoll {
namespace {

/// One executor's part of the load.
struct Part {
    const Executor* executor = nullptr;
    IterationShape shape;
    double iterations_per_s = 0;
    double users = 0;  // in a loop
};

IterationShape mean_shape(const Scenario& scenario, const Executor& executor, double& pacing_s) {
    IterationShape mean{0, 0};
    double weights = 0;
    pacing_s = 0;
    for (std::uint32_t index = 0; index < scenario.users.size(); ++index) {
        const auto& of = executor.users;
        if (!of.empty() && std::find(of.begin(), of.end(), index) == of.end()) {
            continue;
        }
        const UserClass& user = scenario.users[index];
        double requests = 0;
        for (const double visits : visits_of(user, user.flow)) {
            requests += visits;
        }
        weights += user.weight;
        mean.requests += user.weight * requests;
        mean.thinking_s += user.weight * thinking_of(user);
        pacing_s += user.weight * to_seconds(user.pacing);
    }
    if (weights > 0) {
        mean.requests /= weights;
        mean.thinking_s /= weights;
        pacing_s /= weights;
    }
    return mean;
}

Result<Part> part_of(const Scenario& scenario, const Executor& executor, double response_s) {
    double pacing_s = 0;
    Part part{&executor, mean_shape(scenario, executor, pacing_s)};
    if (is_open(executor.kind)) {
        part.iterations_per_s = executor.ramp.highest();
        return part;
    }
    const double round_s =
        std::max(part.shape.requests * response_s + part.shape.thinking_s, pacing_s);
    if (round_s <= 0) {
        return Error{
            "its users loop as fast as they are answered, and nothing says how fast that is",
            fmt::format("load {}", executor.name), "give --response-time, above 0"};
    }
    part.users = executor.ramp.highest();
    part.iterations_per_s = part.users / round_s;
    return part;
}

bool runs_at(const Executor& executor, Nanoseconds at) {
    return executor.start_time <= at && at < executor.start_time + executor.ramp.duration();
}

LoadDemand sum_at(const std::vector<Part>& parts, Nanoseconds at, double response_s) {
    LoadDemand sum;
    sum.response_s = response_s;
    double requests = 0;
    double thinking_s = 0;
    for (const Part& part : parts) {
        if (!runs_at(*part.executor, at)) {
            continue;
        }
        sum.iterations_per_s += part.iterations_per_s;
        requests += part.iterations_per_s * part.shape.requests;
        thinking_s += part.iterations_per_s * part.shape.thinking_s;
        sum.looping_users += part.users;
        if (is_open(part.executor->kind)) {
            sum.arrivals_per_s += part.iterations_per_s;
            sum.most_users += part.executor->max_vus;
        }
    }
    if (sum.iterations_per_s > 0) {
        sum.shape = {requests / sum.iterations_per_s, thinking_s / sum.iterations_per_s};
    }
    return sum;
}

}  // namespace

Result<LoadDemand> demand_of(const Scenario& scenario, std::optional<Rate> rate,
                             Nanoseconds response) {
    const double response_s = to_seconds(response);
    if (rate) {
        Executor all;
        double pacing_s = 0;
        LoadDemand demand;
        demand.response_s = response_s;
        demand.shape = mean_shape(scenario, all, pacing_s);
        demand.iterations_per_s = demand.arrivals_per_s = rate->per_second();
        demand.keeps_connections = scenario.http.reuse_connections;
        return demand;
    }
    std::vector<Part> parts;
    for (const Executor& executor : scenario.load) {
        auto part = part_of(scenario, executor, response_s);
        if (!part) {
            return part.error();
        }
        parts.push_back(*part);
    }
    LoadDemand highest;
    for (const Part& part : parts) {
        const LoadDemand sum = sum_at(parts, part.executor->start_time, response_s);
        if (sum.requests_per_s() > highest.requests_per_s() ||
            (sum.requests_per_s() == highest.requests_per_s() &&
             users_at_once(sum) > users_at_once(highest))) {
            highest = sum;
        }
    }
    highest.response_s = response_s;
    highest.keeps_connections = scenario.http.reuse_connections;
    return highest;
}

}  // namespace plimsoll
