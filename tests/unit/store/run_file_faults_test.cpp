// A run file in trouble: killed writers, full disks, wrong files.
#include "sample_run.hpp"
#include "store/run_reader.hpp"
#include "store/run_writer.hpp"
#include "tests/support/temp_folder.hpp"

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <sqlite3.h>

namespace plimsoll {
namespace {

using test::TempFolder;

std::uint64_t ticks_in(const RunReader& reader) {
    std::uint64_t ticks = 0;
    const auto status = reader.for_each_tick([&](const StoredTick& tick) {
        EXPECT_EQ(tick.tick, ticks);
        EXPECT_EQ(tick.endpoints.at(0).requests, tick.tick % 2 == 0 ? 20U : 0U);
        ++ticks;
    });
    EXPECT_TRUE(status.ok()) << status.error().to_string();
    return ticks;
}

/// A child process that writes ticks to `file` and reports each by a byte; killed with SIGKILL
/// after `ticks` of them. It does not outlive the scope.
void write_and_kill(const std::filesystem::path& file, std::uint64_t ticks) {
    int pipe_ends[2];
    ASSERT_EQ(pipe(pipe_ends), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        RunFileWriter writer(file);
        if (!writer.start(sample_info(), sample_probes()).ok()) {
            _exit(1);
        }
        for (std::uint64_t k = 0;; ++k) {
            writer.on_reading(1, {kRunStart, {}, {{0, {}, 1}}}, {});
            writer.on_snapshot(sample_tick(k));
            const char done = '.';
            if (write(pipe_ends[1], &done, 1) != 1) {
                _exit(2);
            }
        }
    }
    close(pipe_ends[1]);
    char done = 0;
    std::uint64_t seen = 0;
    while (seen < ticks && read(pipe_ends[0], &done, 1) == 1) {
        ++seen;
    }
    kill(child, SIGKILL);
    int state = 0;
    waitpid(child, &state, 0);
    close(pipe_ends[0]);
    ASSERT_EQ(seen, ticks);
    ASSERT_TRUE(WIFSIGNALED(state));
}

TEST(KilledRun, IsWholeUpToTheLastReportedTick) {
    const TempFolder folder;
    write_and_kill(folder.path() / "run.db", 50);
    ASSERT_TRUE(std::filesystem::exists(folder.path() / "run.db-wal"));
    const auto reader = RunReader::open(folder.path());
    ASSERT_TRUE(reader.ok()) << reader.error().to_string();
    EXPECT_FALSE(reader->finished());
    EXPECT_GE(ticks_in(reader.value()), 50U);
    EXPECT_GE(reader->series().value().at(0).points.size(), 50U);
}

TEST(KilledRun, IsReadFromAFolderWhereSqliteCannotMakeItsSharedMemory) {
    const TempFolder folder;
    write_and_kill(folder.path() / "run.db", 5);
    std::filesystem::remove(folder.path() / "run.db-shm");
    std::filesystem::create_directory(folder.path() /
                                      "run.db-shm");  // as good as a read-only folder
    const auto reader = RunReader::open(folder.path());
    ASSERT_TRUE(reader.ok()) << reader.error().to_string();
    EXPECT_GE(ticks_in(reader.value()), 5U);
}

/// Lets files of this process grow to `bytes` only, for the life of the scope.
class FullDisk {
public:
    explicit FullDisk(rlim_t bytes) {
        getrlimit(RLIMIT_FSIZE, &before_);
        handler_ = std::signal(SIGXFSZ, SIG_IGN);
        const rlimit tight{bytes, before_.rlim_max};
        setrlimit(RLIMIT_FSIZE, &tight);
    }
    ~FullDisk() {
        setrlimit(RLIMIT_FSIZE, &before_);
        std::signal(SIGXFSZ, handler_);
    }
    FullDisk(const FullDisk&) = delete;
    FullDisk& operator=(const FullDisk&) = delete;

private:
    rlimit before_{};
    void (*handler_)(int) = nullptr;
};

TEST(FullDisk, LosesOnlyTheTicksItHits) {
    const TempFolder folder;
    RunFileWriter writer(folder.path() / "run.db");
    ASSERT_TRUE(writer.start(sample_info(), sample_probes()).ok());
    writer.on_snapshot(sample_tick(0));
    ASSERT_FALSE(writer.last_error().has_value());
    {
        const FullDisk full(std::filesystem::file_size(folder.path() / "run.db-wal"));
        // A series first seen in a lost transaction must not be taken for known later.
        writer.on_reading(0, {kRunStart, {}, {{0, {"shop", "active"}, 1}}}, {});
        writer.on_snapshot(sample_tick(1));
        writer.on_snapshot(sample_tick(2));
        writer.write_facts({{"a", "b"}});
    }
    EXPECT_EQ(writer.failed_writes(), 3U);
    ASSERT_TRUE(writer.last_error().has_value());
    EXPECT_EQ(writer.last_error()->what, "disk I/O error");
    writer.on_reading(0, {kRunStart, {}, {{0, {"shop", "active"}, 2}}}, {});
    writer.on_snapshot(sample_tick(3));
    writer.finish(Clock::now());

    const auto reader = RunReader::open(folder.path());
    ASSERT_TRUE(reader.ok()) << reader.error().to_string();
    std::vector<std::uint64_t> ticks;
    ASSERT_TRUE(reader->for_each_tick([&](const StoredTick& t) { ticks.push_back(t.tick); }).ok());
    EXPECT_EQ(ticks, (std::vector<std::uint64_t>{0, 3}));
    const auto series = reader->series().value();
    ASSERT_EQ(series.size(), 1U);
    EXPECT_EQ(series[0].label("state"), "active");
    EXPECT_EQ(series[0].points.at(0).value, 2);
    EXPECT_EQ(reader->facts()->at("run_file.write_errors"), "3");
}

TEST(RunFileWriterStart, RefusesToOverwriteARun) {
    const TempFolder folder;
    const auto file = folder.path() / "run.db";
    std::ofstream(file) << "precious";
    RunFileWriter writer(file);
    const auto started = writer.start(sample_info(), {});
    ASSERT_FALSE(started.ok());
    EXPECT_EQ(started.error().to_string(),
              file.string() +
                  ": exists already; a run is never overwritten (name another folder with "
                  "--run-dir)");
    writer.on_snapshot(sample_tick(0));  // harmless
    writer.finish(Clock::now());
    EXPECT_EQ(std::filesystem::file_size(file), 8U);
}

TEST(RunFileWriterStart, MakesMissingFolders) {
    const TempFolder folder;
    RunFileWriter writer(folder.path() / "a" / "b" / "run.db");
    EXPECT_TRUE(writer.start(sample_info(), {}).ok());
}

TEST(RunFileWriterStart, ReportsAFolderThatCannotBeMade) {
    const TempFolder folder;
    std::ofstream(folder.path() / "file") << "x";
    RunFileWriter writer(folder.path() / "file" / "run.db");
    const auto started = writer.start(sample_info(), {});
    ASSERT_FALSE(started.ok());
    EXPECT_EQ(started.error().what, "cannot make the run folder: Not a directory");
}

TEST(RunReaderOpen, SaysWhatIsMissing) {
    const TempFolder folder;
    const auto reader = RunReader::open(folder.path());
    ASSERT_FALSE(reader.ok());
    EXPECT_EQ(reader.error().to_string(), (folder.path() / "run.db").string() +
                                              ": no such run file (name a run folder or its "
                                              "run.db)");
}

TEST(RunReaderOpen, RefusesWhatIsNoDatabase) {
    const TempFolder folder;
    std::ofstream(folder.path() / "run.db") << std::string(5000, 'x');
    const auto reader = RunReader::open(folder.path());
    ASSERT_FALSE(reader.ok());
    EXPECT_EQ(reader.error().what, "is not a run file: file is not a database");
}

TEST(RunReaderOpen, RefusesAnotherProgramsDatabase) {
    const TempFolder folder;
    sqlite3* other = nullptr;
    ASSERT_EQ(sqlite3_open((folder.path() / "run.db").c_str(), &other), SQLITE_OK);
    sqlite3_exec(other, "CREATE TABLE t(x)", nullptr, nullptr, nullptr);
    sqlite3_close(other);
    const auto reader = RunReader::open(folder.path());
    ASSERT_FALSE(reader.ok());
    EXPECT_EQ(reader.error().what, "is not a run file");
}

TEST(RunReaderOpen, NamesASchemaItDoesNotKnow) {
    const TempFolder folder;
    {
        RunFileWriter writer(folder.path() / "run.db");
        ASSERT_TRUE(writer.start(sample_info(), {}).ok());
        writer.finish(Clock::now());
    }
    sqlite3* file = nullptr;
    ASSERT_EQ(sqlite3_open((folder.path() / "run.db").c_str(), &file), SQLITE_OK);
    sqlite3_exec(file, "PRAGMA user_version=99", nullptr, nullptr, nullptr);
    sqlite3_close(file);
    const auto reader = RunReader::open(folder.path());
    ASSERT_FALSE(reader.ok());
    EXPECT_EQ(reader.error().what, "has schema version 99; this program reads versions 3 to 6");
}

TEST(RunReaderOpen, ReadsSchema3WithItsTimeoutsAsTheSlowest) {
    const TempFolder folder;
    {
        RunFileWriter writer(folder.path() / "run.db");
        ASSERT_TRUE(writer.start(sample_info(), {}).ok());
        auto tick = sample_tick(0);
        for (const int ms : {100, 101}) {
            Sample sample;
            sample.due = sample.sent = tick->from;
            sample.completed = sample.due + std::chrono::milliseconds(ms);
            sample.outcome = Outcome::ResponseTimeout;
            tick->delta[0].record(sample);
        }
        writer.on_snapshot(tick);
        writer.finish(Clock::now());
    }
    sqlite3* file = nullptr;
    ASSERT_EQ(sqlite3_open((folder.path() / "run.db").c_str(), &file), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(file,
                           "DROP TABLE censored_tick; DROP TABLE censored_group_tick; "
                           "DROP TABLE answer_tick; DROP TABLE cut_check_tick; "
                           "DROP TABLE count_tick; "
                           "CREATE TABLE http_tick(tick INTEGER, redirects INTEGER); "
                           "CREATE TABLE flow_tick(tick INTEGER, iterations_cut_short INTEGER, "
                           "steps_unrendered INTEGER, starts_failed INTEGER, "
                           "users_stopped INTEGER, out_of_data INTEGER); "
                           "INSERT INTO http_tick SELECT tick, 4 FROM tick; "
                           "INSERT INTO flow_tick SELECT tick, 5, 6, 7, 8, 9 FROM tick; "
                           "PRAGMA user_version=3",
                           nullptr, nullptr, nullptr),
              SQLITE_OK);
    sqlite3_close(file);
    const auto reader = RunReader::open(folder.path());
    ASSERT_TRUE(reader.ok()) << reader.error().to_string();
    std::vector<StoredTick> ticks;
    ASSERT_TRUE(reader->for_each_tick([&](const StoredTick& tick) { ticks.push_back(tick); }).ok());
    ASSERT_EQ(ticks.size(), 1U);
    const EndpointStats& stats = ticks[0].endpoints[0];
    EXPECT_EQ(stats.requests, 22U);
    EXPECT_EQ(stats.censored.count(), 2U);
    EXPECT_EQ(stats.censored.get().max(), std::chrono::milliseconds(101));
    EXPECT_NEAR(to_seconds(stats.censored.get().min()), 0.1, 0.1 / 128);
    EXPECT_EQ(stats.censored_service.count(), 2U);
    EXPECT_TRUE(stats.cut_off.empty());
    EXPECT_TRUE(ticks[0].endpoints[1].censored.empty());
    EXPECT_FALSE(ticks[0].last_answer.has_value());
    const LoadCounts& counts = ticks[0].counts;
    EXPECT_EQ(counts.redirects, 4U);
    EXPECT_EQ(counts.iterations_cut_short, 5U);
    EXPECT_EQ(counts.steps_unrendered, 6U);
    EXPECT_EQ(counts.starts_failed, 7U);
    EXPECT_EQ(counts.users_stopped, 8U);
    EXPECT_EQ(counts.out_of_data, 9U);
}

// What a newer program counts is no fault of the file.
TEST(RunReaderOpen, LeavesOutCountsThatItDoesNotKnow) {
    const TempFolder folder;
    {
        RunFileWriter writer(folder.path() / "run.db");
        ASSERT_TRUE(writer.start(sample_info(), {}).ok());
        writer.on_snapshot(sample_tick(0));
        writer.finish(Clock::now());
    }
    sqlite3* file = nullptr;
    ASSERT_EQ(sqlite3_open((folder.path() / "run.db").c_str(), &file), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(file, "INSERT INTO count_tick VALUES(0, 'goats', 3)", nullptr, nullptr,
                           nullptr),
              SQLITE_OK);
    sqlite3_close(file);
    const auto reader = RunReader::open(folder.path());
    ASSERT_TRUE(reader.ok()) << reader.error().to_string();
    std::vector<StoredTick> ticks;
    ASSERT_TRUE(reader->for_each_tick([&](const StoredTick& tick) { ticks.push_back(tick); }).ok());
    ASSERT_EQ(ticks.size(), 1U);
    EXPECT_EQ(ticks[0].counts, sample_tick(0)->delta_counts);
}

TEST(RunReaderOpen, RefusesAnExecutorOfAKindThatContradictsIt) {
    const TempFolder folder;
    {
        RunFileWriter writer(folder.path() / "run.db");
        ASSERT_TRUE(writer.start(sample_info(), {}).ok());
        writer.finish(Clock::now());
    }
    const auto why = [&](const char* sql) {
        sqlite3* file = nullptr;
        EXPECT_EQ(sqlite3_open((folder.path() / "run.db").c_str(), &file), SQLITE_OK);
        EXPECT_EQ(sqlite3_exec(file, sql, nullptr, nullptr, nullptr), SQLITE_OK);
        sqlite3_close(file);
        const auto reader = RunReader::open(folder.path());
        return reader ? std::string() : reader.error().what;
    };
    EXPECT_THAT(why("UPDATE executor SET open = 0 WHERE id = 0"),
                testing::HasSubstr("executor: row 0: its kind contradicts whether it is open"));
    EXPECT_THAT(why("UPDATE executor SET open = 1, kind = 'ramping-something' WHERE id = 0"),
                testing::HasSubstr("executor"));
    EXPECT_EQ(why("UPDATE executor SET kind = 'externally-controlled' WHERE id = 0"), "");
}

TEST(RunReaderOpen, ReportsDamagedHistogramsInsteadOfNumbers) {
    const TempFolder folder;
    {
        RunFileWriter writer(folder.path() / "run.db");
        ASSERT_TRUE(writer.start(sample_info(), {}).ok());
        writer.on_snapshot(sample_tick(0));
        writer.finish(Clock::now());
    }
    sqlite3* file = nullptr;
    ASSERT_EQ(sqlite3_open((folder.path() / "run.db").c_str(), &file), SQLITE_OK);
    sqlite3_exec(file, "UPDATE endpoint_tick SET response=x'0105'", nullptr, nullptr, nullptr);
    sqlite3_close(file);
    const auto reader = RunReader::open(folder.path());
    ASSERT_TRUE(reader.ok());
    const auto status = reader->for_each_tick([](const StoredTick&) {});
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().what,
              "is damaged: endpoint_tick: tick 0 holds an endpoint's counts that cannot be read");
}

}  // namespace
}  // namespace plimsoll
