// Where a run's load comes from: the engine of this process, or others elsewhere that it hears of.
#pragma once

#include "base/result.hpp"
#include "engine/engine.hpp"
#include "record/interval.hpp"
#include "record/run_info.hpp"
#include "run/stop_queue.hpp"
#include "scenario/scenario.hpp"
#include "signal/reading.hpp"
#include "store/run_writer.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>

namespace plimsoll {

/// What a source may make use of; all of it outlives the source.
struct LoadContext {
    const Scenario& scenario;
    const RunInfo& run;            // its start is set once `begin_at` has said it
    std::filesystem::path folder;  // the run's; made after `begin_at`
    StopQueue& stops;
    std::function<void(Event)> announce;    // an event of the run; from `start` on, any thread
    std::function<void(std::string)> tell;  // a sentence for the user; on the caller's thread
};

/// Why a load does not begin.
struct NoStart {
    Error error;
    bool invalid_input = false;  // what was asked for cannot be; else somebody was not there
};
using StartTime = std::variant<WallAnchor, NoStart>;

/// Asked once per run or per tick, never per request. Threading: as Engine: all from one thread,
/// but set_rate, set_users and level, which any thread may call from `start` on.
class LoadSource {
public:
    using Publish = std::function<void(const SnapshotPtr&)>;

    virtual ~LoadSource() = default;
    /// Finds what can be wrong before anything is sent.
    [[nodiscard]] virtual Status prepare() = 0;
    /// How many load threads there are in all; from `prepare` on.
    [[nodiscard]] virtual std::uint32_t shards() const = 0;
    /// t = 0, a little ahead of now, when all else of the run is ready. May wait for it.
    [[nodiscard]] virtual StartTime begin_at() = 0;
    /// `publish` is called on a thread of the source's own, once a tick, in order.
    virtual void start(Publish publish) = 0;
    /// Whether the last snapshot has been published.
    [[nodiscard]] virtual bool finished() const = 0;
    /// See Engine.
    virtual void stop_gracefully() = 0;
    virtual void abort() = 0;
    [[nodiscard]] virtual Result<LevelChange> set_rate(std::uint32_t executor, Rate rate) = 0;
    [[nodiscard]] virtual Result<LevelChange> set_users(std::uint32_t executor,
                                                        std::uint32_t users) = 0;
    [[nodiscard]] virtual double level(std::uint32_t executor) const = 0;
    [[nodiscard]] virtual ExecutorInfo steered(std::uint32_t executor) const = 0;
    /// Waits until nothing of the load runs any more.
    virtual void join() = 0;
    /// Of who made the load, for the run file; after `join`.
    [[nodiscard]] virtual std::map<std::string, std::string> facts() const = 0;
    /// Mends what was published too early, now that no exporter writes to `run_file` any more.
    [[nodiscard]] virtual Status complete(RunFileWriter& /*run_file*/) { return {}; }
};

}  // namespace plimsoll
