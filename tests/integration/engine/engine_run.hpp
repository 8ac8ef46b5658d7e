// What the engine's tests share: small scenarios, and a run of the engine from start to end.
#pragma once

#include "engine/aggregator.hpp"
#include "engine/engine.hpp"
#include "scenario/parse.hpp"
#include "tests/support/scripted_server.hpp"

#include <functional>
#include <mutex>

#include <gtest/gtest.h>

namespace plimsoll {

using namespace std::chrono_literals;

inline Step get(std::string path, EndpointId endpoint = 0) {
    Step step;
    step.endpoint = endpoint;
    step.method = "GET";
    step.path = Template::literal(std::move(path));
    step.timeout = 20s;
    return step;
}

inline Scenario scenario_for(const std::string& url, Executor executor) {
    Scenario scenario;
    scenario.name = "test";
    scenario.target = *parse_target(url);
    scenario.endpoints = {{"user", "/", "GET"}};
    UserClass user;
    user.name = "user";
    user.steps = {get("/")};
    scenario.users = {user};
    scenario.load = {std::move(executor)};
    return scenario;
}

inline Scenario scenario_for(const test::ScriptedServer& server, Executor executor) {
    return scenario_for(server.url(), std::move(executor));
}

inline Executor arrivals(double per_second, Nanoseconds duration, std::uint32_t max_vus = 200) {
    Executor executor;
    executor.name = "arrivals";
    executor.kind = ExecutorKind::ConstantArrivalRate;
    executor.ramp = Ramp::constant(per_second, duration);
    executor.max_vus = max_vus;
    return executor;
}

inline Executor users(double count, Nanoseconds duration) {
    Executor executor;
    executor.name = "users";
    executor.kind = ExecutorKind::ConstantVus;
    executor.ramp = Ramp::constant(count, duration);
    executor.max_vus = static_cast<std::uint32_t>(count);
    return executor;
}

/// Everything a run handed out.
struct Outcomes {
    SnapshotPtr last;
    std::vector<SnapshotPtr> all;
    std::vector<IterationTrace> traces;
    std::vector<ErrorSample> errors;
    [[nodiscard]] std::uint64_t count(Outcome outcome, EndpointId endpoint = 0) const {
        return last->total[endpoint].count(outcome);
    }
};

inline Outcomes run(const Scenario& scenario, std::uint32_t shards, EngineOptions options,
                    const std::function<void(Engine&)>& meanwhile = {}, Segment segment = {},
                    const std::string& id = "20260101T000000Z-0001") {
    RunInfo info = describe(scenario, segment);
    info.id = id;
    info.shards = shards;
    info.version = "test";
    info.start = WallAnchor::now();
    info.tick = 100ms;
    std::mutex mutex;
    std::vector<std::unique_ptr<Interval>> intervals;
    Engine engine(scenario, info, std::move(options));
    const Status ready = engine.prepare();
    EXPECT_TRUE(ready.ok()) << (ready ? "" : ready.error().to_string());
    engine.start([&](std::unique_ptr<Interval> interval) {
        const std::lock_guard lock(mutex);
        intervals.push_back(std::move(interval));
        return std::unique_ptr<Interval>();
    });
    if (meanwhile) {
        meanwhile(engine);
    }
    engine.join();
    Aggregator aggregator(info);
    for (const auto& interval : intervals) {
        aggregator.add(std::move(*interval));
    }
    Outcomes outcomes;
    while (const SnapshotPtr snapshot = aggregator.next()) {
        outcomes.last = snapshot;
        outcomes.all.push_back(snapshot);
        outcomes.traces.insert(outcomes.traces.end(), snapshot->traces.begin(),
                               snapshot->traces.end());
        outcomes.errors.insert(outcomes.errors.end(), snapshot->errors.begin(),
                               snapshot->errors.end());
    }
    EXPECT_TRUE(outcomes.last && outcomes.last->last);
    return outcomes;
}

inline Outcomes run(const Scenario& scenario, std::uint32_t shards = 1, double trace_share = 0,
                    const std::function<void(Engine&)>& meanwhile = {}, Segment segment = {}) {
    EngineOptions options;
    options.trace_share = trace_share;
    return run(scenario, shards, std::move(options), meanwhile, segment);
}

}  // namespace plimsoll
