#include "analysis/validity.hpp"

#include "synthetic_analysis.hpp"

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using synthetic::Options;

Options healthy() {
    Options options;
    options.pool = 50;
    options.stages = {{30, 300}};
    return options;
}

TEST(Validity, AcceptsARunWithoutFault) {
    const Analysed run = analysed(healthy());
    EXPECT_EQ(run.analysis.verdict, Verdict::Valid);
    for (const ValidityCheck& check : run.analysis.checks) {
        EXPECT_TRUE(check.ok) << check.name << ": " << check.why;
        EXPECT_FALSE(check.why.empty()) << check.name;
    }
    EXPECT_DOUBLE_EQ(run.check("sent_ratio").value, 1);
    EXPECT_NEAR(run.check("send_lag_p99").value, 0.00015, 0.00001);  // 0.1 ms × 0.5 to 1.5
    // 5 % of the service time, 22 ms: hold 20 ms and application 2 ms
    EXPECT_NEAR(run.check("send_lag_p99").limit, 0.0011, 0.00005);
    EXPECT_NEAR(run.check("generator_cpu").value, 0.10, 1e-9);
}

TEST(Validity, IsInvalidWhereTheGeneratorCouldNotSend) {
    Options options = healthy();
    options.generator_limit = 200;
    const Analysed run = analysed(options);
    EXPECT_EQ(run.analysis.verdict, Verdict::Invalid);
    const ValidityCheck check = run.check("sent_ratio");
    EXPECT_FALSE(check.ok);
    EXPECT_TRUE(check.decisive);
    EXPECT_DOUBLE_EQ(check.value, 1 - static_cast<double>(run.truth.not_sent_generator) /
                                          static_cast<double>(run.truth.arrivals_due));
}

TEST(Validity, IsOnlyDegradedWhereAFullUserCapKeptArrivalsBack) {
    Options options;
    options.max_users = 100;
    const Analysed run = analysed(options);
    EXPECT_EQ(run.analysis.verdict, Verdict::Degraded);
    EXPECT_GT(run.truth.not_sent_user_cap, 1000U);
    EXPECT_TRUE(run.check("sent_ratio").ok);
    EXPECT_FALSE(run.check("user_cap").ok);
    EXPECT_FALSE(run.check("user_cap").decisive);
}

TEST(Validity, IsInvalidWhereAGeneratorThreadWasBusy) {
    Options options = healthy();
    options.generator_cpu = 0.85;
    EXPECT_EQ(analysed(options).analysis.verdict, Verdict::Invalid);
    options.generator_cpu = 0.79;
    EXPECT_EQ(analysed(options).analysis.verdict, Verdict::Valid);
}

TEST(Validity, ForgivesOneBusySecondButNotFive) {
    RunData data = analysed(healthy()).data;
    data.ticks[10].state.cpu_ratio = 1;
    const auto find = [](const std::vector<ValidityCheck>& checks) {
        return *std::find_if(checks.begin(), checks.end(),
                             [](const auto& c) { return c.name == "generator_cpu"; });
    };
    // (1 + 4 × 0.1) / 5
    EXPECT_NEAR(find(check_validity(data)).value, 0.28, 1e-9);
    for (std::size_t i = 10; i < 15; ++i) {
        data.ticks[i].state.cpu_ratio = 1;
    }
    EXPECT_FALSE(find(check_validity(data)).ok);
}

TEST(Validity, IsDegradedByLatenessAndInvalidWhenItIsAsLargeAsTheAnswer) {
    Options options = healthy();
    options.send_lag_s = 0.002;  // p99 3 ms, against 1.1 ms
    Analysed run = analysed(options);
    EXPECT_EQ(run.analysis.verdict, Verdict::Degraded);
    EXPECT_FALSE(run.check("send_lag_p99").ok);
    options.send_lag_s = 0.010;  // p99 15 ms, against half of 22 ms
    run = analysed(options);
    EXPECT_EQ(run.analysis.verdict, Verdict::Invalid);
}

