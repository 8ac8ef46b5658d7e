#include "analysis/compare/compare.hpp"

#include "analysis/compare/comparable.hpp"
#include "analysis/compare/rows.hpp"
#include "tests/support/synthetic_run.hpp"
#include "tests/support/temp_folder.hpp"

#include <algorithm>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using testing::HasSubstr;

/// A minute at 120/s on a pool that carries 250/s.
synthetic::Options steady(std::uint64_t seed) {
    synthetic::Options options;
    options.start = 120;
    options.stages = {{60, 120}};
    options.poisson = true;
    options.seed = seed;
    return options;
}

class Runs {
public:
    std::vector<ComparedRun> of(const std::vector<synthetic::Options>& all) {
        std::vector<ComparedRun> runs;
        for (const synthetic::Options& options : all) {
            const auto file = folder_.path() / (std::to_string(++count_) + ".db");
            const auto written = synthetic::write_run(file, options);
            EXPECT_TRUE(written) << written.error().to_string();
            auto run = open_compared(file.string());
            EXPECT_TRUE(run) << run.error().to_string();
            runs.push_back(std::move(*run));
        }
        return runs;
    }

private:
    test::TempFolder folder_;
    int count_ = 0;
};

CompareResult compared(const std::vector<synthetic::Options>& base,
                       const std::vector<synthetic::Options>& now) {
    Runs runs;
    const auto was = runs.of(base);
    const auto is = runs.of(now);
    auto result = compare(was, is, 0.05);
    EXPECT_TRUE(result) << result.error().to_string();
    return std::move(*result);
}

const CompareRow& row_of(const CompareResult& result, const std::string& group,
                         const std::string& name) {
    const auto found =
        std::find_if(result.rows.begin(), result.rows.end(),
                     [&](const CompareRow& row) { return row.group == group && row.name == name; });
    if (found == result.rows.end()) {
        ADD_FAILURE() << "no row " << group << ", " << name;
        return result.rows.front();
    }
    return *found;
}

std::string mismatch_of(const synthetic::Options& base, const synthetic::Options& now) {
    Runs runs;
    const auto all = runs.of({base, now});
    const auto found = mismatches({&all[0], &all[1]});
    return found.empty() ? "" : found.front().what;
}

TEST(Compare, HoldsNoArrivalsByChanceAgainstTheTarget) {
    // Ten seconds of 120/s have a standard deviation of 35 arrivals, and two such runs often differ
    // by more than the tolerated 5 %.
    std::vector<double> arrivals;
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        Runs runs;
        auto short_run = steady(seed);
        short_run.stages = {{10, 120}};
        auto other = short_run;
        other.seed = seed + 100;
        const auto base = runs.of({short_run});
        const auto now = runs.of({other});
        arrivals.push_back(static_cast<double>(base[0].data.all.requests));
        arrivals.push_back(static_cast<double>(now[0].data.all.requests));
        const auto result = compare(base, now, 0.05);
        ASSERT_TRUE(result);
        const CompareRow& rate = row_of(*result, "all requests", "rate");
        ASSERT_TRUE(rate.change);
        EXPECT_NEAR(*rate.change, 0, 0.01) << seed;
        EXPECT_NEAR(rate.base.value_or(0), 120, 1.5);
    }
    const auto [least, most] = std::minmax_element(arrivals.begin(), arrivals.end());
    EXPECT_GT(*most / *least, 1.05);
}

TEST(Compare, FindsARunTheSameAsItself) {
    const CompareResult result = compared({steady(1)}, {steady(1)});
    EXPECT_FALSE(result.regressed());
    EXPECT_EQ(result.count(RowVerdict::Better), 0U);
    for (const CompareRow& row : result.rows) {
        if (row.change) {
            EXPECT_EQ(*row.change, 0) << row.group << ", " << row.name;
        }
    }
    EXPECT_EQ(row_of(result, "all requests", "response p50").verdict, RowVerdict::Same);
    EXPECT_TRUE(result.changed.empty());
}

