#include "signal/probe_runner.hpp"

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;

/// Answers as told: a reading, an error at once, an error after all of its time, or not until told
/// otherwise.
class FakeProbe final : public Probe {
public:
    enum class Mood { Well, Failing, Hanging, Held };
    FakeProbe(std::string name, Nanoseconds period) : name_(std::move(name)), period_(period) {}

    [[nodiscard]] std::string name() const override { return name_; }
    [[nodiscard]] std::span<const MetricDescriptor> descriptors() const override {
        return descriptors_;
    }
    [[nodiscard]] Nanoseconds period() const override { return period_; }
    [[nodiscard]] bool waits_on_target() const override { return canary; }
    [[nodiscard]] Status start(Clock::time_point deadline) override {
        started_with = deadline - Clock::now();
        if (at_start) {
            at_start();
        }
        return start_error.empty() ? Status() : Status(Error{start_error});
    }
    [[nodiscard]] Result<Reading> read(Clock::time_point deadline) override {
        ++reads;
        limit_ns = (deadline - Clock::now()).count();
        while (mood == Mood::Held) {
            std::this_thread::sleep_for(1ms);
        }
        if (mood == Mood::Hanging) {
            std::this_thread::sleep_until(deadline);
            return Error{"timed out"};
        }
        if (mood == Mood::Failing) {
            return Error{"connection lost", "fake"};
        }
        Reading reading;
        reading.at = Clock::now();
        reading.values = {{0, {}, static_cast<double>(reads)}};
        return reading;
    }
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> facts() const override {
        return {{"kind", "fake"}};
    }

    [[nodiscard]] std::vector<Event> last_events() override { return std::exchange(events, {}); }

    std::vector<Event> events;
    std::string start_error;
    std::function<void()> at_start;
    bool canary = false;
    Nanoseconds started_with{};
    std::atomic<Mood> mood{Mood::Well};
    std::atomic<int> reads{0};
    std::atomic<std::int64_t> limit_ns{0};

private:
    std::string name_;
    Nanoseconds period_;
    std::vector<MetricDescriptor> descriptors_{{"plimsoll_fake", MetricType::Gauge, "A fake.", {}}};
};

/// Keeps what the sink was told; waits for conditions, not for times.
struct Log {
    std::mutex mutex;
    std::condition_variable changed;
    std::map<std::size_t, int> readings;
    std::vector<Gap> gaps;
    std::vector<ProbeHealth> gap_health;

    ProbeSink sink() {
        return {[this](std::size_t probe, const Reading&, const ProbeHealth& health) {
                    const std::lock_guard lock(mutex);
                    ++readings[probe];
                    EXPECT_EQ(health.readings, static_cast<std::uint64_t>(readings[probe]));
                    EXPECT_TRUE(health.up);
                    changed.notify_all();
                },
                [this](std::size_t, const Gap& gap, const ProbeHealth& health) {
                    const std::lock_guard lock(mutex);
                    gaps.push_back(gap);
                    gap_health.push_back(health);
                    changed.notify_all();
                }};
    }
    template <typename Condition>
    bool wait(Condition condition) {
        std::unique_lock lock(mutex);
        return changed.wait_for(lock, 60s, [&] { return condition(*this); });
    }
};

TEST(ProbeRunner, TellsWhatHappenedSinceTheLastRead) {
    auto probe = std::make_unique<FakeProbe>("faults", 1h);
    probe->events = {{Clock::now(), EventKind::FaultPlanted, "planted fail"}};
    std::vector<ProbePtr> probes;
    probes.push_back(std::move(probe));
    std::vector<std::string> told;
    ProbeRunner runner(std::move(probes), {[&](std::size_t, const Reading& reading, const auto&) {
                                               for (const Event& event : reading.events) {
                                                   told.push_back(event.text);
                                               }
                                           },
                                           [](std::size_t, const Gap&, const auto&) {}});
    runner.begin();
    runner.stop();
    EXPECT_EQ(told, std::vector<std::string>{"planted fail"});
}