/// The figures of a run with these latencies in every request, and `user_cap` arrivals kept back.
RunData with_latencies(Nanoseconds service, Nanoseconds send_lag, std::uint64_t user_cap) {
    RunData data = analysed(healthy()).data;
    data.all.service = {};
    data.all.send_lag = {};
    data.all.service.record_n(service, data.all.requests);
    data.all.send_lag.record_n(send_lag, data.all.requests);
    data.counts.not_sent_user_cap = user_cap;
    return data;
}

ValidityCheck check_of(const RunData& data, const std::string& name) {
    const auto checks = check_validity(data);
    const auto found = std::find_if(checks.begin(), checks.end(),
                                    [&](const ValidityCheck& check) { return check.name == name; });
    EXPECT_NE(found, checks.end()) << name;
    return found == checks.end() ? ValidityCheck{} : *found;
}

TEST(Validity, IsInvalidWhereLatenessOutweighsTheServiceTimeAtP99) {
    using namespace std::chrono_literals;
    const auto lag = [](Nanoseconds service, Nanoseconds send_lag) {
        return check_of(with_latencies(service, send_lag, 0), "send_lag_p99");
    };
    EXPECT_TRUE(lag(200us, 3ms).decisive);      // 3.0 of the 3.2 ms shown are the generator's
    EXPECT_FALSE(lag(200us, 1900us).decisive);  // what a kernel's time slice may cost
    EXPECT_FALSE(lag(200us, 1900us).ok);
    EXPECT_FALSE(lag(8ms, 3ms).decisive);
    EXPECT_TRUE(lag(4ms, 3ms).decisive);  // who sends 3 ms late reads as late
    EXPECT_TRUE(lag(4ms, 5ms).decisive);
}

TEST(Validity, BlamesNoTargetForBusyUsersWhereTheGeneratorWasLate) {
    using namespace std::chrono_literals;
    const auto why = [](Nanoseconds send_lag) {
        return check_of(with_latencies(20ms, send_lag, 1000), "user_cap").why;
    };
    EXPECT_NE(why(100us).find("the target was slow"), std::string::npos);
    EXPECT_EQ(why(3ms).find("the target was slow"), std::string::npos);
    EXPECT_NE(why(3ms).find("the generator was late itself"), std::string::npos);
}

TEST(Validity, SaysThatTheRunWasCutOff) {
    Options options;
    options.cut_off_s = 45;
    options.finish = false;
    const Analysed run = analysed(options);
    EXPECT_FALSE(run.check("recording").ok);
    EXPECT_EQ(run.check("recording").why,
              "the run was cut off; what is here ends 45 s after its start");
    EXPECT_EQ(run.analysis.verdict, Verdict::Degraded);
}

TEST(Validity, CountsTheSamplesThatPercentilesNeed) {
    Options options = healthy();
    options.start = 10;
    options.stages = {{20, 10}};  // 200 requests
    const Analysed run = analysed(options);
    EXPECT_FALSE(run.check("percentile_support").ok);
    EXPECT_EQ(run.check("percentile_support").why,
              "200 requests are too few for p99 (needs 563) and too few for p99.9 (needs 5662)");
}

TEST(Validity, CountsTimeoutsAsLowerBounds) {
    Options options;
    options.client_timeout_s = 1;
    const Analysed run = analysed(options);
    const auto checks = check_validity(run.data);
    const auto check = std::find_if(checks.begin(), checks.end(),
                                    [](const auto& c) { return c.name == "censored_share"; });
    ASSERT_NE(check, checks.end());
    EXPECT_FALSE(check->ok);
    EXPECT_FALSE(run.analysis.response.p99_supported);
    EXPECT_LT(run.analysis.response.censored_from, 0.99);
}

TEST(Validity, NoticesAProbeThatWasSilent) {
    Options options = healthy();
    options.probe_gap_from_s = 10;
    options.probe_gap_to_s = 20;
    const Analysed run = analysed(options);
    const ValidityCheck check = run.check("probe_coverage");  // the first: postgres
    EXPECT_FALSE(check.ok);
    EXPECT_NEAR(check.value, 1 - 10.0 / 31, 0.01);
    EXPECT_NE(check.why.find("longest silence was 10.2 s"), std::string::npos) << check.why;
    EXPECT_EQ(run.analysis.verdict, Verdict::Degraded);
}

