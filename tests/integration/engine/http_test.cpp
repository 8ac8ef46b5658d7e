// TLS, redirects, cookies, uploads, sockets and addresses, against servers that we did not write.
#include "tests/integration/engine/engine_run.hpp"
#include "tests/integration/engine/real_servers.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <map>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using test::Answer;
using test::Nginx;
using test::ok_response;
using test::PythonOracle;
using test::ScriptedServer;
using test::TempFolder;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

/// One iteration of one user.
Executor once() {
    Executor executor = users(1, 20s);
    executor.kind = ExecutorKind::PerVuIterations;
    executor.iterations = 1;
    return executor;
}
Executor times(std::uint64_t iterations, double vus = 1) {
    Executor executor = users(vus, 30s);
    executor.kind = ExecutorKind::PerVuIterations;
    executor.iterations = iterations;
    return executor;
}

Scenario with_paths(const std::string& url, const std::vector<std::string>& paths,
                    Executor executor) {
    Scenario scenario = scenario_for(url, std::move(executor));
    scenario.users[0].steps.clear();
    for (const std::string& path : paths) {
        scenario.users[0].steps.push_back(get(path));
    }
    return scenario;
}

class Tls : public testing::Test {
protected:
    static void SetUpTestSuite() {
        folder_ = new TempFolder;
        test::make_certificates(*folder_);
        nginx_ = new Nginx(*folder_);
    }
    static void TearDownTestSuite() {
        delete nginx_;
        delete folder_;
        nginx_ = nullptr;
        folder_ = nullptr;
    }
    static std::string file(const char* name) { return (folder_->path() / name).string(); }
    /// What one request to `url` comes to, our CA trusted.
    static Outcomes ask(const std::string& url, TlsOptions tls = {}, Executor load = once()) {
        Scenario scenario = scenario_for(url, std::move(load));
        tls.ca_file = tls.ca_file.empty() ? file("ca.pem") : tls.ca_file;
        scenario.http.tls = tls;
        return run(scenario);
    }
    static std::string reason(const Outcomes& out) {
        return out.errors.empty() ? "" : out.errors.front().text;
    }
    /// nginx writes a request's line after it has answered; so has the line of a request over
    /// another connection, sent later, come to the log.
    static std::vector<std::string> settled_log() {
        const std::size_t lines = nginx_->tls_log().size();
        EXPECT_EQ(ask(nginx_->good()).count(Outcome::Ok), 1U);
        for (int i = 0; i < 500 && nginx_->tls_log().size() == lines; ++i) {
            std::this_thread::sleep_for(10ms);
        }
        auto log = nginx_->tls_log();
        log.pop_back();
        return log;
    }
    static TempFolder* folder_;
    static Nginx* nginx_;
};
TempFolder* Tls::folder_ = nullptr;
Nginx* Tls::nginx_ = nullptr;

TEST_F(Tls, TakesACertificateOfATrustedAuthorityAndKeepsTheConnection) {
    for (const std::string& url : {nginx_->good(), nginx_->old_tls()}) {
        const Outcomes out = ask(url, {}, times(50));
        EXPECT_EQ(out.count(Outcome::Ok), 50U) << url << " " << reason(out);
        EXPECT_EQ(out.last->total_counts.connects_ok, 1U);
    }
}

TEST_F(Tls, ChecksAnAddressAgainstTheCertificateToo) {
    std::string url = nginx_->good();
    url.replace(url.find("localhost"), 9, "127.0.0.1");
    EXPECT_EQ(ask(url).count(Outcome::Ok), 1U);
}

