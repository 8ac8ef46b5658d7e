// What the users of all shards read and none writes.
#pragma once

#include "engine/users/class_plan.hpp"
#include "record/interval.hpp"
#include "scenario/scenario.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

/// What is told once in a run, whichever shard comes to it first.
enum class Said : std::uint8_t { OutOfData, StartFailed, FlowBroken };
class SaidOnce {
public:
    /// Whether it has been said.
    bool test_and_set(Said what) noexcept {
        return said_[static_cast<std::size_t>(what)].test_and_set();
    }

private:
    std::array<std::atomic_flag, 3> said_{};
};

/// Whom users tell what; see EngineOptions. Each may be empty.
struct UserHooks {
    std::function<void(std::string text)> on_note = {};
    std::function<void(std::string reason)> on_abort = {};
    std::function<void(const Sample& sample, std::string_view text)> on_request = {};
    std::function<void(std::span<const Variable> variables)> on_variables = {};
};

struct UsersPlan {
    /// Both must outlive the plan.
    UsersPlan(const Scenario& scenario, const RunInfo& run);

    const Scenario* scenario;
    const RunInfo* run;
    std::vector<ClassPicker> pickers;   // by executor
    std::size_t pools = 1;              // of parked users: see ClassPlan::pool
    std::vector<ClassPlan> classes;     // by user class
    std::uint32_t places = 1;           // addresses of the target that users take turns at
    std::vector<Variable> shared = {};  // see EngineOptions
    UserHooks tell = {};
    std::uint64_t trace_limit = 0;  // an iteration is traced when its hash is below
    std::uint64_t trace_key = 0;    // of this run and segment: what all trace ids are drawn from
    bool traceparent = false;       // requests carry that header
    std::unique_ptr<SaidOnce> said = std::make_unique<SaidOnce>();

    [[nodiscard]] bool takes_notes() const noexcept { return trace_limit != 0 || traceparent; }
};

}  // namespace plimsoll
