// The files of a run, read back by parsers that are not ours.
#include "analysis/analyse.hpp"
#include "report/renderers.hpp"
#include "report/report.hpp"
#include "support/child_process.hpp"
#include "support/report/sample.hpp"
#include "support/synthetic_run.hpp"
#include "support/temp_folder.hpp"

#include <chrono>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

namespace json = boost::json;

/// Fails with what check_files.py finds different.
void expect_files(const test::TempFolder& folder, const json::object& truth) {
    const auto truth_file = folder.write("truth.json", json::serialize(truth));
    test::ChildProcess python(
        {"python3", PLIMSOLL_SOURCE_DIR "/tests/integration/report/check_files.py",
         folder.path().string(), truth_file.string()},
        folder.path() / "differences");
    EXPECT_EQ(python.wait(std::chrono::seconds(60)), 0) << python.output();
}

std::int64_t started_unix(const RunInfo& info) {
    return std::chrono::floor<std::chrono::seconds>(info.start.wall.time_since_epoch()).count();
}

json::object truth_of(const RunInfo& info, std::uint64_t requests, std::uint64_t failed,
                      double duration_s) {
    json::array endpoints;
    for (const auto& endpoint : info.endpoints) {
        endpoints.push_back(json::array{json::value(endpoint.method), json::value(endpoint.name)});
    }
    return {{"requests", requests},
            {"failed", failed},
            {"duration_s", duration_s},
            {"scenario", info.scenario_name},
            {"started_unix", started_unix(info)},
            {"endpoints", std::move(endpoints)}};
}

void expect_run_reads_back(const synthetic::Options& options) {
    const test::TempFolder folder;
    const auto truth = synthetic::write_run(folder.path() / "run.db", options);
    ASSERT_TRUE(truth) << truth.error().to_string();
    const auto reader = RunReader::open(folder.path());
    ASSERT_TRUE(reader) << reader.error().to_string();
    const auto analysis = analyse(*reader);
    ASSERT_TRUE(analysis) << analysis.error().to_string();
    const auto written = write_reports(folder.path(), *reader, *analysis);
    ASSERT_TRUE(written) << written.error().to_string();
    expect_files(folder,
                 truth_of(reader->info(), truth->requests, truth->failed, analysis->duration_s));
}

Threshold threshold(const char* key, const char* expression, ThresholdMetric metric,
                    Statistic statistic, double limit) {
    Threshold one;
    one.key = key;
    one.expression = expression;
    one.metric = metric;
    one.statistic = statistic;
    one.quantile = 0.95;
    one.limit = limit;
    return one;
}

TEST(RunFiles, AgreeWithTheRunWhenAPoolTimesOut) {
    synthetic::Options options;
    options.pool_timeout_s = 2;
    options.thresholds = {
        threshold("http_req_duration", "p(95)<500ms", ThresholdMetric::ResponseTime,
                  Statistic::Quantile, 0.5),
        threshold("http_req_failed", "rate<90%", ThresholdMetric::Failed, Statistic::Rate, 0.9)};
    expect_run_reads_back(options);
}

TEST(RunFiles, AgreeWithTheRunWhenConnectionsAreRefused) {
    synthetic::Options options;
    options.target = synthetic::Target::MaxConnections;
    options.max_connections = 20;
    expect_run_reads_back(options);
}

TEST(RunFiles, AgreeWithARunThatWasCutOff) {
    synthetic::Options options;
    options.open = false;
    options.start = 5;
    options.stages = {{20, 50}};
    options.finish = false;
    options.failed_share = 0.01;
    expect_run_reads_back(options);
}

TEST(RunFiles, ReadBackWhateverTheNamesHold) {
    const test::TempFolder folder;
    const auto sample = sample::hostile();
    const auto write = [&](const char* name, const std::string& content) {
        ASSERT_TRUE(write_file(folder.path() / name, content));
    };
    write("summary.json", render_json(sample.info, sample.analysis));
    write("junit.xml", render_junit(sample.info, sample.analysis));
    write("report.html", report::html_page(sample.info, sample.data, sample.analysis));
    for (const auto& [suffix, content] :
         report::csv_files(sample.info, sample.data, sample.analysis)) {
        write(("locust" + suffix).c_str(), content);
    }
    auto truth = truth_of(sample.info, sample.analysis.requests, sample.analysis.failed,
                          sample.analysis.duration_s);
    // What is no text has become U+FFFD, everything else has stayed.
    const auto clean = [](std::string text) {
        for (const auto& [from, to] : {std::pair{"\x01", "\uFFFD"}, std::pair{"\xff", "\uFFFD"}}) {
            text.replace(text.find(from), 1, to);
        }
        return text;
    };
    truth["scenario"] = clean(sample.info.scenario_name);
    json::array endpoints;
    for (const auto& endpoint : sample.info.endpoints) {
        endpoints.push_back(
            json::array{json::value(clean(endpoint.method)), json::value(clean(endpoint.name))});
    }
    truth["endpoints"] = endpoints;
    expect_files(folder, truth);
}

}  // namespace
}  // namespace plimsoll
