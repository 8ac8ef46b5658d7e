#include "engine/single_run.hpp"

#include "base/units.hpp"
#include "engine/users/flow_machine.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr std::chrono::minutes kLongest{10};
constexpr std::chrono::milliseconds kLook{100};

Scenario with_one_user(const Scenario& scenario, const UserClass& user, bool go_on) {
    Scenario one = scenario;
    one.users = {user};
    one.users.front().weight = 1;
    for (Step& step : one.users.front().steps) {
        if (go_on) {
            step.on_fail = OnFail::Continue;
        } else if (step.on_fail == OnFail::Continue) {
            step.on_fail = OnFail::StopUser;
        }
    }
    Executor executor;
    executor.name = user.name;
    executor.kind = ExecutorKind::PerVuIterations;
    executor.ramp = Ramp::constant(1, kLongest);
    executor.max_vus = 1;
    executor.iterations = 1;
    one.load = {executor};
    one.thresholds.clear();
    return one;
}

/// What comes from the shard's thread.
struct Gathered {
    std::mutex mutex;
    std::condition_variable over;
    bool last = false;
    bool completed = false;
    std::string note;
    SingleRun run;
};

EngineOptions gather_into(Gathered& gathered, std::vector<Variable> shared) {
    EngineOptions options;
    options.shared = std::move(shared);
    options.on_note = [&](std::string text) {
        const std::lock_guard lock(gathered.mutex);
        gathered.note = std::move(text);
    };
    options.on_request = [&](const Sample& sample, std::string_view text) {
        const std::lock_guard lock(gathered.mutex);
        gathered.run.requests.push_back({sample, std::string(text)});
    };
    options.on_variables = [&](std::span<const Variable> variables) {
        const std::lock_guard lock(gathered.mutex);
        gathered.completed = true;
        gathered.run.variables.assign(variables.begin(), variables.end());
    };
    return options;
}

void wait_for_end(Gathered& gathered, Engine& engine, const std::function<bool()>& stop) {
    std::unique_lock lock(gathered.mutex);
    while (!gathered.over.wait_for(lock, kLook, [&] { return gathered.last; })) {
        lock.unlock();
        if (stop && stop()) {
            engine.abort();
        }
        lock.lock();
    }
}

void conclude(Gathered& gathered, const Scenario& scenario) {
    SingleRun& run = gathered.run;
    const auto failed =
        std::find_if(run.requests.begin(), run.requests.end(),
                     [](const SingleRequest& each) { return is_failure(each.sample.outcome); });
    run.ok = gathered.completed && failed == run.requests.end();
    if (run.ok) {
        return;
    }
    run.failure = failed != run.requests.end() ? describe(*failed, scenario)
                  : !gathered.note.empty()     ? gathered.note
                                               : "it was stopped before its end";
}

}  // namespace

Result<SingleRun> run_single(const Scenario& scenario, const UserClass& user, const RunInfo& base,
                             SingleRunOptions options) {
    const Scenario one = with_one_user(scenario, user, options.go_on);
    RunInfo info = describe(one);
    info.version = base.version;
    info.seed = base.seed;
    info.shards = 1;
    info.start = WallAnchor::now();
    Gathered gathered;
    info.id = base.id + " " + user.name;  // trace ids of its own
    EngineOptions engine_options = gather_into(gathered, std::move(options.shared));
    engine_options.traceparent = options.traceparent;
    Engine engine(one, info, std::move(engine_options));
    if (Status ready = engine.prepare(); !ready) {
        return ready.error();
    }
    engine.start([&](std::unique_ptr<Interval> interval) {
        const std::lock_guard lock(gathered.mutex);
        gathered.last = gathered.last || interval->last;
        gathered.over.notify_one();
        return interval;
    });
    wait_for_end(gathered, engine, options.stop);
    engine.join();
    conclude(gathered, one);
    return std::move(gathered.run);
}

std::string describe(const SingleRequest& request, const Scenario& scenario) {
    constexpr std::size_t kTextShown = 200;
    const Sample& sample = request.sample;
    const EndpointInfo& endpoint = scenario.endpoints[sample.endpoint];
    std::string text = fmt::format("{} {}: ", endpoint.method, endpoint.name);
    if (sample.status != 0) {
        text += fmt::format("{} ", sample.status);
    }
    text += to_string(sample.outcome);
    if (sample.outcome != Outcome::NotSent) {
        text += " in " + human_seconds(to_seconds(sample.completed - sample.sent));
    }
    std::string shown = request.text.substr(0, kTextShown);
    std::replace_if(
        shown.begin(), shown.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; },
        ' ');
    return shown.empty() ? text : text + ": " + shown;
}

UserClass trial_of(const UserClass& user) {
    UserClass trial = user;
    trial.think = {};
    trial.pacing = {};
    trial.start = {};
    trial.stop = {};
    for (Step& step : trial.steps) {
        step.think.reset();
        if (step.until) {
            step.until->max = 1;
        }
    }
    trial.flow = {};
    for (const Flow& flow : {user.start, with_steps(user.flow, user.steps.size()), user.stop}) {
        append(straightened(flow), trial.flow);
    }
    trial.flow.ops.push_back({Op::Kind::End, 0, 0, 0});
    return trial;
}

}  // namespace plimsoll
