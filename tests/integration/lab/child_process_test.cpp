#include "lab/child_process.hpp"

#include "processes.hpp"

#include <chrono>
#include <fcntl.h>
#include <fstream>
#include <pwd.h>
#include <sstream>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
using test::eventually;
using test::is_gone;
using test::kPatience;
using ::testing::HasSubstr;

ChildOptions shell(std::string script) {
    ChildOptions options;
    options.argv = {"sh", "-c", std::move(script)};
    options.out = ChildOutput::pipe();
    return options;
}

std::string line_of(const ChildOptions& options) {
    auto child = ChildProcess::spawn(options);
    if (!child) {
        return child.error().to_string();
    }
    const auto line = child->read_line(Clock::now() + kPatience);
    return line ? *line : line.error().to_string();
}

TEST(ChildProcess, ReportsHowItEnded) {
    auto failing = ChildProcess::spawn(shell("exit 3"));
    ASSERT_TRUE(failing.ok());
    const auto code = failing->wait(Clock::now() + kPatience);
    ASSERT_TRUE(code.has_value());
    EXPECT_EQ(code->to_string(), "exited with code 3");
    EXPECT_FALSE(failing->running());
    auto killed = ChildProcess::spawn(shell("kill -9 $$"));
    ASSERT_TRUE(killed.ok());
    EXPECT_EQ(killed->wait(Clock::now() + kPatience)->to_string(),
              "was killed by signal 9 (Killed)");
}

TEST(ChildProcess, SaysWhyItCouldNotStart) {
    ChildOptions options;
    EXPECT_EQ(line_of(options), "no program to start was given");
    options.argv = {"no-such-program-anywhere"};
    EXPECT_EQ(line_of(options), "no-such-program-anywhere: there is no such program in PATH");
    options.argv = {"/dev/null"};
    EXPECT_EQ(line_of(options), "/dev/null: could not be started: Permission denied");
    options.argv = {"true"};
    options.user = "no-such-user-anywhere";
    EXPECT_EQ(line_of(options), "no-such-user-anywhere: there is no such user");
    options.user.clear();
    options.working_directory = "/no/such/folder";
    EXPECT_EQ(line_of(options),
              "/no/such/folder: could not enter the working folder: No such file or directory");
}

TEST(ChildProcess, PassesEnvironmentAndFolder) {
    ::setenv("LAB_TEST_KEPT", "kept", 1);
    ::setenv("LAB_TEST_CHANGED", "old", 1);
    auto options = shell("echo $LAB_TEST_KEPT $LAB_TEST_CHANGED $LAB_TEST_ADDED $PWD");
    options.environment = {{"LAB_TEST_CHANGED", "new"}, {"LAB_TEST_ADDED", "added"}};
    options.working_directory = "/usr";
    EXPECT_EQ(line_of(options), "kept new added /usr");
}

TEST(ChildProcess, WritesToAFile) {
    const test::SharedFolder folder;
    const std::string path = folder.path() + "/out";
    auto options = shell("echo out; echo err >&2");
    options.out = options.err = ChildOutput::file(path);
    auto child = ChildProcess::spawn(options);
    ASSERT_TRUE(child.ok());
    ASSERT_TRUE(child->wait(Clock::now() + kPatience).has_value());
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    EXPECT_EQ(text.str(), "out\nerr\n");
}

TEST(ChildProcess, ReadsLinesUntilTheEnd) {
    auto child = ChildProcess::spawn(shell("printf 'one\\ntwo\\nrest'"));
    ASSERT_TRUE(child.ok());
    EXPECT_EQ(*child->read_line(Clock::now() + kPatience), "one");
    EXPECT_EQ(*child->read_line(Clock::now() + kPatience), "two");
    EXPECT_EQ(child->read_line(Clock::now() + kPatience).error().what,
              "the child closed its output");
}

TEST(ChildProcess, GivesUpReadingAtTheDeadline) {
    auto child = ChildProcess::spawn(shell("exec sleep 600"));
    ASSERT_TRUE(child.ok());
    EXPECT_EQ(child->read_line(Clock::now() + 20ms).error().what,
              "the child wrote no line in time");
    EXPECT_FALSE(child->wait(Clock::now() + 20ms).has_value());
    EXPECT_TRUE(child->running());
}

TEST(ChildProcess, InheritsNoDescriptorsAndNoSignalHandling) {
    const int not_marked = ::socket(AF_INET, SOCK_STREAM, 0);
    auto blocked = ::signal(SIGPIPE, SIG_IGN);
    // The shell's `ls` opens the folder itself as descriptor 3.
    EXPECT_EQ(line_of(shell("ls /proc/self/fd | tr '\\n' ' '; grep SigIgn /proc/self/status")),
              "0 1 2 3 SigIgn:\t0000000000000000");
    ::signal(SIGPIPE, blocked);
    ::close(not_marked);
}