TEST(ProbeRunner, StartsProbesAtOnceAndCanariesAfterThem) {
    std::mutex mutex;
    std::condition_variable changed;
    int started = 0;
    // Each waits until all of its kind have begun: one after the other they would wait in vain.
    const auto wait_for = [&](int all) {
        return [&, all] {
            std::unique_lock lock(mutex);
            ++started;
            changed.notify_all();
            EXPECT_TRUE(changed.wait_for(lock, 60s, [&] { return started >= all; }));
            EXPECT_EQ(started, all);
        };
    };
    std::vector<ProbePtr> probes;
    for (const char* name : {"canary:a", "one", "canary:b", "two"}) {
        auto probe = std::make_unique<FakeProbe>(name, 10ms);
        probe->canary = std::string_view(name).starts_with("canary");
        probe->at_start = wait_for(probe->canary ? 4 : 2);
        probes.push_back(std::move(probe));
    }
    Log log;
    ProbeRunner runner(std::move(probes), log.sink());
    EXPECT_EQ(runner.start(3s).size(), 4U);
}

TEST(ProbeRunner, StartsEveryProbeWithItsOwnDeadlineAndReportsEachStatus) {
    auto good = std::make_unique<FakeProbe>("good", 10ms);
    auto bad = std::make_unique<FakeProbe>("bad", 10ms);
    FakeProbe& first = *good;
    bad->start_error = "role \"x\" does not exist";
    std::vector<ProbePtr> probes;
    probes.push_back(std::move(good));
    probes.push_back(std::move(bad));
    Log log;
    ProbeRunner runner(std::move(probes), log.sink());
    const std::vector<Status> statuses = runner.start(3s);
    ASSERT_EQ(statuses.size(), 2U);
    EXPECT_TRUE(statuses[0].ok());
    ASSERT_FALSE(statuses[1].ok());
    EXPECT_EQ(statuses[1].error().what, "role \"x\" does not exist");
    EXPECT_LE(first.started_with, 3s);
    EXPECT_GT(first.started_with, 0s);
    const std::vector<ProbeInfo> infos = runner.infos();
    ASSERT_EQ(infos.size(), 2U);
    EXPECT_EQ(infos[1].name, "bad");
    EXPECT_EQ(infos[0].descriptors.at(0).name, "plimsoll_fake");
    EXPECT_EQ(infos[0].facts.at(0).second, "fake");
}

TEST(ProbeRunner, GivesEachReadAtMostItsPeriodAndHalfASecond) {
    auto quick = std::make_unique<FakeProbe>("quick", 40ms);
    auto rare = std::make_unique<FakeProbe>("rare", 10s);
    FakeProbe& a = *quick;
    FakeProbe& b = *rare;
    std::vector<ProbePtr> probes;
    probes.push_back(std::move(quick));
    probes.push_back(std::move(rare));
    Log log;
    ProbeRunner runner(std::move(probes), log.sink());
    runner.begin();
    ASSERT_TRUE(log.wait([](Log& l) { return l.readings[0] > 0 && l.readings[1] > 0; }));
    runner.stop();
    EXPECT_LE(a.limit_ns, Nanoseconds(40ms).count());
    EXPECT_LE(b.limit_ns, Nanoseconds(500ms).count());
    EXPECT_GT(b.limit_ns, Nanoseconds(40ms).count());
}

TEST(ProbeRunner, MakesOneGapOfAnOutageAndResumes) {
    auto probe = std::make_unique<FakeProbe>("db", 10ms);
    FakeProbe& db = *probe;
    std::vector<ProbePtr> probes;
    probes.push_back(std::move(probe));
    Log log;
    ProbeRunner runner(std::move(probes), log.sink());
    runner.begin();
    ASSERT_TRUE(log.wait([](Log& l) { return l.readings[0] >= 3; }));
    db.mood = FakeProbe::Mood::Failing;
    const int before = db.reads;
    ASSERT_TRUE(log.wait(
        [](Log& l) { return !l.gaps.empty() && l.gaps.back().reason == "fake: connection lost"; }));
    while (db.reads < before + 5) {
        std::this_thread::sleep_for(1ms);
    }
    db.mood = FakeProbe::Mood::Well;
    const int resumed_at = db.reads;
    ASSERT_TRUE(log.wait([&](Log&) { return db.reads > resumed_at + 2; }));
    runner.stop();

    // On a busy machine slots can be missed besides; those gaps are not the outage's.
    std::vector<Gap> outage;
    for (const Gap& gap : log.gaps) {
        if (gap.reason == "fake: connection lost") {
            outage.push_back(gap);
        }
    }
    ASSERT_EQ(outage.size(), 2U);
    EXPECT_TRUE(outage[0].open);
    EXPECT_FALSE(outage[1].open);
    EXPECT_EQ(outage[0].from, outage[1].from);
    EXPECT_LE(outage[0].to, outage[1].to);
    const ProbeHealth health = runner.health().at(0);
    EXPECT_EQ(health.readings, static_cast<std::uint64_t>(log.readings[0]));
    EXPECT_GE(health.expected, static_cast<std::uint64_t>(db.reads));
}

