// Asks a container engine about the chosen containers, away from the probe thread.
#pragma once

#include "probes/container/container_engine.hpp"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace plimsoll {

struct EngineWatchOptions {
    std::string docker_host;  // empty: the default sockets
    ContainerChoice choice;
    Nanoseconds period = std::chrono::seconds(1);
};

struct WatchedContainer {
    EngineContainer info;
    std::optional<EngineStats> stats;  // only of those that stats were asked for
    Clock::time_point stats_at;        // when `stats` were true
};

/// What the engine said last.
struct EngineView {
    std::vector<WatchedContainer> containers;  // also those that ran once and still exist
    Clock::time_point at;                      // of the last answer
    std::optional<Error> error;                // set: why there is no newer one
};

/// An engine's answer takes from a millisecond to two seconds, which no probe thread has. So a
/// thread of this object's own asks about once a second, and readers get the latest answer.
/// A container that starts later under the same name or label is found then.
class EngineWatch {
public:
    explicit EngineWatch(EngineWatchOptions options);
    /// Waits for the call in progress, at most kCallLimit.
    ~EngineWatch();
    EngineWatch(const EngineWatch&) = delete;
    EngineWatch& operator=(const EngineWatch&) = delete;

    /// Asks once, by `deadline`, then begins to watch, also after an Error.
    [[nodiscard]] Status start(Clock::time_point deadline);
    /// Never null. From any thread.
    [[nodiscard]] std::shared_ptr<const EngineView> latest() const;
    /// From now on also the figures of this container, about once a second.
    void want_stats(const std::string& id);

    static constexpr Nanoseconds kCallLimit = std::chrono::seconds(3);

private:
    void work();
    EngineView look(Clock::time_point deadline);
    Status find_engine(Clock::time_point deadline);
    Status find_containers(Clock::time_point deadline);

    const EngineWatchOptions options_;
    // Of the thread that asks.
    std::optional<ContainerEngine> engine_;
    std::vector<std::string> found_;  // ids that fit now
    std::set<std::string> ran_;       // ids that ran once

    mutable std::mutex mutex_;  // guards what follows
    std::condition_variable wake_;
    bool stopping_ = false;
    std::shared_ptr<const EngineView> view_;
    std::set<std::string> with_stats_;
    std::thread thread_;
};

}  // namespace plimsoll
