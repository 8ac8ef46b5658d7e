// Plants the faults of one repetition and heals them, while a run goes on.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "experiment/experiment.hpp"
#include "experiment/trial_plan.hpp"
#include "signal/probe.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace plimsoll {

/// Has a thread of its own from `begin` on. A fault that is in force is healed whatever happens: in
/// time, by `heal_now`, when planting fails half way, and by the destructor. Threading: any thread.
class FaultPlayer {
public:
    /// Told of what happens, in a line for people; from the player's thread.
    using Say = std::function<void(const std::string&)>;

    FaultPlayer(const Experiment& experiment, std::vector<PlannedTrial> plan, Say say);
    ~FaultPlayer();
    FaultPlayer(const FaultPlayer&) = delete;
    FaultPlayer& operator=(const FaultPlayer&) = delete;

    /// The plan counts from now. Once.
    void begin();
    /// Heals what is in force and plants nothing more; returns when that is done, or has failed.
    void heal_now();
    /// What went wrong: a call that failed. After it nothing more is planted.
    [[nodiscard]] std::optional<std::string> failure() const;
    /// The fault that could not be healed; empty: none.
    [[nodiscard]] std::string left_in_force() const;

    /// A probe that tells the run when faults were planted and healed. It may outlive the player.
    [[nodiscard]] ProbePtr make_probe();

private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace plimsoll
