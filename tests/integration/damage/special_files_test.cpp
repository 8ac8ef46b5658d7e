// What is no plain file, wherever a scenario may name one: a fault at once.
#include "base/user_file.hpp"
#include "bounds.hpp"
#include "scenario/data.hpp"
#include "scenario/parse.hpp"
#include "store/run_reader.hpp"
#include "tests/support/temp_folder.hpp"

#include <array>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using test::TempFolder;

struct Special {
    std::string path;
    const char* said;
};

class SpecialFiles : public ::testing::Test {
protected:
    void SetUp() override {
        const std::string pipe = (folder_.path() / "pipe").string();
        ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
        const std::string socket = (folder_.path() / "socket").string();
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        ASSERT_LT(socket.size(), sizeof address.sun_path);
        socket.copy(address.sun_path, socket.size());
        socket_.set(::socket(AF_UNIX, SOCK_STREAM, 0));
        ASSERT_EQ(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        std::filesystem::create_directory(folder_.path() / "folder");
        special_ = {{"/dev/zero", "is a device, not a file"},
                    {"/dev/null", "is a device, not a file"},
                    {pipe, "is a pipe, not a file"},
                    {socket, "is a socket, not a file"},
                    {(folder_.path() / "folder").string(), "is a folder, not a file"},
                    {"/proc/self/mem", "is made by the kernel, not a file"},
                    {"/proc/kmsg", "is made by the kernel, not a file"},
                    {"/proc/self/environ", "is made by the kernel, not a file"}};
    }
    TempFolder folder_;
    Fd socket_;
    std::vector<Special> special_;
};

TEST_F(SpecialFiles, AreRefusedWhereverAScenarioNamesAFile) {
    constexpr const char* kLoad = "load: [{executor: constant-vus, vus: 1, duration: 1s}]\n";
    constexpr std::array<const char*, 9> kScenarios{
        "target: http://127.0.0.1:1\ninclude: FILE\nusers: {u: {flow: [{get: /}]}}\n",
        "target: http://127.0.0.1:1\nusers: {u: {flow: [{get: /, headers: {X: "
        "\"${secret.file:FILE}\"}}]}}\n",
        "target: http://127.0.0.1:1\nusers: {u: {flow: [{get: /, headers: {X: "
        "\"${trim(secret.file('FILE'))}\"}}]}}\n",
        "target: http://127.0.0.1:1\ndata: {d: {csv: FILE}}\nusers: {u: {flow: [{get: /}]}}\n",
        "target: http://127.0.0.1:1\ndata: {d: {json: FILE}}\nusers: {u: {flow: [{get: /}]}}\n",
        "target: http://127.0.0.1:1\nusers: {u: {flow: [{post: /, body: {file: FILE}}]}}\n",
        "target: http://127.0.0.1:1\nusers: {u: {flow: [{post: /, multipart: {a: {file: "
        "FILE}}}]}}\n",
        "target: https://127.0.0.1:1\nhttp: {tls: {ca: FILE}}\nusers: {u: {flow: [{get: /}]}}\n",
        "target: https://127.0.0.1:1\nhttp: {tls: {cert: FILE, key: FILE}}\nusers: {u: {flow: "
        "[{get: /}]}}\n",
    };
    for (const Special& special : special_) {
        for (std::string text : kScenarios) {
            for (std::size_t at; (at = text.find("FILE")) != std::string::npos;) {
                text.replace(at, 4, special.path);
            }
            const ParseOutcome outcome = parse_scenario(text + kLoad, {});
            test::count_tried();
            ASSERT_FALSE(outcome.scenario.has_value()) << text;
            EXPECT_NE(outcome.faults.front().what.find(special.said), std::string::npos)
                << text << outcome.faults.front().what;
        }
    }
}

TEST_F(SpecialFiles, AreNoRunFiles) {
    for (const Special& special : special_) {
        if (std::filesystem::is_directory(special.path)) {
            continue;  // may hold a run.db
        }
        const auto reader = RunReader::open(special.path);
        test::count_tried();
        ASSERT_FALSE(reader.ok()) << special.path;
        EXPECT_EQ(reader.error().what, special.said) << special.path;
    }
}

TEST_F(SpecialFiles, APipeIsTakenWhereAskedForAndReadToItsEndWithinALimit) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe(ends.data()), 0);
    const Fd out(ends[0]);
    Fd in(ends[1]);
    ASSERT_EQ(::write(in.get(), "hello", 5), 5);
    in.reset();
    const std::string path = fmt::format("/dev/fd/{}", out.get());
    EXPECT_EQ(open_user_file(path).error().what, "is a pipe, not a file");
    EXPECT_EQ(read_user_file(path, 100, Pipes::Taken).value(), "hello");
    EXPECT_EQ(read_user_file("/dev/zero", 100, Pipes::Taken).error().what,
              "is a device, not a file");
    const auto file = folder_.write("long", std::string(200'000, 'x'));
    EXPECT_EQ(read_user_file(file, 199'999).error().what, "is longer than 199999 bytes");
    EXPECT_EQ(read_user_file(file, 200'000).value().size(), 200'000U);
}

TEST_F(SpecialFiles, ADataFileThatIsShortenedLaterStaysWhole) {
    std::string rows = "name\n";
    for (int i = 0; i < 20'000; ++i) {
        rows += fmt::format("user-{:05}\n", i);
    }
    const auto file = folder_.write("d.csv", rows);
    const auto source = DataSource::open_csv("d", file, DataPick::Sequential);
    ASSERT_TRUE(source.ok());
    std::filesystem::resize_file(file, 10);
    std::string last;
    (*source)->append(19'999, 0, last);
    EXPECT_EQ(last, "user-19999");
}

}  // namespace
}  // namespace plimsoll
