#include "probes/canary/canary.hpp"
#include "scripted_server.hpp"
#include "signal/names.hpp"
#include "tests/support/readings.hpp"

#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using test::ScriptedServer;
using test::single;
using test::values;
using ::testing::HasSubstr;

constexpr const char* kOk = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

ProbePtr canary_of(std::uint16_t port, const std::string& path = "/health") {
    HttpCanaryOptions options;
    options.host = "127.0.0.1";
    options.port = port;
    options.host_header = "127.0.0.1:" + std::to_string(port);
    options.path = path;
    return make_http_canary(options);
}

/// One reading, as "ok" with a plausible time or as "failed", with the count of failures.
std::string outcome(Probe& canary, Nanoseconds patience = 30s) {
    const Result<Reading> reading = canary.read(Clock::now() + patience);
    if (!reading) {
        return "gap";
    }
    const auto seconds = values(canary, *reading, metric::kCanarySeconds);
    const double failures = single(canary, *reading, metric::kCanaryFailures);
    if (!seconds.empty()) {
        EXPECT_GT(seconds.at("no_database"), 0);
        EXPECT_LE(seconds.at("no_database"), to_seconds(reading->took));
    }
    return (seconds.empty() ? "failed " : "ok ") + std::to_string(static_cast<int>(failures));
}

TEST(HttpCanary, KeepsItsConnection) {
    ScriptedServer server;
    server.set({kOk});
    const ProbePtr canary = canary_of(server.port());
    EXPECT_EQ(canary->name(), "canary:no_database");
    EXPECT_TRUE(canary->waits_on_target());
    ASSERT_TRUE(canary->start(Clock::now() + 30s).ok());
    EXPECT_EQ(outcome(*canary), "ok 0");
    EXPECT_EQ(outcome(*canary), "ok 0");
    EXPECT_EQ(server.connections(), 1);
    EXPECT_EQ(server.requests(), 3);
    EXPECT_THAT(server.last_request(), HasSubstr("GET /health HTTP/1.1\r\nHost: 127.0.0.1:"));
}

TEST(HttpCanary, TakesAClosedIdleConnectionForNoFailure) {
    ScriptedServer server;
    server.set({kOk});
    const ProbePtr canary = canary_of(server.port());
    ASSERT_TRUE(canary->start(Clock::now() + 30s).ok());
    server.drop_connection();
    EXPECT_EQ(outcome(*canary), "ok 0");
    EXPECT_EQ(server.connections(), 2);
}

TEST(HttpCanary, ConnectsAnewWhereTheServerClosesOrTellsNoLength) {
    for (const char* answer : {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
                               "HTTP/1.1 200 OK\r\n\r\nsome", "HTTP/1.0 200 OK\r\n\r\n"}) {
        ScriptedServer server;
        server.set({answer, true});
        const ProbePtr canary = canary_of(server.port());
        ASSERT_TRUE(canary->start(Clock::now() + 30s).ok()) << answer;
        EXPECT_EQ(outcome(*canary), "ok 0");
        EXPECT_EQ(server.connections(), 2);
    }
}

TEST(HttpCanary, CountsEveryKindOfFailureAsDataAndRecovers) {
    ScriptedServer server;
    server.set({kOk});
    const ProbePtr canary = canary_of(server.port());
    ASSERT_TRUE(canary->start(Clock::now() + 30s).ok());
    server.set({"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"});
    EXPECT_EQ(outcome(*canary), "failed 1");
    server.set({"SSH-2.0-OpenSSH\r\n"});
    EXPECT_EQ(outcome(*canary), "failed 2");
    server.set({"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", true});
    EXPECT_EQ(outcome(*canary), "failed 3");
    server.set({""});
    EXPECT_EQ(outcome(*canary, 50ms), "failed 4");  // kept waiting
    server.set({kOk});
    EXPECT_EQ(outcome(*canary), "ok 4");
    server.stop();
    EXPECT_EQ(outcome(*canary), "failed 5");
}

TEST(HttpCanary, SaysAtStartWhatIsWrongWithTheUrl) {
    ScriptedServer server;
    server.set({"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"});
    const Status status = canary_of(server.port(), "/helth")->start(Clock::now() + 30s);
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().to_string(),
              "GET /helth: the answer's status is 404 (name a URL that answers "
              "200 without using the database)");
}

/// nginx in the foreground, in a folder of its own.
class Nginx {
public:
    explicit Nginx(std::uint16_t port) {
        std::string pattern = (fs::temp_directory_path() / "plimsoll-nginx-XXXXXX").string();
        folder_ = mkdtemp(pattern.data());
        std::ofstream(folder_ / "nginx.conf")
            << "daemon off; master_process off; pid " << (folder_ / "pid").string() << ";\n"
            << "error_log " << (folder_ / "error.log").string() << ";\n"
            << "events {}\nhttp { access_log off; client_body_temp_path " << folder_.string()
            << "; proxy_temp_path " << folder_.string() << "; fastcgi_temp_path "
            << folder_.string() << "; uwsgi_temp_path " << folder_.string() << "; scgi_temp_path "
            << folder_.string() << ";\n"
            << "server { listen 127.0.0.1:" << port
            << "; location = /health { return 200 'fine'; } } }\n";
        const std::string conf = (folder_ / "nginx.conf").string();
        pid_ = fork();
        if (pid_ == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            const int null = open("/dev/null", O_WRONLY);
            dup2(null, STDERR_FILENO);
            execlp("nginx", "nginx", "-c", conf.c_str(), nullptr);
            execl("/usr/sbin/nginx", "nginx", "-c", conf.c_str(), nullptr);
            _exit(127);
        }
    }
    ~Nginx() {
        kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
        std::error_code ignored;
        fs::remove_all(folder_, ignored);
    }
    Nginx(const Nginx&) = delete;
    Nginx& operator=(const Nginx&) = delete;

private:
    fs::path folder_;
    pid_t pid_ = -1;
};

TEST(HttpCanary, WorksWithARealWebServer) {
    std::uint16_t port = 0;
    {
        const ScriptedServer free_port;
        port = free_port.port();
    }
    const Nginx nginx(port);
    const ProbePtr canary = canary_of(port);
    const Clock::time_point limit = Clock::now() + 60s;
    while (!canary->start(Clock::now() + 5s).ok() && Clock::now() < limit) {
        std::this_thread::sleep_for(20ms);
    }
    EXPECT_EQ(outcome(*canary), "ok 0");
    EXPECT_EQ(outcome(*canary), "ok 0");
    const ProbePtr missing = canary_of(port, "/nothing");
    EXPECT_FALSE(missing->start(Clock::now() + 5s).ok());
    EXPECT_EQ(outcome(*missing), "failed 1");
}

}  // namespace
}  // namespace plimsoll
