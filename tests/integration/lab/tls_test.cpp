// The HTTP client against a TLS server we did not write: openssl s_server.
#include "lab/child_process.hpp"
#include "lab/temp_folder.hpp"
#include "net/http_client.hpp"

#include <chrono>
#include <optional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

constexpr auto kPatience = 60s;

class TlsTest : public ::testing::Test {
protected:
    void SetUp() override {
        auto temp = TempFolder::create();
        ASSERT_TRUE(temp.ok());
        folder.emplace(std::move(temp).value());
        ChildOptions make;
        make.argv = {"openssl",
                     "req",
                     "-x509",
                     "-newkey",
                     "ec",
                     "-pkeyopt",
                     "ec_paramgen_curve:P-256",
                     "-nodes",
                     "-keyout",
                     *folder / "key",
                     "-out",
                     *folder / "cert",
                     "-days",
                     "2",
                     "-subj",
                     "/CN=lab test",
                     "-addext",
                     "subjectAltName=IP:127.0.0.1"};
        make.out = make.err = ChildOutput::null();
        auto made = ChildProcess::spawn(make);
        ASSERT_TRUE(made.ok());
        ASSERT_TRUE(made->wait(Clock::now() + kPatience)->clean());
        ChildOptions serve;
        serve.argv = {"openssl",        "s_server", "-accept",       "127.0.0.1:0", "-cert",
                      *folder / "cert", "-key",     *folder / "key", "-www"};
        serve.out = ChildOutput::pipe();
        serve.err = ChildOutput::null();
        auto served = ChildProcess::spawn(serve);
        ASSERT_TRUE(served.ok());
        server.emplace(std::move(served).value());
        std::string line;
        while (!line.starts_with("ACCEPT ")) {
            const auto next = server->read_line(Clock::now() + kPatience);
            ASSERT_TRUE(next.ok()) << next.error().to_string();
            line = *next;
        }
        port = line.substr(line.rfind(':') + 1);
    }

    Result<HttpResponse> get(const std::string& host, HttpClientOptions options) {
        auto client = HttpClient::create("https://" + host + ":" + port, std::move(options));
        EXPECT_TRUE(client.ok());
        return client->send({}, Clock::now() + kPatience);
    }

    std::optional<TempFolder> folder;
    std::optional<ChildProcess> server;
    std::string port;
};

TEST_F(TlsTest, TrustsAServerWhoseCertificateItWasGiven) {
    HttpClientOptions options;
    options.ca_file = *folder / "cert";
    const auto response = get("127.0.0.1", options);
    ASSERT_TRUE(response.ok()) << response.error().to_string();
    EXPECT_EQ(response->status, 200);
    EXPECT_THAT(response->body, HasSubstr("TLSv1.3"));
}

TEST_F(TlsTest, RefusesAnUnknownCertificate) {
    const auto response = get("127.0.0.1", {});
    ASSERT_FALSE(response.ok());
    EXPECT_THAT(response.error().what, HasSubstr("the server's certificate is not trusted: "));
}

TEST_F(TlsTest, RefusesACertificateForAnotherName) {
    HttpClientOptions options;
    options.ca_file = *folder / "cert";
    const auto response = get("localhost", options);
    ASSERT_FALSE(response.ok());
    EXPECT_THAT(response.error().what, HasSubstr("hostname mismatch"));
}

TEST_F(TlsTest, SkipsTheCheckOnlyWhenTold) {
    HttpClientOptions options;
    options.verify_tls = false;
    const auto response = get("localhost", options);
    ASSERT_TRUE(response.ok()) << response.error().to_string();
}

}  // namespace
}  // namespace plimsoll
