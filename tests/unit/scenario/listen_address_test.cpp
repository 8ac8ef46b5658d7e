#include "scenario/listen_address.hpp"

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

TEST(ParseListen, ReadsAddressAndPortWithLoopbackForAPortAlone) {
    const struct {
        const char* text;
        const char* address;
        std::uint16_t port;
    } rows[] = {
        {"9464", "127.0.0.1", 9464},         {"0", "127.0.0.1", 0},
        {"0.0.0.0:65535", "0.0.0.0", 65535}, {"localhost:80", "127.0.0.1", 80},
        {"[::1]:9464", "::1", 9464},         {"[::]:0", "::", 0},
    };
    for (const auto& row : rows) {
        const auto listen = parse_listen(row.text);
        ASSERT_TRUE(listen.ok()) << row.text << ": " << listen.error().what;
        EXPECT_EQ(listen->first, row.address);
        EXPECT_EQ(listen->second, row.port);
    }
}

TEST(ParseListen, SaysWhatIsWrong) {
    const std::string shape = "must be an IP address and a port, or a port, got ";
    const std::string host = "must have an IP address or localhost before its port, got ";
    const std::string brackets = "needs brackets around an IPv6 address, got ";
    const struct {
        const char* text;
        std::string what;
    } rows[] = {
        {"", shape + "\"\""},
        {"here", shape + "\"here\""},
        {":9464", shape + "\":9464\""},
        {"127.0.0.1:", shape + "\"127.0.0.1:\""},
        {"127.0.0.1:65536", shape + "\"127.0.0.1:65536\""},
        {"127.0.0.1:+1", shape + "\"127.0.0.1:+1\""},
        {"foo:9464", host + "\"foo\""},
        {"999.1.1.1:9", host + "\"999.1.1.1\""},
        {"[127.0.0.1]:9", host + "\"[127.0.0.1]\""},
        {"[:9", host + "\"[\""},
        {"::1:9464", brackets + "\"::1\""},
    };
    for (const auto& row : rows) {
        const auto listen = parse_listen(row.text);
        ASSERT_FALSE(listen.ok()) << row.text;
        EXPECT_EQ(listen.error().what, row.what);
        EXPECT_FALSE(listen.error().hint.empty());
    }
}

}  // namespace
}  // namespace plimsoll
