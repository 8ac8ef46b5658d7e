#include "net/http_client.hpp"

#include "net/http_server.hpp"
#include "raw_socket.hpp"

#include <arpa/inet.h>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
using test::RawServer;
using test::read_headers;
using test::send_text;
using ::testing::HasSubstr;

constexpr auto kPatience = 20s;

Result<HttpResponse> get(HttpClient& client, std::string target = "/") {
    HttpRequest request;
    request.target = std::move(target);
    return client.send(request, Clock::now() + kPatience);
}

HttpClient client_for(const std::string& url, HttpClientOptions options = {}) {
    auto client = HttpClient::create(url, std::move(options));
    EXPECT_TRUE(client.ok());
    return std::move(client).value();
}

/// Answers every request with `text`, any number of times on one connection.
auto always(std::string text) {
    return [text = std::move(text)](int fd) {
        while (read_headers(fd)) {
            send_text(fd, text);
        }
    };
}

/// Answers one request with `text`, then closes.
auto once(std::string text) {
    return [text = std::move(text)](int fd) {
        if (read_headers(fd)) {
            send_text(fd, text);
        }
    };
}

TEST(HttpClient, KeepsTheConnectionForManyRequests) {
    const RawServer server(always("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"));
    auto client = client_for(server.url());
    for (int i = 0; i < 5; ++i) {
        const auto response = get(client);
        ASSERT_TRUE(response.ok()) << response.error().to_string();
        EXPECT_EQ(response->body, "hi");
    }
    EXPECT_EQ(client.connections_opened(), 1U);
}

TEST(HttpClient, ReadsChunkedResponsesInAnyPieces) {
    const RawServer server([](int fd) {
        while (read_headers(fd)) {
            for (const char c : std::string_view("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
                                                 "\r\n3\r\nabc\r\n5;x=y\r\ndefgh\r\n0\r\n\r\n")) {
                send_text(fd, {&c, 1});
            }
        }
    });
    auto client = client_for(server.url());
    for (int i = 0; i < 2; ++i) {
        const auto response = get(client);
        ASSERT_TRUE(response.ok()) << response.error().to_string();
        EXPECT_EQ(response->body, "abcdefgh");
    }
    EXPECT_EQ(client.connections_opened(), 1U);
}

TEST(HttpClient, ReadsAnEmptyChunkedResponseInAnyPieces) {
    const RawServer server([](int fd) {
        while (read_headers(fd)) {
            for (const char c : std::string_view("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
                                                 "\r\n0\r\n\r\n")) {
                send_text(fd, {&c, 1});
                std::this_thread::sleep_for(500us);
            }
        }
    });
    auto client = client_for(server.url());
    const auto response = get(client);
    ASSERT_TRUE(response.ok()) << response.error().to_string();
    EXPECT_EQ(response->body, "");
}

TEST(HttpClient, SkipsInterimAnswers) {
    const RawServer server(
        always("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
               "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"));
    auto client = client_for(server.url());
    const auto response = get(client);
    ASSERT_TRUE(response.ok()) << response.error().to_string();
    EXPECT_EQ(response->status, 200);
    EXPECT_EQ(response->body, "x");
}

TEST(HttpClient, AcceptsABodyThatEndsWithTheConnection) {
    const RawServer server(once("HTTP/1.0 200 OK\r\n\r\nuntil the end"));
    auto client = client_for(server.url());
    const auto response = get(client);
    ASSERT_TRUE(response.ok()) << response.error().to_string();
    EXPECT_EQ(response->body, "until the end");
}

TEST(HttpClient, ReportsAnAnswerThatWasCutShort) {
    const RawServer server(once("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"));
    auto client = client_for(server.url());
    const auto response = get(client);
    ASSERT_FALSE(response.ok());
    EXPECT_EQ(response.error().what,
              "the server closed the connection before its answer was complete");
    EXPECT_EQ(response.error().where, server.url());
}

TEST(HttpClient, ReportsWhatIsNotHttp) {
    const RawServer server(once("220 mail.example.test ESMTP\r\n\r\n"));
    auto client = client_for(server.url());
    const auto response = get(client);
    ASSERT_FALSE(response.ok());
    EXPECT_THAT(response.error().what, HasSubstr("the server's answer is not valid HTTP"));
}

