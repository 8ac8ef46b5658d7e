// A run as those see it who watch its page.
#pragma once

#include "analysis/result.hpp"
#include "record/interval.hpp"
#include "record/run_info.hpp"
#include "signal/capabilities.hpp"
#include "signal/exporter.hpp"
#include "signal/run_view.hpp"
#include "ui/chart_feed.hpp"
#include "ui/feed.hpp"
#include "ui/judge_so_far.hpp"
#include "ui/live_data.hpp"
#include "ui/live_tables.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace plimsoll {

/// As nice(1): what shows a run comes after what makes its load.
inline constexpr int kBehindTheLoad = 10;

struct LiveRunOptions {
    bool find = false;  // a search for the capacity
    Nanoseconds judge_every = std::chrono::seconds(5);
};

/// How a run ended.
struct LiveEnd {
    int exit_code = 0;
    std::string report;  // path of its report on the server; empty: there is none
    std::string error;   // why there is none
};

/// Hears all that an exporter hears and tells the feed what is new, once a tick. What it holds is
/// bounded, whatever the run's length.
///
/// Threading: any; each call holds the feed's mutex. Lifetime: the feed outlives it.
class LiveRun {
public:
    LiveRun(Feed& feed, LiveRunOptions options);
    ~LiveRun();
    LiveRun(const LiveRun&) = delete;
    LiveRun& operator=(const LiveRun&) = delete;

    /// Before anything else, once.
    void begin(const RunInfo& run, std::span<const ProbeInfo> probes);
    /// `folder`: where the run is kept, and read again while it goes on. `paused`: by executor.
    void set_source(std::filesystem::path folder, std::function<std::vector<bool>()> paused);
    void on_snapshot(const SnapshotPtr& snapshot);
    void on_reading(std::size_t probe, const Reading& reading);
    void on_gap(std::size_t probe, const Gap& gap);
    void on_event(const Event& event);
    void on_verdict(const VerdictPtr& verdict);
    /// The load is over: what there is, is being judged.
    void on_load_end();
    /// Everything of it; `analysis` null: it could not be judged.
    void end(const LiveEnd& end, std::shared_ptr<const Analysis> analysis);

    /// What a new viewer is told first. The caller holds the feed's mutex.
    [[nodiscard]] FeedMessage begin_message();

private:
    void hear(std::shared_ptr<const Analysis> analysis, bool final);
    void tell_tick();
    void refresh_charts(boost::json::object& message);
    [[nodiscard]] boost::json::object state() const;
    void add_figures(boost::json::object& state) const;
    void add_executors(boost::json::object& state) const;
    [[nodiscard]] std::vector<StoredEvent> told_events() const;
    [[nodiscard]] boost::json::value over_json() const;
    [[nodiscard]] boost::json::object run_json() const;
    [[nodiscard]] boost::json::value verdict_json() const;

    Feed& feed_;
    const LiveRunOptions options_;
    // Everything below by the feed's mutex.
    RunInfo run_;
    std::vector<ProbeInfo> probes_;
    std::optional<LiveData> data_;
    std::optional<LiveTables> tables_;
    ChartFeed charts_;
    bool charts_told_ = false;  // what `charts_` told is what the viewers have
    SnapshotPtr latest_;
    EndpointStats latest_delta_;  // of all endpoints
    Analysis shown_;              // the latest, with counts of now
    std::shared_ptr<const Analysis> judged_;
    bool judged_final_ = false;
    double judged_at_s_ = 0;
    VerdictPtr verdict_;
    std::filesystem::path folder_;
    std::function<std::vector<bool>()> paused_;
    std::vector<StoredEvent> new_events_;
    std::string told_markers_;
    std::string phase_ = "starting";
    std::optional<LiveEnd> end_;
    double told_at_s_ = 0;  // of a run without load
    std::unique_ptr<JudgeSoFar> judge_;
};

/// What a run hands its data to for the sake of a page.
class LivePageExporter final : public Exporter, public HearsVerdict, public HearsLoadEnd {
public:
    explicit LivePageExporter(std::shared_ptr<LiveRun> live) : live_(std::move(live)) {}
    [[nodiscard]] std::string name() const override { return "live_page"; }
    [[nodiscard]] Status start(const RunInfo& run, std::span<const ProbeInfo> probes) override;
    void on_snapshot(const SnapshotPtr& snapshot) override { live_->on_snapshot(snapshot); }
    void on_reading(std::size_t probe, const Reading& reading,
                    const ProbeHealth& /*health*/) override {
        live_->on_reading(probe, reading);
    }
    void on_gap(std::size_t probe, const Gap& gap, const ProbeHealth& /*health*/) override {
        live_->on_gap(probe, gap);
    }
    void on_event(const Event& event) override { live_->on_event(event); }
    void on_dropped(std::uint64_t /*total*/) override {}
    void on_verdict(const VerdictPtr& verdict) override { live_->on_verdict(verdict); }
    void on_load_end() override { live_->on_load_end(); }
    void finish(Clock::time_point /*deadline*/) override {}

private:
    std::shared_ptr<LiveRun> live_;
};

}  // namespace plimsoll
