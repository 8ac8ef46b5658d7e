// The page's server over real sockets: who is let in, and what strangers can take of it.
#include "ui/page_server.hpp"

#include "net/http_client.hpp"
#include "raw_socket.hpp"
#include "tests/support/temp_folder.hpp"

#include <fstream>
#include <thread>

#include <boost/json/parse.hpp>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
using test::RawClient;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

namespace json = boost::json;

std::unique_ptr<PageServer> start(PageServerOptions options = {}) {
    options.version = "1.2.3";
    auto server = PageServer::start(std::move(options));
    EXPECT_TRUE(server.ok()) << server.error().to_string();
    return *std::move(server);
}

std::string address_of(const PageServer& page) {
    return page.url().substr(0, page.url().find("/#"));
}

std::uint16_t port_of(const PageServer& page) {
    const std::string address = address_of(page);
    return static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
}

HttpResponse send(const PageServer& page, HttpRequest request) {
    auto client = HttpClient::create(address_of(page));
    EXPECT_TRUE(client.ok());
    const auto response = client->send(request, Clock::now() + 20s);
    EXPECT_TRUE(response.ok()) << response.error().to_string();
    return response.ok() ? *response : HttpResponse{0, {}, {}};
}

HttpHeaders token(const PageServer& page) {
    return {{"Authorization", "Bearer " + page.access().token()}};
}

int get(const PageServer& page, const std::string& target, HttpHeaders headers = {}) {
    return send(page, {"GET", target, std::move(headers), {}}).status;
}

HttpResponse post(const PageServer& page, const std::string& target, const std::string& body,
                  HttpHeaders more = {}) {
    HttpHeaders headers = token(page);
    headers.push_back({"Content-Type", "application/json"});
    headers.insert(headers.end(), more.begin(), more.end());
    return send(page, {"POST", target, std::move(headers), body});
}

json::value error_of(const HttpResponse& response) {
    return json::parse(response.body).at("error");
}

/// Takes everything, and remembers it.
Steering remember(std::vector<ControlRequest>& asked) {
    return {[&asked](const ControlRequest& request) {
                asked.push_back(request);
                return Status();
            },
            [] { return std::string(R"({"running":true})"); }};
}

std::string stream_request(const PageServer& page, const std::string& more = {}) {
    return fmt::format("GET /api/live?view={} HTTP/1.1\r\nHost: 127.0.0.1\r\n{}\r\n",
                       page.access().view_key(), more);
}

TEST(PageServer, ShowsThePageToEverybodyAndDataToNobodyWithoutAKey) {
    const auto page = start();
    const HttpResponse shown = send(*page, {"GET", "/", {}, {}});
    EXPECT_EQ(shown.status, 200);
    EXPECT_THAT(shown.body, Not(HasSubstr(page->access().token())));
    const std::string* const policy = find_header(shown.headers, "Content-Security-Policy");
    ASSERT_NE(policy, nullptr);
    EXPECT_THAT(*policy, HasSubstr("default-src 'none'"));
    EXPECT_THAT(*policy, Not(HasSubstr("unsafe")));
    EXPECT_EQ(find_header(shown.headers, "Access-Control-Allow-Origin"), nullptr);
    EXPECT_EQ(get(*page, "/ui.js"), 200);
    EXPECT_EQ(get(*page, "/ui.css"), 200);
    for (const char* const target : {"/api/session", "/api/live", "/api/runs", "/compare",
                                     "/runs/x/report.html", "/api/live?view=wrong"}) {
        EXPECT_EQ(get(*page, target), 401) << target;
    }
    EXPECT_EQ(get(*page, "/api/live", {{"Authorization", "Bearer wrong"}}), 401);
}