TEST_F(Tls, NamesWhatIsWrongWithACertificate) {
    const struct {
        std::string url;
        const char* reason;
    } rows[] = {{nginx_->expired(), "certificate has expired"},
                {nginx_->elsewhere(), "hostname mismatch"},
                {nginx_->self_signed(), "self-signed certificate"}};
    for (const auto& row : rows) {
        const Outcomes out = ask(row.url);
        EXPECT_EQ(out.count(Outcome::Tls), 1U) << row.reason;
        EXPECT_EQ(reason(out),
                  std::string("the server's certificate is not trusted: ") + row.reason);
        EXPECT_EQ(out.last->total_counts.connects_failed, 0U);  // TCP had connected
        TlsOptions lax;
        lax.verify = false;
        EXPECT_EQ(ask(row.url, lax).count(Outcome::Ok), 1U) << row.reason;
    }
}

TEST_F(Tls, RefusesAnAuthorityThatIsNotTrusted) {
    TlsOptions other;
    other.ca_file = file("self.pem");
    const Outcomes out = ask(nginx_->good(), other);
    EXPECT_EQ(out.count(Outcome::Tls), 1U);
    EXPECT_THAT(reason(out), HasSubstr("unable to get local issuer certificate"));
}

TEST_F(Tls, AsksForTheNameThatTheScenarioGives) {
    TlsOptions named;
    named.server_name = "elsewhere.test";
    EXPECT_EQ(ask(nginx_->elsewhere(), named).count(Outcome::Ok), 1U);
    EXPECT_THAT(settled_log(), testing::Contains(HasSubstr("elsewhere.test")));
}

TEST_F(Tls, ShowsAClientCertificateWhereOneIsAskedFor) {
    EXPECT_EQ(ask(nginx_->wants_client()).count(Outcome::Http4xx), 1U);  // nginx: 400 without one
    TlsOptions known;
    known.cert_file = file("client.pem");
    known.key_file = file("client.key");
    EXPECT_EQ(ask(nginx_->wants_client(), known).count(Outcome::Ok), 1U);
}

TEST_F(Tls, ResumesSessionsUnlessToldNotTo) {
    for (const std::string& url : {nginx_->good(), nginx_->old_tls()}) {
        for (const bool resume : {true, false}) {
            const std::size_t before = settled_log().size() + 1;
            Scenario scenario = scenario_for(url, times(10));
            scenario.http.tls.ca_file = file("ca.pem");
            scenario.http.tls.resume = resume;
            scenario.http.reuse_connections = false;
            const Outcomes out = run(scenario);
            EXPECT_EQ(out.count(Outcome::Ok), 10U);
            EXPECT_EQ(out.last->total_counts.connects_ok, 10U);
            const auto log = settled_log();
            const auto resumed =
                std::count_if(log.begin() + static_cast<std::ptrdiff_t>(before), log.end(),
                              [](const std::string& line) { return line.starts_with("r "); });
            EXPECT_EQ(resumed, resume ? 9 : 0) << url;
        }
    }
}

TEST_F(Tls, TellsTheEndOfABodyFromACutOnlyByCloseNotifyWhereItHasNoLength) {
    const test::TlsEnds server(*folder_);
    const struct {
        const char* path;
        Outcome outcome;
        const char* reason;
    } rows[] = {{"/told", Outcome::Ok, ""},
                {"/cut", Outcome::ClosedEarly,
                 "TLS connection closed without close_notify inside a body of unknown length"},
                {"/long", Outcome::Ok, ""},
                {"/short", Outcome::ClosedEarly, "connection closed inside the response"}};
    for (const auto& row : rows) {
        Scenario scenario = with_paths(server.url(), {row.path}, once());
        scenario.http.tls.ca_file = file("ca.pem");
        const Outcomes out = run(scenario);
        EXPECT_EQ(out.count(row.outcome), 1U) << row.path << ": " << reason(out);
        EXPECT_EQ(reason(out), row.reason);
    }
}

TEST_F(Tls, SaysThatAPlainServerSpeaksNoTls) {
    std::string url = nginx_->plain();
    const Outcomes out = ask(url.replace(0, 4, "https"));
    EXPECT_EQ(out.count(Outcome::Tls), 1U);
    EXPECT_THAT(reason(out), HasSubstr("wrong version number"));
}