TEST(HttpClient, RefusesABodyAboveTheLimit) {
    const RawServer server(
        always("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
               "8\r\n12345678\r\n8\r\n12345678\r\n0\r\n\r\n"));
    HttpClientOptions options;
    options.max_response_bytes = 15;
    auto client = client_for(server.url(), options);
    const auto response = get(client);
    ASSERT_FALSE(response.ok());
    EXPECT_EQ(response.error().what, "the response body is larger than the limit of 15 bytes");
}

TEST(HttpClient, RefusesChunkLinesAndTrailersWithoutEnd) {
    HttpClientOptions options;
    options.max_header_bytes = 1000;
    for (const std::string line : {"5;", "0", "0\r\nX: "}) {
        const RawServer server(once("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + line +
                                    std::string(1100, '0')));
        auto client = client_for(server.url(), options);
        const auto response = get(client);
        ASSERT_FALSE(response.ok());
        EXPECT_EQ(response.error().what,
                  "the response headers are larger than the limit of 1000 bytes");
    }
}

TEST(HttpClient, ReconnectsOnceWhenTheKeptConnectionWasClosed) {
    const RawServer server(once("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"));
    auto client = client_for(server.url());
    for (int i = 0; i < 3; ++i) {
        const auto response = get(client);
        ASSERT_TRUE(response.ok()) << response.error().to_string();
    }
    EXPECT_EQ(client.connections_opened(), 3U);
}

