// Findings from errors and sign-ins alone: a pool that was too small for moments, password hashing.
#include "analysis/diagnosis/diagnose.hpp"
#include "signal/names.hpp"
#include "synthetic_analysis.hpp"

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using std::chrono::milliseconds;

StoredError pool_error(std::uint64_t count, double first_s, double last_s) {
    StoredError error;
    error.sample.text =
        R"({"error":"QueuePool limit of size 10 overflow 20 reached, connection timed out"})";
    error.sample.count = count;
    error.first_s = first_s;
    error.last_s = last_s;
    return error;
}

RunData healthy_run() {
    synthetic::Options options;
    options.pool = 50;
    options.stages = {{30, 300}};
    return analysed(options).data;
}

TEST(RarePoolErrors, AreNamedWithTheirShareAndItsInterval) {
    RunData data = healthy_run();
    data.all.requests = 66350;
    data.errors = {pool_error(52, 12.1, 12.9)};
    const Break nothing_broke;
    const auto finding = find_rare_pool_errors(Case(data, nothing_broke));
    ASSERT_TRUE(finding.has_value());
    EXPECT_EQ(finding->cause, "app_pool_exhausted");
    EXPECT_EQ(finding->confidence, "high");
    EXPECT_EQ(finding->values.at("pool_size"), 30);
    EXPECT_NEAR(finding->values.at("error_ratio_low"), 0.000598, 0.000001);
    EXPECT_NEAR(finding->values.at("error_ratio_high"), 0.001028, 0.000001);
    EXPECT_TRUE(mentions(finding->evidence, "0.078 %, 95 % interval 0.060 to 0.103 %"))
        << finding->evidence.front().text;
    EXPECT_TRUE(mentions(finding->evidence, "between 12.1 and 12.9 s"));
}

TEST(RarePoolErrors, AreNotSeenInOtherErrorsNorWhereTheTargetBroke) {
    RunData data = healthy_run();
    Break found;
    EXPECT_FALSE(find_rare_pool_errors(Case(data, found)).has_value());
    data.errors = {pool_error(52, 12.1, 12.9)};
    found.point.found = true;
    EXPECT_FALSE(find_rare_pool_errors(Case(data, found)).has_value());
    data.errors.front().sample.text = "upstream timed out";
    EXPECT_FALSE(find_rare_pool_errors(Case(data, Break{})).has_value());
}

TEST(SignIn, IsToldByTheEndpointsName) {
    for (const char* name :
         {"Login", "/v1/register", "Sign up", "POST /users/signin", "Register User"}) {
        EXPECT_TRUE(is_sign_in(name)) << name;
    }
    for (const char* name : {"List Groups", "/v1/logs", "/health", "/signals"}) {
        EXPECT_FALSE(is_sign_in(name)) << name;
    }
}

/// 60 s: in the first 40, two logins a second; ten lists a second throughout.
RunData sign_in_run(double login_cpu_s, milliseconds login, milliseconds list,
                    double list_cpu_s = 0.001) {
    RunData data;
    data.info.endpoints = {{"user", "Login", "POST"}, {"user", "List Groups", "GET"}};
    data.totals.resize(2);
    data.load_end_s = 60;
    data.duration_s = 60;
    StoredSeries cpu;
    cpu.metric = metric::kContainerCpuSeconds;
    cpu.type = MetricType::Counter;
    cpu.labels = {{"container", "web"}, {"role", "app"}};
    double used = 0;
    cpu.points.push_back({0, 0});
    for (int second = 0; second < 60; ++second) {
        TickFacts tick;
        tick.from_s = second;
        tick.to_s = second + 1;
        tick.sign_ins = second < 40 ? 2 : 0;
        tick.requests = tick.sign_ins + 10;
        tick.ok = tick.requests;
        tick.served = tick.requests;
        used += login_cpu_s * static_cast<double>(tick.sign_ins) + list_cpu_s * 10;
        cpu.points.push_back({tick.to_s, used});
        data.ticks.push_back(tick);
    }
    data.series.push_back(cpu);
    data.facts["env.cores"] = "2";
    data.totals[0].requests = 80;
    data.totals[0].response.record_n(login, 80);
    data.totals[1].requests = 600;
    data.totals[1].response.record_n(list, 600);
    return data;
}

