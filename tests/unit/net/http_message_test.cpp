#include "net/http_message.hpp"

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

TEST(FindHeader, IgnoresCaseAndReturnsTheFirst) {
    const HttpHeaders headers{{"Content-Type", "a"}, {"content-type", "b"}};
    ASSERT_NE(find_header(headers, "CONTENT-TYPE"), nullptr);
    EXPECT_EQ(*find_header(headers, "CONTENT-TYPE"), "a");
    EXPECT_EQ(find_header(headers, "Content"), nullptr);
}

TEST(IsSendable, RefusesWhatWouldSmuggleASecondHeader) {
    EXPECT_TRUE(is_sendable({"X-Trace", "abc def\tg"}));
    EXPECT_TRUE(is_sendable({"X", "caf\xc3\xa9"}));
    EXPECT_FALSE(is_sendable({"X", "a\r\nY: b"}));
    EXPECT_FALSE(is_sendable({"X:", "a"}));
    EXPECT_FALSE(is_sendable({"", "a"}));
}

TEST(HttpRequest, SplitsPathAndQuery) {
    HttpRequest request;
    request.target = "/a?b=c?d";
    EXPECT_EQ(request.path(), "/a");
    EXPECT_EQ(request.query(), "b=c?d");
    request.target = "/a";
    EXPECT_EQ(request.path(), "/a");
    EXPECT_EQ(request.query(), "");
}

TEST(ReasonPhrase, KnowsRegisteredCodesOnly) {
    EXPECT_EQ(reason_phrase(200), "OK");
    EXPECT_EQ(reason_phrase(503), "Service Unavailable");
    EXPECT_EQ(reason_phrase(504), "Gateway Timeout");
    EXPECT_EQ(reason_phrase(299), "Unknown");
    EXPECT_EQ(reason_phrase(599), "Unknown");
}

}  // namespace
}  // namespace plimsoll