TEST(PageServer, GivesTheViewKeyForTheTokenAlone) {
    const auto page = start();
    const HttpResponse session = send(*page, {"GET", "/api/session", token(*page), {}});
    EXPECT_EQ(session.status, 200);
    const json::value said = json::parse(session.body);
    EXPECT_EQ(said.at("view").as_string(), page->access().view_key());
    EXPECT_EQ(said.at("mode").as_string(), "run");
    EXPECT_EQ(said.at("version").as_string(), "1.2.3");
    EXPECT_FALSE(said.at("readonly").as_bool());
    EXPECT_EQ(get(*page, "/api/session?view=" + page->access().view_key()), 401);
}

TEST(PageServer, HandsOnWhatIsSteered) {
    std::vector<ControlRequest> asked;
    const auto page = start();
    page->set_steering(remember(asked));
    const HttpResponse done =
        post(*page, "/api/control", R"({"note": "deployed v2"})", {{"Origin", address_of(*page)}});
    EXPECT_EQ(done.status, 200) << done.body;
    EXPECT_EQ(post(*page, "/api/control", R"({"executor": "load", "rate": 50})").status, 200);
    ASSERT_EQ(asked.size(), 2U);
    EXPECT_EQ(asked[0].note, "deployed v2");
    EXPECT_EQ(asked[1].rate->per_second(), 50);
    page->set_steering(std::nullopt);
    EXPECT_EQ(post(*page, "/api/control", R"({"stopped": true})").status, 409);
    EXPECT_EQ(asked.size(), 2U);
}

TEST(PageServer, RefusesChangesThatAreNotThePages) {
    std::vector<ControlRequest> asked;
    const auto page = start();
    page->set_steering(remember(asked));
    const std::string body = R"({"stopped": true})";
    const HttpHeaders as_json{{"Content-Type", "application/json"}};
    EXPECT_EQ(send(*page, {"POST", "/api/control", as_json, body}).status, 401);
    EXPECT_EQ(send(*page, {"POST", "/api/control?view=" + page->access().view_key(), as_json, body})
                  .status,
              401);
    for (const char* const origin : {"http://evil.example", "null", "http://127.0.0.1:1"}) {
        EXPECT_EQ(post(*page, "/api/control", body, {{"Origin", origin}}).status, 403) << origin;
    }
    EXPECT_EQ(post(*page, "/api/control", body, {{"Sec-Fetch-Site", "cross-site"}}).status, 403);
    HttpHeaders form = token(*page);
    form.push_back({"Content-Type", "text/plain"});
    EXPECT_EQ(send(*page, {"POST", "/api/control", form, body}).status, 415);
    EXPECT_EQ(send(*page, {"PUT", "/api/control", token(*page), body}).status, 405);
    EXPECT_EQ(send(*page, {"OPTIONS", "/api/control", {}, {}}).status, 405);
    EXPECT_EQ(post(*page, "/api/control", "no JSON").status, 400);
    EXPECT_EQ(post(*page, "/api/control", R"({"pace": 1})").status, 400);
    EXPECT_EQ(error_of(post(*page, "/api/control", R"({"note": ""})")).at("where").as_string(),
              "note");
    EXPECT_EQ(post(*page, "/api/control", std::string(std::size_t{65} << 10U, ' ')).status, 413);
    EXPECT_TRUE(asked.empty());
}

TEST(PageServer, AnswersNoOtherHost) {
    const auto page = start();
    const auto asked_as = [&](const std::string& host) {
        RawClient client(port_of(*page));
        client.send(fmt::format("GET / HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", host));
        return client.read_until("\r\n");
    };
    EXPECT_THAT(asked_as("evil.example:6565"), HasSubstr(" 421 "));
    EXPECT_THAT(asked_as("127.0.0.1.evil.example"), HasSubstr(" 421 "));
    EXPECT_THAT(asked_as("127.0.0.1:6565"), HasSubstr(" 200 "));
    EXPECT_THAT(asked_as("localhost:6565"), HasSubstr(" 200 "));
}

