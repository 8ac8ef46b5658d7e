// The load engine: runs a scenario on N shards and hands out what each saw, tick by tick.
#pragma once

#include "base/result.hpp"
#include "base/units.hpp"
#include "engine/recording/recorder.hpp"
#include "engine/transport/address.hpp"
#include "record/run_info.hpp"
#include "scenario/scenario.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

struct EngineOptions {
    /// File descriptors that the load leaves to others in this process.
    std::uint64_t reserved_descriptors = 0;
    /// Of iterations, 0-1, that are traced. Above 0 a few requests of the others are too: those
    /// that failed, and the slowest (KeptRequests).
    double trace_share = 0;
    /// Whether every request carries a traceparent header, flagged "sampled" where its iteration is
    /// traced. Unset: where any are.
    std::optional<bool> traceparent = {};
    std::vector<Variable> shared = {};  // made by setup, by VariableId; every user sees them
    // All of these are called on shard threads, at any time until join() returns; any may be empty.
    /// Something that a person should know: each kind once in a run.
    std::function<void(std::string text)> on_note = {};
    /// A step with on_fail: abort_run has failed. The run goes on until told to stop.
    std::function<void(std::string reason)> on_abort = {};
    /// Each request that ended, and each step that could not be sent (outcome NotSent).
    std::function<void(const Sample& sample, std::string_view text)> on_request = {};
    /// The variables of a user that has come to the end of its flow.
    std::function<void(std::span<const Variable> variables)> on_variables = {};
    /// Finds the target's addresses in `prepare`; empty: the system's resolver does.
    std::function<Result<std::vector<SocketAddress>>(const TargetUrl& target)> look_up = {};
};

/// What an externally controlled executor asks for, and since when.
struct LevelChange {
    Nanoseconds at;  // offset from the run's start
    double level;    // arrivals per second, or users: of the whole run, not of a segment
};

/// Threading: all methods from one thread, but set_rate, set_users and level, which any thread may
/// call from `start` on. Each shard runs on a thread of its own and shares
/// nothing with the others; the sink is called on shard threads.
class Engine {
public:
    /// `scenario` and `run` must outlive the engine. `run.shards`, `run.seed` and `run.tick` are
    /// used.
    Engine(const Scenario& scenario, const RunInfo& run, EngineOptions options);
    ~Engine();

    /// Reads what the scenario names on this machine: certificates, keys, the addresses to send
    /// from. Sends nothing. Error: one of them cannot be used.
    [[nodiscard]] Status check();
    /// Checks, where that was not done, then resolves the target and connects to it once. Error
    /// after a `check` that found nothing: the target cannot be reached (nothing else was sent).
    [[nodiscard]] Status prepare();
    /// Starts the shards. The executors' start times count from `run.start.mono`, which may lie a
    /// little ahead.
    void start(IntervalSink sink);
    /// No new iterations from now on; those under way may end within their executor's graceful
    /// stop.
    void stop_gracefully();
    /// Ends now; requests under way are counted as cut off.
    void abort();
    /// Sets the level of an externally controlled executor (index into Scenario::load) of the open
    /// or the closed kind. It holds from a few milliseconds after the call on, at the same time in
    /// every shard; arrivals stay those of the rate's exact integral. Error: no such executor, one
    /// that is not controlled so or is over, a level that is not possible.
    [[nodiscard]] Result<LevelChange> set_rate(std::uint32_t executor, Rate rate);
    [[nodiscard]] Result<LevelChange> set_users(std::uint32_t executor, std::uint32_t users);
    /// The latest level set, or the one that it began with.
    [[nodiscard]] double level(std::uint32_t executor) const;
    /// The stages that all its settings so far made of the executor, for the record: at each
    /// change one of no length, which is the step, and the one after it. Levels are the segment's.
    [[nodiscard]] ExecutorInfo steered(std::uint32_t executor) const;
    /// See SocketBudget; from `prepare` on, any thread.
    [[nodiscard]] std::uint64_t sockets_left(std::uint32_t connections_open) const;
    /// Waits until every shard has handed in its last interval.
    void join();
    /// After `join`: the CPU time in which shards were awake with nothing to do but to wait for
    /// the next arrival (docs/decisions/0013). It is in the process's CPU time.
    [[nodiscard]] Nanoseconds polled() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace plimsoll
