#include "exporters/json/json_exporter.hpp"

#include "tests/support/temp_folder.hpp"

#include <algorithm>
#include <csignal>
#include <fcntl.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include <gmock/gmock.h>

namespace plimsoll {
namespace {

using test::read_file;
using test::TempFolder;

SnapshotPtr tick() {
    return std::make_shared<Snapshot>();
}

TEST(JsonExporter, HasEachTickInTheFileAsSoonAsItCame) {
    const TempFolder folder;
    const auto path = folder.write("run.ndjson", "what an earlier run left\n");
    const auto exporter = make_json_exporter(path);
    ASSERT_TRUE(exporter->start({}, {}));
    const std::string begin = read_file(path);
    EXPECT_THAT(begin, testing::StartsWith(R"({"type":"Metric",)"));
    exporter->on_snapshot(tick());
    const std::string one = read_file(path);
    EXPECT_THAT(one, testing::StartsWith(begin));
    EXPECT_EQ(
        std::count(one.begin(), one.end(), '\n') - std::count(begin.begin(), begin.end(), '\n'),
        2);  // vus and vus_max
    exporter->on_snapshot(tick());
    EXPECT_GT(read_file(path).size(), one.size());
    exporter->finish(Clock::now());
}

TEST(JsonExporter, SaysWhyItsFileCannotBeMade) {
    const TempFolder folder;
    const auto path = folder.path() / "missing" / "run.ndjson";
    const Status started = make_json_exporter(path)->start({}, {});
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().what, "cannot be written: No such file or directory");
    EXPECT_EQ(started.error().where, path.string());
}

TEST(JsonExporter, DoesNotWaitForAReaderOfItsPipe) {
    const TempFolder folder;
    const auto path = folder.path() / "pipe";
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
    const Status started = make_json_exporter(path)->start({}, {});
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().what, "cannot be written: it is a pipe that nobody reads");
    EXPECT_EQ(started.error().where, path.string());
}

TEST(JsonExporter, WaitsForASlowReaderOfItsPipe) {
    const TempFolder folder;
    const auto path = folder.path() / "pipe";
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
    const int reader = ::open(path.c_str(), O_RDONLY | O_NONBLOCK);
    const auto exporter = make_json_exporter(path);
    ASSERT_TRUE(exporter->start({}, {}));
    ::fcntl(reader, F_SETFL, 0);
    constexpr int kTicks = 1000;  // far more than a pipe holds
    std::size_t lines = 0;
    std::thread reading([&] {
        char block[4096];
        for (ssize_t n = 0; (n = ::read(reader, block, sizeof block)) > 0;) {
            lines += static_cast<std::size_t>(std::count(block, block + n, '\n'));
        }
    });
    for (int i = 0; i < kTicks; ++i) {
        exporter->on_snapshot(tick());
    }
    exporter->finish(Clock::now());
    reading.join();
    ::close(reader);
    EXPECT_GE(lines, 2U * kTicks);  // vus and vus_max
}

TEST(JsonExporter, DoesNotStartOnAFullDisk) {
    const Status started = make_json_exporter("/dev/full")->start({}, {});
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().what, "cannot be written: No space left on device");
}

TEST(JsonExporter, EndsItsFileAtTheFirstWriteThatFails) {
    std::signal(SIGPIPE, SIG_IGN);
    const TempFolder folder;
    const auto path = folder.path() / "pipe";
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
    const int reader = ::open(path.c_str(), O_RDONLY | O_NONBLOCK);
    const auto exporter = make_json_exporter(path);
    ASSERT_TRUE(exporter->start({}, {}));
    ::close(reader);
    exporter->on_snapshot(tick());
    const int late = ::open(path.c_str(), O_RDONLY | O_NONBLOCK);
    exporter->on_snapshot(tick());
    char byte = 0;
    EXPECT_EQ(::read(late, &byte, 1), 0);  // nobody writes to it any more
    ::close(late);
    exporter->finish(Clock::now());
}

}  // namespace
}  // namespace plimsoll