TEST(PasswordHashing, IsFoundByWhatOneSignInCosts) {
    const RunData data = sign_in_run(0.4, milliseconds(3000), milliseconds(20));
    const auto finding = find_password_hashing(Case(data, Break{}));
    ASSERT_TRUE(finding.has_value());
    EXPECT_EQ(finding->confidence, "medium");
    EXPECT_NEAR(finding->values.at("cpu_s_per_sign_in"), 0.4, 0.001);
    EXPECT_NEAR(finding->values.at("most_sign_ins_per_s"), 5, 0.02);  // 2 cores / 0.4 s
    EXPECT_TRUE(mentions(finding->missing, "CPU of the database"));
}

TEST(PasswordHashing, IsNotBlamedWhereSignInsAreCheapOrAllIsSlow) {
    const auto found = [](const RunData& data) {
        return find_password_hashing(Case(data, Break{})).has_value();
    };
    EXPECT_TRUE(found(sign_in_run(0.022, milliseconds(3000), milliseconds(20))));
    EXPECT_FALSE(found(sign_in_run(0.015, milliseconds(3000), milliseconds(20))));  // cheap
    EXPECT_FALSE(found(sign_in_run(0.4, milliseconds(3000), milliseconds(2500))));  // all slow
    EXPECT_FALSE(found(sign_in_run(0.4, milliseconds(450), milliseconds(20))));     // no queue
    EXPECT_FALSE(
        found(sign_in_run(0.06, milliseconds(3000), milliseconds(20), 0.15)));  // others' CPU
}

/// A login and a list each time, so that no second tells what either takes; under light load a
/// login takes `alone_s`. Logins fill `used` cores.
RunData fixed_mix(double alone_s, double used, double login_s) {
    RunData data;
    data.info.endpoints = {{"user", "Login", "POST"}, {"user", "List Groups", "GET"}};
    data.totals.resize(2);
    data.load_end_s = 60;
    data.duration_s = 60;
    data.facts["env.cores"] = "4";
    StoredSeries cpu;
    cpu.metric = metric::kContainerCpuSeconds;
    cpu.type = MetricType::Counter;
    cpu.labels = {{"container", "web"}, {"role", "app"}};
    for (int second = 0; second < 60; ++second) {
        TickFacts tick;
        tick.from_s = second;
        tick.to_s = second + 1;
        tick.sign_ins = 10;
        tick.requests = tick.ok = tick.served = 20;
        tick.endpoints.resize(2);
        for (TickEndpoint& endpoint : tick.endpoints) {
            endpoint.requests = endpoint.served = 10;
        }
        tick.endpoints[0].response_s = 10 * (second < 20 ? alone_s : login_s);
        tick.endpoints[1].response_s = 10 * 0.012;
        cpu.points.push_back({tick.from_s, used * second});
        data.ticks.push_back(tick);
    }
    cpu.points.push_back({60, used * 60});
    data.series.push_back(cpu);
    data.totals[0].requests = data.totals[1].requests = 600;
    data.totals[0].response.record_n(milliseconds(static_cast<int>(1000 * login_s)), 600);
    data.totals[1].response.record_n(milliseconds(12), 600);
    return data;
}

TEST(PasswordHashing, IsToldByItsTimeAloneWhereTheMixNeverChanges) {
    const auto found = [](const RunData& data) {
        return find_password_hashing(Case(data, Break{}));
    };
    const RunData hashes = fixed_mix(0.060, 0.8, 5);  // 10/s × 60 ms: 0.6 of 0.8 cores
    const auto finding = found(hashes);
    ASSERT_TRUE(finding);
    EXPECT_NEAR(finding->values.at("cpu_s_per_sign_in"), 0.060, 0.001);
    EXPECT_TRUE(mentions(finding->evidence, "by its time under light load"));
    EXPECT_FALSE(found(fixed_mix(0.500, 0.8, 5)));  // it waits: 5 cores' worth of time, 0.8 used
    EXPECT_FALSE(found(fixed_mix(0.030, 0.8, 5)));  // others use most of the CPU
}

}  // namespace
}  // namespace plimsoll
