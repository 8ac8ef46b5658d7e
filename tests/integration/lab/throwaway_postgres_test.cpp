#include "lab/throwaway_postgres.hpp"

#include "lab/database_connection.hpp"
#include "processes.hpp"

#include <chrono>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
using test::eventually;
using test::is_gone;
using test::kPatience;
using test::SharedFolder;
using ::testing::HasSubstr;
using ::testing::Not;

Clock::time_point ten_seconds() {
    return Clock::now() + kPatience;
}

ThrowawayPostgresOptions in(const SharedFolder& folder) {
    ThrowawayPostgresOptions options;
    options.parent_folder = folder.path();
    return options;
}

std::string ask(const std::string& dsn, const std::string& sql) {
    DatabaseConnection connection;
    if (const auto status = connection.connect(dsn, ten_seconds()); !status) {
        return status.error().what;
    }
    const auto cell = connection.run(sql, {}, ten_seconds());
    return cell ? cell->value_or("NULL") : cell.error().what;
}

TEST(ThrowawayPostgres, IsReadyPrivateAndGoneAtTheEnd) {
    const SharedFolder folder;
    pid_t pid = 0;
    {
        auto options = in(folder);
        options.max_connections = 30;
        options.settings = {{"work_mem", "5MB"}};
        auto postgres = ThrowawayPostgres::start(options, ten_seconds());
        ASSERT_TRUE(postgres.ok()) << postgres.error().to_string();
        pid = postgres->postmaster_pid();
        EXPECT_TRUE(postgres->running());
        EXPECT_EQ(ask(postgres->superuser_dsn(), "SHOW max_connections"), "30");
        EXPECT_EQ(ask(postgres->superuser_dsn(), "SHOW superuser_reserved_connections"), "3");
        EXPECT_EQ(ask(postgres->superuser_dsn(), "SHOW work_mem"), "5MB");
        EXPECT_EQ(ask(postgres->superuser_dsn(), "SHOW listen_addresses"), "127.0.0.1");
        EXPECT_EQ(ask(postgres->superuser_dsn(), "SELECT current_database() || current_user"),
                  "labpostgres");
        struct stat info {};
        ASSERT_EQ(::stat(postgres->folder().c_str(), &info), 0);
        EXPECT_EQ(info.st_mode & 07777U, 0700U);
        struct stat process {};
        ASSERT_EQ(::stat(("/proc/" + std::to_string(pid)).c_str(), &process), 0);
        EXPECT_NE(process.st_uid, 0U);
    }
    EXPECT_TRUE(is_gone(pid));
    EXPECT_EQ(folder.entries(), 0);
}

TEST(ThrowawayPostgres, GivesTheAppRoleNoPrivileges) {
    const SharedFolder folder;
    const auto postgres = ThrowawayPostgres::start(in(folder), ten_seconds());
    ASSERT_TRUE(postgres.ok()) << postgres.error().to_string();
    EXPECT_EQ(ask(postgres->app_dsn(),
                  "SELECT rolsuper::text || rolcreatedb::text || "
                  "rolcreaterole::text || rolreplication::text "
                  "FROM pg_roles WHERE rolname = current_user"),
              "falsefalsefalsefalse");
    EXPECT_EQ(ask(postgres->app_dsn(), "SELECT has_schema_privilege('public', 'CREATE')::text"),
              "true");
}

TEST(ThrowawayPostgres, AsksForThePasswordOverTcp) {
    const SharedFolder folder;
    const auto postgres = ThrowawayPostgres::start(in(folder), ten_seconds());
    ASSERT_TRUE(postgres.ok()) << postgres.error().to_string();
    EXPECT_EQ(ask(postgres->app_tcp_dsn(), "SELECT current_user::text"), "app");
    EXPECT_EQ(ask(postgres->superuser_tcp_dsn(), "SELECT current_user::text"), "postgres");
    const std::string bare = "host=127.0.0.1 port=" + std::to_string(postgres->port()) +
                             " user=postgres dbname=lab password=wrong";
    EXPECT_THAT(ask(bare, "SELECT 1"), HasSubstr("password authentication failed"));
    for (const auto& dsn : {postgres->app_dsn(), postgres->superuser_dsn()}) {
        EXPECT_THAT(dsn, Not(HasSubstr("password")));
    }
}

