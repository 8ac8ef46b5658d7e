#include "ui/past_runs.hpp"

#include "tests/support/temp_folder.hpp"

#include <fstream>

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

void make_run(const fs::path& results, const std::string& name, const std::string& summary) {
    fs::create_directories(results / name);
    std::ofstream(results / name / "run.db") << "";
    if (!summary.empty()) {
        std::ofstream(results / name / "summary.json") << summary;
    }
}

constexpr const char* kSummary = R"({"schema": 1,
  "run": {"id": "a", "scenario": "checkout", "version": "1", "started": "2026-01-01T00:00:00Z", "duration_s": 60.0},
  "validity": {"verdict": "VALID"},
  "totals": {"requests": 1000, "failed": 50, "rate": 100.0, "response_s": {"p99": 0.08}},
  "thresholds": [{"ok": true}, {"ok": false}, {"ok": true}],
  "breaking_point": {"found": true, "at_rate": 212.0},
  "capacity": {"rate": [230.0, 244.0], "bound_by": "app_pool_exhausted"},
  "findings": [{"cause": "app_pool_exhausted", "confidence": "high"}]})";

TEST(PastRuns, ShowsWhatTheSummariesSayTheNewestFirst) {
    const test::TempFolder folder;
    make_run(folder.path(), "20260101T000000Z-aaaa-checkout", kSummary);
    make_run(folder.path(), "20260102T000000Z-bbbb-other", "");
    make_run(folder.path(), "20260103T000000Z-cccc-broken", "no JSON");
    fs::create_directories(folder.path() / "no-run");
    const json::object list = PastRuns(folder.path()).list();
    const auto& runs = list.at("runs").as_array();
    ASSERT_EQ(runs.size(), 3U);
    EXPECT_EQ(runs[0].at("folder").as_string(), "20260103T000000Z-cccc-broken");
    EXPECT_TRUE(runs[0].at("fault").is_string());
    EXPECT_TRUE(runs[1].at("fault").is_string());
    const auto& good = runs[2].as_object();
    EXPECT_TRUE(good.at("fault").is_null());
    EXPECT_EQ(good.at("scenario").as_string(), "checkout");
    EXPECT_EQ(good.at("verdict").as_string(), "VALID");
    EXPECT_EQ(good.at("failed_ratio").as_double(), 0.05);
    EXPECT_EQ(good.at("p99_s").as_double(), 0.08);
    EXPECT_EQ(good.at("thresholds").at("passed").to_number<int>(), 2);
    EXPECT_EQ(good.at("thresholds").at("failed").to_number<int>(), 1);
    EXPECT_EQ(good.at("broke_at_rate").as_double(), 212);
    EXPECT_EQ(good.at("capacity").at("rate").as_array().at(1).as_double(), 244);
    EXPECT_EQ(good.at("cause").as_string(), "app_pool_exhausted");
    EXPECT_TRUE(good.at("cause_title").is_string());
}

TEST(PastRuns, ReadsARunAgainOnceItHasChanged) {
    const test::TempFolder folder;
    make_run(folder.path(), "a", "");
    PastRuns runs(folder.path());
    EXPECT_TRUE(runs.list().at("runs").at(0).at("fault").is_string());
    make_run(folder.path(), "a", kSummary);
    EXPECT_TRUE(runs.list().at("runs").at(0).at("fault").is_null());
}

TEST(PastRuns, IsEmptyWhereThereIsNoFolder) {
    EXPECT_TRUE(PastRuns("/nonexistent/results").list().at("runs").as_array().empty());
}

TEST(EntryOf, LeadsNowhereElse) {
    const test::TempFolder folder;
    fs::create_directories(folder.path() / "results" / "run");
    const fs::path results = folder.path() / "results";
    EXPECT_TRUE(entry_of(results, "run"));
    for (const std::string& name :
         {std::string(), std::string("."), std::string(".."), std::string("../results"),
          std::string("run/../run"), std::string("/etc"), std::string("run\\x"),
          std::string("run\0x", 5), std::string("gone")}) {
        EXPECT_FALSE(entry_of(results, name)) << name;
    }
}

}  // namespace
}  // namespace plimsoll
