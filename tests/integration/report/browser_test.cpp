#include "analysis/analyse.hpp"
#include "analysis/compare/compare.hpp"
#include "report/alerts_report.hpp"
#include "report/compare_report.hpp"
#include "report/renderers.hpp"
#include "report/report.hpp"
#include "support/child_process.hpp"
#include "support/report/sample.hpp"
#include "support/synthetic_run.hpp"
#include "support/temp_folder.hpp"

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

namespace json = boost::json;

/// What look.mjs says of the page.
json::value look_at(const std::string& page, const std::vector<std::string>& options = {}) {
    const test::TempFolder folder;
    const auto file = folder.path() / "report.html";
    const auto written = write_file(file, page);
    EXPECT_TRUE(written) << written.error().to_string();
    if (const char* keep = std::getenv("PLIMSOLL_KEEP_REPORTS")) {
        const auto* test = testing::UnitTest::GetInstance()->current_test_info();
        std::filesystem::copy_file(
            file, std::filesystem::path(keep) / (std::string(test->name()) + ".html"),
            std::filesystem::copy_options::overwrite_existing);
    }
    std::vector<std::string> argv{"node", PLIMSOLL_SOURCE_DIR "/tests/integration/report/look.mjs",
                                  file.string(),
                                  "profile=" + (folder.path() / "chromium").string()};
    argv.insert(argv.end(), options.begin(), options.end());
    // Chromium hangs on a pipe from node and ends with it, whatever ends it.
    test::ChildProcess node(argv, folder.path() / "seen.json");
    EXPECT_EQ(node.wait(std::chrono::seconds(120)), 0);
    const auto text = node.output();
    boost::system::error_code failed;
    auto seen = json::parse(text, failed);
    EXPECT_FALSE(failed) << "look.mjs said: " << text << "\n(scripts/setup installs what it needs)";
    return seen;
}

json::value look_at(const sample::Sample& sample, const std::vector<std::string>& options = {}) {
    return look_at(report::html_page(sample.info, sample.data, sample.analysis), options);
}

std::string text_of(const json::value& value) {
    return std::string(value.as_string());
}

void expect_sound_page(const json::value& seen) {
    EXPECT_EQ(json::serialize(seen.at("messages")), "[]");
    EXPECT_EQ(json::serialize(seen.at("requests")), "[]");
    EXPECT_EQ(seen.at("unnamedTables").to_number<int>(), 0);
    EXPECT_LE(seen.at("overflow").to_number<int>(), 0) << "the page scrolls sideways";
    EXPECT_EQ(seen.at("scripts").to_number<int>(), 2);
    EXPECT_EQ(seen.at("images").to_number<int>(), 0);
}

TEST(ReportInBrowser, DrawsEveryChartOnOneTimeAxisWithTheOnsetMarked) {
    const auto seen = look_at(sample::broken_pool());
    expect_sound_page(seen);
    EXPECT_EQ(text_of(seen.at("badge")), "Measurement: DEGRADED");
    EXPECT_EQ(text_of(seen.at("answer")),
              "Broke at 258 requests/s (29.5 s): application connection pool exhausted — 5 "
              "connections, should be 17");
    std::vector<std::string> ids;
    const auto& charts = seen.at("charts").as_array();
    for (const auto& chart : charts) {
        const std::string id(chart.at("id").as_string());
        ids.push_back(id);
        EXPECT_GT(chart.at("painted").to_number<int>(), 1000) << id;
        EXPECT_GT(chart.at("colours").to_number<int>(), 5) << id;
        EXPECT_FALSE(chart.at("text").as_string().empty()) << id;
    }
    EXPECT_THAT(ids, testing::ElementsAre("rate", "latency", "heatmap", "in_flight", "database",
                                          "cpu", "canaries", "percentiles"));
    EXPECT_EQ(seen.at("drawn").to_number<std::size_t>(), ids.size());
    // 29.5 s of 63 s (the last answer came in the 63rd second), at the same place of the same axis
    // in every chart over time.
    for (std::size_t i = 0; i + 1 < charts.size(); ++i) {
        const auto& chart = charts[i];
        EXPECT_EQ(chart.at("plotLeft"), charts[0].at("plotLeft")) << ids[i];
        EXPECT_EQ(chart.at("plotWidth"), charts[0].at("plotWidth")) << ids[i];
        ASSERT_TRUE(chart.at("onset").is_object()) << ids[i];
        EXPECT_EQ(chart.at("onset").at("t").to_number<double>(), 29.5) << ids[i];
        EXPECT_NEAR(chart.at("onset").at("x").to_number<double>(),
                    chart.at("plotWidth").to_number<double>() * 29.5 / 63, 2)
            << ids[i];
    }
}

