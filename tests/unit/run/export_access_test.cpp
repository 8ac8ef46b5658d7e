// Where credentials come from, and that no error repeats them.
#include "run/export_access.hpp"

#include "tests/support/temp_folder.hpp"

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

using Variables = std::map<std::string, std::string>;

Result<HttpAccess> access(const AccessConfig& config, const Variables& variables = {}) {
    return make_access(config, "X_", [&](std::string_view name) -> std::optional<std::string> {
        const auto found = variables.find(std::string(name));
        return found == variables.end() ? std::nullopt : std::optional(found->second);
    });
}

std::string authorization(const Result<HttpAccess>& made) {
    EXPECT_TRUE(made) << (made ? "" : made.error().to_string());
    const std::string* value = made ? find_header(made->headers, "Authorization") : nullptr;
    return value == nullptr ? "" : *value;
}

AccessConfig at(std::string url) {
    AccessConfig config;
    config.url = std::move(url);
    return config;
}

TEST(ExportAccess, TakesWhatTheConfigurationSaysOverTheEnvironment) {
    AccessConfig config = at("http://a.test/x");
    config.token = "mine";
    const auto made = access(config, {{"X_URL", "http://b.test"}, {"X_TOKEN", "theirs"}});
    EXPECT_EQ(authorization(made), "Bearer mine");
    EXPECT_EQ(made->endpoint.host, "a.test");
    // A user of the configuration's is not mixed with a token of the environment's.
    AccessConfig basic = at("http://a.test");
    basic.user = "Aladdin";
    basic.password = "open sesame";
    EXPECT_EQ(authorization(access(basic, {{"X_TOKEN", "theirs"}})),
              "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");  // RFC 7617, section 2
}

TEST(ExportAccess, TakesTheRestFromTheEnvironment) {
    const auto made = access({}, {{"X_URL", "https://b.test/api"},
                                  {"X_USER", "u"},
                                  {"X_PASSWORD", "p"},
                                  {"X_HEADERS", "X-Scope-OrgID=a,X-Other=b=c"},
                                  {"X_CA", "ca.pem"}});
    EXPECT_EQ(authorization(made), "Basic dTpw");
    EXPECT_EQ(made->endpoint.target, "/api");
    EXPECT_EQ(*find_header(made->headers, "X-Scope-OrgID"), "a");
    EXPECT_EQ(*find_header(made->headers, "X-Other"), "b=c");
    EXPECT_EQ(made->ca_file, "ca.pem");
    EXPECT_THAT(access(at("http://a.test"))->headers, IsEmpty());
}

TEST(ExportAccess, ReadsASecretFromAFileWithoutItsLineEnd) {
    const test::TempFolder folder;
    const auto file = folder.write("token", "s3cret\n").string();
    EXPECT_EQ(authorization(access(at("http://a.test"), {{"X_TOKEN_FILE", file}})),
              "Bearer s3cret");
    EXPECT_EQ(
        authorization(access(at("http://a.test"), {{"X_USER", "u"}, {"X_PASSWORD_FILE", file}})),
        basic_authorization("u", "s3cret"));
    const auto missing = access(at("http://a.test"), {{"X_TOKEN_FILE", "/nowhere/token"}});
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().where, "X_TOKEN_FILE");
}

TEST(ExportAccess, RefusesWhatCannotBeAndNeverRepeatsASecret) {
    const auto refusal = [](const Result<HttpAccess>& made) {
        EXPECT_FALSE(made);
        return made ? "" : made.error().to_string();
    };
    EXPECT_THAT(refusal(access({})), HasSubstr("X_URL"));
    EXPECT_THAT(refusal(access(at("http://u:hunter2@a.test"))), Not(HasSubstr("hunter2")));
    EXPECT_THAT(refusal(access(at("unix:/run/x"))), HasSubstr("http or https"));
    EXPECT_THAT(refusal(access(at("http://a.test"), {{"X_PASSWORD", "hunter2"}})),
                testing::AllOf(HasSubstr("X_USER"), Not(HasSubstr("hunter2"))));
    EXPECT_THAT(refusal(access(at("http://a.test"), {{"X_USER", "u"}})), HasSubstr("X_PASSWORD"));
    EXPECT_THAT(refusal(access(at("http://a.test"),
                               {{"X_USER", "u"}, {"X_PASSWORD", "p"}, {"X_TOKEN", "t"}})),
                HasSubstr("one of them"));
    EXPECT_THAT(refusal(access(at("http://a.test"), {{"X_TOKEN", "hunter2\r\nX: y"}})),
                Not(HasSubstr("hunter2")));
    EXPECT_THAT(refusal(access(at("http://a.test"), {{"X_HEADERS", "hunter2"}})),
                testing::AllOf(HasSubstr("X_HEADERS"), Not(HasSubstr("hunter2"))));
}

}  // namespace
}  // namespace plimsoll
