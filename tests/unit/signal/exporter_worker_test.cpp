#include "signal/exporter_worker.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;

/// What the exporter was told, kept outside it because the worker owns the exporter.
struct Told {
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<std::string> calls;
    std::set<std::thread::id> threads;
    std::uint64_t dropped = 0;
    bool last_seen = false;
    bool blocked = false;  // every on_* call waits while this holds
    bool inside = false;   // a call is waiting
    std::string start_error;

    void add(std::string call) {
        std::unique_lock lock(mutex);
        inside = true;
        changed.notify_all();
        changed.wait(lock, [this] { return !blocked; });
        inside = false;
        calls.push_back(std::move(call));
        threads.insert(std::this_thread::get_id());
        changed.notify_all();
    }
    void block(bool value) {
        const std::lock_guard lock(mutex);
        blocked = value;
        changed.notify_all();
    }
    template <typename Condition>
    bool wait(Condition condition) {
        std::unique_lock lock(mutex);
        return changed.wait_for(lock, 60s, condition);
    }
};

class FakeExporter final : public Exporter {
public:
    explicit FakeExporter(std::shared_ptr<Told> told) : told_(std::move(told)) {}
    [[nodiscard]] std::string name() const override { return "fake"; }
    [[nodiscard]] Status start(const RunInfo& run, std::span<const ProbeInfo> probes) override {
        told_->add("start " + run.id + " " + std::to_string(probes.size()));
        return told_->start_error.empty() ? Status() : Status(Error{told_->start_error});
    }
    void on_snapshot(const SnapshotPtr& snapshot) override {
        if (snapshot->last) {
            const std::lock_guard lock(told_->mutex);
            told_->last_seen = true;
        }
        told_->add("snapshot " + std::to_string(snapshot->tick));
    }
    void on_reading(std::size_t probe, const Reading&, const ProbeHealth& health) override {
        told_->add("reading " + std::to_string(probe) + " " + std::to_string(health.readings));
    }
    void on_gap(std::size_t probe, const Gap& gap, const ProbeHealth&) override {
        told_->add("gap " + std::to_string(probe) + " " + gap.reason);
    }
    void on_event(const Event& event) override { told_->add("event " + event.text); }
    void on_dropped(std::uint64_t total) override {
        {
            const std::lock_guard lock(told_->mutex);
            told_->dropped = total;
        }
        told_->add("dropped " + std::to_string(total));
    }
    void finish(Clock::time_point) override { told_->add("finish"); }

private:
    std::shared_ptr<Told> told_;
};

/// One that can hear all that there is to hear, and serves readers.
class CapableExporter final : public Exporter,
                              public HearsVerdict,
                              public HearsDeliveries,
                              public HearsLoadEnd,
                              public ServesReaders {
public:
    explicit CapableExporter(std::shared_ptr<Told> told) : told_(std::move(told)) {}
    [[nodiscard]] std::string name() const override { return "capable"; }
    [[nodiscard]] Status start(const RunInfo&, std::span<const ProbeInfo>) override { return {}; }
    void on_snapshot(const SnapshotPtr& snapshot) override {
        told_->add("snapshot " + std::to_string(snapshot->tick));
    }
    void on_reading(std::size_t, const Reading&, const ProbeHealth&) override {}
    void on_gap(std::size_t, const Gap&, const ProbeHealth&) override {}
    void on_event(const Event&) override {}
    void on_dropped(std::uint64_t) override {}
    void finish(Clock::time_point) override {}
    void on_verdict(const VerdictPtr& verdict) override {
        told_->add("verdict of " + std::to_string(verdict->thresholds.size()));
    }
    void on_deliveries(const ExporterCountsPtr& counts) override {
        told_->add("counts of " + std::to_string(counts->size()));
    }
    void on_load_end() override { told_->add("load end"); }
    [[nodiscard]] std::string url() const override { return "http://here"; }
    [[nodiscard]] ScrapesByReader scrapes() const override { return {{7, true, 1s, {}}}; }

private:
    std::shared_ptr<Told> told_;
};

VerdictPtr verdict_of(std::size_t thresholds) {
    RunVerdict made;
    made.thresholds.resize(thresholds);
    return std::make_shared<const RunVerdict>(std::move(made));
}

ExporterCountsPtr counts_of(std::size_t exporters) {
    return std::make_shared<const ExporterCounts>(exporters);
}

SnapshotPtr snapshot(std::uint64_t tick, bool last = false) {
    auto made = std::make_shared<Snapshot>();
    made->tick = tick;
    made->last = last;
    return made;
}

ProbeHealth health(std::uint64_t readings) {
    ProbeHealth made;
    made.readings = readings;
    return made;
}

RunInfo run_named(std::string id) {
    RunInfo run;
    run.id = std::move(id);
    return run;
}