TEST(ReportInBrowser, CursorAndZoomMoveAllCharts) {
    const auto seen = look_at(sample::broken_pool());
    for (const auto& value : seen.at("pointed").as_array()) {
        ASSERT_EQ(text_of(value).substr(0, 3), "at ") << json::serialize(seen.at("pointed"));
        const double at_s = std::stod(text_of(value).substr(3));
        EXPECT_NEAR(at_s, 31.5, 1.1) << json::serialize(seen.at("pointed"));
    }
    const auto& zoom = seen.at("zoom");
    EXPECT_TRUE(zoom.at("button").as_bool());
    EXPECT_NE(zoom.at("zoomed"), zoom.at("before"));
    EXPECT_EQ(zoom.at("after"), zoom.at("before"));
    const auto& zoomed = zoom.at("zoomed").as_array();
    for (const auto& place : zoomed) {
        EXPECT_EQ(place, zoomed[0]) << json::serialize(zoom.at("zoomed"));
    }
}

TEST(ReportInBrowser, FitsANarrowDarkScreen) {
    const auto seen = look_at(sample::broken_pool(), {"width=390", "scheme=dark"});
    expect_sound_page(seen);
    for (const auto& chart : seen.at("charts").as_array()) {
        EXPECT_GT(chart.at("painted").to_number<int>(), 500);
    }
}

TEST(ReportInBrowser, LeavesTextFromOutsideInert) {
    const auto seen = look_at(sample::hostile());
    expect_sound_page(seen);
    EXPECT_THAT(std::string(seen.at("title").as_string()),
                testing::HasSubstr("document.title='owned'"));
    EXPECT_NE(seen.at("title").as_string(), "owned");
    EXPECT_EQ(seen.at("drawn").to_number<int>(), 8);
}

TEST(ReportInBrowser, ShowsWhatAnalysisFoundInARunFile) {
    const test::TempFolder folder;
    synthetic::Options options;
    options.pool_timeout_s = 2;
    ASSERT_TRUE(synthetic::write_run(folder.path() / "run.db", options));
    const auto reader = RunReader::open(folder.path());
    ASSERT_TRUE(reader) << reader.error().to_string();
    const auto analysis = analyse(*reader);
    ASSERT_TRUE(analysis) << analysis.error().to_string();
    const auto page = render_html(*reader, *analysis);
    ASSERT_TRUE(page) << page.error().to_string();
    const auto seen = look_at(*page);
    expect_sound_page(seen);
    EXPECT_THAT(text_of(seen.at("answer")),
                testing::HasSubstr("application connection pool exhausted — 5 connections"));
    EXPECT_EQ(seen.at("drawn").to_number<int>(), 8);
}

TEST(ReportInBrowser, LaysTheTimelinesOfTwoRunsOverEachOther) {
    const test::TempFolder folder;
    synthetic::Options options;
    options.start = 120;
    options.stages = {{60, 120}};
    std::vector<std::vector<ComparedRun>> sides(2);
    for (std::size_t side = 0; side < 2; ++side) {
        const auto file = folder.path() / ("run" + std::to_string(side) + ".db");
        ASSERT_TRUE(synthetic::write_run(file, options));
        auto run = open_compared(file.string());
        ASSERT_TRUE(run) << run.error().to_string();
        sides[side].push_back(std::move(*run));
        options.hold_s *= 1.2;
    }
    const auto result = compare(sides[0], sides[1], 0.05);
    ASSERT_TRUE(result) << result.error().to_string();
    const auto page = compare_html(*result, sides[0][0].reader, sides[1][0].reader);
    ASSERT_TRUE(page) << page.error().to_string();
    const auto seen = look_at(*page);
    expect_sound_page(seen);
    EXPECT_EQ(text_of(seen.at("badge")), "worse");
    EXPECT_THAT(text_of(seen.at("answer")), testing::HasSubstr("Worse: response p50"));
    // rate, latency, in flight, database, CPU, and the distribution
    EXPECT_EQ(seen.at("drawn").to_number<int>(), 6);
    for (const auto& chart : seen.at("charts").as_array()) {
        EXPECT_GT(chart.at("painted").to_number<int>(), 500) << chart.at("id");
    }
    const auto& latency = seen.at("charts").at(1).at("lines").as_array();
    std::vector<std::string> lines;
    for (const auto& line : latency) {
        lines.push_back(text_of(line));
    }
    EXPECT_THAT(lines, testing::IsSupersetOf({"response p99, base", "response p99, now",
                                              "response p50, base", "response p50, now"}));
}