TEST(ThrowawayPostgres, KeepsTheReservedSlotsFromTheApp) {
    const SharedFolder folder;
    auto options = in(folder);
    options.max_connections = 8;
    const auto postgres = ThrowawayPostgres::start(options, ten_seconds());
    ASSERT_TRUE(postgres.ok()) << postgres.error().to_string();
    std::vector<std::unique_ptr<DatabaseConnection>> held;
    for (int i = 0; i < 5; ++i) {
        held.push_back(std::make_unique<DatabaseConnection>());
        // A slot of an earlier connection may take a moment to be free again.
        ASSERT_TRUE(eventually(
            [&] { return held.back()->connect(postgres->app_dsn(), ten_seconds()).ok(); }));
    }
    EXPECT_THAT(ask(postgres->app_dsn(), "SELECT 1"),
                HasSubstr("FATAL: remaining connection slots are reserved"));
    EXPECT_EQ(ask(postgres->superuser_dsn(), "SELECT 1"), "1");
}

TEST(ThrowawayPostgres, StartsAgainAfterItWasKilled) {
    const SharedFolder folder;
    auto postgres = ThrowawayPostgres::start(in(folder), ten_seconds());
    ASSERT_TRUE(postgres.ok()) << postgres.error().to_string();
    const auto port = postgres->port();
    EXPECT_EQ(postgres->restart(ten_seconds()).error().what, "it is still running");
    postgres->kill();
    EXPECT_FALSE(postgres->running());
    const auto status = postgres->restart(ten_seconds());
    ASSERT_TRUE(status.ok()) << status.error().to_string();
    EXPECT_EQ(postgres->port(), port);
    EXPECT_EQ(ask(postgres->app_dsn(), "SELECT 1"), "1");
    postgres->stop();
    postgres->stop();
    EXPECT_EQ(folder.entries(), 0);
}

TEST(ThrowawayPostgres, SaysWhatIsMissing) {
    const SharedFolder folder;
    auto options = in(folder);
    options.bin_folder = "/no/such/folder";
    const auto postgres = ThrowawayPostgres::start(options, ten_seconds());
    ASSERT_FALSE(postgres.ok());
    EXPECT_EQ(postgres.error().to_string(),
              "/no/such/folder: there is no initdb and postgres in this folder");
    EXPECT_EQ(folder.entries(), 0);
}

TEST(ThrowawayPostgres, ShowsTheServersLogWhenItDoesNotStart) {
    const SharedFolder folder;
    auto options = in(folder);
    options.shared_preload_libraries = "no_such_library";
    const auto postgres = ThrowawayPostgres::start(options, ten_seconds());
    ASSERT_FALSE(postgres.ok());
    EXPECT_THAT(postgres.error().what, HasSubstr("exited with code 1 while starting"));
    EXPECT_THAT(postgres.error().what, HasSubstr("no_such_library"));
    EXPECT_EQ(folder.entries(), 0);
}

/// An owner with a running PostgreSQL, in a process of its own.
struct Owner {
    explicit Owner(const SharedFolder& folder) {
        ChildOptions options;
        options.argv = {LAB_TEST_OWNER, "postgres", folder.path()};
        options.out = ChildOutput::pipe();
        auto spawned = ChildProcess::spawn(options);
        EXPECT_TRUE(spawned.ok());
        process = std::move(spawned).value();
        const auto pid = process->read_line(ten_seconds());
        const auto path = process->read_line(ten_seconds());
        EXPECT_TRUE(pid.ok() && path.ok());
        if (pid && path) {
            postmaster = std::stoi(*pid);
            temp = *path;
        }
    }
    std::optional<ChildProcess> process;
    pid_t postmaster = -1;
    std::string temp;
};

TEST(ThrowawayPostgres, GoesDownByItselfWhenTheOwnerIsKilledAndTheNextStartCleansUp) {
    const SharedFolder folder;
    Owner owner(folder);
    ASSERT_GT(owner.postmaster, 0);
    EXPECT_EQ(sweep_stale_folders(folder.path()), 0);  // in use
    EXPECT_FALSE(is_gone(owner.postmaster));
    owner.process->terminate(SIGKILL, 0s);
    EXPECT_TRUE(eventually([&] { return is_gone(owner.postmaster); }));
    EXPECT_TRUE(fs::exists(owner.temp));
    auto next = ThrowawayPostgres::start(in(folder), ten_seconds());
    ASSERT_TRUE(next.ok()) << next.error().to_string();
    EXPECT_FALSE(fs::exists(owner.temp));
    EXPECT_EQ(folder.entries(), 1);
}

