// What a server must not answer, over a real socket: each response has its outcome, and the run
// goes on.
#include "tests/integration/engine/engine_run.hpp"
#include "tests/support/response_trial.hpp"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using test::Answer;
using test::ok_response;
using test::Reading;
using test::ScriptedServer;

struct Case {
    const char* name;
    Answer answer;
    Outcome outcome;
    const char* why = "";  // the error's text; empty: not looked at
};

std::string response(const std::string& headers, const std::string& body = "") {
    return "HTTP/1.1 200 OK\r\n" + headers + "\r\n" + body;
}

std::string chunked(const std::string& body) {
    return response("Transfer-Encoding: chunked\r\n", body);
}

Answer stays(std::string bytes) {
    return {std::move(bytes)};
}

Answer closes(std::string bytes) {
    Answer answer{std::move(bytes)};
    answer.close = true;
    return answer;
}

Answer resets(std::string bytes) {
    Answer answer{std::move(bytes)};
    answer.reset = true;
    answer.close_after = 30ms;  // so that what was sent is read first
    return answer;
}

Answer drips(std::string bytes, std::chrono::milliseconds every, std::size_t size = 1) {
    Answer answer{std::move(bytes)};
    answer.drip = size;
    answer.every = every;
    return answer;
}

std::string repeated(const std::string& text, int times) {
    std::string all;
    for (int i = 0; i < times; ++i) {
        all += text;
    }
    return all;
}

Executor times(std::uint64_t iterations) {
    Executor executor = users(1, 60s);
    executor.kind = ExecutorKind::PerVuIterations;
    executor.iterations = iterations;
    return executor;
}

/// The number in "GET /17 ...".
std::size_t number_of(const std::string& request) {
    return std::stoul(request.substr(request.find('/') + 1));
}

/// One user asks for each case in turn, by a step and endpoint of its own, and for a good response
/// after each, on endpoint `cases.size()`.
void expect_outcomes(
    const std::vector<Case>& cases, const std::function<void(Step&)>& change = [](Step&) {}) {
    const ScriptedServer server([&](const std::string& request, int) {
        return request.starts_with("GET /good") ? Answer{ok_response()}
                                                : cases.at(number_of(request)).answer;
    });
    Scenario scenario = scenario_for(server, times(1));
    scenario.checks = {"body"};
    scenario.endpoints.clear();
    scenario.users[0].steps.clear();
    const auto good = static_cast<EndpointId>(cases.size());
    for (EndpointId i = 0; i < good; ++i) {
        scenario.endpoints.push_back({"user", cases[i].name, "GET"});
        scenario.users[0].steps.push_back(get("/" + std::to_string(i), i));
        change(scenario.users[0].steps.back());
        scenario.users[0].steps.push_back(get("/good", good));
    }
    scenario.endpoints.push_back({"user", "good", "GET"});
    const Outcomes out = run(scenario);
    for (EndpointId i = 0; i < good; ++i) {
        const auto error = std::find_if(out.errors.begin(), out.errors.end(),
                                        [&](const ErrorSample& e) { return e.endpoint == i; });
        const bool failed = error != out.errors.end();
        EXPECT_EQ(out.count(cases[i].outcome, i), 1U)
            << cases[i].name << ", not "
            << (failed ? to_string(error->outcome) : std::string_view("ok")) << ": "
            << (failed ? error->text : "");
        EXPECT_EQ(out.last->total[i].requests, 1U) << cases[i].name;
        if (*cases[i].why != '\0') {
            EXPECT_EQ(failed ? error->text : "", cases[i].why) << cases[i].name;
        }
    }
    EXPECT_EQ(out.count(Outcome::Ok, good), cases.size());
    EXPECT_EQ(out.last->state.connections_open, 0U);
    EXPECT_EQ(out.last->state.in_flight, 0U);
}

// The server keeps these connections open: the client itself must see that no more is to come.