TEST_F(Tls, SaysThatAPlainRequestWentToATlsPort) {
    std::string url = nginx_->good();
    EXPECT_EQ(ask(url.replace(0, 5, "http")).count(Outcome::Http4xx), 1U);  // nginx's answer
}

TEST_F(Tls, RefusesFilesThatAreNoCertificates) {
    const auto wrong = [&](TlsOptions tls) {
        Scenario scenario = scenario_for(nginx_->good(), once());
        scenario.http.tls = std::move(tls);
        RunInfo info = describe(scenario);
        info.start = WallAnchor::now();
        return Engine(scenario, info, {}).prepare();
    };
    TlsOptions options;
    options.ca_file = file("nginx.conf");
    EXPECT_THAT(wrong(options).error().to_string(), HasSubstr("nginx.conf: cannot be used"));
    options = {};
    options.cert_file = file("client.pem");
    options.key_file = file("localhost.key");
    EXPECT_THAT(wrong(options).error().to_string(), HasSubstr("localhost.key: cannot be used"));
}

TEST_F(Tls, FollowsARedirectFromPlainToSecure) {
    Scenario scenario = with_paths(nginx_->plain(), {"/to-tls"}, times(3));
    scenario.http.tls.ca_file = file("ca.pem");
    const Outcomes out = run(scenario);
    EXPECT_EQ(out.count(Outcome::Ok), 3U) << reason(out);
    EXPECT_EQ(out.last->total_counts.redirects, 3U);
}