TEST(SweepStaleFolders, StopsAPostmasterThatStillRuns) {
    const SharedFolder folder;
    auto postgres = ThrowawayPostgres::start(in(folder), ten_seconds());
    ASSERT_TRUE(postgres.ok()) << postgres.error().to_string();
    // A lock file that nobody holds makes it look as if its owner were dead.
    const std::string lock = postgres->folder() + "/lock";
    ASSERT_TRUE(fs::remove(lock));
    std::ofstream(lock) << "";
    EXPECT_TRUE(postgres->running());
    EXPECT_EQ(sweep_stale_folders(folder.path()), 1);
    EXPECT_FALSE(postgres->running());
    EXPECT_EQ(folder.entries(), 0);
}

/// A folder as a dead owner leaves it, with `pid` in its postmaster.pid.
std::string make_stale(const SharedFolder& folder, const std::string& name, pid_t pid) {
    const std::string path = folder.path() + "/" + name;
    fs::create_directories(path + "/data");
    std::ofstream(path + "/lock") << "";
    std::ofstream(path + "/data/postmaster.pid") << pid << "\n" << path << "/data\n";
    return path;
}

TEST(SweepStaleFolders, LeavesAnUnrelatedProcessAlone) {
    const SharedFolder folder;
    ChildOptions options;
    options.argv = {"sleep", "600"};
    auto bystander = ChildProcess::spawn(options);
    ASSERT_TRUE(bystander.ok());
    const std::string stale = make_stale(folder, "plimsoll-abcdef", bystander->pid());
    EXPECT_EQ(sweep_stale_folders(folder.path()), 1);
    EXPECT_FALSE(fs::exists(stale));
    EXPECT_TRUE(bystander->running());
}

TEST(SweepStaleFolders, LeavesOtherFoldersAlone) {
    const SharedFolder folder;
    fs::create_directories(folder.path() + "/elsewhere");
    std::ofstream(folder.path() + "/elsewhere/precious") << "x";
    make_stale(folder, "plimsoll-abcdefg", 1);
    make_stale(folder, "other-abcdef", 1);
    fs::create_directories(folder.path() + "/plimsoll-nolock");  // six letters, but new and no lock
    fs::create_directory_symlink(folder.path() + "/elsewhere", folder.path() + "/plimsoll-symlnk");
    const std::string locked = make_stale(folder, "plimsoll-locked", 1);
    const int fd = ::open((locked + "/lock").c_str(), O_RDWR | O_CLOEXEC);
    ASSERT_EQ(::flock(fd, LOCK_EX | LOCK_NB), 0);
    const int before = folder.entries();
    EXPECT_EQ(sweep_stale_folders(folder.path()), 0);
    EXPECT_EQ(folder.entries(), before);
    EXPECT_TRUE(fs::exists(folder.path() + "/elsewhere/precious"));
    ::close(fd);
    EXPECT_EQ(sweep_stale_folders(folder.path()), 1);
    EXPECT_FALSE(fs::exists(locked));
}

TEST(TempFolder, IsPrivateLockedAndRemoved) {
    const SharedFolder folder;
    std::string path;
    {
        auto temp = TempFolder::create(folder.path());
        ASSERT_TRUE(temp.ok());
        path = temp->path();
        EXPECT_EQ(fs::path(path).filename().string().size(), std::string("plimsoll-XXXXXX").size());
        std::ofstream(*temp / "file") << "x";
        EXPECT_EQ(sweep_stale_folders(folder.path()), 0);
        TempFolder moved = std::move(*temp);
        EXPECT_TRUE(fs::exists(moved / "file"));
    }
    EXPECT_FALSE(fs::exists(path));
    const auto nowhere = TempFolder::create("/no/such/folder");
    ASSERT_FALSE(nowhere.ok());
    EXPECT_EQ(nowhere.error().what, "no temporary folder could be made: No such file or directory");
}

}  // namespace
}  // namespace plimsoll
