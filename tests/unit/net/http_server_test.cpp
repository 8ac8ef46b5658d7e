#include "net/http_server.hpp"

#include "net/http_client.hpp"
#include "raw_socket.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
using test::RawClient;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr auto kServerPatience = 20s;

HttpResponse text(std::string body, int status = 200) {
    return make_response(status, "text/plain", std::move(body));
}

void echo(HttpRequest request, Responder responder) {
    responder.send(text(request.method + " " + request.target + " " + request.body));
}

HttpServer start(HttpHandler handler, HttpServerOptions options = {}) {
    auto server = HttpServer::start(std::move(options), std::move(handler));
    EXPECT_TRUE(server.ok()) << server.error().to_string();
    return std::move(server).value();
}

/// Waits for what another thread brings about; the limit only ends a hopeless wait.
bool eventually(const std::function<bool()>& condition) {
    const auto limit = Clock::now() + kServerPatience;
    while (!condition()) {
        if (Clock::now() > limit) {
            return false;
        }
        std::this_thread::sleep_for(2ms);
    }
    return true;
}

/// Keeps responders for a test to answer when it likes.
class Shelf {
public:
    void put(Responder responder) {
        const std::lock_guard lock(mutex_);
        responders_.push_back(std::move(responder));
        arrived_.notify_all();
    }
    Responder take() {
        std::unique_lock lock(mutex_);
        arrived_.wait_for(lock, kServerPatience, [&] { return !responders_.empty(); });
        if (responders_.empty()) {
            return {};
        }
        Responder first = std::move(responders_.front());
        responders_.erase(responders_.begin());
        return first;
    }

private:
    std::mutex mutex_;
    std::condition_variable arrived_;
    std::vector<Responder> responders_;
};

TEST(HttpServer, AnswersTheClientOnOneKeptConnection) {
    const auto server = start(echo);
    auto client = HttpClient::create(server.url());
    ASSERT_TRUE(client.ok());
    HttpRequest request;
    request.method = "PUT";
    request.target = "/x?y=1";
    for (int i = 0; i < 3; ++i) {
        request.body = std::to_string(i);
        const auto response = client->send(request, Clock::now() + kServerPatience);
        ASSERT_TRUE(response.ok()) << response.error().to_string();
        EXPECT_EQ(response->body, "PUT /x?y=1 " + std::to_string(i));
    }
    EXPECT_EQ(client->connections_opened(), 1U);
    EXPECT_EQ(server.connections_open(), 1U);
}

TEST(HttpServer, CarriesBigBodiesBothWays) {
    HttpServerOptions options;
    options.max_body_bytes = 32U << 20U;
    const auto server =
        start([](HttpRequest request, Responder responder) { responder.send(text(request.body)); },
              options);
    auto client = HttpClient::create(server.url());
    HttpRequest request;
    request.method = "POST";
    for (std::size_t i = 0; i < (20U << 20U); ++i) {
        request.body.push_back(static_cast<char>('a' + i % 23));
    }
    const auto response = client->send(request, Clock::now() + 3 * kServerPatience);
    ASSERT_TRUE(response.ok()) << response.error().to_string();
    EXPECT_TRUE(response->body == request.body);
}

TEST(HttpServer, AnswersPipelinedRequestsInOrder) {
    const auto server = start(echo);
    RawClient client(server.port());
    std::string requests;
    for (int i = 0; i < 500; ++i) {
        requests += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
    }
    std::thread sender([&] { client.send(requests); });
    for (int i = 0; i < 500; ++i) {
        EXPECT_THAT(client.read_response(), EndsWith("GET /" + std::to_string(i) + " "));
    }
    sender.join();
}

