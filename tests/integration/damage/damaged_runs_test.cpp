// Damages run files in fixed ways, byte by byte and through SQL, and reads, analyses, renders and
// merges what is left: each ends with a report or with an error that names the file, never with a
// crash.
#include "analysis/analyse.hpp"
#include "bounds.hpp"
#include "report/report.hpp"
#include "store/merge_runs.hpp"
#include "store/run_reader.hpp"
#include "store/run_writer.hpp"
#include "tests/support/synthetic_run.hpp"
#include "tests/support/temp_folder.hpp"
#include "tests/unit/store/sample_run.hpp"

#include <fstream>
#include <memory>
#include <sstream>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

namespace plimsoll {
namespace {

namespace fs = std::filesystem;
using test::Bounds;
using test::TempFolder;

class Sql {
public:
    explicit Sql(const fs::path& file) { sqlite3_open(file.c_str(), &handle_); }
    ~Sql() { sqlite3_close(handle_); }
    Sql(const Sql&) = delete;
    Sql& operator=(const Sql&) = delete;
    /// A change that the file does not take (a duplicate key) leaves it as it was.
    void run(const std::string& sql) const {
        sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
    }
    [[nodiscard]] std::vector<std::string> column(const std::string& sql, int index) const {
        std::vector<std::string> values;
        sqlite3_stmt* statement = nullptr;
        sqlite3_prepare_v2(handle_, sql.c_str(), -1, &statement, nullptr);
        while (sqlite3_step(statement) == SQLITE_ROW) {
            const auto* const text = sqlite3_column_text(statement, index);
            values.emplace_back(reinterpret_cast<const char*>(text));  // NOLINT: bytes to chars
        }
        sqlite3_finalize(statement);
        return values;
    }

private:
    sqlite3* handle_ = nullptr;
};

std::string bytes_of(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    std::ostringstream all;
    all << in.rdbuf();
    return all.str();
}

void put(const fs::path& file, const std::string& bytes) {
    std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
}

/// A run with a row in every table; `segment` of two.
std::string whole_run(std::uint32_t segment) {
    const TempFolder folder;
    const fs::path file = folder.path() / "run.db";
    RunFileWriter writer(file);
    RunInfo info = sample_info();
    info.segment = {segment, 2};
    EXPECT_TRUE(writer.start(info, sample_probes()).ok());
    for (std::uint64_t k = 0; k < 40; ++k) {
        const auto at = kRunStart + k * std::chrono::milliseconds(500);
        const auto value = static_cast<double>(k);
        writer.on_reading(0,
                          {at,
                           std::chrono::microseconds(800),
                           {{0, {"shop", "active"}, value}, {1, {"53300"}, value}}},
                          {true, k + 1, k + 1, 0, std::chrono::microseconds(700)});
        writer.on_reading(1, {at, {}, {{0, {}, 1}}}, {});
        if (k == 20) {
            writer.on_gap(1, {"process:lab", at, at + std::chrono::seconds(2), "gone", false}, {});
            writer.on_event({at, EventKind::StageChanged, "ramp: stage 2"});
        }
        writer.on_snapshot(sample_tick(k));
    }
    ErrorSample error;
    error.at = kRunStart + std::chrono::seconds(3);
    error.endpoint = 1;
    error.status = 503;
    error.outcome = Outcome::Http5xx;
    error.fingerprint = 77;
    error.text = "no connection free";
    error.count = 4;
    writer.write_errors({{error}});
    writer.write_facts({{"generator.cpu_seconds", "1.5"}, {"generator.max_rss_bytes", "1000"}});
    writer.finish(kRunStart + std::chrono::seconds(20));
    EXPECT_FALSE(writer.last_error().has_value());
    return bytes_of(file);
}

/// A run of ten seconds that breaks, for the diagnosis to have something to do.
std::string broken_run() {
    const TempFolder folder;
    synthetic::Options options;
    options.stages = {{10, 500}};
    EXPECT_TRUE(synthetic::write_run(folder.path() / "run.db", options).ok());
    return bytes_of(folder.path() / "run.db");
}

const std::vector<std::string> kValues{"-1",
                                       "0",
                                       "1",
                                       "2147483647",
                                       "2147483648",
                                       "4294967295",
                                       "9223372036854775807",
                                       "(-9223372036854775807 - 1)",
                                       "1e15",
                                       "1e308",
                                       "9e999",
                                       "-9e999",
                                       "0.5",
                                       "NULL",
                                       "''",
                                       "'x'",
                                       "'-7'",
                                       "x''",
                                       "x'ff'",
                                       "zeroblob(5000)",
                                       "cast(x'ff00fe41' AS TEXT)",
                                       "'ok'",
                                       "1000000",
                                       "31622400000000000",
                                       "x'01808080808080808080'",
                                       "replace(hex(zeroblob(2000)), '00', 'long')"};

/// One change through SQL. What it was, for the message.
std::string damage_rows(const fs::path& file, Random& random) {
    const Sql sql(file);
    const auto pick = [&](const std::vector<std::string>& from) {
        return from.empty() ? std::string("run") : from[random.between(0, from.size() - 1)];
    };
    const std::string table =
        pick(sql.column("SELECT name FROM sqlite_master WHERE type='table'", 0));
    const std::string column =
        fmt::format("\"{}\"", pick(sql.column(fmt::format("PRAGMA table_info({})", table), 1)));
    const std::string value = pick(kValues);
    const std::string some =
        random.between(0, 1) == 0
            ? std::string()
            : fmt::format(" WHERE ({}) IN (SELECT {} FROM {} LIMIT 1 OFFSET {})", column, column,
                          table, random.between(0, 20));
    std::string change;
    switch (random.between(0, 9)) {
        case 0:
            change = fmt::format("DELETE FROM {}{}", table, some);
            break;
        case 1:
            change = fmt::format("DROP TABLE {}", table);
            break;
        case 2:
            change = fmt::format("ALTER TABLE {} RENAME COLUMN {} TO other", table, column);
            break;
        case 3:
            change = fmt::format("INSERT INTO {0} SELECT * FROM {0}", table);
            break;
        case 4:
            change =
                fmt::format("UPDATE {} SET {} = {} + {}{}", table, column, column, value, some);
            break;
        case 5:
            change = fmt::format(
                "DROP TABLE {0}; CREATE VIEW {0} AS WITH RECURSIVE n(x) AS (SELECT 0 UNION ALL "
                "SELECT x FROM n) SELECT x AS {1} FROM n",
                table, column);
            break;
        default:
            change = fmt::format("UPDATE OR REPLACE {} SET {} = {}{}", table, column, value, some);
    }
    sql.run(change);
    return change;
}

std::string damage_run(const fs::path& file, std::string bytes, Random& random) {
    const std::uint64_t how = random.between(0, 9);
    if (how == 0) {
        bytes.resize(random.between(0, bytes.size()));
        put(file, bytes);
        return fmt::format("cut to {} bytes", bytes.size());
    }
    if (how == 1) {
        constexpr std::size_t kPage = 4096;
        const std::size_t page = random.between(0, bytes.size() / kPage - 1) * kPage;
        const std::size_t from = random.between(0, bytes.size() / kPage - 1) * kPage;
        bytes.replace(page, kPage, bytes.substr(from, kPage));
        put(file, bytes);
        return fmt::format("page at {} over that at {}", from, page);
    }
    if (how == 2) {
        for (std::uint64_t flips = random.between(1, 30); flips > 0; --flips) {
            bytes[random.between(0, bytes.size() - 1)] = static_cast<char>(random.between(0, 255));
        }
        put(file, bytes);
        return "bytes changed";
    }
    put(file, bytes);
    std::string done;
    for (std::uint64_t changes = random.between(1, 2); changes > 0; --changes) {
        done += damage_rows(file, random) + "; ";
    }
    return done;
}

/// True where the run could be read to the end.
bool use_run(const fs::path& folder, const std::string& what) {
    const auto reader = RunReader::open(folder);
    if (!reader) {
        EXPECT_NE(reader.error().to_string().find(folder.string()), std::string::npos)
            << what << "\n"
            << reader.error().to_string();
        return false;
    }
    const auto analysis = analyse(*reader);
    if (!analysis) {
        EXPECT_NE(analysis.error().to_string().find(folder.string()), std::string::npos)
            << what << "\n"
            << analysis.error().to_string();
        return false;
    }
    const Status written = write_reports(folder, *reader, *analysis);
    EXPECT_TRUE(written.ok()) << what << "\n" << written.error().to_string();
    return written.ok();
}

TEST(DamagedRun, EndsWithAReportOrAnErrorThatNamesTheFile) {
    const std::vector<std::string> seeds{whole_run(1), broken_run()};
    const std::string other_segment = whole_run(2);
    Random random(7, 8, 9);
    Bounds bounds;
    int whole = 0;
    int merged = 0;
    const int all = test::rounds(60);
    for (int round = 0; round < all && !testing::Test::HasFailure(); ++round) {
        const TempFolder folder;
        const fs::path one = folder.path() / "one";
        const fs::path two = folder.path() / "two";
        fs::create_directories(one);
        fs::create_directories(two);
        const bool segment = round % 2 == 0;
        const std::string what = fmt::format(
            "round {}: {}", round, damage_run(one / "run.db", seeds[segment ? 0U : 1U], random));
        SCOPED_TRACE(what);
        bounds.begin();
        whole += use_run(one, what) ? 1 : 0;
        if (segment) {
            put(two / "run.db", other_segment);
            const std::vector<fs::path> parts{one, two};
            const auto into = folder.path() / "merged" / "run.db";
            if (merge_runs(parts, into, {true}).ok()) {
                ++merged;
                EXPECT_TRUE(use_run(folder.path() / "merged", what)) << what;
            } else {
                EXPECT_FALSE(fs::exists(into)) << what;
            }
        }
        bounds.end(what);
    }
    // Neither is everything refused, nor does everything pass.
    EXPECT_GT(whole, all / 20);
    EXPECT_LT(whole, all / 2);
    EXPECT_GT(merged, 0);
}

TEST(DamagedRun, SaysWhatIsWrongAndWhere) {
    const TempFolder folder;
    const std::string seed = whole_run(1);
    const auto refused = [&](const std::string& change) {
        put(folder.path() / "run.db", seed);
        Sql(folder.path() / "run.db").run(change);
        const auto reader = RunReader::open(folder.path());
        EXPECT_FALSE(reader.ok()) << change;
        return reader ? std::string() : reader.error().what;
    };
    EXPECT_EQ(refused("UPDATE reading SET probe = -1 WHERE id = (SELECT min(id) FROM reading)"),
              "is damaged: reading: row 1: probe is -1, must be from 0 to 1");
    EXPECT_EQ(refused("UPDATE metric SET probe = 1000000 WHERE id = 3"),
              "is damaged: metric: row 3: probe is 1000000, must be from 0 to 1");
    EXPECT_EQ(refused("DELETE FROM endpoint"),
              "is damaged: endpoint_tick: row 1: endpoint is 0, must be a row of endpoint, which "
              "has none");
    EXPECT_EQ(refused("UPDATE tick SET to_ns = from_ns - 1 WHERE tick = 2"),
              "is damaged: tick: row 3: to_ns is 999999999, must be from 1000000000 to "
              "31622400000000000");
    EXPECT_EQ(refused("UPDATE run SET value = 0 WHERE key = 'tick_ns'"),
              "is damaged: run: tick_ns is 0, must be from 1000000 to 3600000000000");
    EXPECT_EQ(refused("UPDATE error SET outcome = 'fine'"),
              "is damaged: error: row 1: outcome is \"fine\", must be a word that this version "
              "knows");
    EXPECT_EQ(refused("DROP TABLE gap"), "is damaged: the table gap is not there");
    EXPECT_EQ(refused("DROP TABLE gap; CREATE VIEW gap AS SELECT 1"),
              "is damaged: the table gap is not there");
    EXPECT_EQ(refused("UPDATE tick SET in_flight_mean = 9e999 WHERE tick = 0"),
              "is damaged: tick: row 1: in_flight_mean is Inf, must be a number up to 1e15");
    EXPECT_EQ(refused("DELETE FROM series"),
              "is damaged: point: row 1: is of no reading, or of no series of that reading's "
              "probe");
}

TEST(DamagedRun, TextThatIsNoUtf8IsShownWithReplacements) {
    const TempFolder folder;
    put(folder.path() / "run.db", whole_run(1));
    Sql(folder.path() / "run.db").run("UPDATE event SET text = cast(x'41ff42' AS TEXT)");
    const auto reader = RunReader::open(folder.path());
    ASSERT_TRUE(reader.ok()) << reader.error().to_string();
    EXPECT_EQ(reader->events().value().at(0).text,
              "A\xEF\xBF\xBD"
              "B");
}

}  // namespace
}  // namespace plimsoll