TEST(PageServer, ChangesNothingWhereItMayOnlyBeRead) {
    std::vector<ControlRequest> asked;
    PageServerOptions options;
    options.readonly = true;
    const auto page = start(std::move(options));
    page->set_steering(remember(asked));
    EXPECT_EQ(post(*page, "/api/control", R"({"note": "x"})").status, 403);
    EXPECT_TRUE(asked.empty());
    const auto said = json::parse(send(*page, {"GET", "/api/session", token(*page), {}}).body);
    EXPECT_TRUE(said.at("readonly").as_bool());
}

TEST(PageServer, TellsEverythingNewToWhoeverComesBack) {
    const auto page = start();
    const auto publish = [&](const std::string& data) {
        const std::lock_guard lock(page->feed().mutex());
        page->feed().publish("tick", data);
    };
    std::string id;
    {
        RawClient viewer(port_of(*page));
        viewer.send(stream_request(*page));
        EXPECT_THAT(viewer.read_until("event: idle\ndata: {}\n\n"),
                    HasSubstr("Content-Type: text/event-stream"));
        publish("{\"n\":1}");
        const std::string message = viewer.read_until("\n\n");
        EXPECT_THAT(message, HasSubstr("event: tick\ndata: {\"n\":1}"));
        id = message.substr(message.find("id: ") + 4);
        id = id.substr(0, id.find('\n'));
    }
    publish("{\"n\":2}");
    publish("{\"n\":3}");
    RawClient back(port_of(*page));
    back.send(stream_request(*page, "Last-Event-ID: " + id + "\r\n"));
    const std::string missed = back.read_until("{\"n\":3}\n\n");
    EXPECT_THAT(missed, HasSubstr("{\"n\":2}"));
    EXPECT_THAT(missed, Not(HasSubstr("{\"n\":1}")));
    EXPECT_THAT(missed, Not(HasSubstr("idle")));
    RawClient stranger(port_of(*page));
    stranger.send(stream_request(*page, "Last-Event-ID: another-1\r\n"));
    EXPECT_THAT(stranger.read_until("data: {}\n\n"), HasSubstr("event: idle"));
}

TEST(PageServer, HasRoomForSomeViewersAndNoMore) {
    const auto page = start();
    std::vector<std::unique_ptr<RawClient>> viewers;
    for (std::size_t i = 0; i < Feed::kMostViewers; ++i) {
        viewers.push_back(std::make_unique<RawClient>(port_of(*page)));
        viewers.back()->send(stream_request(*page));
        viewers.back()->read_until("data: {}\n\n");
    }
    EXPECT_EQ(get(*page, "/api/live?view=" + page->access().view_key()), 503);
    EXPECT_EQ(get(*page, "/"), 200);
}

TEST(PageServer, CutsOffAViewerThatDoesNotRead) {
    const auto page = start();
    RawClient slow(port_of(*page));
    RawClient quick(port_of(*page));
    for (RawClient* const viewer : {&slow, &quick}) {
        viewer->send(stream_request(*page));
        viewer->read_until("data: {}\n\n");
    }
    // Far more than a socket's buffers and what a stream may have waiting.
    const std::string large = "\"" + std::string(std::size_t{1} << 20U, 'x') + "\"";
    std::size_t viewers = 2;
    for (int i = 0; i < 64 && viewers > 1; ++i) {
        {
            const std::lock_guard lock(page->feed().mutex());
            page->feed().publish("tick", large);
        }
        EXPECT_THAT(quick.read_until("\n\n"), HasSubstr("event: tick"));
        const std::lock_guard lock(page->feed().mutex());
        viewers = page->feed().viewers();
    }
    EXPECT_EQ(viewers, 1U);
}

