// What a comparison looks like in each format.
#include "report/compare_report.hpp"
#include "report/compare_words.hpp"
#include "support/report/golden.hpp"

#include <limits>

#include <boost/json/parse.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using golden::expect_golden;
using testing::HasSubstr;
using testing::Not;

CompareRow row(std::string group, std::string name, double base, double now,
               std::array<double, 2> interval, RowVerdict verdict) {
    CompareRow made;
    made.group = std::move(group);
    made.name = std::move(name);
    made.base = base;
    made.now = now;
    made.change = now / base - 1;
    made.interval = interval;
    made.tolerated = 0.05;
    made.verdict = verdict;
    return made;
}

CompareResult sample() {
    CompareResult result;
    result.base = {
        {"20260101T120000Z-0001", "checkout", "0.1.0", "2026-01-01T12:00:00Z", "VALID", 60}};
    result.now = {
        {"20260102T120000Z-0002", "checkout", "0.1.0", "2026-01-02T12:00:00Z", "VALID", 60.5}};
    CompareRow capacity = row("load", "capacity", 245, 196, {-0.24, -0.16}, RowVerdict::Worse);
    capacity.unit = RowUnit::Rate;
    capacity.more_is_better = true;
    CompareRow rate = row("all requests", "rate", 100, 100.2, {-0.004, 0.009}, RowVerdict::Same);
    rate.unit = RowUnit::Rate;
    rate.more_is_better = true;
    CompareRow failed =
        row("all requests", "failed", 0.001, 0.012, {0.004, 0.018}, RowVerdict::Worse);
    failed.unit = RowUnit::Share;
    failed.change = 0.011;
    CompareRow p99;
    p99.group = "GET /items/{id}";
    p99.name = "response p99";
    p99.base = 0.0412;
    p99.why = "312 requests; it takes 563";
    result.rows = {
        capacity,
        rate,
        row("all requests", "response p50", 0.0241, 0.0266, {0.095, 0.113}, RowVerdict::Worse),
        row("all requests", "response p95", 0.030, 0.027, {-0.14, -0.06}, RowVerdict::Better),
        failed,
        row("CPU per request", "app", 0.0004, 0.0004, {-0.02, 0.02}, RowVerdict::Same),
        p99};
    result.changed = {"New: the application's database connection pool (high confidence)"};
    result.notes = {"The target was http://127.0.0.1:1 and is http://127.0.0.1:2 now."};
    return result;
}

TEST(CompareReport, LooksAsItDidWhenSomeoneReadIt) {
    expect_golden("report/compare.txt", compare_text(sample()));
    expect_golden("report/compare.md", compare_markdown(sample()));
    expect_golden("report/compare.json", compare_json(sample()));
    expect_golden("report/compare.xml", compare_junit(sample()));
}

TEST(CompareReport, HeadlineNamesWhatIsWorseOrSaysHowMuchIsTold) {
    CompareResult result = sample();
    EXPECT_EQ(report::compare_headline(result),
              "Worse: capacity 245/s → 196/s (-20.0 %), response p50 24.1 ms → 26.6 ms (+10.4 %), "
              "failed 0.1 % → 1.2 % (+1.1 points)");
    for (CompareRow& each : result.rows) {
        each.verdict = each.verdict == RowVerdict::Worse ? RowVerdict::Same : each.verdict;
    }
    EXPECT_EQ(report::compare_headline(result),
              "No regression: 5 of 7 figures the same, 1 better, 1 with too little data to tell");
    for (CompareRow& each : result.rows) {
        each.verdict = RowVerdict::TooLittle;
    }
    EXPECT_EQ(report::compare_headline(result),
              "Nothing can be said: too little data in every figure");
}

TEST(CompareReport, ChangesHaveASignUnlessTheyAreNone) {
    CompareRow one = row("g", "n", 1, 1.0000001, {-1, std::numeric_limits<double>::infinity()},
                         RowVerdict::Same);
    EXPECT_EQ(report::row_change(one), "0 %");
    EXPECT_EQ(report::row_interval(one), "[-100, ?]");
    one.change = -0.123;
    EXPECT_EQ(report::row_change(one), "-12.3 %");
    one.change = 12.5;
    EXPECT_EQ(report::row_change(one), "+1250 %");
    one.change.reset();
    EXPECT_EQ(report::row_change(one), "–");
}

TEST(CompareReport, LeavesTextFromOutsideInert) {
    CompareResult result = sample();
    result.rows[2].group = "GET </testsuite>\"&|x|\n`y`";
    result.changed = {"<script>alert(1)</script>"};
    EXPECT_THAT(compare_junit(result), Not(HasSubstr("</testsuite>\"&")));
    EXPECT_THAT(compare_markdown(result), Not(HasSubstr("<script>")));
    EXPECT_THAT(compare_markdown(result), Not(HasSubstr("|x|")));
    boost::system::error_code failed;
    const auto parsed = boost::json::parse(compare_json(result), failed);
    EXPECT_FALSE(failed);
    EXPECT_EQ(parsed.at("rows").at(2).at("group").as_string(), "GET </testsuite>\"&|x|\n`y`");
    EXPECT_TRUE(parsed.at("regressed").as_bool());
}

}  // namespace
}  // namespace plimsoll