TEST(Compare, FindsTenPerCentMoreHoldTimeInLatencyAndInTheDatabase) {
    auto slower = steady(2);
    slower.hold_s *= 1.1;
    const CompareResult result = compared({steady(1)}, {slower});
    EXPECT_TRUE(result.regressed());
    const CompareRow& p50 = row_of(result, "all requests", "response p50");
    EXPECT_EQ(p50.verdict, RowVerdict::Worse);
    EXPECT_NEAR(*p50.change, 0.002 / 0.0222, 0.02);  // 20 ms of 22 ms became 22 ms
    const CompareRow& hold = row_of(result, "database", "connection held per request");
    // 300 samples of 2.4 busy connections, a Poisson number: 4 % off in either run are usual.
    EXPECT_NEAR(*hold.base, 0.020, 0.0025);
    EXPECT_LE(hold.interval[0], 0.10);
    EXPECT_GE(hold.interval[1], 0.10);
    // What the schedule sets did not change.
    EXPECT_NE(row_of(result, "all requests", "rate").verdict, RowVerdict::Worse);
    EXPECT_NEAR(*row_of(result, "CPU per request", "app").change, 0, 0.1);
    EXPECT_EQ(row_of(result, "GET /v1/deployments [LIST]", "response p50").verdict,
              RowVerdict::Worse);
}

TEST(Compare, FindsTheOtherWayRoundBetter) {
    auto slower = steady(2);
    slower.hold_s *= 1.1;
    const CompareResult result = compared({slower}, {steady(1)});
    EXPECT_FALSE(result.regressed());
    EXPECT_EQ(row_of(result, "all requests", "response p50").verdict, RowVerdict::Better);
}

TEST(Compare, FindsFailuresThatWereNotThere) {
    auto failing = steady(2);
    failing.failed_share = 0.01;
    const CompareResult result = compared({steady(1)}, {failing});
    const CompareRow& failed = row_of(result, "all requests", "failed");
    EXPECT_EQ(failed.verdict, RowVerdict::Worse);
    EXPECT_EQ(failed.unit, RowUnit::Share);
    EXPECT_NEAR(*failed.change, 0.01, 0.004);
    EXPECT_EQ(row_of(compared({steady(1)}, {steady(2)}), "all requests", "failed").verdict,
              RowVerdict::Same);
}

TEST(Compare, SaysWhereThereIsTooLittleData) {
    auto few = steady(1);
    few.start = 4;
    few.stages = {{60, 4}};
    const CompareResult result = compared({few}, {few});
    const CompareRow& p99 = row_of(result, "all requests", "response p99");
    EXPECT_EQ(p99.verdict, RowVerdict::TooLittle);
    EXPECT_THAT(p99.why, HasSubstr("it takes 563"));
}

TEST(Compare, ComparesWhereRampsBroke) {
    synthetic::Options ramp;  // breaks at 250/s
    synthetic::Options worse;
    worse.pool = 4;  // at 200/s
    const CompareResult result = compared({ramp}, {worse});
    const CompareRow& broke = row_of(result, "load", "breaking point");
    EXPECT_EQ(broke.verdict, RowVerdict::Worse);
    EXPECT_NEAR(*broke.change, -0.2, 0.06);
    EXPECT_NE(row_of(compared({ramp}, {ramp}), "load", "breaking point").verdict,
              RowVerdict::Worse);
}

TEST(Compare, PoolsSeveralRunsOfASide) {
    auto slower = [](std::uint64_t seed) {
        auto options = steady(seed);
        options.hold_s *= 1.15;
        return options;
    };
    const CompareResult result =
        compared({steady(1), steady(2), steady(3)}, {slower(4), slower(5)});
    const CompareRow& p50 = row_of(result, "all requests", "response p50");
    EXPECT_EQ(p50.verdict, RowVerdict::Worse);
    ASSERT_TRUE(p50.run_spread);
    EXPECT_LT(*p50.run_spread, 0.02);
    EXPECT_EQ(result.base.size(), 3U);
}

TEST(Comparable, TakesRunsThatDifferBySeedAlone) {
    EXPECT_EQ(mismatch_of(steady(1), steady(2)), "");
}

