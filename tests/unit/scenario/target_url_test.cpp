#include "scenario/parse.hpp"

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

TEST(ParseTarget, ReadsHostPortAndBase) {
    const struct {
        const char* url;
        const char* host;
        std::uint16_t port;
        const char* base;
        const char* host_header;
        const char* text;
    } rows[] = {
        {"http://127.0.0.1:8080", "127.0.0.1", 8080, "", "127.0.0.1:8080", "http://127.0.0.1:8080"},
        {"http://Example.test", "example.test", 80, "", "example.test", "http://example.test:80"},
        {"HTTP://a_b-c.test:80/", "a_b-c.test", 80, "", "a_b-c.test", "http://a_b-c.test:80"},
        {"http://a/api/v1/", "a", 80, "/api/v1", "a", "http://a:80/api/v1"},
        {"http://[::1]:9000/x", "::1", 9000, "/x", "[::1]:9000", "http://[::1]:9000/x"},
        {"http://[FE80::1]", "fe80::1", 80, "", "[fe80::1]", "http://[fe80::1]:80"},
    };
    for (const auto& row : rows) {
        const auto target = parse_target(row.url);
        ASSERT_TRUE(target.ok()) << row.url << ": " << target.error().what;
        EXPECT_EQ(target->scheme, "http");
        EXPECT_EQ(target->host, row.host);
        EXPECT_EQ(target->port, row.port);
        EXPECT_EQ(target->base_path, row.base);
        EXPECT_EQ(target->host_header(), row.host_header);
        EXPECT_EQ(target->to_string(), row.text);
    }
}

TEST(ParseTarget, LeavesTheUsualPortOutOfTheHostHeaderOnly) {
    TargetUrl secure = *parse_target("https://a");
    EXPECT_EQ(secure.port, 443);
    EXPECT_EQ(secure.host_header(), "a");
    secure.port = 80;
    EXPECT_EQ(secure.host_header(), "a:80");
}

TEST(ParseTarget, ReadsSocketsInTheFileSystem) {
    for (const char* url : {"unix:/run/app.sock:/api/v1/", "unix:///run/app.sock:/api/v1"}) {
        const auto target = parse_target(url);
        ASSERT_TRUE(target.ok()) << url;
        EXPECT_EQ(target->unix_path, "/run/app.sock");
        EXPECT_EQ(target->base_path, "/api/v1");
        EXPECT_EQ(target->host_header(), "localhost");
        EXPECT_EQ(target->to_string(), "unix:/run/app.sock:/api/v1");
    }
    EXPECT_EQ(parse_target("unix:/run/a.sock")->base_path, "");
    EXPECT_FALSE(parse_target("unix:/" + std::string(107, 'x')).ok());
}

TEST(ParseTarget, RefusesWhatIsNoHttpTarget) {
    for (const char* url : {"",
                            "127.0.0.1:8080",
                            "http://",
                            "http:///x",
                            "http://:80",
                            "http://a:0",
                            "http://a:65536",
                            "http://a:",
                            "http://a:8x",
                            "http://a b",
                            "http://[::1",
                            "http://[::1]x",
                            "http://[zz]",
                            "http://::1",
                            "http://a?x=1",
                            "http://a#top",
                            "http://a/b c",
                            "ws://a",
                            "unix:",
                            "unix:app.sock",
                            "unix:/a?x"}) {
        const auto target = parse_target(url);
        ASSERT_FALSE(target.ok()) << url;
        EXPECT_FALSE(target.error().what.empty());
        EXPECT_FALSE(target.error().hint.empty());
    }
}

TEST(ParseTarget, NeverRepeatsAPassword) {
    for (const char* url : {"http://admin:hunter2@a", "http://admin:hunter2@a:80/x",
                            "https://admin:hunter2@a", "http://hunter2@"}) {
        const auto target = parse_target(url);
        ASSERT_FALSE(target.ok());
        EXPECT_EQ(target.error().to_string().find("hunter2"), std::string::npos);
    }
}

}  // namespace
}  // namespace plimsoll