TEST(ChildProcess, TerminateKillsWhatIgnoresTheSignal) {
    auto child =
        ChildProcess::spawn(shell("trap '' TERM; echo ready; while :; do sleep 0.01; done"));
    ASSERT_TRUE(child.ok());
    ASSERT_EQ(*child->read_line(Clock::now() + kPatience), "ready");
    EXPECT_EQ(child->terminate(SIGTERM, 50ms).signal, SIGKILL);
    auto polite = ChildProcess::spawn(shell("echo ready; exec sleep 600"));
    ASSERT_EQ(*polite->read_line(Clock::now() + kPatience), "ready");
    EXPECT_EQ(polite->terminate(SIGTERM, kPatience).signal, SIGTERM);
}

TEST(ChildProcess, DestructorKillsAndReaps) {
    pid_t pid = 0;
    {
        auto child = ChildProcess::spawn(shell("exec sleep 600"));
        ASSERT_TRUE(child.ok());
        pid = child->pid();
        EXPECT_FALSE(is_gone(pid));
    }
    EXPECT_EQ(::kill(pid, 0), -1);  // not even waiting to be reaped
}

TEST(ChildProcess, TakesItsOwnChildrenWithItWhenKilled) {
    pid_t grandchild = 0;
    {
        auto child = ChildProcess::spawn(shell("sleep 600 & echo $!; wait"));
        ASSERT_TRUE(child.ok());
        grandchild = std::stoi(*child->read_line(Clock::now() + kPatience));
        EXPECT_FALSE(is_gone(grandchild));
    }
    EXPECT_TRUE(eventually([&] { return is_gone(grandchild); }));
}

TEST(ChildProcess, TakesItsOwnChildrenWithItAlsoWhenItEndsByItself) {
    auto child = ChildProcess::spawn(shell("sleep 600 & echo $!; wait"));
    ASSERT_TRUE(child.ok());
    const pid_t grandchild = std::stoi(*child->read_line(Clock::now() + kPatience));
    EXPECT_FALSE(is_gone(grandchild));
    EXPECT_EQ(child->terminate(SIGTERM, kPatience).signal, SIGTERM);
    EXPECT_TRUE(eventually([&] { return is_gone(grandchild); }));
}

TEST(ChildProcess, HasAProcessGroupOfItsOwn) {
    auto child = ChildProcess::spawn(shell("exec sleep 600"));
    ASSERT_TRUE(child.ok());
    EXPECT_EQ(::getpgid(child->pid()), child->pid());
}

TEST(ChildProcess, DiesWithTheThreadThatSpawnedIt) {
    Result<ChildProcess> child = Error{};
    std::thread([&] { child = ChildProcess::spawn(shell("exec sleep 600")); }).join();
    ASSERT_TRUE(child.ok());
    const auto status = child->wait(Clock::now() + kPatience);
    ASSERT_TRUE(status.has_value());
    EXPECT_EQ(status->signal, SIGKILL);
}

TEST(ChildProcess, LeavesNoOrphanWhenTheOwnerIsKilled) {
    ChildOptions options;
    options.argv = {LAB_TEST_OWNER, "child"};
    options.out = ChildOutput::pipe();
    auto owner = ChildProcess::spawn(options);
    ASSERT_TRUE(owner.ok());
    const auto line = owner->read_line(Clock::now() + kPatience);
    ASSERT_TRUE(line.ok());
    const pid_t pid = std::stoi(*line);
    ASSERT_FALSE(is_gone(pid));
    owner->terminate(SIGKILL, 0s);
    EXPECT_TRUE(eventually([&] { return is_gone(pid); }));
}

TEST(ChildProcess, BecomesAnotherUserOnlyAsRoot) {
    const passwd* other = ::getpwnam(::geteuid() == 0 ? "nobody" : "root");
    ASSERT_NE(other, nullptr);
    auto options = shell("id -u; id -G");
    options.user = other->pw_name;
    if (::geteuid() != 0) {
        EXPECT_THAT(line_of(options), HasSubstr("could not become the user root"));
        return;
    }
    auto child = ChildProcess::spawn(options);
    ASSERT_TRUE(child.ok()) << child.error().to_string();
    EXPECT_EQ(*child->read_line(Clock::now() + kPatience), std::to_string(other->pw_uid));
    EXPECT_EQ(*child->read_line(Clock::now() + kPatience), std::to_string(other->pw_gid));
    // The change of user must not have cleared the death signal: spawn from a thread that ends.
    auto sleeper = shell("exec sleep 600");
    sleeper.user = other->pw_name;
    Result<ChildProcess> dropped = Error{};
    std::thread([&] { dropped = ChildProcess::spawn(sleeper); }).join();
    ASSERT_TRUE(dropped.ok());
    ASSERT_TRUE(dropped->wait(Clock::now() + kPatience).has_value());
}

}  // namespace
}  // namespace plimsoll