TEST(Comparable, RefusesApplesAndPearsWithTheReason) {
    auto other = steady(2);
    other.target_url = "http://127.0.0.1:9090";  // part of the scenario's text
    EXPECT_THAT(mismatch_of(steady(1), other), HasSubstr("its scenario is not that of"));
    auto more = steady(2);
    more.start = 130;
    more.stages = {{60, 130}};
    EXPECT_THAT(mismatch_of(steady(1), more), HasSubstr("its load is not that of"));
    EXPECT_THAT(mismatch_of(steady(1), more), HasSubstr("from 130/s"));
    auto shorter = steady(2);
    shorter.stages = {{30, 120}};
    EXPECT_THAT(mismatch_of(steady(1), shorter), HasSubstr("its load is not that of"));
    auto cut = steady(2);
    cut.finish = false;
    EXPECT_THAT(mismatch_of(steady(1), cut), HasSubstr("it was cut off before its end"));
    auto starved = steady(2);
    starved.generator_limit = 60;
    starved.generator_cpu = 0.99;
    EXPECT_THAT(mismatch_of(steady(1), starved), HasSubstr("its measurement is INVALID"));
}

CompareRow judged(double change, double low, double high, bool more_is_better = false) {
    CompareRow row;
    row.change = change;
    row.interval = {low, high};
    row.tolerated = 0.05;
    row.more_is_better = more_is_better;
    row.verdict = judge_row(row);
    return row;
}

TEST(JudgeRow, TakesBothIntervalAndToleranceToCallItWorse) {
    EXPECT_EQ(judged(0.10, 0.02, 0.18).verdict, RowVerdict::Worse);
    EXPECT_EQ(judged(0.10, -0.01, 0.21).verdict, RowVerdict::TooLittle);  // may be chance
    EXPECT_EQ(judged(0.04, 0.02, 0.06).verdict, RowVerdict::Same);        // certain, and tolerated
    EXPECT_EQ(judged(0.01, -0.02, 0.04).verdict, RowVerdict::Same);       // more is excluded
    EXPECT_EQ(judged(0.01, -0.20, 0.25).verdict, RowVerdict::TooLittle);
    EXPECT_EQ(judged(-0.10, -0.15, -0.05).verdict, RowVerdict::Better);
    EXPECT_EQ(judged(-0.10, -0.15, -0.05, true).verdict, RowVerdict::Worse);
    EXPECT_EQ(judged(0.10, 0.05, 0.15, true).verdict, RowVerdict::Better);
}

TEST(LevelRow, ComparesRanges) {
    constexpr double kForEver = std::numeric_limits<double>::infinity();
    const auto verdict = [](LevelRange base, LevelRange now, double between = 0) {
        return level_row("capacity", RowUnit::Rate, base, now, 0.05, between).verdict;
    };
    EXPECT_EQ(verdict({240, 250}, {190, 200}), RowVerdict::Worse);
    EXPECT_EQ(verdict({240, 250}, {300, 315}), RowVerdict::Better);
    EXPECT_EQ(verdict({240, 250}, {243, 255}), RowVerdict::Same);
    EXPECT_EQ(verdict({200, 300}, {220, 350}), RowVerdict::TooLittle);  // ranges overlap
    EXPECT_EQ(verdict({400, kForEver}, {190, 200}), RowVerdict::Worse);
    EXPECT_EQ(verdict({400, kForEver}, {390, 410}), RowVerdict::TooLittle);
    EXPECT_EQ(verdict({190, 200}, {400, kForEver}), RowVerdict::Better);
    EXPECT_EQ(verdict({400, kForEver}, {400, kForEver}), RowVerdict::TooLittle);
    EXPECT_EQ(verdict({0, 20}, {40, 42}), RowVerdict::Better);
    EXPECT_EQ(verdict({240, 250}, {190, 200}, 0.3), RowVerdict::TooLittle);  // runs differ by more
    const CompareRow row = level_row("capacity", RowUnit::Rate, {240, 250}, {192, 200}, 0.05, 0);
    EXPECT_NEAR(*row.change, -0.2, 1e-9);
    EXPECT_NEAR(row.interval[0], 192.0 / 250 - 1, 1e-9);
    EXPECT_NEAR(row.interval[1], 200.0 / 240 - 1, 1e-9);
}

}  // namespace
}  // namespace plimsoll