TEST(ExporterWorker, DeliversEverythingInOrderFromOneThread) {
    auto told = std::make_shared<Told>();
    ExporterWorker worker(std::make_unique<FakeExporter>(told));
    ASSERT_TRUE(worker.start(run_named("r1"), {ProbeInfo{}, ProbeInfo{}}).ok());
    worker.push_snapshot(snapshot(1));
    worker.push_reading(1, Reading{}, health(7));
    Gap gap;
    gap.reason = "lost";
    worker.push_gap(0, gap, health(7));
    Event event;
    event.text = "stage 2";
    worker.push_event(event);
    worker.push_snapshot(snapshot(2, true));
    const ExporterWorker::Finished finished = worker.finish(Clock::now() + 60s);
    EXPECT_EQ(told->calls,
              (std::vector<std::string>{"start r1 2", "snapshot 1", "reading 1 7", "gap 0 lost",
                                        "event stage 2", "snapshot 2", "finish"}));
    EXPECT_EQ(finished.delivered, 5U);
    EXPECT_EQ(finished.dropped, 0U);
    EXPECT_FALSE(finished.left_behind);
    EXPECT_EQ(told->threads.size(), 1U);
    EXPECT_FALSE(told->threads.contains(std::this_thread::get_id()));
}

TEST(ExporterWorker, ReportsAFailedStartAndIgnoresWhatComes) {
    auto told = std::make_shared<Told>();
    told->start_error = "port 9464 is taken";
    ExporterWorker worker(std::make_unique<FakeExporter>(told));
    const Status status = worker.start(run_named("r"), {});
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().what, "port 9464 is taken");
    worker.push_snapshot(snapshot(1, true));
    worker.finish(Clock::now() + 60s);
    EXPECT_EQ(told->calls, std::vector<std::string>{"start r 0"});
}

TEST(ExporterWorker, DropsAndCountsWhenTheExporterIsStuckButNeverTheLastSnapshot) {
    auto told = std::make_shared<Told>();
    ExporterWorker worker(std::make_unique<FakeExporter>(told), 10);
    ASSERT_TRUE(worker.start(run_named("r"), {}).ok());
    told->block(true);
    worker.push_snapshot(snapshot(1));
    ASSERT_TRUE(told->wait([&] { return told->inside; }));  // the queue is empty again
    for (std::uint64_t i = 0; i < 100; ++i) {
        worker.push_reading(0, Reading{}, health(i));  // 8 of 10 places are for readings
    }
    EXPECT_EQ(worker.dropped(), 92U);
    for (std::uint64_t i = 2; i < 12; ++i) {
        worker.push_snapshot(snapshot(i));  // two more fit
    }
    EXPECT_EQ(worker.dropped(), 100U);
    worker.push_snapshot(snapshot(12, true));
    EXPECT_EQ(worker.dropped(), 100U);
    told->block(false);
    const ExporterWorker::Finished finished = worker.finish(Clock::now() + 60s);
    EXPECT_EQ(finished.delivered, 1U + 8U + 2U + 1U);
    EXPECT_EQ(finished.dropped, 100U);
    EXPECT_EQ(told->dropped, 100U);
    EXPECT_EQ(told->calls.at(told->calls.size() - 2), "snapshot 12");
    EXPECT_EQ(told->calls.back(), "finish");
}

TEST(ExporterWorker, DeliversOnlyTheLastSnapshotAfterTheDeadline) {
    auto told = std::make_shared<Told>();
    ExporterWorker worker(std::make_unique<FakeExporter>(told), 10);
    ASSERT_TRUE(worker.start(run_named("r"), {}).ok());
    told->block(true);
    worker.push_snapshot(snapshot(1));
    ASSERT_TRUE(told->wait([&] { return told->inside; }));
    for (std::uint64_t i = 0; i < 8; ++i) {
        worker.push_reading(0, Reading{}, health(i));  // all places for readings
    }
    worker.push_snapshot(snapshot(2, true));
    // One more reading counts as dropped until finish has begun, and is ignored from then on.
    std::uint64_t overflow = 0;
    std::thread release([&] {
        for (;;) {
            worker.push_reading(0, Reading{}, health(9));
            if (worker.dropped() == overflow) {
                break;
            }
            overflow = worker.dropped();
            std::this_thread::yield();
        }
        told->block(false);
    });
    const ExporterWorker::Finished finished = worker.finish(Clock::now());
    release.join();
    EXPECT_FALSE(finished.left_behind);
    EXPECT_EQ(finished.delivered, 2U);
    EXPECT_EQ(finished.dropped, 8U + overflow);
    EXPECT_TRUE(told->last_seen);
    EXPECT_EQ(told->calls.back(), "finish");
}

