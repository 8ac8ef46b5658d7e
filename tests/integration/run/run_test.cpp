// Runs as calls: several in one process, their results as data.
#include "run/run.hpp"

#include "engine/null_server.hpp"
#include "scenario/parse.hpp"
#include "tests/support/temp_folder.hpp"

#include <atomic>
#include <thread>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using ::testing::HasSubstr;

Scenario scenario_at(std::uint16_t port, const std::string& load) {
    const std::string text = fmt::format(
        "target: http://127.0.0.1:{}\n"
        "flow: [{{get: /}}]\n"
        "load: [{}]\n"
        "probes: {{host: false, canaries: {{tcp_connect: off}}}}\n",
        port, load);
    ParseOutcome parsed = parse_scenario(text, {"run_test.yaml", {}});
    EXPECT_TRUE(parsed.scenario) << format_faults(parsed.faults, "run_test.yaml");
    return parsed.scenario ? *std::move(parsed.scenario) : Scenario{};
}

std::string shared_iterations(int count) {
    return fmt::format("{{executor: shared-iterations, vus: 2, iterations: {}, max_duration: 1m}}",
                       count);
}

/// Keeps what it hears.
class Listener final : public RunListener {
public:
    void on_snapshot(const SnapshotPtr&) override { ++snapshots; }
    void on_turn() override {
        if (snapshots > 0 && on_first) {
            on_first();
            on_first = nullptr;
        }
    }
    void on_trouble(const std::string& sentence) override { said += sentence + "\n"; }
    void on_error(const Error& error) override { said += error.to_string() + "\n"; }

    std::atomic<int> snapshots = 0;
    std::function<void()> on_first;  // once, when there are figures
    std::string said;
};

RunOutcome run(const Scenario& scenario, const std::filesystem::path& folder, Listener& listener,
               StopQueue& stops) {
    RunOptions options;
    options.folder = folder;
    options.calibrate = false;
    return Run(scenario, std::move(options), stops, listener).execute();
}

RunOutcome run(const Scenario& scenario, const std::filesystem::path& folder) {
    Listener listener;
    StopQueue stops;
    RunOutcome outcome = run(scenario, folder, listener, stops);
    EXPECT_EQ(listener.said, "");
    return outcome;
}

std::uint64_t requests_of(const RunOutcome& outcome) {
    EXPECT_EQ(outcome.end, RunEnd::Completed);
    return outcome.analysis ? outcome.analysis->requests : 0;
}

TEST(Run, GivesBackWhatWasMeasured) {
    const test::TempFolder folder;
    const auto server = NullServer::start(-1);
    ASSERT_TRUE(server);
    const Scenario scenario = scenario_at((*server)->port(), shared_iterations(300));
    const RunOutcome outcome = run(scenario, folder.path() / "a");
    EXPECT_EQ(requests_of(outcome), 300U);
    ASSERT_TRUE(outcome.reader);
    EXPECT_EQ(outcome.reader->info().scenario_name, scenario.name);
    EXPECT_TRUE(outcome.reader->finished());
}

TEST(Run, RunsOneAfterTheOtherInOneProcess) {
    const test::TempFolder folder;
    const auto server = NullServer::start(-1);
    ASSERT_TRUE(server);
    for (const int count : {100, 250}) {
        const auto outcome = run(scenario_at((*server)->port(), shared_iterations(count)),
                                 folder.path() / std::to_string(count));
        EXPECT_EQ(requests_of(outcome), static_cast<std::uint64_t>(count));
    }
}

TEST(Run, RunsSideBySideOnDifferentTargets) {
    const test::TempFolder folder;
    const auto first_server = NullServer::start(-1);
    const auto second_server = NullServer::start(-1);
    ASSERT_TRUE(first_server && second_server);
    RunOutcome second;
    std::thread other([&] {
        second = run(scenario_at((*second_server)->port(), shared_iterations(700)),
                     folder.path() / "second");
    });
    const RunOutcome first =
        run(scenario_at((*first_server)->port(), shared_iterations(400)), folder.path() / "first");
    other.join();
    EXPECT_EQ(requests_of(first), 400U);
    EXPECT_EQ(requests_of(second), 700U);
    ASSERT_TRUE(first.reader && second.reader);
    EXPECT_NE(first.reader->info().target, second.reader->info().target);
}

TEST(Run, EndsWhenItIsInterruptedAndKeepsWhatItSaw) {
    const test::TempFolder folder;
    const auto server = NullServer::start(-1);
    ASSERT_TRUE(server);
    const Scenario scenario = scenario_at(
        (*server)->port(), "{executor: constant-arrival-rate, rate: 100/s, duration: 1h}");
    Listener listener;
    StopQueue stops;
    listener.on_first = [&] { stops.push({StopKind::Interrupted, "that is enough"}); };
    const RunOutcome outcome = run(scenario, folder.path() / "a", listener, stops);
    EXPECT_EQ(outcome.end, RunEnd::Stopped);
    EXPECT_EQ(outcome.stopped, StopKind::Interrupted);
    EXPECT_THAT(listener.said, HasSubstr("that is enough"));
    ASSERT_TRUE(outcome.analysis);
    EXPECT_GT(outcome.analysis->requests, 0U);
}

TEST(Run, SaysWhyItDidNotStart) {
    const test::TempFolder folder;
    std::uint16_t port = 0;
    {
        const auto gone = NullServer::start(-1);
        ASSERT_TRUE(gone);
        port = (*gone)->port();
    }
    Listener listener;
    StopQueue stops;
    const RunOutcome outcome =
        run(scenario_at(port, shared_iterations(10)), folder.path() / "a", listener, stops);
    EXPECT_EQ(outcome.end, RunEnd::Unreachable);
    EXPECT_TRUE(outcome.folder.empty());
    EXPECT_FALSE(outcome.analysis);
    EXPECT_THAT(listener.said, HasSubstr("no request was sent"));
}

TEST(Run, LeavesARunThatIsThereAlone) {
    const test::TempFolder folder;
    const auto server = NullServer::start(-1);
    ASSERT_TRUE(server);
    const Scenario scenario = scenario_at((*server)->port(), shared_iterations(10));
    EXPECT_EQ(requests_of(run(scenario, folder.path() / "a")), 10U);
    Listener listener;
    StopQueue stops;
    const RunOutcome again = run(scenario, folder.path() / "a", listener, stops);
    EXPECT_EQ(again.end, RunEnd::InvalidInput);
    EXPECT_THAT(listener.said, HasSubstr("it holds a run already"));
}

}  // namespace
}  // namespace plimsoll
