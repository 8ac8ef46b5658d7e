// What becomes a header holds no control character, wherever it comes from.
#include "scenario/parse.hpp"

#include <array>
#include <map>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

const char* hostile_env(const char* name) {
    static const std::map<std::string, std::string, std::less<>> kValues{
        {"CRLF", "tok\r\nX-Injected: 1"},
        {"LF", "tok\n"},
        {"CR", "a\rb"},
        {"ESC", "\x1b[2J"},
        {"DEL", "a\x7f"},
        {"GOOD", "tok"},
        {"TAB", "a\tb"},
        {"UTF8", "J\xc3\xbcrgen"}};
    const auto found = kValues.find(name);
    return found == kValues.end() ? nullptr : found->second.c_str();
}

std::vector<Fault> faults_of(const std::string& step) {
    return parse_scenario("target: http://127.0.0.1\nusers: {a: {flow: [{post: /, " + step +
                              "}]}}\nload: [{executor: constant-vus, vus: 1, duration: 1s}]\n",
                          {"s.yaml", &hostile_env})
        .faults;
}

// Where a value becomes a header of the request or of a part of its body.
constexpr std::array<const char*, 7> kPlaces{"headers: {X-A: \"@\"}",
                                             "headers: {Cookie: \"s=@\"}",
                                             "headers: {Host: \"@\"}",
                                             "headers: {User-Agent: \"x @\"}",
                                             "auth: {bearer: \"@\"}",
                                             "auth: {basic: {user: \"@\", password: p}}",
                                             "auth: {basic: {user: u, password: \"@\"}}"};

std::string with(std::string place, const std::string& value) {
    return place.replace(place.find('@'), 1, value);
}

TEST(HeaderValue, IsAFaultWithAControlCharacterOfTheEnvironment) {
    for (const char* place : kPlaces) {
        for (const char* name : {"CRLF", "LF", "CR", "ESC", "DEL"}) {
            const auto faults = faults_of(with(place, std::string("${env.") + name + "}"));
            ASSERT_EQ(faults.size(), 1U) << place << " " << name;
            EXPECT_EQ(faults[0].what, "must be one line without control characters") << place;
            EXPECT_THAT(faults[0].hint, testing::HasSubstr("environment")) << place;
            EXPECT_THAT(faults[0].what + faults[0].hint, testing::Not(testing::HasSubstr("tok")));
        }
    }
}

TEST(HeaderValue, IsAFaultWithAControlCharacterWrittenOut) {
    for (const char* place : kPlaces) {
        for (const char* written : {"a\\r\\nb", "a\\0b", "\\u001b", "\\x7f"}) {
            EXPECT_EQ(faults_of(with(place, written)).size(), 1U) << place << " " << written;
        }
    }
}

TEST(HeaderValue, MayHoldAnythingElse) {
    for (const char* place : kPlaces) {
        for (const char* value : {"${env.GOOD}", "${env.TAB}", "${env.UTF8}", "a b; c=\\\"d\\\""}) {
            EXPECT_TRUE(faults_of(with(place, value)).empty()) << place << " " << value;
        }
    }
}

TEST(HeaderValue, OfAPartIsOneLineToo) {
    for (const char* value : {"a\\r\\nX: 1", "a\\0b", "a\\\"b", "${env.CRLF}"}) {
        EXPECT_EQ(
            faults_of(std::string("multipart: {f: {text: x, type: \"") + value + "\"}}").size(), 1U)
            << value;
        EXPECT_EQ(
            faults_of(std::string("multipart: {f: {text: x, name: \"") + value + "\"}}").size(), 1U)
            << value;
    }
    EXPECT_EQ(faults_of("multipart: {\"a\\r\\nX: 1\": x}").size(), 2U);
}

TEST(HeaderValue, OfARequestLineCannotBeInjectedEither) {
    const auto path = [](const std::string& written) {
        return parse_scenario(
            "target: http://127.0.0.1\nusers: {a: {flow: [{get: \"" + written +
                "\"}]}}\nload: [{executor: constant-vus, vus: 1, duration: 1s}]\n",
            {"s.yaml", &hostile_env});
    };
    for (const char* bad : {"/${env.CRLF}", "/?a=${env.LF}", "/a\\r\\nb", "/a b",
                            "http://127.0.0.1/${env.CRLF}", "http://${env.CRLF}/"}) {
        EXPECT_FALSE(path(bad).faults.empty()) << bad;
    }
    EXPECT_TRUE(path("/${env.GOOD}").faults.empty());
}

}  // namespace
}  // namespace plimsoll