TEST(ProbeRunner, LeavesAHangingProbeAloneSoThatTheOthersGoOn) {
    auto hanging = std::make_unique<FakeProbe>("hanging", 50ms);
    auto well = std::make_unique<FakeProbe>("well", 10ms);
    FakeProbe& stuck = *hanging;
    stuck.mood = FakeProbe::Mood::Hanging;
    std::vector<ProbePtr> probes;
    probes.push_back(std::move(hanging));
    probes.push_back(std::move(well));
    Log log;
    ProbeRunner runner(std::move(probes), log.sink());
    runner.begin();
    ASSERT_TRUE(log.wait([](Log& l) { return l.readings[1] >= 100; }));
    runner.stop();
    const std::vector<ProbeHealth> health = runner.health();
    EXPECT_FALSE(health[0].up);
    EXPECT_EQ(health[0].readings, 0U);
    EXPECT_EQ(health[0].gaps, 1U);
    // 100 readings at 10 ms are 20 slots of 50 ms; without rests each would have been tried.
    EXPECT_LT(static_cast<std::uint64_t>(stuck.reads), health[0].expected);
    // What the other lost is counted and says whose fault it was.
    EXPECT_GT(health[1].expected, health[1].readings);
    bool blamed = false;
    for (const Gap& gap : log.gaps) {
        blamed = blamed || gap.reason == "the probe thread was busy with hanging";
    }
    EXPECT_TRUE(blamed);
}

TEST(ProbeRunner, NeverLetsACanaryThatWaitsHoldUpTheOthers) {
    auto canary = std::make_unique<FakeProbe>("canary", 10ms);
    auto well = std::make_unique<FakeProbe>("well", 10ms);
    canary->mood = FakeProbe::Mood::Held;
    canary->canary = true;
    FakeProbe& stuck = *canary;
    std::vector<ProbePtr> probes;
    probes.push_back(std::move(canary));
    probes.push_back(std::move(well));
    Log log;
    ProbeRunner runner(std::move(probes), log.sink());
    runner.begin();
    ASSERT_TRUE(log.wait([&](Log& l) { return stuck.reads == 1 && l.readings[1] >= 10; }));
    EXPECT_EQ(stuck.reads, 1);
    stuck.mood = FakeProbe::Mood::Well;
    EXPECT_TRUE(log.wait([](Log& l) { return l.readings[0] >= 2; }));
    runner.stop();
}

TEST(ProbeRunner, ClosesOpenGapsWhenStopped) {
    auto probe = std::make_unique<FakeProbe>("db", 10ms);
    probe->mood = FakeProbe::Mood::Failing;
    std::vector<ProbePtr> probes;
    probes.push_back(std::move(probe));
    Log log;
    ProbeRunner runner(std::move(probes), log.sink());
    runner.begin();
    ASSERT_TRUE(log.wait([](Log& l) { return !l.gaps.empty(); }));
    runner.stop();
    runner.stop();
    ASSERT_EQ(log.gaps.size(), 2U);
    EXPECT_TRUE(log.gaps[0].open);
    EXPECT_FALSE(log.gaps[1].open);
    EXPECT_EQ(log.gaps[0].from, log.gaps[1].from);
    EXPECT_FALSE(log.gap_health[1].up);
}

TEST(ProbeRunner, StopsWithoutHavingBegunAndWithoutProbes) {
    Log log;
    ProbeRunner runner({}, log.sink());
    EXPECT_TRUE(runner.start(1s).empty());
    runner.begin();
    runner.stop();
    EXPECT_TRUE(log.gaps.empty());
}

}  // namespace
}  // namespace plimsoll
