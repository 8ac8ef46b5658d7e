// A run file that another process began.
#include "sample_run.hpp"
#include "store/run_reader.hpp"
#include "store/run_writer.hpp"
#include "tests/support/temp_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using test::TempFolder;
using ::testing::HasSubstr;

Reading reading(std::chrono::seconds at, const std::string& state, double value) {
    return {kRunStart + at, std::chrono::milliseconds(1), {{0, {"app", state}, value}}};
}

class Resumed : public ::testing::Test {
protected:
    std::unique_ptr<RunFileWriter> open(bool resume, const std::vector<ProbeInfo>& probes) {
        auto writer = make_run_file_exporter(folder_.path() / "run.db");
        writer->resume(resume);
        status_ = writer->start(sample_info(), probes);
        return writer;
    }
    TempFolder folder_;
    Status status_;
};

TEST_F(Resumed, HoldsWhatBothProcessesWrote) {
    {
        const auto first = open(false, sample_probes());
        ASSERT_TRUE(status_.ok());
        first->on_reading(0, reading(std::chrono::seconds(1), "active", 3), {true, 7, 8, 1, {}});
        first->on_event({kRunStart, EventKind::Note, "begun"});
        first->on_snapshot(sample_tick(0));
        first->on_snapshot(sample_tick(1));
    }
    {
        const auto second = open(true, sample_probes());
        ASSERT_TRUE(status_.ok()) << status_.error().to_string();
        second->on_reading(0, reading(std::chrono::seconds(2), "active", 4), {true, 2, 2, 0, {}});
        second->on_reading(0, reading(std::chrono::seconds(2), "idle", 5), {true, 3, 3, 0, {}});
        second->on_event({kRunStart + std::chrono::seconds(2), EventKind::Note, "again"});
        second->on_snapshot(sample_tick(2));
        second->finish(Clock::now());
        EXPECT_EQ(second->failed_writes(), 0U) << second->last_error()->to_string();
    }
    const auto reader = RunReader::open(folder_.path());
    ASSERT_TRUE(reader) << reader.error().to_string();
    EXPECT_TRUE(reader->finished());
    std::vector<std::uint64_t> ticks;
    ASSERT_TRUE(
        reader->for_each_tick([&](const StoredTick& tick) { ticks.push_back(tick.tick); }).ok());
    EXPECT_THAT(ticks, ::testing::ElementsAre(0, 1, 2));
    const auto series = *reader->series();
    ASSERT_EQ(series.size(), 2U) << "the same labels are the same series";
    EXPECT_EQ(series[0].points.size(), 2U);
    EXPECT_EQ(reader->events()->size(), 2U);
    const auto probes = *reader->probes();
    EXPECT_EQ(probes[0].readings, 10U);
    EXPECT_EQ(probes[0].expected, 11U);
    EXPECT_EQ(probes[0].gaps, 1U);
}

TEST_F(Resumed, RefusesOtherProbesAndWhatIsNotThere) {
    open(true, sample_probes());
    EXPECT_FALSE(status_.ok());
    open(false, sample_probes());
    ASSERT_TRUE(status_.ok());
    open(true, {sample_probes()[0]});
    ASSERT_FALSE(status_.ok());
    EXPECT_THAT(status_.error().to_string(), HasSubstr("begun with other probes"));
}

TEST_F(Resumed, RewindsToBeWrittenAgain) {
    const auto writer = open(false, {});
    for (std::uint64_t k = 0; k < 4; ++k) {
        writer->on_snapshot(sample_tick(k));
    }
    ASSERT_TRUE(writer->rewind(2).ok());
    writer->on_snapshot(sample_tick(2));
    writer->finish(Clock::now());
    const auto reader = RunReader::open(folder_.path());
    ASSERT_TRUE(reader) << reader.error().to_string();
    std::vector<std::uint64_t> requests;
    ASSERT_TRUE(reader
                    ->for_each_tick([&](const StoredTick& tick) {
                        requests.push_back(tick.endpoints[0].requests);
                    })
                    .ok());
    EXPECT_THAT(requests, ::testing::ElementsAre(20, 0, 20));
}

}  // namespace
}  // namespace plimsoll
