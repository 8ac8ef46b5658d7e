#include "fault_fixture.hpp"

#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

namespace plimsoll::test {
namespace {

class ThrowawayPgbouncerTest : public ::testing::Test {
protected:
    void SetUp() override {
        auto started = ThrowawayPostgres::start({}, Clock::now() + kPatience);
        ASSERT_TRUE(started.ok()) << started.error().to_string();
        postgres_.emplace(std::move(started).value());
        ThrowawayPgbouncerOptions options;
        options.pool_size = 2;
        auto front = ThrowawayPgbouncer::start(options, *postgres_, Clock::now() + kPatience);
        ASSERT_TRUE(front.ok()) << front.error().to_string();
        pgbouncer_.emplace(std::move(front).value());
    }
    std::optional<ThrowawayPostgres> postgres_;
    std::optional<ThrowawayPgbouncer> pgbouncer_;
};

TEST_F(ThrowawayPgbouncerTest, LetsInWhoMayAndNobodyElse) {
    PgClient by_socket(pgbouncer_->app_dsn());
    ASSERT_TRUE(by_socket.ok()) << by_socket.error();
    EXPECT_EQ(by_socket.run("SELECT current_user || current_database()"), "applab");
    PgClient by_password(pgbouncer_->app_tcp_dsn());
    EXPECT_TRUE(by_password.ok()) << by_password.error();
    const std::string port = std::to_string(pgbouncer_->port());
    const PgClient stranger("host=127.0.0.1 user=app dbname=lab password=guess port=" + port);
    EXPECT_FALSE(stranger.ok());
    const PgClient nobody("host=127.0.0.1 user=app dbname=lab port=" + port);
    EXPECT_FALSE(nobody.ok());
    PgClient console(pgbouncer_->admin_dsn());
    EXPECT_EQ(console.run("SET default_pool_size = 3"), "");
    PgClient onlooker(pgbouncer_->stats_dsn());
    EXPECT_TRUE(onlooker.ok());
    EXPECT_EQ(onlooker.run("SET default_pool_size = 9").substr(0, 5), "ERROR");
}

TEST_F(ThrowawayPgbouncerTest, NeverRunsAsRootAndComesBackOnItsPort) {
    struct stat status {};
    const std::string process = "/proc/" + std::to_string(pgbouncer_->pid());
    ASSERT_EQ(::stat(process.c_str(), &status), 0);
    EXPECT_NE(status.st_uid, 0U);
    const auto port = pgbouncer_->port();
    pgbouncer_->kill();
    EXPECT_FALSE(pgbouncer_->running());
    EXPECT_FALSE(PgClient(pgbouncer_->app_dsn()).ok());
    const auto back = pgbouncer_->restart(Clock::now() + kPatience);
    ASSERT_TRUE(back.ok()) << back.error().to_string();
    EXPECT_EQ(pgbouncer_->port(), port);
    EXPECT_TRUE(PgClient(pgbouncer_->app_dsn()).ok());
    const pid_t pid = pgbouncer_->pid();
    pgbouncer_->stop();
    EXPECT_TRUE(is_gone(pid));
}

TEST(ThrowawayPgbouncer, SaysWhenItIsNotInstalled) {
    auto postgres = ThrowawayPostgres::start({}, Clock::now() + kPatience);
    ASSERT_TRUE(postgres.ok());
    ThrowawayPgbouncerOptions options;
    options.program = "no-such-pgbouncer";
    const auto failed = ThrowawayPgbouncer::start(options, *postgres, Clock::now() + kPatience);
    ASSERT_FALSE(failed.ok());
    EXPECT_EQ(failed.error().to_string(), "no-such-pgbouncer: there is no such program in PATH");
}

}  // namespace
}  // namespace plimsoll::test