TEST_F(Tls, UploadsAFileWhole) {
    // Larger than any buffer between us and the server, which must send it back to us piece by
    // piece; nginx takes the body in before it answers.
    folder_->write("upload.bin", std::string(900'000, 'u'));
    Scenario scenario = scenario_for(nginx_->good(), times(3));
    Step& step = scenario.users[0].steps[0];
    step.method = "PUT";
    step.has_body = true;
    step.body_from_file = true;
    step.body = Template::literal(file("upload.bin"));
    scenario.http.tls.ca_file = file("ca.pem");
    const Outcomes out = run(scenario);
    EXPECT_EQ(out.count(Outcome::Ok), 3U) << reason(out);
    EXPECT_GE(out.last->total[0].bytes_sent, 2'700'000U);
}

TEST_F(Tls, EndsABodyAtItsTimeoutHoweverFastItComes) {
    folder_->write("flood", "");
    std::filesystem::resize_file(folder_->path() / "flood", 1ULL << 36);  // takes no room
    Scenario scenario = with_paths(nginx_->good(), {"/flood", "/"}, times(2));
    scenario.http.tls.ca_file = file("ca.pem");
    scenario.users[0].steps[0].timeout = 300ms;
    scenario.users[0].steps[0].http.max_body = 1ULL << 40;
    const Outcomes out = run(scenario);
    EXPECT_EQ(out.count(Outcome::BodyTimeout), 2U) << reason(out);
    EXPECT_EQ(out.count(Outcome::Ok), 2U);
    EXPECT_LT(out.last->total[0].service.max(), 5s);
}

TEST_F(Tls, TalksToASocketInTheFileSystem) {
    const Outcomes out = run(scenario_for("unix:" + nginx_->unix_socket() + ":/base", times(20)));
    EXPECT_EQ(out.count(Outcome::Ok), 20U);
    EXPECT_EQ(out.last->total_counts.connects_ok, 1U);
}

TEST_F(Tls, TalksToAnIpv6Address) {
    const Outcomes out =
        run(scenario_for("http://[::1]:" + std::to_string(nginx_->plain_port()), times(20)));
    EXPECT_EQ(out.count(Outcome::Ok), 20U);
}

TEST_F(Tls, GoesOnToTheAddressThatAnswersWhereANameHasADeadOne) {
    // An absolute URL's name is looked up while the load runs: localhost is ::1 and 127.0.0.1, and
    // this server listens at the latter alone.
    const ScriptedServer server([](const std::string&, int) { return Answer{ok_response()}; });
    const std::string url = "http://localhost:" + std::to_string(server.port()) + "/x";
    const Outcomes out = run(with_paths(nginx_->plain(), {url}, times(1, 4)));
    EXPECT_EQ(out.count(Outcome::Ok), 4U) << reason(out);
    EXPECT_EQ(server.requests(), 4U);
}

TEST_F(Tls, CountsAHostThatHasNoAddressAsDns) {
    const Outcomes out = run(with_paths(nginx_->plain(), {"http://no-such.invalid/"}, once()));
    EXPECT_EQ(out.count(Outcome::Dns), 1U);
    EXPECT_THAT(reason(out), HasSubstr("cannot resolve \"no-such.invalid\""));
}

class Oracle : public testing::Test {
protected:
    TempFolder folder_;
    PythonOracle server_{folder_};
    [[nodiscard]] std::vector<std::string> requests() const {
        std::vector<std::string> lines;
        for (const std::string& line : server_.log()) {
            lines.push_back(line.substr(0, line.find(" sha256")));
        }
        return lines;
    }
};

TEST_F(Oracle, FollowsRedirectsWithinOneSample) {
    const Outcomes out = run(with_paths(server_.url(), {"/hop/3"}, once()));
    EXPECT_EQ(out.count(Outcome::Ok), 1U);
    EXPECT_EQ(out.last->total[0].requests, 1U);
    EXPECT_EQ(out.last->total_counts.redirects, 3U);
    EXPECT_EQ(out.last->total_counts.connects_ok, 1U);
    EXPECT_THAT(requests(), ElementsAre("GET /hop/3 bytes=0", "GET /hop/2 bytes=0",
                                        "GET /hop/1 bytes=0", "GET /done bytes=0"));
}

TEST_F(Oracle, GivesUpAfterTheHopsThatAreAllowed) {
    Scenario scenario = with_paths(server_.url(), {"/loop"}, once());
    const Outcomes out = run(scenario);
    EXPECT_EQ(out.count(Outcome::Protocol), 1U);
    EXPECT_EQ(out.errors.front().text, "more than 10 redirects");
    EXPECT_EQ(requests().size(), 11U);
    scenario.users[0].steps[0].http.redirects = 0;
    EXPECT_EQ(run(scenario).count(Outcome::Ok), 1U);  // a 302 as it is
    EXPECT_EQ(requests().size(), 12U);
}

TEST_F(Oracle, LeavesAStatusAloneThatTheStepExpects) {
    Scenario scenario = with_paths(server_.url(), {"/loop"}, once());
    scenario.users[0].steps[0].expect.statuses = {{302, 302}};
    EXPECT_EQ(run(scenario).count(Outcome::Ok), 1U);
    EXPECT_EQ(requests().size(), 1U);
}

TEST_F(Oracle, KeepsMethodAndBodyAsTheStatusSays) {
    const struct {
        const char* method;
        int status;
        const char* then;
    } rows[] = {{"POST", 301, "GET /done bytes=0"},  {"POST", 302, "GET /done bytes=0"},
                {"POST", 303, "GET /done bytes=0"},  {"POST", 307, "POST /done bytes=5"},
                {"POST", 308, "POST /done bytes=5"}, {"PUT", 301, "PUT /done bytes=5"},
                {"PUT", 303, "GET /done bytes=0"}};
    for (const auto& row : rows) {
        Scenario scenario =
            with_paths(server_.url(), {"/status/" + std::to_string(row.status) + "?/done"}, once());
        Step& step = scenario.users[0].steps[0];
        step.method = row.method;
        step.has_body = true;
        step.body = Template::literal("hello");
        step.headers = {{"Content-Type", Template::literal("text/plain")}};
        EXPECT_EQ(run(scenario).count(Outcome::Ok), 1U);
        EXPECT_EQ(requests().back(), row.then) << row.method << " " << row.status;
        const bool with_body = std::string(row.then).ends_with("5");
        EXPECT_THAT(server_.log().back(), HasSubstr(with_body ? "type=text/plain" : "type=-"));
    }
}

TEST_F(Oracle, SendsCredentialsToTheirOwnOriginOnly) {
    TempFolder other_folder;
    const PythonOracle other(other_folder);
    Scenario scenario = with_paths(
        server_.url(), {"/status/302?/here", "/status/302?" + other.url() + "/there"}, once());
    const TempFolder secrets;
    secrets.write("sig", "S1");
    const auto sealed =
        Template::compile("${secret.file:" + (secrets.path() / "sig").string() + "}", nullptr);
    ASSERT_TRUE(sealed);
    for (Step& step : scenario.users[0].steps) {
        step.headers = {{"Authorization", Template::literal("secret")},
                        {"Cookie", Template::literal("k=v")},
                        {"proxy-authorization", Template::literal("P1")},
                        {"X-Api-Key", Template::literal("K1")},
                        {"X-Auth-Token", Template::literal("T1")},
                        {"X-Sig", *sealed},
                        {"Accept", Template::literal("text/plain")}};
    }
    EXPECT_EQ(run(scenario).count(Outcome::Ok), 2U);
    const auto here = server_.log();
    ASSERT_EQ(here.size(), 3U);
    EXPECT_THAT(here[1], HasSubstr("cookie=k=v auth=secret"));
    EXPECT_THAT(here[1], HasSubstr("proxy=P1 key=K1 token=T1 sig=S1 accept=text/plain"));
    ASSERT_EQ(other.log().size(), 1U);
    EXPECT_THAT(other.log()[0], HasSubstr("cookie=- auth=-"));
    EXPECT_THAT(other.log()[0], HasSubstr("proxy=- key=- token=- sig=- accept=text/plain"));
    EXPECT_THAT(other.log()[0], HasSubstr("host=127.0.0.1:" + std::to_string(other.port())));
}

TEST_F(Oracle, SendsCookiesBackWhereTheyBelong) {
    Scenario scenario = with_paths(
        server_.url(),
        {"/set?a=1;+Path=/&b=2;+Path=/x&c=3;+Secure&gone=4;+Path=/;+Max-Age=0", "/y", "/x/z"},
        times(2));
    const auto cookies = [&] {
        std::vector<std::string> sent;
        for (const std::string& line : server_.log()) {
            const auto at = line.find("cookie=");
            sent.push_back(line.substr(at, line.find(" auth") - at));
        }
        return sent;
    };
    EXPECT_EQ(run(scenario).count(Outcome::Ok), 6U);
    // A jar for each iteration: the second begins without.
    EXPECT_THAT(cookies(), ElementsAre("cookie=-", "cookie=a=1", "cookie=b=2;_a=1", "cookie=-",
                                       "cookie=a=1", "cookie=b=2;_a=1"));
    scenario.http.cookies = CookiePolicy::User;
    EXPECT_EQ(run(scenario).count(Outcome::Ok), 6U);
    EXPECT_EQ(cookies()[9], "cookie=a=1");
    scenario.http.cookies = CookiePolicy::Off;
    EXPECT_EQ(run(scenario).count(Outcome::Ok), 6U);
    EXPECT_EQ(cookies()[13], "cookie=-");
}

TEST_F(Oracle, KeepsACookieThatCameWithARedirect) {
    const ScriptedServer login([](const std::string& request, int) {
        return request.starts_with("GET /login")
                   ? Answer{"HTTP/1.1 303 See Other\r\nLocation: home\r\n"
                            "Set-Cookie: session=42; HttpOnly\r\nContent-Length: 0\r\n\r\n"}
                   : Answer{ok_response()};
    });
    EXPECT_EQ(run(with_paths(login.url(), {"/login"}, once())).count(Outcome::Ok), 1U);
    EXPECT_THAT(login.seen().back(), HasSubstr("Cookie: session=42\r\n"));
}

// RFC 9110, 8.6: servers answer 411 to a POST that does not say how long it is.
TEST_F(Oracle, SaysThatThereIsNoContentWhereTheMethodMeansSome) {
    const char* const methods[] = {"POST", "PUT", "PATCH", "GET", "HEAD", "DELETE"};
    Scenario scenario = with_paths(server_.url(), {"/a", "/a", "/a", "/a", "/a", "/a"}, once());
    for (std::size_t i = 0; i < 6; ++i) {
        scenario.users[0].steps[i].method = methods[i];
    }
    Step redirected = get("/status/307?/b");
    redirected.method = "POST";
    scenario.users[0].steps.push_back(redirected);
    EXPECT_EQ(run(scenario).count(Outcome::Ok), 7U);
    const auto log = server_.log();
    ASSERT_EQ(log.size(), 8U);
    for (std::size_t i = 0; i < log.size(); ++i) {
        const bool none = i >= 3 && i < 6;
        EXPECT_THAT(log[i], HasSubstr(none ? "length=- " : "length=0 ")) << i;
    }
}

TEST_F(Oracle, UploadsAFileOf200MegabytesUnchanged) {
    const auto path = folder_.path() / "big.bin";
    {
        std::ofstream out(path, std::ios::binary);
        Random random(1, 2, 3);
        std::array<std::uint64_t, 8192> block{};
        for (int i = 0; i < 3200; ++i) {
            std::generate(block.begin(), block.end(), [&] { return random(); });
            out.write(reinterpret_cast<const char*>(block.data()), sizeof block);
        }
    }
    Scenario scenario = with_paths(server_.url(), {"/up"}, once());
    Step& step = scenario.users[0].steps[0];
    step.method = "POST";
    step.timeout = 100s;
    step.has_body = true;
    step.body_from_file = true;
    step.body = Template::literal(path.string());
    const Outcomes out = run(scenario);
    EXPECT_EQ(out.count(Outcome::Ok), 1U);
    const test::ChildProcess sum({"sha256sum", path.string()}, folder_.path() / "sum.txt");
    const_cast<test::ChildProcess&>(sum).wait(60s);
    const std::string digest = sum.output().substr(0, 64);
    EXPECT_THAT(server_.log().at(0), StartsWith("POST /up bytes=209715200 sha256=" + digest));
}

TEST_F(Oracle, SendsFormsWithFiles) {
    folder_.write("a.txt", "from a file\n");
    Scenario scenario = with_paths(server_.url(), {"/form"}, once());
    Step& step = scenario.users[0].steps[0];
    step.method = "POST";
    step.multipart = {{"field", "", "", Template::literal("value"), false},
                      {"file", "a \"b\".txt", "text/plain",
                       Template::literal((folder_.path() / "a.txt").string()), true}};
    EXPECT_EQ(run(scenario).count(Outcome::Ok), 1U);
    EXPECT_THAT(server_.log().at(0), HasSubstr("type=multipart/form-data;_boundary=plimsoll-"));
}

TEST_F(Oracle, SaysThatAFileToSendIsNotThere) {
    Scenario scenario = with_paths(server_.url(), {"/up"}, once());
    Step& step = scenario.users[0].steps[0];
    step.body_from_file = true;
    step.has_body = true;
    step.body = Template::literal("/nonexistent/file");
    const Outcomes out = run(scenario);
    EXPECT_EQ(out.count(Outcome::SendFailed), 1U);
    EXPECT_THAT(out.errors.front().text, HasSubstr("cannot be read: No such file"));
}

TEST(Http, OpensAConnectionForEachRequestWhenToldTo) {
    const ScriptedServer server([](const std::string&, int) { return Answer{ok_response()}; });
    Scenario scenario = scenario_for(server, times(5));
    scenario.http.reuse_connections = false;
    const Outcomes out = run(scenario);
    EXPECT_EQ(out.count(Outcome::Ok), 5U);
    EXPECT_EQ(out.last->total_counts.connects_ok, 5U);
    EXPECT_EQ(out.last->total_counts.reconnects, 0U);
    EXPECT_THAT(server.seen(), Each(HasSubstr("Connection: close\r\n")));
}

TEST(Http, AsksAProxyWithTheWholeUrlAndKeepsAStepsOwnHost) {
    const ScriptedServer server([](const std::string&, int) { return Answer{ok_response()}; });
    Scenario scenario = scenario_for(server, once());
    scenario.users[0].steps[0].headers = {{"Host", Template::literal("shop.test")}};
    scenario.http.absolute_form = true;
    EXPECT_EQ(run(scenario).count(Outcome::Ok), 1U);
    EXPECT_THAT(server.seen().at(0), StartsWith("GET " + server.url() + "/ HTTP/1.1\r\n"));
    EXPECT_THAT(server.seen().at(0), HasSubstr("\r\nHost: shop.test\r\n"));
}

TEST(Http, KeepsAConnectionForEachOriginOfItsSteps) {
    const ScriptedServer one([](const std::string&, int) { return Answer{ok_response()}; });
    const ScriptedServer two([](const std::string&, int) { return Answer{ok_response()}; });
    const Outcomes out = run(with_paths(one.url(), {"/a", two.url() + "/b?c", "/d"}, times(10)));
    EXPECT_EQ(out.count(Outcome::Ok), 30U);
    EXPECT_EQ(out.last->total_counts.connects_ok, 2U);
    EXPECT_THAT(two.seen(), Each(StartsWith("GET /b?c HTTP/1.1\r\nHost: 127.0.0.1:")));
}

TEST(Http, LimitsTheParts) {
    const ScriptedServer server([](const std::string& request, int) {
        return request.starts_with("GET /slow-start")
                   ? Answer{ok_response(), 5000ms}
                   : Answer{"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", 0ms, true, false,
                            5000ms};
    });
    Scenario scenario = with_paths(server.url(), {"/slow-start"}, once());
    scenario.users[0].steps[0].http.first_byte = 100ms;
    Outcomes out = run(scenario);
    EXPECT_EQ(out.count(Outcome::ResponseTimeout), 1U);
    EXPECT_LT(out.last->total[0].service.max(), 4s);
    scenario = with_paths(server.url(), {"/slow-end"}, once());
    scenario.users[0].steps[0].http.first_byte = 2s;
    scenario.users[0].steps[0].http.body = 100ms;
    out = run(scenario);
    EXPECT_EQ(out.count(Outcome::BodyTimeout), 1U);
    EXPECT_LT(out.last->total[0].service.max(), 4s);
}

TEST(Http, RefusesABodyBeyondTheLimit) {
    const ScriptedServer server(
        [](const std::string&, int) { return Answer{ok_response(std::string(1001, 'x'))}; });
    Scenario scenario = scenario_for(server, once());
    scenario.http.max_body = 1000;
    const Outcomes out = run(scenario);
    EXPECT_EQ(out.count(Outcome::Protocol), 1U);
    EXPECT_EQ(out.errors.front().text, "the body is larger than 1000 bytes");
    scenario.http.max_body = 1001;
    EXPECT_EQ(run(scenario).count(Outcome::Ok), 1U);
}

TEST(Http, SendsFromTheLocalAddressesInTurn) {
    const ScriptedServer server([](const std::string&, int) { return Answer{ok_response()}; });
    Scenario scenario = scenario_for(server, times(6));
    scenario.http.local_addresses = {"127.0.0.2", "127.0.0.3"};
    scenario.http.reuse_connections = false;
    EXPECT_EQ(run(scenario).count(Outcome::Ok), 6U);
    std::map<std::string, int> peers;
    for (const std::string& peer : server.peers()) {
        ++peers[peer];
    }
    EXPECT_EQ(peers["127.0.0.2"], 3);
    EXPECT_EQ(peers["127.0.0.3"], 3);
    scenario.http.local_addresses = {"192.0.2.1"};
    RunInfo info = describe(scenario);
    info.start = WallAnchor::now();
    EXPECT_THAT(Engine(scenario, info, {}).prepare().error().what,
                HasSubstr("cannot send from 192.0.2.1"));
}

}  // namespace
}  // namespace plimsoll