TEST(MalformedResponse, IsAProtocolErrorWhereItsHeaderIsWrong) {
    expect_outcomes({
        {"garbage", stays("SSH-2.0-OpenSSH_9.2p1\r\n"), Outcome::Protocol, "bad version"},
        {"few bytes of garbage", stays("-ERR\r\n"), Outcome::Protocol, "bad version"},
        {"binary", stays(std::string("\x15\x03\x01\0\x02\x02\x16", 7)), Outcome::Protocol},
        {"HTTP/0.9", stays("<html>hello</html>"), Outcome::Protocol, "bad version"},
        {"HTTP/2", stays("HTTP/2.0 200 OK\r\n\r\n"), Outcome::Protocol, "bad version"},
        {"no status", stays("HTTP/1.1 OK\r\n\r\n"), Outcome::Protocol, "bad status"},
        {"status 42", stays("HTTP/1.1 042 OK\r\n\r\n"), Outcome::Protocol, "bad status"},
        {"a blank line first", stays("\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
         Outcome::Protocol, "bad version"},
        {"a space first", stays(" HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), Outcome::Protocol,
         "bad version"},
        {"a status of four digits", stays("HTTP/1.1 2000 OK\r\n\r\n"), Outcome::Protocol},
        {"a status of two digits", stays("HTTP/1.1 20\r\n\r\n"), Outcome::Protocol, "bad status"},
        {"HTTP/1.2", stays("HTTP/1.2 200 OK\r\n\r\n"), Outcome::Protocol, "bad version"},
        {"a space before the colon", stays("HTTP/1.1 200\nContent-Length : 2\n\nok"),
         Outcome::Protocol, "bad field"},
        {"a NUL", stays(response(std::string("X: a\0b\r\n", 8))), Outcome::Protocol, "bad value"},
        {"no colon", stays(response("header\r\n")), Outcome::Protocol, "bad field"},
        {"a header of 70 KB", stays(response("X: " + std::string(70'000, 'x') + "\r\n")),
         Outcome::Protocol, "header limit exceeded"},
        {"2,000 headers", stays(response(repeated("X-Name: and a value of 32 bytes\r\n", 2000))),
         Outcome::Protocol, "header limit exceeded"},
        {"a header without end", stays("HTTP/1.1 200 OK\r\nX: " + std::string(3'000'000, 'x')),
         Outcome::Protocol, "header limit exceeded"},
        {"a status line without end", stays("HTTP/1.1 200 " + std::string(3'000'000, 'x')),
         Outcome::Protocol, "header limit exceeded"},
    });
}

TEST(MalformedResponse, IsAProtocolErrorWhereItsLengthsAreWrong) {
    expect_outcomes({
        {"two lengths", stays(response("Content-Length: 2\r\nContent-Length: 3\r\n", "ok")),
         Outcome::Protocol, "multiple Content-Length"},
        {"a length and chunks",
         stays(response("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")),
         Outcome::Protocol, "bad Transfer-Encoding"},
        {"a length below 0", stays(response("Content-Length: -1\r\n", "ok")), Outcome::Protocol,
         "bad Content-Length"},
        {"a length of 65 bits", stays(response("Content-Length: 18446744073709551616\r\n", "ok")),
         Outcome::Protocol, "bad Content-Length"},
        {"more than may be", stays(response("Content-Length: 18446744073709551615\r\n", "ok")),
         Outcome::Protocol, "the body is larger than 1073741824 bytes"},
        {"more than the length", stays(response("Content-Length: 2\r\n", "ok!")), Outcome::Protocol,
         "bytes after the end of the response"},
        {"two responses", stays(ok_response() + ok_response()), Outcome::Protocol,
         "bytes after the end of the response"},
        {"a body with 204", stays("HTTP/1.1 204 No Content\r\n\r\nbody"), Outcome::Protocol,
         "bytes after the end of the response"},
        {"a chunk size that is none", stays(chunked("xyz\r\n")), Outcome::Protocol, "bad chunk"},
        {"a chunk size of 68 bits", stays(chunked("fffffffffffffffff\r\nx")), Outcome::Protocol,
         "bad chunk"},
        {"a chunk size of 64 bits", stays(chunked("ffffffffffffffff\r\nx")), Outcome::Protocol,
         "the body is larger than 1073741824 bytes"},
        {"a chunk longer than its size", stays(chunked("2\r\nlong\r\n0\r\n\r\n")),
         Outcome::Protocol, "bad chunk"},
        {"a chunk line without end", stays(chunked("5;" + std::string(3'000'000, 'x'))),
         Outcome::Protocol},
        {"a trailer without end", stays(chunked("0\r\nX: " + std::string(3'000'000, 'x'))),
         Outcome::Protocol, "header limit exceeded"},
    });
}

TEST(MalformedResponse, MayBeOddAndStillRight) {
    expect_outcomes({
        {"an empty chunked body in three pieces", drips(chunked("0\r\n\r\n"), 5ms, 16),
         Outcome::Ok},
        {"an empty chunked body byte by byte", drips(chunked("0\r\n\r\n"), 2ms), Outcome::Ok},
        {"a thousand interim responses",
         stays(repeated("HTTP/1.1 100 Continue\r\n\r\n", 1000) + ok_response()), Outcome::Ok},
        {"a folded header", stays(response("X: one\r\n two\r\nContent-Length: 0\r\n")),
         Outcome::Ok},
        {"the same length twice",
         stays(response("Content-Length: 2\r\nContent-Length: 2\r\n", "ok")), Outcome::Ok},
        {"a header of 60 KB",
         stays(response("X: " + std::string(60'000, 'x') + "\r\nContent-Length: 0\r\n")),
         Outcome::Ok},
        {"a body until the end", closes("HTTP/1.0 200 OK\r\n\r\nsome"), Outcome::Ok},
        {"an empty body until the end", closes("HTTP/1.0 200 OK\r\n\r\n"), Outcome::Ok},
        {"status 600", stays("HTTP/1.1 600 What\r\nContent-Length: 0\r\n\r\n"), Outcome::Http5xx},
        {"a switch nobody asked for", stays("HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n"),
         Outcome::CheckFailed},
    });
}

// Each of them is a good answer to curl 7.88 as well.
TEST(MalformedResponse, MayHaveAnOddHeader) {
    const std::string rest = "\r\nContent-Length: 2\r\n\r\nok";
    expect_outcomes({
        {"no reason", stays("HTTP/1.1 200" + rest), Outcome::Ok},
        {"no reason, byte by byte", drips("HTTP/1.1 200" + rest, 2ms), Outcome::Ok},
        {"no reason, a failure", stays("HTTP/1.1 503" + rest), Outcome::Http5xx},
        {"no reason, no content", stays("HTTP/1.1 204\r\n\r\n"), Outcome::Ok},
        {"no reason, until the end", closes("HTTP/1.0 200\r\n\r\nok"), Outcome::Ok},
        {"no reason, chunks",
         stays("HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
         Outcome::Ok},
        {"no reason, after an interim one", stays("HTTP/1.1 100\r\n\r\nHTTP/1.1 200" + rest),
         Outcome::Ok},
        {"a reason without a space", stays("HTTP/1.1 200OK" + rest), Outcome::Ok},
        {"two spaces", stays("HTTP/1.1  200 OK" + rest), Outcome::Ok},
        {"small letters", stays("http/1.1 200 ok" + rest), Outcome::Ok},
        {"bare line feeds", stays("HTTP/1.1 200 OK\nContent-Length: 2\n\nok"), Outcome::Ok},
        {"bare line feeds, byte by byte", drips("HTTP/1.1 200 OK\nContent-Length: 2\n\nok", 2ms),
         Outcome::Ok},
        {"bare line feeds before a body with an empty line",
         stays("HTTP/1.1 200 OK\nContent-Length: 6\n\n\r\n\r\nok"), Outcome::Ok},
        {"line feeds of both kinds", stays("HTTP/1.1 200\r\nContent-Length: 2\n\r\nok"),
         Outcome::Ok},
    });
}

TEST(MalformedResponse, IsClosedEarlyWhereTheConnectionEndsInsideIt) {
    expect_outcomes({
        {"nothing", closes(""), Outcome::ConnectReset,
         "connection closed before any byte of the response"},
        {"a reset at once", resets(""), Outcome::ConnectReset, "Connection reset by peer"},
        {"half a status line", closes("HTTP/1.1 20"), Outcome::ClosedEarly,
         "connection closed inside the response"},
        {"half a header", closes("HTTP/1.1 200 OK\r\nContent-"), Outcome::ClosedEarly},
        {"no body", closes(response("Content-Length: 5\r\n")), Outcome::ClosedEarly},
        {"half a body", closes(response("Content-Length: 5\r\n", "hel")), Outcome::ClosedEarly},
        {"a reset in the body", resets(response("Content-Length: 5\r\n", "hel")),
         Outcome::ClosedEarly, "Connection reset by peer"},
        {"a reset in a body until the end", resets("HTTP/1.0 200 OK\r\n\r\nhel"),
         Outcome::ClosedEarly, "Connection reset by peer"},
        {"half a chunk", closes(chunked("5\r\nhel")), Outcome::ClosedEarly},
        {"no last chunk", closes(chunked("5\r\nhello\r\n")), Outcome::ClosedEarly},
        {"half a last chunk", closes(chunked("0\r\n")), Outcome::ClosedEarly},
        {"interim responses alone", closes(repeated("HTTP/1.1 100 Continue\r\n\r\n", 1000)),
         Outcome::ClosedEarly},
    });
}

TEST(MalformedResponse, IsClosedEarlyAtEachOfItsBytes) {
    const std::vector<std::string> wholes{
        response("Content-Length: 5\r\nX: y\r\n", "hello"),
        "HTTP/1.1 100 Continue\r\n\r\n" + chunked("2\r\nhe\r\n3\r\nllo\r\n0\r\nX: y\r\n\r\n")};
    for (const std::string& whole : wholes) {
        std::vector<Case> cases;
        for (std::size_t size = 0; size <= whole.size(); ++size) {
            const Outcome outcome = size == 0              ? Outcome::ConnectReset
                                    : size == whole.size() ? Outcome::Ok
                                                           : Outcome::ClosedEarly;
            cases.push_back({"cut", closes(whole.substr(0, size)), outcome});
        }
        expect_outcomes(cases);
    }
}

TEST(MalformedResponse, RunsIntoTheLimitOfThePartThatDoesNotCome) {
    const std::string interim = "HTTP/1.1 100 Continue\r\n\r\n";
    expect_outcomes(
        {
            {"silence", stays(""), Outcome::ResponseTimeout,
             "no response header within the step's timeout"},
            {"half a header", stays("HTTP/1.1 200 OK\r\nContent-"), Outcome::ResponseTimeout},
            {"a dripping header", drips("HTTP/1.1 200 OK\r\nX: " + std::string(1000, 'x'), 20ms),
             Outcome::ResponseTimeout},
            {"headers that never end",
             drips("HTTP/1.1 200 OK\r\n" + repeated("X: y\r\n", 1000), 20ms, 6),
             Outcome::ResponseTimeout},
            {"interim responses that never end", drips(repeated(interim, 1000), 20ms, 25),
             Outcome::ResponseTimeout},
            {"no body", stays(response("Content-Length: 5\r\n")), Outcome::BodyTimeout,
             "response body not complete within the step's timeout"},
            {"half a body", stays(response("Content-Length: 5\r\n", "hel")), Outcome::BodyTimeout},
            {"a dripping body",
             drips(response("Content-Length: 1000\r\n", std::string(1000, 'x')), 20ms, 38),
             Outcome::BodyTimeout},
            {"chunks that never end", drips(chunked(repeated("1\r\nx\r\n", 1000)), 20ms, 6),
             Outcome::BodyTimeout},
            {"no last chunk", stays(chunked("5\r\nhello\r\n")), Outcome::BodyTimeout},
        },
        [](Step& step) { step.timeout = 250ms; });
}

Answer floods(std::string bytes, const std::string& then) {
    Answer answer{std::move(bytes)};
    answer.then_for_ever = repeated(then, 1'000'000 / static_cast<int>(then.size()));
    return answer;
}

TEST(MalformedResponse, EndsThoughTheServerSendsFasterThanWeRead) {
    expect_outcomes({{"interim", floods("", "HTTP/1.1 100 Continue\r\n\r\n"), Outcome::Protocol,
                      "header limit exceeded"},
                     {"headers", floods("HTTP/1.1 200 OK\r\n", "X-Name: value\r\n"),
                      Outcome::Protocol, "header limit exceeded"},
                     {"trailers", floods(chunked("0\r\n"), "X-Name: value\r\n"), Outcome::Protocol,
                      "header limit exceeded"},
                     {"a body beyond the limit", floods(response(""), "x"), Outcome::Protocol,
                      "the body is larger than 100000000 bytes"}},
                    [](Step& step) { step.http.max_body = 100'000'000; });
    expect_outcomes({{"a body", floods(response(""), "x"), Outcome::BodyTimeout},
                     {"chunks", floods(chunked(""), "1\r\nx\r\n"), Outcome::BodyTimeout}},
                    [](Step& step) {
                        step.http.max_body = 1ULL << 50;
                        step.timeout = 500ms;
                    });
}

TEST(MalformedResponse, LeavesTheShardToTheOtherUsersWhileItFloods) {
    const ScriptedServer server([](const std::string& request, int) {
        return request.starts_with("GET /flood") ? floods(response(""), "x")
                                                 : Answer{ok_response()};
    });
    Scenario scenario = scenario_for(server, users(1, 1s));
    scenario.endpoints = {{"flooded", "/flood", "GET"}, {"other", "/", "GET"}};
    UserClass& flooded = scenario.users[0];
    flooded.name = "flooded";
    flooded.steps = {get("/flood", 0)};
    flooded.steps[0].http.max_body = 1ULL << 50;
    flooded.steps[0].timeout = 700ms;
    UserClass other = flooded;
    other.name = "other";
    other.steps = {get("/", 1)};
    scenario.users.push_back(other);
    Executor second = users(1, 700ms);
    second.name = "second";
    scenario.load.push_back(second);
    scenario.load[0].users = {0};
    scenario.load[1].users = {1};
    const Outcomes out = run(scenario);
    EXPECT_GE(out.count(Outcome::BodyTimeout, 0), 1U);
    EXPECT_GE(out.count(Outcome::Ok, 1), 20U);
}

TEST(MalformedResponse, IsWholeHoweverSlowWithinTheLimit) {
    expect_outcomes({
        {"a length", drips(response("Content-Length: 5\r\n", "hello"), 3ms), Outcome::Ok},
        {"chunks", drips(chunked("5;x=y\r\nhello\r\n0\r\nX: y\r\n\r\n"), 3ms), Outcome::Ok},
        {"interim", drips("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + ok_response(), 3ms),
         Outcome::Ok},
    });
}

TEST(MalformedResponse, IsAProtocolErrorWhereACheckReadsABodyThatCannotBeDecoded) {
    std::vector<Case> cases;
    const auto files = test::response_corpus(PLIMSOLL_SOURCE_DIR "/tests/fuzz/responses");
    for (const auto& [name, bytes] : files) {
        if (name.starts_with("coded-")) {
            cases.push_back({name.c_str(), stays(bytes), Outcome::Protocol});
        } else if (name.starts_with("whole-gzip") || name.starts_with("whole-br") ||
                   name.starts_with("whole-deflate") || name.starts_with("whole-codings")) {
            cases.push_back({name.c_str(), stays(bytes), Outcome::Ok});
        }
    }
    ASSERT_GT(cases.size(), 12U);
    expect_outcomes(cases, [](Step& step) {
        Check check;
        check.selector = *Selector::compile(Selector::Kind::Body, "");
        step.expect.checks = {check};
        step.http.max_body = test::kTrialMaxBody;
    });
    // Nobody reads it: it is not decoded.
    for (Case& each : cases) {
        each.outcome = Outcome::Ok;
    }
    expect_outcomes(cases);
}

/// What a request comes to whose response is `bytes`, sent at once, and the connection's end.
Outcome outcome_of(const std::string& bytes) {
    std::string fault;
    const Reading reading = test::read_in_pieces(
        bytes, {.max_body = HttpOptions().max_body}, [&] { return bytes.size(); }, fault);
    EXPECT_EQ(fault, "");
    switch (reading.end) {
        case Reading::End::Broken:
            return Outcome::Protocol;
        case Reading::End::CutShort:
            return bytes.empty() ? Outcome::ConnectReset : Outcome::ClosedEarly;
        case Reading::End::Whole:
            break;
    }
    if (reading.consumed < bytes.size()) {
        return Outcome::Protocol;
    }
    const auto status = reading.status;
    return status < 200    ? Outcome::CheckFailed
           : status < 400  ? Outcome::Ok
           : status == 429 ? Outcome::RateLimited
           : status < 500  ? Outcome::Http4xx
                           : Outcome::Http5xx;
}

TEST(MalformedResponse, HasItsOutcomeHoweverDamaged) {
    constexpr std::size_t kRounds = 500;
    std::vector<std::string> texts;
    for (const auto& [name, bytes] :
         test::response_corpus(PLIMSOLL_SOURCE_DIR "/tests/fuzz/responses")) {
        texts.push_back(bytes);
    }
    Random random(4, 5, 6);
    std::vector<std::string> answers;
    std::map<Outcome, std::uint64_t> expected;
    for (std::size_t i = 0; i < kRounds; ++i) {
        std::string bytes = texts[random.between(0, texts.size() - 1)];
        test::damage_response(bytes, texts[random.between(0, texts.size() - 1)], random);
        ++expected[outcome_of(bytes)];
        answers.push_back(std::move(bytes));
    }
    // A request that met a connection just closed is sent again, but was never read.
    std::atomic<std::size_t> next = 0;
    const ScriptedServer server(
        [&](const std::string&, int) { return closes(answers.at(next++)); });
    Scenario scenario = scenario_for(server, times(kRounds));
    scenario.users[0].steps[0].http.redirects = 0;
    const Outcomes out = run(scenario);
    EXPECT_EQ(out.last->total[0].requests, kRounds);
    EXPECT_EQ(server.requests(), kRounds);
    for (const auto& [outcome, count] : expected) {
        EXPECT_EQ(out.count(outcome), count) << to_string(outcome);
    }
    EXPECT_EQ(out.last->state.connections_open, 0U);
}

}  // namespace
}  // namespace plimsoll
