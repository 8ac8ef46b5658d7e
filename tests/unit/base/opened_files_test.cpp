#include "base/opened_files.hpp"

#include "base/user_file.hpp"

#include <filesystem>
#include <fstream>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

class OpenedFilesTest : public ::testing::Test {
protected:
    OpenedFilesTest() {
        std::filesystem::create_directories(folder_);
        for (const char* name : {"a", "b"}) {
            std::ofstream(folder_ / name) << name;
        }
    }
    ~OpenedFilesTest() override { std::filesystem::remove_all(folder_); }
    std::string path(const char* name) const { return (folder_ / name).string(); }

    std::filesystem::path folder_ =
        std::filesystem::temp_directory_path() / ("plimsoll-opened-" + std::to_string(::getpid()));
};

TEST_F(OpenedFilesTest, HoldEachFileOnceInOrder) {
    ASSERT_TRUE(read_user_file(path("a"), 10).ok());
    const OpenedFiles opened;
    ASSERT_TRUE(read_user_file(path("b"), 10).ok());
    ASSERT_TRUE(open_user_file(path("a")).ok());
    ASSERT_TRUE(read_user_file(path("b"), 10).ok());
    ASSERT_EQ(opened.files().size(), 2);
    EXPECT_EQ(opened.files()[0].path, path("b"));
    EXPECT_EQ(opened.files()[1].path, path("a"));
    EXPECT_FALSE(opened.files()[0].secret);
}

TEST_F(OpenedFilesTest, LeaveOutWhatCannotBeOpenedAndOtherThreads) {
    const OpenedFiles opened;
    EXPECT_FALSE(open_user_file(path("missing")).ok());
    std::thread([&] { EXPECT_TRUE(open_user_file(path("a")).ok()); }).join();
    EXPECT_TRUE(opened.files().empty());
}

TEST_F(OpenedFilesTest, RememberThatAFileIsASecret) {
    const OpenedFiles opened;
    ASSERT_TRUE(read_user_file(path("a"), 10).ok());
    OpenedFiles::note(path("a"), true);
    ASSERT_TRUE(read_user_file(path("a"), 10).ok());
    ASSERT_EQ(opened.files().size(), 1);
    EXPECT_TRUE(opened.files()[0].secret);
}

TEST_F(OpenedFilesTest, StopListeningAtTheirEnd) {
    { const OpenedFiles opened; }
    OpenedFiles::note(path("a"));
    const OpenedFiles next;
    EXPECT_TRUE(next.files().empty());
}

}  // namespace
}  // namespace plimsoll