TEST(Validity, MentionsAGeneratorThatSharesTheTargetsMachine) {
    Options options = healthy();
    const auto notes = analysed(options).analysis.notes;
    ASSERT_EQ(notes.size(), 1U);
    EXPECT_EQ(notes[0].name, "shared_host");
    options.target_url = "http://10.1.2.3:8080";
    EXPECT_TRUE(analysed(options).analysis.notes.empty());
}

TEST(Validity, CountsAProbesSilenceFromTheStartToTheEnd) {
    const StoredProbe probe{{}, 3, 10, 0, 0, 1, {-0.2, 4, 5}};
    EXPECT_DOUBLE_EQ(longest_silence(probe, 6), 4);    // from the start to the first in the run
    EXPECT_DOUBLE_EQ(longest_silence(probe, 30), 25);  // from the last to the end
    EXPECT_DOUBLE_EQ(longest_silence(StoredProbe{}, 30), 30);
}

TEST(Validity, SeesWarmUpOnAConstantLoad) {
    Options options = healthy();
    options.start = 100;
    options.stages = {{60, 100}};
    RunData data = analysed(options).data;
    for (std::size_t i = 0; i < 10; ++i) {
        data.ticks[i].service_mean_s *= 3;  // slow for its first 10 s
    }
    const auto checks = check_validity(data);
    const auto check = std::find_if(checks.begin(), checks.end(),
                                    [](const auto& c) { return c.name == "warm_up"; });
    ASSERT_NE(check, checks.end());
    EXPECT_TRUE(check->ok);
    EXPECT_DOUBLE_EQ(check->value, 10);
}

TEST(Validity, BlamesTheGeneratorForLackingPorts) {
    RunData data = analysed(healthy()).data;
    data.all.statuses.push_back({0, Outcome::NoPorts, 1000});
    const auto checks = check_validity(data);
    EXPECT_EQ(verdict_of(checks), Verdict::Invalid);
}

TEST(Verdict, IsTheWorstOfItsChecks) {
    const ValidityCheck good{"a", true, true, 0, 0, ""};
    const ValidityCheck weak{"b", false, false, 0, 0, ""};
    const ValidityCheck fatal{"c", false, true, 0, 0, ""};
    EXPECT_EQ(verdict_of({}), Verdict::Valid);
    EXPECT_EQ(verdict_of({good}), Verdict::Valid);
    EXPECT_EQ(verdict_of({good, weak, good}), Verdict::Degraded);
    EXPECT_EQ(verdict_of({fatal, weak}), Verdict::Invalid);
    EXPECT_EQ(verdict_of({weak, fatal}), Verdict::Invalid);
}

// The synthetic pool of five is full from 28.4 s on. Its clients give up after 2 s: hundreds of
// requests are given up then, and none before.
TEST(Validity, IsNotDegradedByWhatTheTargetDidAfterItBroke) {
    Options options;
    options.client_timeout_s = 2;
    const Analysed run = analysed(options);
    ASSERT_TRUE(run.analysis.breaking_point.found);
    const auto whole = check_validity(run.data);
    const auto find = [](const std::vector<ValidityCheck>& checks) {
        return *std::find_if(checks.begin(), checks.end(),
                             [](const auto& c) { return c.name == "censored_share"; });
    };
    EXPECT_FALSE(find(whole).ok);
    EXPECT_GT(find(whole).value, 0.1);
    const ValidityCheck again = run.check("censored_share");
    EXPECT_TRUE(again.ok) << again.why;
    EXPECT_DOUBLE_EQ(again.value, 0);
    EXPECT_NE(again.why.find("Until it broke, which is what the answer rests on, it was 0.00 %"),
              std::string::npos)
        << again.why;
    EXPECT_EQ(run.analysis.verdict, Verdict::Valid);
}

}  // namespace
}  // namespace plimsoll
