// The load that segments on other machines make, as a run's.
#pragma once

#include "gather/gather_server.hpp"
#include "gather/gather_wire.hpp"
#include "gather/live_merge.hpp"
#include "gather/segment_roll.hpp"
#include "run/load_source.hpp"
#include "store/segment_file.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace plimsoll {

/// Keeps each segment's rows in `RUN/segments/i.db`, and publishes their sums. What a restarted
/// gather needs stands there and in the run file.
///
/// Threading: as LoadSource; beside that a thread of its own answers segments, keeps, merges and
/// publishes, from `prepare` to the end.
class GatheredLoad final : public LoadSource {
public:
    GatheredLoad(const LoadContext& context, const GatherOptions& options, GatherDesk& desk,
                 std::string url);
    ~GatheredLoad() override;

    /// Waits for the segments. Error: some did not come in time.
    [[nodiscard]] Status prepare() override;
    [[nodiscard]] std::uint32_t shards() const override;
    [[nodiscard]] StartTime begin_at() override;
    void start(Publish publish) override;
    [[nodiscard]] bool finished() const override { return finished_; }
    void stop_gracefully() override { order_stop(false); }
    void abort() override { order_stop(true); }
    [[nodiscard]] Result<LevelChange> set_rate(std::uint32_t executor, Rate rate) override;
    [[nodiscard]] Result<LevelChange> set_users(std::uint32_t executor,
                                                std::uint32_t users) override;
    [[nodiscard]] double level(std::uint32_t executor) const override;
    [[nodiscard]] ExecutorInfo steered(std::uint32_t executor) const override;
    void join() override;
    [[nodiscard]] std::map<std::string, std::string> facts() const override;
    [[nodiscard]] Status complete(RunFileWriter& run_file) override;

private:
    /// What is to be said once the lock is released: none of it may wait for us.
    struct News {
        std::vector<Event> events;
        std::vector<SnapshotPtr> snapshots;
    };

    // Before the start.
    [[nodiscard]] Status wait_for_all();
    void tell_missing(Clock::time_point now, const std::vector<std::uint32_t>& missing);
    [[nodiscard]] Status give_up(const std::vector<std::uint32_t>& missing);
    [[nodiscard]] Status load_kept();
    [[nodiscard]] Status go_on();

    // On its own thread.
    void work();
    [[nodiscard]] HttpResponse answer(const HttpRequest& request, News& news);
    [[nodiscard]] HttpResponse answer_hello(const HttpRequest& request);
    [[nodiscard]] HttpResponse answer_rows(const HttpRequest& request, News& news);
    [[nodiscard]] Status keep(std::uint32_t number, std::string_view kind,
                              const HttpRequest& request, News& news);
    void take_news(std::uint32_t number, SegmentNews&& fresh, News& news);
    [[nodiscard]] Orders orders_for(std::uint32_t number) const;
    void look_around(Clock::time_point now, News& news);
    void merge(Clock::time_point now, News& news);
    void tell_late(const LiveMerge::Merged& merged, News& news);
    void say(News&& news);
    [[nodiscard]] Clock::time_point next_look(Clock::time_point now) const;

    void order_stop(bool at_once);
    [[nodiscard]] Result<LevelChange> set_level(std::uint32_t executor, double level, bool open);
    [[nodiscard]] std::filesystem::path file_of(std::uint32_t number) const;
    [[nodiscard]] std::vector<std::filesystem::path> kept_files() const;
    [[nodiscard]] double share_missing(std::size_t parts) const;

    LoadContext context_;
    GatherOptions options_;
    GatherDesk& desk_;
    std::string url_;

    mutable std::mutex mutex_;  // of all that follows, but for what is atomic
    SegmentRoll roll_;
    std::map<std::uint32_t, std::unique_ptr<SegmentFile>> files_;
    std::optional<LiveMerge> merge_;
    std::optional<std::string> refused_;  // there will be no run: why
    std::vector<std::string> said_refusals_;
    Orders orders_;
    std::uint64_t next_order_ = 1;
    std::map<std::uint32_t, std::vector<LevelChange>> changes_;  // by executor
    std::map<std::uint32_t, std::uint64_t> late_since_;          // by segment, the first such tick
    std::vector<ErrorSample> errors_;                            // for the next snapshot
    std::uint64_t late_ticks_ = 0;                               // merged without a part of theirs
    bool closed_ = false;                                        // nothing more is taken
    Publish publish_;
    std::atomic<bool> finished_ = false;
    std::atomic<bool> stopping_ = false;
    std::optional<WallAnchor> begun_;  // of the run that is resumed
    Clock::time_point last_tell_;
    std::thread thread_;
};

}  // namespace plimsoll
