// A run told again is the run as it was told the first time.
#include "store/replay.hpp"

#include "sample_run.hpp"
#include "signal/capabilities.hpp"
#include "store/run_writer.hpp"
#include "tests/support/temp_folder.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

/// Notes what it hears, with the seconds since the run's start.
class Listener final : public Exporter, public HearsVerdict, public HearsLoadEnd {
public:
    [[nodiscard]] std::string name() const override { return "listener"; }
    [[nodiscard]] Status start(const RunInfo& run, std::span<const ProbeInfo> probes) override {
        start_ = run.start;
        for (const ProbeInfo& probe : probes) {
            said.push_back("probe " + probe.name);
        }
        return {};
    }
    void on_snapshot(const SnapshotPtr& snapshot) override {
        note(snapshot->to, fmt::format("tick {}{}", snapshot->tick, snapshot->last ? " last" : ""));
        snapshots.push_back(snapshot);
    }
    void on_reading(std::size_t probe, const Reading& reading, const ProbeHealth& health) override {
        note(reading.at, fmt::format("reading {} of {} value {}", health.readings, probe,
                                     reading.values.at(0).value));
    }
    void on_gap(std::size_t probe, const Gap& gap, const ProbeHealth& health) override {
        note(gap.open ? gap.from : gap.to, fmt::format("gap {} of {} {} {}", health.gaps, probe,
                                                       gap.reason, gap.open ? "opens" : "closes"));
    }
    void on_event(const Event& event) override { note(event.at, event.text); }
    void on_dropped(std::uint64_t /*total*/) override { FAIL(); }
    void on_load_end() override { said.emplace_back("load end"); }
    void on_verdict(const VerdictPtr& verdict) override {
        said.push_back("verdict " + verdict->findings.at(0).cause);
    }
    void finish(Clock::time_point /*deadline*/) override { FAIL(); }

    std::vector<std::string> said;
    std::vector<SnapshotPtr> snapshots;

private:
    void note(Clock::time_point at, const std::string& what) {
        said.push_back(fmt::format("{:.1f} {}", to_seconds(at - start_.mono), what));
    }
    WallAnchor start_;
};

Reading reading(Nanoseconds at, double value) {
    return {kRunStart + at, 1ms, {{0, {"db", "active"}, value}}};
}

class Replay : public ::testing::Test {
protected:
    /// Three ticks of half a second; the probe is silent from 0.6 to 1.1 s.
    RunReader recorded() {
        auto writer = make_run_file_exporter(folder_.path() / "run.db");
        EXPECT_TRUE(writer->start(sample_info(), sample_probes()));
        const ProbeHealth healthy{true, 1, 1, 0, 1ms};
        writer->on_reading(0, reading(300ms, 3), healthy);
        writer->on_event({kRunStart + 400ms, EventKind::Note, "a note"});
        writer->on_snapshot(tick(0));
        writer->on_gap(0, {"postgres", kRunStart + 600ms, kRunStart + 700ms, "silent", true}, {});
        writer->on_snapshot(tick(1));
        writer->on_gap(0, {"postgres", kRunStart + 600ms, kRunStart + 1100ms, "silent", false}, {});
        writer->on_reading(0, reading(1200ms, 12), healthy);
        writer->on_snapshot(tick(2));
        writer->on_reading(0, reading(1600ms, 16), healthy);
        writer->finish(Clock::now());
        auto reader = RunReader::open(folder_.path());
        EXPECT_TRUE(reader) << reader.error().to_string();
        return *std::move(reader);
    }

    SnapshotPtr tick(std::uint64_t number) {
        auto made = sample_tick(number);
        made->add_up(told_.empty() ? nullptr : told_.back().get());
        told_.push_back(made);
        return made;
    }

    test::TempFolder folder_;
    std::vector<SnapshotPtr> told_;
};

TEST_F(Replay, TellsAllThatWasToldInOrderOfTime) {
    const RunReader reader = recorded();
    Listener listener;
    auto verdict = std::make_shared<RunVerdict>();
    verdict->findings = {{"max_connections", "high"}};
    const Status replayed = replay_run(reader, listener, verdict);
    ASSERT_TRUE(replayed) << replayed.error().to_string();
    EXPECT_THAT(listener.said,
                ElementsAre("probe postgres", "probe process:lab", "0.3 reading 1 of 0 value 3",
                            "0.4 a note", "0.5 tick 0", "0.6 gap 1 of 0 silent opens", "1.0 tick 1",
                            "1.1 gap 1 of 0 silent closes", "1.2 reading 2 of 0 value 12",
                            "1.5 tick 2 last", "1.6 reading 3 of 0 value 16", "load end",
                            "verdict max_connections"));
}

TEST_F(Replay, AddsUpAsTheRunDid) {
    const RunReader reader = recorded();
    Listener listener;
    ASSERT_TRUE(replay_run(reader, listener, nullptr));
    ASSERT_EQ(listener.snapshots.size(), told_.size());
    for (std::size_t i = 0; i < told_.size(); ++i) {
        const Snapshot& now = *listener.snapshots[i];
        const Snapshot& then = *told_[i];
        for (std::size_t e = 0; e < 2; ++e) {
            EXPECT_EQ(now.total[e].requests, then.total[e].requests);
            EXPECT_EQ(now.total[e].statuses, then.total[e].statuses);
            EXPECT_EQ(now.total[e].response, then.total[e].response);
            EXPECT_EQ(now.delta[e].service, then.delta[e].service);
        }
        for (std::size_t c = 0; c < then.total_checks.size(); ++c) {
            EXPECT_EQ(now.total_checks.at(c), then.total_checks[c]);
        }
        EXPECT_EQ(now.total_phases[RequestPhase::Wait], then.total_phases[RequestPhase::Wait]);
        EXPECT_EQ(now.total_counts.out_of_data, then.total_counts.out_of_data);
        EXPECT_EQ(now.state.users, then.state.users);
        EXPECT_EQ(now.shards.size(), then.shards.size());
        EXPECT_DOUBLE_EQ(now.executors[0].offered, 123.456);
    }
}

}  // namespace
}  // namespace plimsoll