/// A rule that fired late, with delays as long as they are written, and one that saw nothing, with
/// a remark that names a series.
AlertReport two_alerts(const RunReader& run) {
    AlertReport report;
    report.phases = 8;
    report.scrape_s = report.evaluation_s = 15;
    RunTruth truth;
    truth.id = run.info().id;
    truth.scenario = "checkout";
    truth.duration_s = 12345;
    truth.onset = Onset{13.6, "the finding app_pool_exhausted", {}};
    report.runs.push_back(truth);
    AlertOutcome late;
    late.alert = "PlimsollPostgresConnectionsHighForVeryLong";
    late.phases = late.fired = 8;
    late.pending_s = late.firing_s = late.resolved_s = PhaseRange{8, 1234.5, 1122.3, 1345.6};
    late.resolved = 8;
    late.failed_before = late.slow_before = PhaseRange{8, 123456, 1, 234567};
    late.false_alarms = 2;
    late.spans = {{true, 100, 12345, true}};
    report.limit_s = 0.5;
    AlertOutcome silent;
    silent.alert = "plimsoll:very_long_name_of_a_recording_rule:ratio_rate5m";
    silent.phases = 8;
    silent.remarks = {
        "there is no series plimsoll_pgbouncer_clients_waiting_for_a_server_connection_seconds "
        "in this run"};
    report.outcomes = {late, silent};
    return report;
}

TEST(ReportInBrowser, ShowsAlertsWithTheirRemarksAndLastSecondWhole) {
    const test::TempFolder folder;
    ASSERT_TRUE(synthetic::write_run(folder.path() / "run.db", synthetic::Options()));
    const auto run = RunReader::open(folder.path());
    ASSERT_TRUE(run) << run.error().to_string();
    const auto page = alerts_html(two_alerts(*run), *run);
    ASSERT_TRUE(page) << page.error().to_string();
    const auto seen = look_at(*page);
    expect_sound_page(seen);
    EXPECT_EQ(json::serialize(seen.at("wide")), "[]");
    EXPECT_EQ(json::serialize(seen.at("clipped")), "[]");
    EXPECT_EQ(json::serialize(seen.at("broken")), "[]");
}

TEST(ReportInBrowser, OpensWithoutProbesOrFindings) {
    const auto seen = look_at(sample::held());
    EXPECT_EQ(json::serialize(seen.at("messages")), "[]");
    EXPECT_EQ(text_of(seen.at("answer")), "Nothing broke up to 2 users");
    EXPECT_EQ(text_of(seen.at("badge")), "Measurement: VALID");
}

TEST(ReportInBrowser, OpensWhenNothingWasMeasured) {
    sample::Sample empty;
    empty.info.scenario_name = "empty";
    const auto seen = look_at(empty);
    EXPECT_EQ(json::serialize(seen.at("messages")), "[]");
    EXPECT_EQ(seen.at("drawn").to_number<int>(), 0);
}

TEST(ReportInBrowser, HoursOfDataStaySmall) {
    const auto sample = sample::broken_pool(180);  // three hours
    const auto page = report::html_page(sample.info, sample.data, sample.analysis);
    EXPECT_LT(page.size(), 2'000'000U);
    expect_sound_page(look_at(sample));
}

TEST(ReportInBrowser, AnHourOfFiftyEndpointsOpensWithinASecond) {
    auto sample = sample::broken_pool(60);
    for (std::size_t i = sample.info.endpoints.size(); i < 50; ++i) {
        sample.info.endpoints.push_back({"reader", "/v1/things/" + std::to_string(i), "GET"});
        sample.analysis.endpoints.push_back(sample.analysis.endpoints.front());
        sample.analysis.endpoints.back().name = sample.info.endpoints.back().name;
        sample.data.totals.push_back(sample.data.totals.front());
    }
    const auto page = report::html_page(sample.info, sample.data, sample.analysis);
    EXPECT_LT(page.size(), 3'000'000U);
    const auto seen = look_at(page);
    expect_sound_page(seen);
    EXPECT_EQ(seen.at("drawn").to_number<int>(), 8);
    EXPECT_LT(seen.at("opened_s").to_number<double>(), 1.0);
}

}  // namespace
}  // namespace plimsoll
