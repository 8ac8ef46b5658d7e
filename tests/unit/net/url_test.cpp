#include "net/url.hpp"

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

TEST(ParseUrl, ReadsHostPortAndTarget) {
    const auto url = parse_url("http://example.test:8080/a/b?x=1#part");
    ASSERT_TRUE(url.ok());
    EXPECT_EQ(url->scheme, Url::Scheme::Http);
    EXPECT_EQ(url->host, "example.test");
    EXPECT_EQ(url->port, 8080);
    EXPECT_EQ(url->target, "/a/b?x=1");
    EXPECT_EQ(url->origin(), "http://example.test:8080");
    EXPECT_EQ(url->authority(), "example.test:8080");
}

TEST(ParseUrl, FillsInDefaultPortsAndTarget) {
    EXPECT_EQ(parse_url("http://a")->port, 80);
    EXPECT_EQ(parse_url("https://a")->port, 443);
    EXPECT_EQ(parse_url("https://a")->authority(), "a");
    EXPECT_EQ(parse_url("http://a")->target, "/");
    EXPECT_EQ(parse_url("http://a?x")->target, "/?x");
}

TEST(ParseUrl, ReadsBracketedIpv6) {
    const auto url = parse_url("http://[::1]:9/");
    ASSERT_TRUE(url.ok());
    EXPECT_EQ(url->host, "::1");
    EXPECT_EQ(url->port, 9);
    EXPECT_EQ(url->origin(), "http://[::1]:9");
}

TEST(ParseUrl, ReadsUnixSocketPath) {
    EXPECT_EQ(parse_url("unix:/run/docker.sock")->socket_path, "/run/docker.sock");
    EXPECT_EQ(parse_url("unix:///run/docker.sock")->origin(), "unix:/run/docker.sock");
}

TEST(ParseUrl, ExplainsWhatIsWrong) {
    const auto what = [](std::string_view text) {
        const auto url = parse_url(text);
        return url ? std::string("accepted") : url.error().what;
    };
    EXPECT_EQ(what("ftp://a"), "not a URL this program can use");
    EXPECT_EQ(what("localhost:8080"), "not a URL this program can use");
    EXPECT_EQ(what("http://:80"), "the host is missing");
    EXPECT_EQ(what("http://a:0"), "the port must be a number from 1 to 65535, got \"0\"");
    EXPECT_EQ(what("http://a:65536"), "the port must be a number from 1 to 65535, got \"65536\"");
    EXPECT_EQ(what("http://a:8x"), "the port must be a number from 1 to 65535, got \"8x\"");
    EXPECT_EQ(what("http://[::1"), "the address has a [ without its ]");
    EXPECT_EQ(what("http://[::1]80"), "after ] only :port may follow");
    EXPECT_EQ(what("http://a b"), "a URL must not contain blanks or control characters");
    EXPECT_EQ(what("unix:x.sock"), "the path of a unix socket must be absolute");
}

TEST(ParseUrl, RefusesCredentialsWithoutRepeatingThem) {
    const auto url = parse_url("http://me:sesame@host/");
    ASSERT_FALSE(url.ok());
    EXPECT_EQ(url.error().to_string().find("sesame"), std::string::npos);
    EXPECT_EQ(url.error().what, "a user name or password inside a URL is not accepted");
}

}  // namespace
}  // namespace plimsoll
