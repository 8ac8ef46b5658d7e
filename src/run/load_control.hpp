// A run's load as the control port sees and sets it.
#pragma once

#include "engine/engine.hpp"
#include "record/interval.hpp"
#include "record/run_info.hpp"
#include "run/control_server.hpp"
#include "run/stop_queue.hpp"
#include "scenario/scenario.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

namespace plimsoll {

/// Listens from `start` until `end`; docs/control.md says what it answers. Lifetime: what it is
/// given outlives it. Threading: the load's side calls from its own threads, the server's thread
/// reads and sets.
class LoadControl {
public:
    struct Load {
        const Scenario& scenario;
        const RunInfo& run;
        Engine& engine;
        StopQueue& stops;
        std::function<void(std::string)> announce;  // what was changed, for the run's events
    };
    /// Error: the port is taken, or the address is none.
    [[nodiscard]] static Result<std::unique_ptr<LoadControl>> start(const std::string& address,
                                                                    std::uint16_t port, Load load);

    void on_snapshot(const SnapshotPtr& snapshot);
    /// The load runs from now on, and may be changed.
    void begin() { running_ = true; }
    /// It does not any more: nothing is answered once this has returned.
    void end();
    [[nodiscard]] std::string url() const { return server_->url(); }

private:
    explicit LoadControl(Load load) : load_(std::move(load)) {}
    Status apply(const ControlRequest& request);
    [[nodiscard]] Result<std::uint32_t> executor_of(const ControlRequest& request) const;
    [[nodiscard]] std::string status() const;

    Load load_;
    std::atomic<bool> running_ = false;
    std::atomic<bool> stop_asked_ = false;
    mutable std::mutex mutex_;
    SnapshotPtr latest_;  // by mutex_
    std::optional<ControlServer> server_;
};

}  // namespace plimsoll