TEST(HttpServer, AnswersPipelinedRequestsInOrderWhenAnswersComeFromOtherThreads) {
    std::vector<std::thread> threads;
    auto server = start([&](HttpRequest request, Responder responder) {
        threads.emplace_back([target = request.target, held = std::move(responder)]() mutable {
            held.send(text(target));
        });
    });
    RawClient client(server.port());
    client.send(
        "GET /1 HTTP/1.1\r\nHost: localhost\r\n\r\nGET /2 HTTP/1.1\r\nHost: localhost\r\n\r\n"
        "GET /3 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(client.read_response(), EndsWith("/1"));
    EXPECT_THAT(client.read_response(), EndsWith("/2"));
    const auto last = client.read_to_end();
    EXPECT_THAT(last, EndsWith("/3"));
    EXPECT_THAT(last, HasSubstr("Connection: close\r\n"));
    server.stop();
    for (auto& thread : threads) {
        thread.join();
    }
}

TEST(HttpServer, ReadsRequestsInAnyPieces) {
    const auto server = start(echo);
    RawClient client(server.port());
    for (const char c :
         std::string_view("POST /p HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
                          "\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n")) {
        client.send({&c, 1});
        std::this_thread::sleep_for(500us);
    }
    EXPECT_THAT(client.read_response(), EndsWith("\r\n\r\nPOST /p abc"));
}

TEST(HttpServer, ReadsAnEmptyChunkedBodyInAnyPieces) {
    const auto server = start(echo);
    RawClient client(server.port());
    for (const char c :
         std::string_view("POST /p HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
                          "\r\n0\r\n\r\n")) {
        client.send({&c, 1});
        std::this_thread::sleep_for(500us);
    }
    EXPECT_THAT(client.read_response(), EndsWith("\r\n\r\nPOST /p "));
}

TEST(HttpServer, SpeaksHttp10) {
    const auto server = start(echo);
    RawClient client(server.port());
    client.send("GET /old HTTP/1.0\r\n\r\n");
    EXPECT_THAT(client.read_to_end(), EndsWith("GET /old "));
    RawClient keeping(server.port());
    keeping.send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_THAT(keeping.read_response(), HasSubstr("Connection: keep-alive\r\n"));
    keeping.send("GET /b HTTP/1.0\r\n\r\n");
    EXPECT_THAT(keeping.read_to_end(), EndsWith("GET /b "));
}

TEST(HttpServer, SendsNoBodyToHead) {
    const auto server = start(echo);
    RawClient client(server.port());
    client.send("HEAD /h HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    const auto answer = client.read_to_end();
    EXPECT_THAT(answer, EndsWith("\r\n\r\n"));
    EXPECT_THAT(answer, HasSubstr("Content-Length: 8\r\n"));
}

TEST(HttpServer, TellsAWaitingClientToContinue) {
    const auto server = start(echo);
    RawClient client(server.port());
    client.send(
        "POST /e HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("ok");
    EXPECT_THAT(client.read_response(), EndsWith("POST /e ok"));
}

TEST(HttpServer, RefusesWhatIsTooLargeAndCloses) {
    HttpServerOptions options;
    options.max_body_bytes = 100;
    options.max_header_bytes = 1000;
    const auto server = start(echo, options);
    {
        RawClient client(server.port());
        client.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 101\r\n\r\n" +
                    std::string(101, 'x'));
        EXPECT_THAT(client.read_to_end(), StartsWith("HTTP/1.1 413 "));
    }
    {
        RawClient client(server.port());
        client.send(
            "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n" +
            std::string(0x65, 'x') + "\r\n0\r\n\r\n");
        EXPECT_THAT(client.read_to_end(), StartsWith("HTTP/1.1 413 "));
    }
    {
        RawClient client(server.port());
        client.send("GET / HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(1000, 'x') +
                    "\r\n\r\n");
        EXPECT_THAT(client.read_to_end(), StartsWith("HTTP/1.1 431 "));
    }
    {
        RawClient client(server.port());
        client.send(
            "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\nConnection: "
            "close\r\n\r\n" +
            std::string(100, 'x'));
        EXPECT_THAT(client.read_to_end(), StartsWith("HTTP/1.1 200 "));
    }
}

TEST(HttpServer, RefusesChunkLinesAndTrailersAboveTheHeadersLimit) {
    HttpServerOptions options;
    options.max_header_bytes = 1000;
    const auto server = start(echo, options);
    const std::string head =
        "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
    const std::string large(1100, 'x');
    const std::string zeros(1100, '0');
    for (const std::string& body : {"5;" + large, zeros, "5;" + large + "\r\nhello\r\n0\r\n\r\n",
                                    "0\r\nX: " + large, "0\r\nX: " + large + "\r\n\r\n"}) {
        RawClient client(server.port());
        client.send(head + body);
        EXPECT_THAT(client.read_to_end(), StartsWith("HTTP/1.1 431 ")) << body;
    }
    RawClient client(server.port());
    const std::string small(900, 'x');
    client.send(head + "5;" + small + "\r\nhello\r\n0\r\nX: " + small + "\r\n\r\n");
    EXPECT_THAT(client.read_response(), EndsWith("POST / hello"));
}

TEST(HttpServer, RefusesWhatIsNotHttp) {
    const auto server = start(echo);
    for (const std::string_view junk :
         {"hello\r\n\r\n", "GET / HTTP/1.1\r\nBroken\r\n\r\n", "GET / HTTP/2.0\r\n\r\n",
          "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
          "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
          "POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"}) {
        RawClient client(server.port());
        client.send(junk);
        EXPECT_THAT(client.read_to_end(), StartsWith("HTTP/1.1 400 ")) << junk;
    }
}

TEST(HttpServer, ClosesIdleAndAbandonedConnections) {
    HttpServerOptions options;
    options.idle_timeout = 50ms;
    options.request_timeout = 50ms;
    const auto server = start(echo, options);
    RawClient idle(server.port());
    EXPECT_EQ(idle.read_to_end(), "");
    {
        RawClient half(server.port());
        half.send("GET / HTTP/1.1\r\nHo");
        EXPECT_THAT(half.read_to_end(), StartsWith("HTTP/1.1 408 "));
    }
    EXPECT_TRUE(eventually([&] { return server.connections_open() == 0; }));
}

TEST(HttpServer, ClosesAConnectionWhoseClientTakesNothing) {
    HttpServerOptions options;
    options.write_timeout = 50ms;
    const auto server =
        start([](HttpRequest,
                 Responder responder) { responder.send(text(std::string(64U << 20U, 'x'))); },
              options);
    RawClient client(server.port());
    client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_TRUE(eventually([&] { return server.connections_open() == 1; }));
    EXPECT_TRUE(eventually([&] { return server.connections_open() == 0; }));
}

TEST(HttpServer, WaitsForALateAnswerAsLongAsItTakes) {
    Shelf shelf;
    HttpServerOptions options;
    options.idle_timeout = options.request_timeout = options.write_timeout = 20ms;
    const auto server =
        start([&](HttpRequest, Responder responder) { shelf.put(std::move(responder)); }, options);
    RawClient client(server.port());
    client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    auto responder = shelf.take();
    std::this_thread::sleep_for(100ms);
    responder.send(text("late"));
    EXPECT_FALSE(responder.pending());
    EXPECT_THAT(client.read_response(), EndsWith("late"));
}

TEST(HttpServer, AnswersOtherConnectionsWhileOneWaits) {
    Shelf shelf;
    const auto server = start([&](HttpRequest request, Responder responder) {
        if (request.target == "/wait") {
            shelf.put(std::move(responder));
        } else {
            responder.send(text("now"));
        }
    });
    RawClient waiting(server.port());
    waiting.send("GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n");
    auto responder = shelf.take();
    RawClient other(server.port());
    other.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_THAT(other.read_response(), EndsWith("now"));
    responder.send(text("then"));
    EXPECT_THAT(waiting.read_response(), EndsWith("then"));
}

TEST(Responder, Sends500WhenDestroyedUnanswered) {
    const auto server = start([](HttpRequest, Responder) {});
    RawClient client(server.port());
    client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_THAT(client.read_response(), StartsWith("HTTP/1.1 500 "));
}

TEST(Responder, DoesNothingAfterTheClientLeft) {
    Shelf shelf;
    const auto server =
        start([&](HttpRequest, Responder responder) { shelf.put(std::move(responder)); });
    std::vector<Responder> late;
    {
        RawClient client(server.port());
        client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
        late.push_back(shelf.take());
    }
    late.front().send(text(std::string(1U << 20U, 'x')));
    EXPECT_TRUE(eventually([&] { return server.connections_open() == 0; }));
    RawClient next(server.port());
    next.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    shelf.take().send(text("fine"));
    EXPECT_THAT(next.read_response(), EndsWith("fine"));
}

TEST(Responder, MayOutliveTheServer) {
    Shelf shelf;
    Responder late;
    {
        const auto server =
            start([&](HttpRequest, Responder responder) { shelf.put(std::move(responder)); });
        RawClient client(server.port());
        client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
        late = shelf.take();
    }
    ASSERT_TRUE(late.pending());
    late.send(text("nobody listens"));
    EXPECT_FALSE(late.pending());
}

TEST(Responder, LeavesOutAHeaderThatHidesAnother) {
    const auto server = start([](HttpRequest, Responder responder) {
        auto response = text("x");
        response.headers.push_back({"X-Bad", "a\r\nInjected: yes"});
        response.headers.push_back({"X-Good", "b"});
        responder.send(std::move(response));
    });
    RawClient client(server.port());
    client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    const auto answer = client.read_response();
    EXPECT_THAT(answer, HasSubstr("X-Good: b\r\n"));
    EXPECT_THAT(answer, Not(HasSubstr("Injected")));
}

TEST(HttpServer, StopClosesOpenConnectionsAndFreesThePort) {
    Shelf shelf;
    HttpServerOptions options;
    options.threads = 2;
    auto server =
        start([&](HttpRequest, Responder responder) { shelf.put(std::move(responder)); }, options);
    RawClient idle(server.port());
    RawClient waiting(server.port());
    waiting.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    auto responder = shelf.take();
    const auto port = server.port();
    server.stop();
    server.stop();
    EXPECT_EQ(idle.read_to_end(), "");
    EXPECT_EQ(waiting.read_to_end(), "");
    EXPECT_EQ(server.connections_open(), 0U);
    responder.send(text("too late"));
    options.port = port;
    const auto again = start(echo, options);
    EXPECT_EQ(again.port(), port);
}

TEST(HttpServer, SaysWhenThePortIsTaken) {
    const auto server = start(echo);
    HttpServerOptions options;
    options.port = server.port();
    const auto second = HttpServer::start(options, echo);
    ASSERT_FALSE(second.ok());
    EXPECT_EQ(second.error().to_string(), "127.0.0.1:" + std::to_string(server.port()) +
                                              ": cannot listen: Address already in use");
}

TEST(HttpServer, SaysWhenTheAddressIsNone) {
    HttpServerOptions options;
    options.address = "no.such.address";
    const auto server = HttpServer::start(options, echo);
    ASSERT_FALSE(server.ok());
    EXPECT_EQ(server.error().what, "not an address to listen on");
}

TEST(HttpServer, ServesThousandsOfConnectionsAtOnce) {
    HttpServerOptions options;
    options.threads = 2;
    const auto server = start(echo, options);
    constexpr int kConnections = 2000;
    std::vector<std::unique_ptr<RawClient>> clients;
    for (int i = 0; i < kConnections; ++i) {
        clients.push_back(std::make_unique<RawClient>(server.port()));
    }
    for (int round = 0; round < 2; ++round) {
        for (auto& client : clients) {
            client->send("GET /c HTTP/1.1\r\nHost: localhost\r\n\r\n");
        }
        for (auto& client : clients) {
            ASSERT_THAT(client->read_response(), EndsWith("GET /c "));
        }
    }
    EXPECT_EQ(server.connections_open(), static_cast<std::size_t>(kConnections));
    clients.clear();
    EXPECT_TRUE(eventually([&] { return server.connections_open() == 0; }));
}

TEST(HttpServer, AnswersFromManyThreadsReachTheRightClient) {
    HttpServerOptions options;
    options.threads = 2;
    Shelf shelf;
    std::mutex mutex;
    std::vector<std::pair<std::string, Responder>> jobs;
    std::atomic<bool> stop = false;
    const auto server = start(
        [&](HttpRequest request, Responder responder) {
            const std::lock_guard lock(mutex);
            jobs.emplace_back(request.target, std::move(responder));
        },
        options);
    std::vector<std::thread> workers;
    for (int i = 0; i < 4; ++i) {
        workers.emplace_back([&] {
            while (!stop) {
                std::unique_lock lock(mutex);
                if (jobs.empty()) {
                    lock.unlock();
                    std::this_thread::yield();
                    continue;
                }
                auto job = std::move(jobs.back());
                jobs.pop_back();
                lock.unlock();
                job.second.send(text(job.first));
            }
        });
    }
    std::vector<std::thread> clients;
    std::atomic<int> right = 0;
    for (int c = 0; c < 8; ++c) {
        clients.emplace_back([&, c] {
            auto client = HttpClient::create(server.url());
            for (int i = 0; i < 100; ++i) {
                HttpRequest request;
                request.target = "/" + std::to_string(c) + "/" + std::to_string(i);
                const auto response = client->send(request, Clock::now() + kServerPatience);
                if (response.ok() && response->body == request.target) {
                    ++right;
                }
            }
        });
    }
    for (auto& client : clients) {
        client.join();
    }
    stop = true;
    for (auto& worker : workers) {
        worker.join();
    }
    EXPECT_EQ(right, 800);
}

std::string status_line(RawClient& client, const std::string& host) {
    client.send("GET / HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n");
    const std::string answer = client.read_to_end();
    return answer.substr(0, answer.find('\r'));
}

TEST(HttpServer, AnswersOnlyNamesThatLeadToItAnyway) {
    const auto server = start(echo);
    const std::string port = ":" + std::to_string(server.port());
    for (const char* const host :
         {"localhost", "LOCALHOST:1", "127.0.0.1", "127.9.9.9:80", "[::1]:80"}) {
        RawClient client(server.port());
        EXPECT_EQ(status_line(client, host), "HTTP/1.1 200 OK") << host;
    }
    for (const std::string& host :
         {std::string("evil.example"), "evil.example" + port, "localhost.evil.example" + port,
          "127.0.0.1.evil.example" + port, std::string("10.0.0.1"),
          std::string("127.0.0.1@evil.example")}) {
        RawClient client(server.port());
        EXPECT_THAT(status_line(client, host), StartsWith("HTTP/1.1 421 ")) << host;
    }
    RawClient two(server.port());
    EXPECT_THAT(status_line(two, "localhost\r\nhost: evil.example"), StartsWith("HTTP/1.1 400 "));
    HttpServerOptions any;
    any.check_host = false;
    const auto open = start(echo, any);
    RawClient client(open.port());
    EXPECT_EQ(status_line(client, "evil.example"), "HTTP/1.1 200 OK");
}

TEST(HttpServer, TakesMoreNamesFromTheEnvironment) {
    ::setenv("PLIMSOLL_ALLOWED_HOSTS", "plimsoll, Metrics.example", 1);
    const auto server = start(echo);
    ::unsetenv("PLIMSOLL_ALLOWED_HOSTS");
    for (const char* const host : {"plimsoll:9464", "metrics.example"}) {
        RawClient client(server.port());
        EXPECT_EQ(status_line(client, host), "HTTP/1.1 200 OK") << host;
    }
    RawClient client(server.port());
    EXPECT_THAT(status_line(client, "other"), StartsWith("HTTP/1.1 421 "));
}

TEST(HttpServer, OnAllAddressesItAnswersAnyAddressButNotAnyName) {
    HttpServerOptions options;
    options.address = "0.0.0.0";
    const auto server = start(echo, options);
    RawClient by_address(server.port());
    EXPECT_EQ(status_line(by_address, "192.0.2.1:80"), "HTTP/1.1 200 OK");
    RawClient by_name(server.port());
    EXPECT_THAT(status_line(by_name, "evil.example"), StartsWith("HTTP/1.1 421 "));
}

TEST(HttpServer, ClosesTheConnectionThatWaitedLongestForANewOne) {
    HttpServerOptions options = own_port_options("127.0.0.1", 0);
    options.max_connections = 4;
    const auto server = start(echo, options);
    std::vector<std::unique_ptr<RawClient>> idle;
    for (int i = 0; i < 30; ++i) {
        idle.push_back(std::make_unique<RawClient>(server.port()));
        idle.back()->send("GET / HTTP/1.1\r\nX: ");  // and never on
    }
    RawClient client(server.port());
    EXPECT_EQ(status_line(client, "localhost"), "HTTP/1.1 200 OK");
    EXPECT_LE(server.connections_open(), 4U);
    EXPECT_EQ(idle.front()->read_to_end(), "");  // closed
}

/// Keeps the streams that requests are answered with.
class Streams {
public:
    HttpHandler handler() {
        return [this](const HttpRequest&, Responder responder) {
            HttpResponse head = text("");
            head.body = "left out";
            HttpStream stream = responder.stream(std::move(head));
            stream.write(piece("first,"));
            const std::lock_guard lock(mutex_);
            streams_.push_back(std::move(stream));
        };
    }
    static HttpStream::Piece piece(std::string bytes) {
        return std::make_shared<const std::string>(std::move(bytes));
    }
    HttpStream take() {
        EXPECT_TRUE(eventually([this] {
            const std::lock_guard lock(mutex_);
            return !streams_.empty();
        }));
        const std::lock_guard lock(mutex_);
        HttpStream stream = std::move(streams_.back());
        streams_.pop_back();
        return stream;
    }

private:
    std::mutex mutex_;
    std::vector<HttpStream> streams_;
};

constexpr const char* kAsk = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";

TEST(HttpStream, SendsPiecesUntilItsEnd) {
    Streams streams;
    const HttpServer server = start(streams.handler());
    RawClient client(server.port());
    client.send(kAsk);
    const std::string head = client.read_until("\r\n\r\n");
    EXPECT_THAT(head, HasSubstr("Connection: close"));
    EXPECT_THAT(head, Not(HasSubstr("Content-Length")));
    EXPECT_EQ(client.read_until(","), "first,");
    HttpStream stream = streams.take();
    const std::string large(std::size_t{3} << 20U, 'x');  // more than a socket takes at once
    stream.write(Streams::piece("second,"));
    EXPECT_EQ(client.read_until(","), "second,");
    stream.write(Streams::piece(large));
    EXPECT_TRUE(stream.open());
    stream.end();
    EXPECT_EQ(client.read_to_end(), large);
    EXPECT_TRUE(eventually([&] { return !stream.open(); }));
    stream.write(Streams::piece("nobody hears it"));
}

TEST(HttpStream, EndsWithTheObject) {
    Streams streams;
    const HttpServer server = start(streams.handler());
    RawClient client(server.port());
    client.send(kAsk);
    { const HttpStream gone = streams.take(); }
    EXPECT_THAT(client.read_to_end(), EndsWith("first,"));
}

TEST(HttpStream, KnowsWhenItsClientHasLeft) {
    Streams streams;
    const HttpServer server = start(streams.handler());
    auto client = std::make_unique<RawClient>(server.port());
    client->send(kAsk);
    const HttpStream stream = streams.take();
    EXPECT_TRUE(stream.open());
    client.reset();
    EXPECT_TRUE(eventually([&] { return !stream.open(); }));
    EXPECT_TRUE(eventually([&] { return server.connections_open() == 0; }));
}

TEST(HttpStream, CutsOffAClientThatFallsBehind) {
    Streams streams;
    HttpServerOptions options;
    options.max_stream_behind = 1U << 16U;
    const HttpServer server = start(streams.handler(), options);
    const RawClient client(server.port());
    client.send(kAsk);
    HttpStream stream = streams.take();
    const auto block = Streams::piece(std::string(1U << 20U, 'x'));
    int written = 0;
    // A loopback socket holds some megabytes; nobody reads.
    EXPECT_TRUE(eventually([&] {
        stream.write(block);
        return ++written > 1000 || !stream.open();
    }));
    EXPECT_LT(written, 1000);
    EXPECT_FALSE(stream.open());
}

TEST(HttpStream, CutsOffAClientThatTakesNothing) {
    Streams streams;
    HttpServerOptions options;
    options.max_stream_behind = std::size_t{1} << 30U;
    options.write_timeout = 50ms;
    const HttpServer server = start(streams.handler(), options);
    const RawClient client(server.port());
    client.send(kAsk);
    HttpStream stream = streams.take();
    stream.write(Streams::piece(std::string(std::size_t{32} << 20U, 'x')));
    EXPECT_TRUE(eventually([&] { return !stream.open(); }));
}

TEST(HttpStream, MayRestForLongerThanARequestMay) {
    Streams streams;
    HttpServerOptions options;
    options.write_timeout = options.idle_timeout = options.request_timeout = 20ms;
    const HttpServer server = start(streams.handler(), options);
    RawClient client(server.port());
    client.send(kAsk);
    EXPECT_THAT(client.read_until("first,"), EndsWith("first,"));
    HttpStream stream = streams.take();
    std::this_thread::sleep_for(200ms);  // ten times as long as anything else may take
    stream.write(Streams::piece("second,"));
    EXPECT_EQ(client.read_until(","), "second,");
}

TEST(HttpStream, IsClosedOnceTheServerHasStopped) {
    Streams streams;
    HttpServer server = start(streams.handler());
    const RawClient client(server.port());
    client.send(kAsk);
    HttpStream stream = streams.take();
    server.stop();
    EXPECT_FALSE(stream.open());
    stream.write(Streams::piece("nobody hears it"));
}

TEST(HttpStream, GivesNoBodyToHead) {
    Streams streams;
    const HttpServer server = start(streams.handler());
    RawClient client(server.port());
    client.send("HEAD / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    EXPECT_THAT(client.read_to_end(), EndsWith("\r\n\r\n"));
}

TEST(HttpServer, NeverClosesAStreamToMakeRoom) {
    Streams streams;
    HttpServerOptions options;
    options.max_connections = 4;
    const HttpServer server = start(streams.handler(), options);
    RawClient watcher(server.port());
    watcher.send(kAsk);
    watcher.read_until("first,");
    HttpStream stream = streams.take();
    std::vector<std::unique_ptr<RawClient>> idle;
    for (int i = 0; i < 50; ++i) {
        idle.push_back(std::make_unique<RawClient>(server.port()));
    }
    EXPECT_TRUE(eventually([&] { return server.connections_open() <= 4; }));
    stream.write(Streams::piece("second,"));
    EXPECT_EQ(watcher.read_until(","), "second,");
}

}  // namespace
}  // namespace plimsoll
