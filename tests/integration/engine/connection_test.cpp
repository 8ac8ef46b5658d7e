// What may happen on a connection, and which shard and address a user gets.
#include "engine/transport/address.hpp"
#include "tests/integration/engine/engine_run.hpp"

#include <arpa/inet.h>
#include <array>
#include <atomic>
#include <cstring>
#include <netinet/in.h>
#include <set>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using test::Answer;
using test::ok_response;
using test::ScriptedServer;

/// Hands each accepted connection to `serve`, on a thread of its own, and closes it afterwards.
class RawServer {
public:
    explicit RawServer(std::function<void(int socket)> serve) : serve_(std::move(serve)) {
        listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* const any = reinterpret_cast<sockaddr*>(&address);
        // Little room, so that a large request stays with the client until it is read.
        const int room = 65536;
        ::setsockopt(listener_, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
        EXPECT_EQ(::bind(listener_, any, sizeof address), 0);
        EXPECT_EQ(::listen(listener_, 1024), 0);
        ::getsockname(listener_, any, &size);
        url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
        accepting_ = std::thread([this] {
            for (int socket; (socket = ::accept(listener_, nullptr, nullptr)) >= 0;) {
                serving_.emplace_back([this, socket] {
                    serve_(socket);
                    ::close(socket);
                });
            }
        });
    }
    ~RawServer() {
        ::shutdown(listener_, SHUT_RDWR);
        accepting_.join();
        for (std::thread& thread : serving_) {
            thread.join();
        }
        ::close(listener_);
    }
    RawServer(const RawServer&) = delete;
    RawServer& operator=(const RawServer&) = delete;
    [[nodiscard]] const std::string& url() const { return url_; }

private:
    std::function<void(int)> serve_;
    int listener_ = -1;
    std::string url_;
    std::vector<std::thread> serving_;  // the accepting thread's, until it has ended
    std::thread accepting_;
};

void say(int socket, const std::string& bytes) {
    ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
}

/// Reads `bytes`, or until the end; returns how many came.
std::size_t hear(int socket, std::size_t bytes) {
    std::array<char, 65536> buffer{};
    std::size_t heard = 0;
    while (heard < bytes) {
        const ssize_t n = ::recv(socket, buffer.data(), std::min(buffer.size(), bytes - heard), 0);
        if (n <= 0) {
            break;
        }
        heard += static_cast<std::size_t>(n);
    }
    return heard;
}

/// The names of the phases of an iteration's first request.
std::string phases_of(const IterationTrace& trace) {
    std::string out;
    for (const PhaseSpan& phase : trace.requests.at(0).phases) {
        out += out.empty() ? "" : " ";
        out += kRequestPhaseNames[static_cast<std::size_t>(phase.phase)];
    }
    return out;
}

Scenario upload_to(const std::string& url, std::size_t bytes, Executor executor) {
    Scenario scenario = scenario_for(url, std::move(executor));
    Step& step = scenario.users[0].steps[0];
    step.method = "PUT";
    step.body = Template::literal(std::string(bytes, 'x'));
    step.has_body = true;
    step.timeout = 5s;
    return scenario;
}

TEST(Connection, GoesOnSendingWhenTheResponseBeginsBeforeTheRequestIsOut) {
    // An echoing service: the response's begin comes while most of the request is still to be sent.
    constexpr std::size_t kBody = 20'000'000;
    std::atomic<std::size_t> heard = 0;
    const RawServer server([&](int socket) {
        if (hear(socket, 1000) == 0) {
            return;  // the one that checks whether anybody is there
        }
        say(socket, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhel");
        std::this_thread::sleep_for(100ms);
        heard += hear(socket, kBody - 1000);
        say(socket, "lo");
        hear(socket, 1);
    });
    const Outcomes out = run(upload_to(server.url(), kBody, arrivals(10, 100ms)));
    EXPECT_EQ(out.count(Outcome::Ok), 1U);
    EXPECT_EQ(heard, kBody - 1000);
    EXPECT_EQ(out.last->total_phases[RequestPhase::Wait].max(), 1ns);  // none, but it was answered
}

TEST(Connection, IsNotUsedAgainWhenTheResponseCameBeforeTheRequestWasOut) {
    constexpr std::size_t kBody = 20'000'000;
    std::atomic<int> answered = 0;
    std::atomic<bool> over = false;
    const RawServer server([&](int socket) {
        if (hear(socket, 1000) == 0) {
            return;
        }
        const int mine = ++answered;
        say(socket, "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n");
        // Reads no more until the client has gone on elsewhere, so that the request stays half
        // sent.
        while (!over && answered == mine) {
            std::this_thread::sleep_for(2ms);
        }
        hear(socket, kBody);
    });
    Executor thrice = users(1, 60s);
    thrice.kind = ExecutorKind::PerVuIterations;
    thrice.iterations = 3;
    const Outcomes out = run(upload_to(server.url(), kBody, thrice), 1, 1.0);
    over = true;
    EXPECT_EQ(out.count(Outcome::Http4xx), 3U);
    EXPECT_EQ(out.last->total[0].requests, 3U);
    EXPECT_EQ(answered, 3);
    EXPECT_EQ(out.last->total_phases[RequestPhase::Wait].max(), 1ns);
    EXPECT_GT(out.last->total_phases[RequestPhase::Send].min(), 0ns);
    for (const IterationTrace& trace : out.traces) {
        EXPECT_EQ(phases_of(trace), "connect send wait receive");
    }
}

// Phases of traced requests: all that a user's requests went through, each from where the one
// before it ended.

TEST(Phases, FollowEachOtherFromTheSendToTheLastByte) {
    ScriptedServer server([](const std::string&, int) { return Answer{ok_response()}; });
    const Outcomes out = run(scenario_for(server, arrivals(100, 500ms)), 1, 1.0);
    ASSERT_EQ(out.traces.size(), 50U);
    std::uint64_t connected = 0;
    for (const IterationTrace& trace : out.traces) {
        const bool connects = trace.requests.at(0).phases.size() == 4;
        EXPECT_EQ(phases_of(trace), connects ? "connect send wait receive" : "send wait receive");
        connected += connects ? 1U : 0U;
        auto at = trace.requests[0].sent;
        for (const PhaseSpan& phase : trace.requests[0].phases) {
            EXPECT_EQ(phase.begun, at);
            at += phase.lasted;
        }
        EXPECT_EQ(at, trace.requests[0].completed);
    }
    EXPECT_EQ(connected, server.connections() - 1);  // one was the check before the run
}

TEST(Phases, OfARedirectAreThoseOfEveryHop) {
    ScriptedServer server([](const std::string& request, int) {
        return Answer{request.starts_with("GET / ")
                          ? "HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n"
                          : ok_response()};
    });
    Executor twice = users(1, 60s);
    twice.kind = ExecutorKind::PerVuIterations;
    twice.iterations = 2;
    const Outcomes out = run(scenario_for(server, twice), 1, 1.0);
    ASSERT_EQ(out.traces.size(), 2U);
    EXPECT_EQ(phases_of(out.traces[0]), "connect send wait receive send wait receive");
    EXPECT_EQ(phases_of(out.traces[1]), "send wait receive send wait receive");
    for (const IterationTrace& trace : out.traces) {
        auto at = trace.requests.at(0).sent;
        for (const PhaseSpan& phase : trace.requests[0].phases) {
            EXPECT_GE(phase.begun, at);
            at = phase.begun + phase.lasted;
        }
        EXPECT_EQ(at, trace.requests[0].completed);
    }
}

TEST(Phases, EndWithTheOneInWhichAConnectionWasLostAndBeginAnewWhereTheRequestIsSentAgain) {
    ScriptedServer server([](const std::string&, int nth) {
        return nth == 0 ? Answer{ok_response()} : Answer{"", 0ms, true};
    });
    Executor twice = users(1, 60s);
    twice.kind = ExecutorKind::PerVuIterations;
    twice.iterations = 2;
    const Outcomes out = run(scenario_for(server, twice), 1, 1.0);
    EXPECT_EQ(out.count(Outcome::Ok), 2U);
    ASSERT_EQ(out.traces.size(), 2U);
    EXPECT_EQ(phases_of(out.traces[0]), "connect send wait receive");
    EXPECT_EQ(phases_of(out.traces[1]), "send wait connect send wait receive");
}

TEST(Phases, EndWithTheOneThatFailed) {
    ScriptedServer server([](const std::string&, int) { return Answer{"", 0ms, true}; });
    Executor once = users(1, 60s);
    once.kind = ExecutorKind::PerVuIterations;
    once.iterations = 1;
    const Outcomes out = run(scenario_for(server, once), 1, 1.0);
    ASSERT_EQ(out.traces.size(), 1U);
    EXPECT_EQ(phases_of(out.traces[0]), "connect send wait");
    const RequestSpan& request = out.traces[0].requests[0];
    EXPECT_EQ(request.phases.back().begun + request.phases.back().lasted, request.completed);
}

TEST(Connection, TakesTheResponseOfAServerThatRefusesTheBodyAndCloses) {
    const RawServer server([&](int socket) {
        if (hear(socket, 1000) == 0) {
            return;
        }
        say(socket, "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        // Closing with the body unread resets the connection.
    });
    const Outcomes out = run(upload_to(server.url(), 20'000'000, arrivals(20, 500ms)));
    EXPECT_EQ(out.count(Outcome::Http4xx), 10U);
}

TEST(Connection, TakesAResponseThatCameBeforeItsRequest) {
    // An overloaded proxy answers as soon as it has accepted, then waits for the client to leave.
    const RawServer server([](int socket) {
        say(socket, "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        ::shutdown(socket, SHUT_WR);
        hear(socket, 1'000'000);
    });
    Scenario scenario = scenario_for(server.url(), arrivals(10'000, 20ms, 200));
    scenario.users[0].steps[0].timeout = 3s;
    const Outcomes out = run(scenario);
    EXPECT_EQ(out.count(Outcome::Http5xx), out.last->total[0].requests);
    EXPECT_GT(out.last->total[0].requests, 0U);
}

TEST(Connection, IsGivenUpWhenBytesComeThatNobodyAskedFor) {
    const RawServer server([](int socket) {
        while (hear(socket, 10) == 10) {
            say(socket, ok_response());
            std::this_thread::sleep_for(50ms);
            say(socket, "surplus");
            std::array<char, 4096> rest{};
            ::recv(socket, rest.data(), rest.size(), MSG_DONTWAIT);  // the request's rest
        }
    });
    Scenario scenario = scenario_for(server.url(), users(1, 900ms));
    scenario.users[0].think = {Think::Kind::Constant, 300ms, 0ns};
    const Outcomes out = run(scenario);
    EXPECT_GE(out.count(Outcome::Ok), 2U);
    EXPECT_EQ(out.last->total[0].failed, 0U);
}

/// Answers the first request of a connection and closes at the second, as where its idle time just
/// ran out.
Answer first_only(const std::string& /*request*/, int nth) {
    return nth == 0 ? Answer{ok_response()} : Answer{"", 0ms, true};
}

TEST(Connection, RetriesTheVeryRequestThatGotNoAnswer) {
    ScriptedServer server(first_only);
    Scenario scenario = scenario_for(server, users(1, 300ms));
    scenario.users[0].steps[0].path = *Template::compile(
        "/${random_int(0,1000000000)}", [](const char*) -> const char* { return nullptr; });
    const Outcomes out = run(scenario);
    ASSERT_GE(out.last->total_counts.reconnects, 2U);
    const auto seen = server.seen();
    std::set<std::string> different(seen.begin(), seen.end());
    EXPECT_EQ(different.size(), out.last->total[0].requests);
}

TEST(Connection, NeverSendsARequestTwiceThatMayHaveAnEffectEachTime) {
    ScriptedServer server(first_only);
    Scenario scenario = scenario_for(server, users(1, 300ms));
    scenario.users[0].steps[0].method = "POST";
    const Outcomes out = run(scenario);
    EXPECT_GE(out.count(Outcome::ConnectReset), 1U);
    EXPECT_EQ(server.requests(), out.last->total[0].requests);
}

TEST(Sharding, GivesArrivalsOnlyToShardsThatHaveAUser) {
    ScriptedServer server([](const std::string&, int) { return Answer{ok_response()}; });
    const Outcomes out = run(scenario_for(server, arrivals(20, 1s, 2)), 4);
    EXPECT_EQ(out.last->total_counts.arrivals_due, 20U);
    // Two of four shards without a user would keep back ten; an odd one may come while both are
    // busy.
    EXPECT_LT(out.last->total_counts.not_sent_user_cap, 8U);
}

TEST(Ramp, GoesOnCountingTheIterationsOfAUserThatLeftAndCameBack) {
    ScriptedServer server([](const std::string&, int) { return Answer{ok_response(), 5ms}; });
    Executor executor = users(0, 0ns);
    executor.kind = ExecutorKind::RampingVus;
    executor.ramp = Ramp(2, {{200ms, 2}, {0ns, 0}, {200ms, 0}, {0ns, 2}, {200ms, 2}});
    executor.max_vus = 2;
    const Outcomes out = run(scenario_for(server, executor), 1, 1.0);
    std::set<std::array<std::uint8_t, 16>> ids;
    for (const IterationTrace& trace : out.traces) {
        EXPECT_TRUE(ids.insert(trace.trace_id).second) << "iteration " << trace.iteration;
    }
    EXPECT_EQ(ids.size(), out.last->total_counts.iterations_completed);
    EXPECT_EQ(out.last->total_counts.iterations_started,
              out.last->total_counts.iterations_completed);
    EXPECT_GE(server.connections(), 1U + 2U + 2U);  // both have been away
}

/// Requests that each of two servers at one name got, of 600 arrivals or iterations by two classes.
std::array<std::uint64_t, 2> shares_of_two_addresses(Executor load, std::uint32_t shards) {
    const auto answer = [](const std::string&, int) { return Answer{ok_response()}; };
    const ScriptedServer one(answer);
    const ScriptedServer two(answer);
    Scenario scenario = scenario_for("http://two.test", std::move(load));
    scenario.users.push_back(scenario.users.front());
    scenario.users[1].name = "other";
    EngineOptions options;
    options.look_up = [&](const TargetUrl&) -> Result<std::vector<SocketAddress>> {
        std::vector<SocketAddress> addresses;
        for (const ScriptedServer* const server : {&one, &two}) {
            const auto found = resolve(*parse_target(server->url()));
            addresses.insert(addresses.end(), found->begin(), found->end());
        }
        return addresses;
    };
    const Outcomes out = run(scenario, shards, std::move(options));
    EXPECT_EQ(out.count(Outcome::Ok), 600U);
    EXPECT_EQ(one.requests() + two.requests(), 600U);
    return {one.requests(), two.requests()};
}

TEST(Address, GetsItsShareOfArrivalsHoweverFewUsersServeThem) {
    for (const std::uint32_t shards : {1U, 2U, 3U}) {
        const auto shares = shares_of_two_addresses(arrivals(600, 1s), shards);
        // Of each class and shard, every second one.
        EXPECT_NEAR(static_cast<double>(shares[0]), 300, 2.0 * shards) << shards;
    }
}

TEST(Address, GetsItsShareOfUsers) {
    for (const std::uint32_t shards : {1U, 2U}) {
        Executor load = users(4, 20s);
        load.kind = ExecutorKind::PerVuIterations;
        load.iterations = 150;
        EXPECT_EQ(shares_of_two_addresses(load, shards)[0], 300U) << shards;
    }
}

TEST(Address, IsLeftOutWhereNothingAnswersAtIt) {
    ScriptedServer server([](const std::string&, int) { return Answer{ok_response()}; });
    TargetUrl target = *parse_target(server.url());
    const auto alive = resolve(target);
    {
        const ScriptedServer gone([](const std::string&, int) { return Answer{}; });
        target.port = gone.port();
    }
    const auto dead = resolve(target);
    ASSERT_TRUE(alive && dead);
    const auto found = reachable({dead->front(), alive->front()}, target, 5s);
    ASSERT_TRUE(found);
    ASSERT_EQ(found->size(), 1U);
    EXPECT_EQ(std::memcmp(&found->front().storage, &alive->front().storage, alive->front().length),
              0);
    const auto none = reachable(*dead, target, 5s);
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().what, "cannot connect: Connection refused");
}

}  // namespace
}  // namespace plimsoll
