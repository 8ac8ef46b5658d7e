// A run's load as those see and set it who steer it: the control port, the live page.
#pragma once

#include "record/interval.hpp"
#include "record/run_info.hpp"
#include "run/control_server.hpp"
#include "run/load_source.hpp"
#include "run/stop_queue.hpp"
#include "scenario/scenario.hpp"
#include "signal/reading.hpp"

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

/// docs/control.md says what can be set and what the status is. Lifetime: what it is given outlives
/// it. Threading: the load's side calls from its own threads, any thread reads and sets.
class LoadControl {
public:
    struct Load {
        const Scenario& scenario;
        const RunInfo& run;
        LoadSource& source;
        StopQueue& stops;
        std::function<void(EventKind, std::string)> announce;  // for the run's events
    };
    explicit LoadControl(Load load) : load_(std::move(load)) {}
    /// Listens until `end`. Error: the port is taken, or the address is none.
    [[nodiscard]] Status serve(const std::string& address, std::uint16_t port);

    void on_snapshot(const SnapshotPtr& snapshot);
    /// The load runs from now on, and may be changed.
    void begin() { running_ = true; }
    /// It does not any more: nothing is changed once this has returned, and nothing served.
    void end();
    /// Where it listens; empty: nowhere.
    [[nodiscard]] std::string url() const { return server_ ? server_->url() : std::string(); }

    /// `by`: who asks, in words. Error: the load does not run, or has nothing that can be set so;
    /// then nothing was changed.
    [[nodiscard]] Status apply(const ControlRequest& request, std::string_view by);
    /// JSON.
    [[nodiscard]] std::string status() const;
    /// By executor: whether it is paused.
    [[nodiscard]] std::vector<bool> paused() const;

private:
    [[nodiscard]] std::vector<std::uint32_t> steered(const ControlRequest& request) const;
    [[nodiscard]] Result<std::uint32_t> executor_of(const ControlRequest& request) const;
    Status set_level(const ControlRequest& request);
    Status set_paused(const ControlRequest& request);
    /// Arrivals per second, or users.
    Status set(std::uint32_t executor, double level);

    Load load_;
    mutable std::mutex changing_;             // one change at a time, none after `end`
    std::map<std::uint32_t, double> paused_;  // executor, level before; by changing_
    std::atomic<bool> running_ = false;
    std::atomic<bool> stop_asked_ = false;
    mutable std::mutex mutex_;
    SnapshotPtr latest_;  // by mutex_
    std::optional<ControlServer> server_;
};

}  // namespace plimsoll
