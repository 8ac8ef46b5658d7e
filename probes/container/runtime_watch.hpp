// Asks whoever runs the containers about the chosen containers, away from the probe thread.
#pragma once

#include "probes/container/container_runtime.hpp"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace plimsoll {

struct WatchedContainer {
    RuntimeContainer info;
    std::optional<RuntimeStats> stats;  // only of those that stats were asked for
    Clock::time_point stats_at;         // when `stats` were true
};

/// What the runtime said last.
struct RuntimeView {
    std::vector<WatchedContainer> containers;  // also those that ran once and still exist
    Clock::time_point at;                      // of the last answer
    std::optional<Error> error;                // set: why there is no newer one
};

/// An engine's answer takes from a millisecond to two seconds, which no probe thread has. So a
/// thread of this object's own asks once in each of the runtime's periods, and readers get the
/// latest answer.
/// A container that starts later under the same name or label is found then.
class RuntimeWatch {
public:
    explicit RuntimeWatch(std::unique_ptr<ContainerRuntime> runtime);
    /// Waits for the call in progress, at most kCallLimit.
    ~RuntimeWatch();
    RuntimeWatch(const RuntimeWatch&) = delete;
    RuntimeWatch& operator=(const RuntimeWatch&) = delete;

    /// Asks once, by `deadline`, then begins to watch, also after an Error.
    [[nodiscard]] Status start(Clock::time_point deadline);
    /// Never null. From any thread.
    [[nodiscard]] std::shared_ptr<const RuntimeView> latest() const;
    /// From now on also the figures of this container, about once a second.
    void want_stats(const std::string& id);

    static constexpr Nanoseconds kCallLimit = std::chrono::seconds(2);

private:
    static constexpr Nanoseconds kFirstPeriod = std::chrono::seconds(1);
    void work();
    void tell(const RuntimeView& next) const;
    void add_stats(WatchedContainer& container, Clock::time_point deadline);
    RuntimeView look(Clock::time_point deadline);
    Status find_containers(Clock::time_point deadline);

    // Of the thread that asks.
    const std::unique_ptr<ContainerRuntime> runtime_;
    std::vector<std::string> found_;  // ids that fit now
    std::set<std::string> ran_;       // ids that ran once
    std::optional<Error> none_;       // why the last question found none

    mutable std::mutex mutex_;  // guards what follows
    std::condition_variable wake_;
    bool stopping_ = false;
    std::shared_ptr<const RuntimeView> view_;
    std::set<std::string> with_stats_;
    std::thread thread_;
};

}  // namespace plimsoll
