// A run file's rows, sent to another file: what arrives is what was sent.
#include "store/segment_file.hpp"

#include "sample_run.hpp"
#include "store/run_reader.hpp"
#include "store/run_stream.hpp"
#include "store/run_writer.hpp"
#include "tests/support/temp_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using test::TempFolder;
using ::testing::HasSubstr;

class Streamed : public ::testing::Test {
protected:
    Streamed() {
        RunInfo info = sample_info();
        info.segment = {2, 3};
        info.thresholds.clear();  // are the gather's
        EXPECT_TRUE(writer_->start(info, {}).ok());
    }
    void write(std::uint64_t first, std::uint64_t last) {
        for (std::uint64_t k = first; k <= last; ++k) {
            auto tick = sample_tick(k);
            tick->last_answer = tick->from + std::chrono::milliseconds(3);
            ErrorSample error;
            error.at = tick->from + std::chrono::milliseconds(k);
            error.endpoint = 1;
            error.outcome = Outcome::Http5xx;
            error.status = 503;
            error.fingerprint = k % 2 == 0 ? 0xfedcba9876543210U : k;
            error.text = "pool exhausted Füße";
            error.count = 2;
            tick->errors = {error};
            writer_->on_event({tick->to, EventKind::Note, "tick " + std::to_string(k)});
            writer_->on_snapshot(tick);
        }
    }
    std::string next(StreamPosition& position, std::size_t most_bytes = 1U << 20U) {
        auto stream = RunStream::open(source_);
        EXPECT_TRUE(stream);
        auto rows = stream->next(position, most_bytes);
        EXPECT_TRUE(rows) << rows.error().to_string();
        return *rows;
    }
    std::unique_ptr<SegmentFile> create() {
        const auto stream = RunStream::open(source_);
        auto file = SegmentFile::create(copy_, *stream->fixed());
        EXPECT_TRUE(file) << file.error().to_string();
        return *std::move(file);
    }
    /// All of a table, as SQL.
    static std::string rows(const std::filesystem::path& path, const std::string& table) {
        const auto reader = RunReader::open(path);
        EXPECT_TRUE(reader) << reader.error().to_string();
        const auto columns = reader->query("SELECT name FROM pragma_table_info('" + table + "')");
        std::string quoted;
        for (const auto& column : columns->rows) {
            quoted += (quoted.empty() ? "quote(\"" : "||','||quote(\"") + column[0] + "\")";
        }
        const auto found =
            reader->query("SELECT " + quoted + " FROM " + table + " ORDER BY 1", 100'000);
        EXPECT_TRUE(found) << found.error().to_string();
        std::string all;
        for (const auto& row : found->rows) {
            all += row[0] + "\n";
        }
        return all;
    }
    void expect_same_files() const {
        for (const StreamTable& table : kStreamTables) {
            const std::string sent = rows(source_, table.name);
            EXPECT_EQ(rows(copy_, table.name), sent) << table.name;
        }
    }

    TempFolder folder_;
    std::filesystem::path source_ = folder_.path() / "run.db";
    std::filesystem::path copy_ = folder_.path() / "2.db";
    std::unique_ptr<RunFileWriter> writer_ = make_run_file_exporter(source_);
};

TEST_F(Streamed, TheFileThatArrivesIsTheFileThatWasSent) {
    const auto file = create();
    EXPECT_EQ(file->last_tick(), -1);
    EXPECT_EQ(file->info().segment, (Segment{2, 3}));
    StreamPosition position;
    write(0, 6);
    std::size_t batches = 0;
    for (std::string rows = next(position, 1); !rows.empty(); rows = next(position, 1)) {
        const auto news = file->take(rows);
        ASSERT_TRUE(news) << news.error().to_string();
        EXPECT_EQ(news->ticks.size(), 1U);
        ++batches;
    }
    EXPECT_EQ(batches, 7U);
    EXPECT_EQ(file->last_tick(), 6);
    EXPECT_FALSE(file->finished());
    writer_->write_facts({{"generator.cpu_seconds", "1.5"}});
    writer_->on_event({sample_tick(6)->to, EventKind::Stopped, "stopped"});
    writer_->finish(Clock::now());
    const auto rest = file->take(*RunStream::open(source_)->rest(position));
    ASSERT_TRUE(rest) << rest.error().to_string();
    EXPECT_EQ(rest->events.size(), 1U);
    EXPECT_TRUE(rest->errors.empty()) << "all were known";
    EXPECT_TRUE(file->finished());
    expect_same_files();
}

TEST_F(Streamed, TicksComeAsTheyAreReadFromTheFile) {
    write(0, 3);
    const auto file = create();
    StreamPosition position;
    const auto news = file->take(next(position));
    ASSERT_TRUE(news) << news.error().to_string();
    ASSERT_EQ(news->ticks.size(), 4U);
    std::size_t index = 0;
    ASSERT_TRUE(RunReader::open(source_)
                    ->for_each_tick([&](const StoredTick& read) {
                        const StoredTick& sent = news->ticks[index++];
                        EXPECT_EQ(sent.tick, read.tick);
                        EXPECT_EQ(sent.from, read.from);
                        EXPECT_EQ(sent.to, read.to);
                        EXPECT_EQ(sent.last_answer, read.last_answer);
                        EXPECT_EQ(sent.counts.redirects, read.counts.redirects);
                        EXPECT_EQ(sent.shards.size(), read.shards.size());
                        EXPECT_EQ(sent.state.in_flight_mean, read.state.in_flight_mean);
                        for (std::size_t e = 0; e < read.endpoints.size(); ++e) {
                            EXPECT_EQ(sent.endpoints[e].response, read.endpoints[e].response);
                            EXPECT_EQ(sent.endpoints[e].statuses, read.endpoints[e].statuses);
                        }
                        EXPECT_EQ(sent.checks, read.checks);
                    })
                    .ok());
    EXPECT_EQ(index, 4U);
    std::uint64_t errors = 0;
    for (const ErrorSample& error : news->errors) {
        errors += error.count;
    }
    EXPECT_EQ(errors, 8U);
    EXPECT_EQ(news->events.size(), 4U);
}

TEST_F(Streamed, WhatComesTwiceIsThereOnce) {
    write(0, 2);
    const auto file = create();
    StreamPosition first;
    const std::string rows = next(first);
    ASSERT_TRUE(file->take(rows));
    const auto again = file->take(rows);
    ASSERT_TRUE(again);
    EXPECT_TRUE(again->ticks.empty());
    EXPECT_TRUE(again->errors.empty());
    EXPECT_TRUE(again->events.empty());
    // A sender whose answer was lost sends more than is new.
    write(3, 4);
    StreamPosition anew;
    const auto more = file->take(next(anew));
    ASSERT_TRUE(more);
    EXPECT_EQ(more->ticks.size(), 2U);
    EXPECT_EQ(more->ticks.front().tick, 3U);
    expect_same_files();
}

TEST_F(Streamed, GoesOnWhereTheOtherSideIs) {
    write(0, 4);
    StreamPosition position;
    position.tick = 2;
    const std::string rows = next(position);
    EXPECT_EQ(position.tick, 4);
    std::vector<std::int64_t> ticks;
    ASSERT_TRUE(for_stream_rows(rows, [&](const StreamRow& row) {
                    if (row.table == kTickTable) {
                        ticks.push_back(row.integer(0));
                    }
                    return Status();
                }).ok());
    EXPECT_THAT(ticks, ::testing::ElementsAre(3, 4));
    EXPECT_EQ(next(position), "");
}

TEST_F(Streamed, AFileThatWasKeptGoesOn) {
    write(0, 3);
    StreamPosition position;
    ASSERT_TRUE(create()->take(next(position, 1)));
    auto file = SegmentFile::open(copy_);
    ASSERT_TRUE(file) << file.error().to_string();
    EXPECT_EQ((*file)->last_tick(), 0);
    ASSERT_TRUE((*file)->take(next(position)));
    EXPECT_EQ((*file)->last_tick(), 3);
    const auto ticks = (*file)->ticks_from(2);
    ASSERT_TRUE(ticks);
    ASSERT_EQ(ticks->size(), 2U);
    EXPECT_EQ(ticks->front().tick, 2U);
    expect_same_files();
}

TEST_F(Streamed, WhatIsDamagedIsRefusedAndLeavesNothing) {
    write(0, 1);
    const auto file = create();
    StreamPosition position;
    const std::string rows = next(position);
    std::size_t refused = 0;
    for (std::size_t at = 0; at < rows.size(); at += 7) {
        std::string wrong = rows;
        wrong[at] = static_cast<char>(wrong[at] ^ 0x55);
        const std::int64_t before = file->last_tick();
        if (!file->take(wrong)) {
            ++refused;
            EXPECT_EQ(file->last_tick(), before);
        }
    }
    EXPECT_GT(refused, rows.size() / 7 / 10);
    EXPECT_THAT(file->take("\x7f\x01").error().to_string(), HasSubstr("is no stream"));
    EXPECT_FALSE(file->take(rows.substr(0, rows.size() - 1)));
}

TEST_F(Streamed, WhatIsNoRunsBeginIsRefusedAndLeavesNoFile) {
    for (const std::string& rows :
         {std::string(), std::string("x"), std::string("\x00\x02\x03\x01", 4)}) {
        EXPECT_FALSE(SegmentFile::create(copy_, rows));
        EXPECT_FALSE(std::filesystem::exists(copy_));
    }
    write(0, 0);
    StreamPosition position;
    EXPECT_FALSE(SegmentFile::create(copy_, next(position)));
    EXPECT_FALSE(std::filesystem::exists(copy_));
}

}  // namespace
}  // namespace plimsoll