TEST(PageServer, StaysOpenToItsViewersWhateverManyIdleOnesDo) {
    const auto page = start();
    RawClient viewer(port_of(*page));
    viewer.send(stream_request(*page));
    viewer.read_until("data: {}\n\n");
    std::vector<std::unique_ptr<RawClient>> idle;
    constexpr int kIdle = 400;  // descriptors of this process: the whole program is tried with more
    for (int i = 0; i < kIdle; ++i) {
        idle.push_back(std::make_unique<RawClient>(port_of(*page)));
    }
    EXPECT_EQ(get(*page, "/"), 200);
    {
        const std::lock_guard lock(page->feed().mutex());
        page->feed().publish("tick", "{}");
    }
    EXPECT_THAT(viewer.read_until("\n\n"), HasSubstr("event: tick"));
}

TEST(PageServer, ShowsRunsAndStartsScenariosOnTheStartPage) {
    const test::TempFolder folder;
    std::filesystem::create_directories(folder.path() / "results" / "a-run");
    std::ofstream(folder.path() / "results" / "a-run" / "run.db") << "";
    std::ofstream(folder.path() / "results" / "a-run" / "report.html") << "<p>the report</p>";
    folder.write("good.yaml",
                 "target: http://127.0.0.1:1\nusers: {u: {flow: [{get: /}]}}\n"
                 "load: [{executor: constant-vus, vus: 1, duration: 1s}]\n");
    folder.write("bad.yaml",
                 "target: http://127.0.0.1:1\nusers: {u: {flow: [{get: /}]}}\n"
                 "load:\n  - {executor: constant-vus, vus: -1, duration: 1s}\n");
    folder.write("other.yaml", "services: {web: {}}\n");
    std::vector<std::string> started;
    PageServerOptions options;
    options.mode = PageMode::Start;
    options.results = folder.path() / "results";
    options.scenarios = folder.path();
    options.start_run = [&](const std::filesystem::path& file) {
        started.push_back(file.filename().string());
        return started.size() == 1 ? Status() : Status(Error{"a run is going on", {}, {}});
    };
    const auto page = start(std::move(options));
    const auto read = [&](const std::string& target) {
        return json::parse(send(*page, {"GET", target, token(*page), {}}).body);
    };
    EXPECT_EQ(read("/api/runs").at("runs").as_array().size(), 1U);
    const HttpResponse report =
        send(*page, {"GET", "/runs/a-run/report.html?view=" + page->access().view_key(), {}, {}});
    EXPECT_EQ(report.body, "<p>the report</p>");
    EXPECT_THAT(*find_header(report.headers, "Content-Security-Policy"), StartsWith("sandbox "));
    EXPECT_EQ(get(*page, "/runs/..%2Fa-run/report.html", token(*page)), 404);
    EXPECT_EQ(get(*page, "/runs/gone/report.html", token(*page)), 404);

    const json::value scenarios = read("/api/scenarios");
    ASSERT_EQ(scenarios.at("scenarios").as_array().size(), 2U);  // the other is none
    const json::value bad = read("/api/scenarios/bad.yaml");
    EXPECT_FALSE(bad.at("ok").as_bool());
    EXPECT_EQ(bad.at("faults").at(0).at("line").to_number<int>(), 4);
    EXPECT_THAT(std::string(bad.at("lines").at(3).as_string()), HasSubstr("vus: -1"));
    const HttpResponse refused = post(*page, "/api/runs", R"({"scenario": "bad.yaml"})");
    EXPECT_EQ(refused.status, 400);
    EXPECT_EQ(json::parse(refused.body).at("faults").at(0).at("line").to_number<int>(), 4);
    EXPECT_TRUE(started.empty());
    EXPECT_EQ(post(*page, "/api/runs", R"({"scenario": "../good.yaml"})").status, 404);
    EXPECT_EQ(post(*page, "/api/runs", R"({"scenario": "good.yaml"})").status, 202);
    EXPECT_EQ(post(*page, "/api/runs", R"({"scenario": "good.yaml"})").status, 409);
}

}  // namespace
}  // namespace plimsoll
