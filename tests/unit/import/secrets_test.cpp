#include "import/secrets.hpp"

#include <gtest/gtest.h>

namespace plimsoll::import {
namespace {

TEST(Secrets, ReplaceCredentialsInHeadersAndKeepTheirScheme) {
    Secrets secrets;
    EXPECT_EQ(secrets.header("Authorization", "Bearer abc"), "Bearer ${env.API_TOKEN}");
    EXPECT_EQ(secrets.header("authorization", "Basic YTpi"), "Basic ${env.BASIC_AUTH}");
    EXPECT_EQ(secrets.header("X-Api-Key", "k"), "${env.X_API_KEY}");
    EXPECT_EQ(secrets.header("Cookie", "sid=1"), "${env.COOKIE}");
    EXPECT_EQ(secrets.header("Accept", "text/${html}"), "text/$${html}");
    EXPECT_EQ(secrets.names(),
              (std::vector<std::string>{"API_TOKEN", "BASIC_AUTH", "X_API_KEY", "COOKIE"}));
}

TEST(Secrets, GiveTheSameValueTheSameNameAndAnotherANumber) {
    Secrets secrets;
    EXPECT_EQ(secrets.field("password", "one"), "${env.PASSWORD}");
    EXPECT_EQ(secrets.field("passwordAgain", "one"), "${env.PASSWORD}");
    EXPECT_EQ(secrets.field("password", "two"), "${env.PASSWORD_2}");
    EXPECT_EQ(secrets.field("clientSecret", "x"), "${env.CLIENT_SECRET}");
    EXPECT_EQ(secrets.field("next_page_token", "x"), "x");
    EXPECT_EQ(secrets.field("author", "x"), "x");
}

TEST(Secrets, ReplaceQueryValuesAndWhatIsKnownWhereverItStands) {
    Secrets secrets;
    EXPECT_EQ(secrets.path("/a?api_key=abcdefgh&x=1&key=k&flag"),
              "/a?api_key=${env.API_KEY}&x=1&key=${env.KEY}&flag");
    EXPECT_EQ(secrets.text("it was abcdefgh."), "it was ${env.API_KEY}.");
    EXPECT_EQ(secrets.path("/a/abcdefgh/b"), "/a/${env.API_KEY}/b");
}

TEST(Secrets, FindJsonWebTokensAnywhere) {
    Secrets secrets;
    EXPECT_EQ(secrets.text("t=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln;"), "t=${env.TOKEN};");
    EXPECT_EQ(secrets.text("eyJust a word"), "eyJust a word");
}

TEST(Secrets, GoThroughBodiesAtAnyDepth) {
    Secrets secrets;
    const auto body = parse_tree(R"({"a":[{"Password":"p","n":1.10}],"${k}":null})", "a body");
    ASSERT_TRUE(body);
    EXPECT_EQ(compact(secrets.json(*body)),
              R"({"a":[{"Password":"${env.PASSWORD}","n":1.10}],"$${k}":null})");
}

TEST(Secrets, LeaveWhatIsSaidAboutCredentials) {
    for (const char* const name : {"secret_scanning", "token_type", "password_policy", "secretName",
                                   "secret_scanning_push_protection", "max_tokens"}) {
        EXPECT_FALSE(is_secret_name(name)) << name;
    }
    for (const char* const name : {"password", "passwordAgain", "client_secret", "api-key"}) {
        EXPECT_TRUE(is_secret_name(name)) << name;
    }
}

TEST(Secrets, AreFoundInTextThatIsNotQuiteJson) {
    Secrets secrets;
    EXPECT_EQ(secrets.json_like(R"({"id": {{id}}, "password": "p\"w", "x": "y"})"),
              R"({"id": {{id}}, "password": "${env.PASSWORD}", "x": "y"})");
}

TEST(Secrets, TakeWhatAResponseGaveFromThere) {
    Secrets secrets;
    secrets.offer("id", "12", 0);
    secrets.offer("accessToken", "abcdefghij", 1);
    secrets.offer("user", "9999999999999999", 2);
    EXPECT_EQ(secrets.path("/orders/12/lines/3?n=12"), "/orders/${id}/lines/3?n=12");
    EXPECT_EQ(secrets.header("Authorization", "Bearer abcdefghij"), "Bearer ${access_token}");
    const std::vector<std::pair<std::size_t, std::string>> taken{{0, "id"}, {1, "access_token"}};
    EXPECT_EQ(secrets.taken(), taken);
    EXPECT_TRUE(secrets.names().empty());
}

}  // namespace
}  // namespace plimsoll::import
