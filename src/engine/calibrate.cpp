#include "engine/calibrate.hpp"

#include "engine/engine.hpp"
#include "engine/null_server.hpp"

#include <mutex>
#include <sched.h>
#include <vector>

#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr std::uint32_t kUsers = 32;
constexpr std::uint64_t kLeastRequests = 100;
constexpr int kTicks = 6;  // of which the first warms up

/// The cores for generator and server; negative where there are not two.
struct Cores {
    cpu_set_t before{};
    int generator = -1;
    int server = -1;

    Cores() {
        CPU_ZERO(&before);
        if (::sched_getaffinity(0, sizeof before, &before) != 0) {
            return;
        }
        for (int cpu = 0; cpu < CPU_SETSIZE && server < 0; ++cpu) {
            if (CPU_ISSET(static_cast<std::size_t>(cpu), &before)) {
                (generator < 0 ? generator : server) = cpu;
            }
        }
    }
    /// The engine's threads inherit it from this one.
    void pin() const {
        if (server >= 0) {
            cpu_set_t one;
            CPU_ZERO(&one);
            CPU_SET(static_cast<std::size_t>(generator), &one);
            ::sched_setaffinity(0, sizeof one, &one);
        }
    }
    void release() const {
        if (server >= 0) {
            ::sched_setaffinity(0, sizeof before, &before);
        }
    }
};

/// Nothing waits, nothing is asked of a response, and nothing leads to another server.
void strip(UserClass& user) {
    user.think = {};
    user.pacing = {};
    user.thinks.assign(user.thinks.size(), Think{});
    user.start = {};
    user.stop = {};
    for (Step& step : user.steps) {
        step.think.reset();
        step.expect = {};
        step.captures.clear();
        step.until.reset();
        step.on_fail = OnFail::Continue;
        if (!step.path.literals().starts_with('/')) {
            step.path = Template::literal("/");
        }
    }
}

/// What captures, user_start and setup would have found: any value does.
EngineOptions with_values(const Scenario& scenario) {
    EngineOptions options;
    options.shared.assign(scenario.variables.size(), {ValueType::Number, "1"});
    return options;
}

/// The scenario's requests, as fast as they go.
Scenario stripped(const Scenario& scenario, std::uint16_t port, Nanoseconds length) {
    Scenario bare = scenario;
    bare.target.scheme = "http";
    bare.target.host = "127.0.0.1";
    bare.target.port = port;
    bare.target.unix_path.clear();
    bare.http.local_addresses.clear();  // none that the loopback may not be reached from
    bare.setup = {};
    bare.teardown = {};
    for (UserClass& user : bare.users) {
        strip(user);
    }
    Executor executor;
    executor.name = "calibration";
    executor.ramp = Ramp::constant(kUsers, length);
    executor.max_vus = kUsers;
    executor.graceful_stop = std::chrono::milliseconds(100);
    bare.load = {executor};
    bare.thresholds.clear();
    return bare;
}

struct Sum {
    std::mutex mutex;
    std::uint64_t requests = 0;
    double cpu_s = 0;
    double length_s = 0;
};

}  // namespace

Result<Ceiling> calibrate(const Scenario& scenario, Nanoseconds length) {
    const Cores cores;
    auto server = NullServer::start(cores.server);
    if (!server) {
        return server.error();
    }
    const Scenario bare = stripped(scenario, (*server)->port(), length);
    RunInfo run = describe(bare);
    run.version = "calibration";
    run.tick = length / kTicks;
    Engine engine(bare, run, with_values(bare));
    if (const Status ready = engine.prepare(); !ready) {
        return ready.error();
    }
    run.start = WallAnchor::now();
    Sum sum;
    cores.pin();
    engine.start([&](std::unique_ptr<Interval> interval) {
        const std::lock_guard lock(sum.mutex);
        if (interval->tick > 0 && interval->tick < kTicks) {
            for (const EndpointStats& stats : interval->endpoints) {
                sum.requests += stats.requests;
            }
            sum.length_s += to_seconds(run.tick);
            sum.cpu_s += interval->state.cpu_ratio * to_seconds(run.tick);
        }
        return interval;
    });
    cores.release();
    engine.join();
    if (sum.requests < kLeastRequests || sum.cpu_s <= 0) {
        return Error{fmt::format("made only {} requests in {:.1f} s, too few to tell", sum.requests,
                                 to_seconds(length)),
                     "calibration", "a longer one may do, or --no-calibration"};
    }
    return Ceiling{1e6 * sum.cpu_s / static_cast<double>(sum.requests), sum.requests,
                   static_cast<double>(sum.requests) / sum.length_s};
}

}  // namespace plimsoll
