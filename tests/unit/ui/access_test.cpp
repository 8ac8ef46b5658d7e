#include "ui/access.hpp"

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

HttpRequest request(std::string method, std::string target, HttpHeaders headers = {}) {
    return {std::move(method), std::move(target), std::move(headers), {}};
}

HttpHeaders bearer(const std::string& key) {
    return {{"Authorization", "Bearer " + key}};
}

const Access kAccess("the-token", "the-view-key");

TEST(Access, LetsTheTokenReadAndSteer) {
    const auto asked = request("POST", "/api/control", bearer("the-token"));
    EXPECT_TRUE(kAccess.has_token(asked));
    EXPECT_TRUE(kAccess.may_read(asked));
}

TEST(Access, LetsTheViewKeyReadAlone) {
    EXPECT_TRUE(kAccess.may_read(request("GET", "/api/live?x=1&view=the-view-key")));
    EXPECT_FALSE(kAccess.has_token(request("GET", "/api/live?view=the-view-key")));
    EXPECT_FALSE(kAccess.may_read(request("POST", "/api/control?view=the-view-key")));
    EXPECT_FALSE(kAccess.has_token(request("POST", "/api/control", bearer("the-view-key"))));
}

TEST(Access, RefusesWhatIsNearlyAKey) {
    for (const char* const key : {"", "the-toke", "the-tokenn", "THE-TOKEN", "xhe-token"}) {
        EXPECT_FALSE(kAccess.may_read(request("GET", "/", bearer(key)))) << key;
    }
    EXPECT_FALSE(kAccess.may_read(request("GET", "/", {{"Authorization", "Basic the-token"}})));
    EXPECT_FALSE(kAccess.may_read(request("GET", "/", {{"Authorization", "the-token"}})));
    EXPECT_FALSE(kAccess.may_read(request("GET", "/?view=")));
    EXPECT_FALSE(kAccess.may_read(request("GET", "/?view=the-token")));
    EXPECT_FALSE(kAccess.may_read(request("GET", "/")));
}

TEST(Access, MakesOtherKeysEachTime) {
    const Access one = Access::make();
    const Access other = Access::make();
    EXPECT_EQ(one.token().size(), 32U);  // 128 bits in hexadecimal
    EXPECT_NE(one.token(), other.token());
    EXPECT_NE(one.token(), one.view_key());
}

TEST(SameOrigin, IsThePageThatTheServerSent) {
    const auto from = [](HttpHeaders headers) {
        headers.push_back({"Host", "127.0.0.1:6565"});
        return is_same_origin(request("POST", "/api/control", std::move(headers)));
    };
    EXPECT_TRUE(from({}));  // no browser
    EXPECT_TRUE(from({{"Origin", "http://127.0.0.1:6565"}}));
    EXPECT_TRUE(from({{"Origin", "http://127.0.0.1:6565"}, {"Sec-Fetch-Site", "same-origin"}}));
    EXPECT_FALSE(from({{"Origin", "http://127.0.0.1:8080"}}));  // another port is another site
    EXPECT_FALSE(from({{"Origin", "http://localhost:6565"}}));
    EXPECT_FALSE(from({{"Origin", "http://evil.example"}}));
    EXPECT_FALSE(from({{"Origin", "null"}}));  // a sandbox, a file
    EXPECT_FALSE(from({{"Sec-Fetch-Site", "cross-site"}}));
    EXPECT_FALSE(from({{"Sec-Fetch-Site", "same-site"}}));
    EXPECT_FALSE(is_same_origin(request("POST", "/", {{"Origin", "http://127.0.0.1:6565"}})));
}

}  // namespace
}  // namespace plimsoll