TEST(ExporterWorker, LeavesAnExporterBehindThatDoesNotComeBack) {
    auto told = std::make_shared<Told>();
    {
        ExporterWorker worker(std::make_unique<FakeExporter>(told));
        ASSERT_TRUE(worker.start(run_named("r"), {}).ok());
        told->block(true);
        worker.push_snapshot(snapshot(1, true));
        ASSERT_TRUE(told->wait([&] { return told->inside; }));
        EXPECT_TRUE(worker.finish(Clock::now()).left_behind);
    }
    // It still owns what it works on, and ends by itself when it can.
    told->block(false);
    ASSERT_TRUE(told->wait([&] { return !told->calls.empty() && told->calls.back() == "finish"; }));
}

TEST(ExporterWorker, EndsWithoutWaitingForOthers) {
    auto told = std::make_shared<Told>();
    ExporterWorker worker(std::make_unique<FakeExporter>(told));
    ASSERT_TRUE(worker.start({}, {}));
    worker.begin_finish(Clock::now() + 60s);
    EXPECT_TRUE(told->wait([&] { return !told->calls.empty() && told->calls.back() == "finish"; }));
    EXPECT_FALSE(worker.finish(Clock::now()).left_behind);
}

TEST(ExporterWorker, TellsAnExporterWhatItCanHearAndAnOtherNothingOfIt) {
    auto told = std::make_shared<Told>();
    auto deaf = std::make_shared<Told>();
    ExporterWorker worker(std::make_unique<CapableExporter>(told));
    ExporterWorker other(std::make_unique<FakeExporter>(deaf));
    EXPECT_TRUE(worker.hears_verdict() && worker.hears_deliveries());
    EXPECT_FALSE(other.hears_verdict() || other.hears_deliveries());
    ASSERT_NE(worker.readers(), nullptr);
    EXPECT_EQ(worker.readers()->url(), "http://here");
    EXPECT_EQ(worker.readers()->scrapes().at(0).count, 7U);
    EXPECT_EQ(other.readers(), nullptr);
    for (ExporterWorker* each : {&worker, &other}) {
        ASSERT_TRUE(each->start(run_named("r"), {}).ok());
        each->push_verdict(verdict_of(1));
        each->push_deliveries(counts_of(2));
        each->push_snapshot(snapshot(1, true));
        each->push_load_end();
        EXPECT_EQ(each->finish(Clock::now() + 60s).delivered, 1U);  // of the run's data
    }
    EXPECT_EQ(told->calls,
              (std::vector<std::string>{"verdict of 1", "counts of 2", "snapshot 1", "load end"}));
    EXPECT_EQ(deaf->calls, (std::vector<std::string>{"start r 0", "snapshot 1", "finish"}));
}

TEST(ExporterWorker, KeepsTheLatestVerdictOfASlowExporterAndDropsNoDataForIt) {
    auto told = std::make_shared<Told>();
    ExporterWorker worker(std::make_unique<CapableExporter>(told), 2);
    ASSERT_TRUE(worker.start(run_named("r"), {}).ok());
    told->block(true);
    worker.push_snapshot(snapshot(1));
    ASSERT_TRUE(told->wait([&] { return told->inside; }));  // the queue is empty again
    for (std::size_t i = 1; i < 100; ++i) {
        worker.push_verdict(verdict_of(i));
        worker.push_deliveries(counts_of(i));
    }
    worker.push_snapshot(snapshot(2));
    worker.push_snapshot(snapshot(3));
    EXPECT_EQ(worker.dropped(), 0U);
    worker.push_snapshot(snapshot(4));
    EXPECT_EQ(worker.dropped(), 1U);
    worker.push_verdict(verdict_of(100));  // a full queue has room for it
    told->block(false);
    EXPECT_EQ(worker.finish(Clock::now() + 60s).delivered, 3U);
    EXPECT_EQ(told->calls, (std::vector<std::string>{"snapshot 1", "counts of 99", "snapshot 2",
                                                     "snapshot 3", "verdict of 100"}));
}

TEST(ExporterWorker, TakesPushesFromManyThreadsWithoutLosingCount) {
    auto told = std::make_shared<Told>();
    ExporterWorker worker(std::make_unique<FakeExporter>(told), 64);
    ASSERT_TRUE(worker.start(run_named("r"), {}).ok());
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < 4; ++t) {
        threads.emplace_back([&worker, t] {
            for (std::uint64_t i = 0; i < 500; ++i) {
                worker.push_reading(t, Reading{}, health(i));
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    const ExporterWorker::Finished finished = worker.finish(Clock::now() + 60s);
    EXPECT_EQ(finished.delivered + finished.dropped, 2000U);
}

}  // namespace
}  // namespace plimsoll