TEST(HttpClient, RepeatsAHarmlessRequestWhenTheKeptConnectionDiesUnderIt) {
    std::atomic<int> requests = 0;
    // The second request of a connection is read, then the connection is closed without an answer.
    const RawServer server([&](int fd) {
        if (read_headers(fd)) {
            ++requests;
            send_text(fd, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx");
        }
        if (read_headers(fd)) {
            ++requests;
        }
    });
    auto client = client_for(server.url());
    ASSERT_TRUE(get(client).ok());
    ASSERT_TRUE(get(client).ok());
    EXPECT_EQ(requests, 3);

    HttpRequest post;
    post.method = "POST";
    const auto response = client.send(post, Clock::now() + kPatience);
    ASSERT_FALSE(response.ok());
    EXPECT_EQ(response.error().what, "the server closed the connection without an answer");
    EXPECT_EQ(requests, 4);
}

TEST(HttpClient, HonoursTheDeadlineWhenTheServerSaysNothing) {
    const RawServer server([](int fd) {
        char byte = 0;
        while (::recv(fd, &byte, 1, 0) == 1) {
        }
    });
    auto client = client_for(server.url());
    const auto begin = Clock::now();
    const auto response = client.send({}, begin + 150ms);
    ASSERT_FALSE(response.ok());
    EXPECT_EQ(response.error().what, "timed out waiting for the response");
    EXPECT_GE(Clock::now() - begin, 150ms);
    EXPECT_LT(Clock::now() - begin, kPatience);
}

TEST(HttpClient, HonoursTheDeadlineWhenTheAnswerTricklesIn) {
    const RawServer server([](int fd) {
        if (read_headers(fd)) {
            send_text(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
            char byte = 0;
            while (::recv(fd, &byte, 1, MSG_DONTWAIT) != 0) {
                send_text(fd, "x");
                std::this_thread::sleep_for(5ms);
            }
        }
    });
    auto client = client_for(server.url());
    const auto response = client.send({}, Clock::now() + 150ms);
    ASSERT_FALSE(response.ok());
    EXPECT_EQ(response.error().what, "timed out waiting for the response");
}

TEST(HttpClient, HonoursTheDeadlineWhenTheServerReadsNothing) {
    std::atomic<bool> done = false;
    const RawServer server([&](int) {
        while (!done) {
            std::this_thread::sleep_for(5ms);
        }
    });
    auto client = client_for(server.url());
    HttpRequest request;
    request.method = "POST";
    request.body.assign(64U << 20U, 'x');
    const auto response = client.send(request, Clock::now() + 300ms);
    done = true;
    ASSERT_FALSE(response.ok());
    EXPECT_EQ(response.error().what, "timed out while sending the request");
}

TEST(HttpClient, HonoursTheDeadlineWhileConnecting) {
    // A listener that never accepts, with its queue filled: further connects hang.
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), size), 0);
    ASSERT_EQ(::listen(fd, 0), 0);
    ASSERT_EQ(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
    std::vector<int> fillers;
    for (int i = 0; i < 4; ++i) {
        fillers.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
        ::connect(fillers.back(), reinterpret_cast<sockaddr*>(&address), size);
    }
    auto client = client_for("http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)));
    const auto response = client.send({}, Clock::now() + 200ms);
    ASSERT_FALSE(response.ok());
    EXPECT_EQ(response.error().what, "timed out while connecting");
    for (const int filler : fillers) {
        ::close(filler);
    }
    ::close(fd);
}

TEST(HttpClient, SaysWhenNothingListens) {
    std::string url;
    {
        const RawServer server([](int) {});
        url = server.url();
    }
    auto client = client_for(url);
    const auto response = get(client);
    ASSERT_FALSE(response.ok());
    EXPECT_EQ(response.error().to_string(), url + ": connection refused");
}

TEST(HttpClient, SaysWhenTheNameDoesNotResolve) {
    auto client = client_for("http://no-such-host.invalid:80");
    const auto response = get(client);
    ASSERT_FALSE(response.ok());
    EXPECT_THAT(response.error().what, HasSubstr("could not resolve the host name"));
}

TEST(HttpClient, SaysWhenThereIsNoSuchUnixSocket) {
    auto client = client_for("unix:/nonexistent/plimsoll.sock");
    const auto response = get(client);
    ASSERT_FALSE(response.ok());
    EXPECT_EQ(response.error().what, "there is no such unix socket");
}

TEST(HttpClient, TalksOverAUnixSocket) {
    std::string folder = std::filesystem::temp_directory_path() / "net-test-XXXXXX";
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    const std::string path = folder + "/s";
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
    ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    ASSERT_EQ(::listen(fd, 1), 0);
    std::thread server([fd] {
        const int connection = ::accept(fd, nullptr, nullptr);
        always("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nunix")(connection);
        ::close(connection);
    });
    {
        auto client = client_for("unix:" + path);
        const auto response = get(client);
        ASSERT_TRUE(response.ok()) << response.error().to_string();
        EXPECT_EQ(response->body, "unix");
    }
    server.join();
    ::close(fd);
    std::filesystem::remove_all(folder);
}

TEST(HttpClient, NeverSendsAHeaderThatHidesAnother) {
    const RawServer server(always("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
    auto client = client_for(server.url());
    HttpRequest request;
    request.headers.push_back({"X-Token", "secret\r\nInjected: yes"});
    const auto response = client.send(request, Clock::now() + kPatience);
    ASSERT_FALSE(response.ok());
    EXPECT_EQ(response.error().what, "a request header has characters that must not be sent");
    EXPECT_EQ(response.error().to_string().find("secret"), std::string::npos);
    EXPECT_EQ(client.connections_opened(), 0U);
}

TEST(HttpClient, HeadHasNoBodyWhateverItsLengthSays) {
    const RawServer server(always("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"));
    auto client = client_for(server.url());
    HttpRequest request;
    request.method = "HEAD";
    for (int i = 0; i < 2; ++i) {
        const auto response = client.send(request, Clock::now() + kPatience);
        ASSERT_TRUE(response.ok()) << response.error().to_string();
        EXPECT_EQ(response->body, "");
    }
    EXPECT_EQ(client.connections_opened(), 1U);
}

TEST(HttpClient, RejectsACertificateFileThatIsNone) {
    HttpClientOptions options;
    options.ca_file = "/nonexistent/ca.pem";
    const auto client = HttpClient::create("https://127.0.0.1:1", options);
    ASSERT_FALSE(client.ok());
    EXPECT_THAT(client.error().what, HasSubstr("the certificates to trust could not be read"));
    EXPECT_EQ(client.error().where, "/nonexistent/ca.pem");
}

}  // namespace
}  // namespace plimsoll
