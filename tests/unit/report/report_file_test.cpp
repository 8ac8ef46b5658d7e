#include "report/report.hpp"
#include "support/synthetic_run.hpp"
#include "support/temp_folder.hpp"

#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using test::TempFolder;

TEST(WriteFile, ReplacesTheFileWhole) {
    const TempFolder folder;
    ASSERT_TRUE(write_file(folder.path() / "a", "first, longer"));
    ASSERT_TRUE(write_file(folder.path() / "a", "second"));
    std::ostringstream text;
    text << std::ifstream(folder.path() / "a").rdbuf();
    EXPECT_EQ(text.str(), "second");
    EXPECT_FALSE(std::filesystem::exists(folder.path() / "a.part"));
}

TEST(WriteFile, SaysWhichFileCouldNotBeWritten) {
    const TempFolder folder;
    const auto written = write_file(folder.path() / "none" / "a", "text");
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().what, "cannot write the file: No such file or directory");
    EXPECT_EQ(written.error().where, (folder.path() / "none" / "a").string());
}

TEST(WriteReports, WritesEveryFileOfARun) {
    const TempFolder folder;
    ASSERT_TRUE(synthetic::write_run(folder.path() / "run.db", {}));
    const auto reader = RunReader::open(folder.path());
    ASSERT_TRUE(reader) << reader.error().to_string();
    const auto written = write_reports(folder.path(), *reader, Analysis{});
    ASSERT_TRUE(written) << written.error().to_string();
    for (const char* name :
         {"summary.json", "report.html", "report.md", "junit.xml", "locust_stats.csv",
          "locust_stats_history.csv", "locust_failures.csv", "locust_exceptions.csv"}) {
        EXPECT_TRUE(std::filesystem::exists(folder.path() / name)) << name;
    }
    const auto elsewhere = write_reports(folder.path() / "none", *reader, Analysis{});
    ASSERT_FALSE(elsewhere);
    EXPECT_THAT(elsewhere.error().where, testing::HasSubstr("none/summary.json"));
}

}  // namespace
}  // namespace plimsoll
