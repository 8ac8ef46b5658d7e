// A target that ended: the kernel killed it for lack of memory, or nobody knows why.
#include "changed_run.hpp"

#include <tuple>

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

/// From second 30 on nobody listens at the target's port: requests are refused, canaries as well.
void end_target(RunData& data) {
    StatusCount refused{0, Outcome::ConnectRefused, 0};
    refused.count = data.all.requests / 2;
    data.all.statuses.push_back(refused);
    StoredError error;
    error.sample.outcome = Outcome::ConnectRefused;
    error.sample.text = "Connection refused";
    error.sample.count = refused.count;
    error.first_s = 30;
    error.last_s = 59;
    data.errors.push_back(error);
    add_scraped(data, metric::kCanarySeconds, {{"canary", "tcp_connect"}},
                [](double t) { return t < 30 ? 0.0001 : 0.5; });
    add_scraped(data, metric::kHostListenOverflows, {{"side", "target"}}, [](double) { return 0; });
}

TEST(Memory, IsFoundWhereTheKernelKills) {
    RunData data = without_probes();
    const std::vector<std::pair<std::string, std::string>> web{{"container", "web"},
                                                               {"role", "app"}};
    add_scraped(data, metric::kContainerMemory, web,
                [](double t) { return std::min(64.0, 20 + t) * 1024 * 1024; });
    add_scraped(data, metric::kContainerMemoryLimit, web, [](double) { return 64 * 1024 * 1024; });
    add_scraped(data, metric::kContainerOomKills, web, [](double t) { return t < 27 ? 0 : 1; });
    const auto findings = diagnose_again(data);
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings[0].cause, "memory");
    EXPECT_EQ(findings[0].confidence, "high");
    EXPECT_NEAR(findings[0].onset_s, 27, 1.1);
    EXPECT_DOUBLE_EQ(findings[0].values.at("limit_bytes"), 64 * 1024 * 1024);
    EXPECT_NE(findings[0].fix.find("at least 84 MiB"), std::string::npos) << findings[0].fix;
}

TEST(Memory, IsLikelyWhereAFullContainerIsKilledByWhoeverItWas) {
    RunData data = without_probes();
    const std::vector<std::pair<std::string, std::string>> web{{"container", "web"},
                                                               {"role", "app"}};
    const auto add_use = [&](RunData& to, double mebi) {
        add_scraped(to, metric::kContainerMemory, web, [=](double) { return mebi * 1024 * 1024; });
        add_scraped(to, metric::kContainerMemoryLimit, web,
                    [](double) { return 64 * 1024 * 1024; });
        add_scraped(to, metric::kContainerExitCode, web, [](double t) { return t < 27 ? 0 : 137; });
    };
    RunData full = data;
    add_use(full, 63);
    const auto findings = diagnose_again(full);
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings[0].cause, "memory");
    EXPECT_EQ(findings[0].confidence, "medium");
    EXPECT_NEAR(findings[0].onset_s, 27, 1.1);
    RunData roomy = data;
    add_use(roomy, 20);
    EXPECT_EQ(diagnose_again(roomy).at(0).cause, "unknown");
}

TEST(EndedTarget, IsNotTheNetwork) {
    RunData slow = without_probes();
    add_scraped(slow, metric::kCanarySeconds, {{"canary", "tcp_connect"}},
                [](double t) { return t < 30 ? 0.0001 : 0.5; });
    add_scraped(slow, metric::kHostListenOverflows, {{"side", "target"}}, [](double) { return 0; });
    ASSERT_EQ(diagnose_again(slow).at(0).cause, "network");  // silence might be a lossy path

    RunData ended = without_probes();
    end_target(ended);
    const auto findings = diagnose_again(ended);
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings[0].cause, "unknown");
    EXPECT_TRUE(mentions(findings[0].evidence, "nobody listened at the target: "));
    EXPECT_TRUE(mentions(findings[0].evidence, "requests between 30.0 s and 59.0 s were refused"));
    EXPECT_EQ(findings[0].fix.rfind("Read the target's log and its exit status at 30 s", 0), 0U)
        << findings[0].fix;
    EXPECT_NE(findings[0].fix.find("One experiment tells: add probes"), std::string::npos)
        << findings[0].fix;
}

TEST(EndedTarget, IsNotWhatAWayThatIsGoneLooksLike) {
    RunData data = without_probes();
    end_target(data);
    data.errors.back().sample.text = "No route to host";
    EXPECT_EQ(diagnose_again(data).at(0).cause, "network");
}

// The service was still starting as the load began, and broke long afterwards.
TEST(EndedTarget, CountsOnlyAroundTheBreak) {
    RunData data = without_probes();
    end_target(data);
    data.errors.back().first_s = 0;
    data.errors.back().last_s = 0.7;
    EXPECT_EQ(diagnose_again(data).at(0).cause, "network");
}

// It cut what was under way, and refused what came then.
TEST(EndedTarget, CutsItsLastConnectionsItself) {
    synthetic::Options options;
    options.stages = {{60, 100}};  // nothing is ever full
    for (const double refused : {0.0, 0.05}) {
        RunData data = analysed(options).data;
        const auto requests = static_cast<double>(data.all.requests);
        for (const auto& [outcome, share, text] :
             {std::tuple(Outcome::ConnectReset, 0.02, "Connection reset by peer"),
              std::tuple(Outcome::ConnectRefused, refused, "Connection refused")}) {
            StoredError error;
            error.sample.outcome = outcome;
            error.sample.text = text;
            error.sample.count = static_cast<std::uint64_t>(share * requests);
            error.first_s = 40;
            error.last_s = 50;
            data.errors.push_back(error);
            StatusCount count{0, outcome, 0};
            count.count = error.sample.count;
            data.all.statuses.push_back(count);
        }
        EXPECT_EQ(diagnose_again(data).size(), refused > 0 ? 0U : 1U);
    }
}

TEST(EndedTarget, DoesNotHideWhatWasFullBefore) {
    RunData data = analysed({}).data;
    end_target(data);
    EXPECT_EQ(diagnose_again(data).at(0).cause, "app_pool_exhausted");
}

}  // namespace
}  // namespace plimsoll
