#include "import/import.hpp"

#include "import/draft.hpp"
#include "scenario/parse.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using testing::HasSubstr;
using testing::Not;

void expect_valid(const std::string& text) {
    const auto environment = [](const char* name) -> const char* {
        return std::string_view(name) == "TARGET" ? nullptr : "http://127.0.0.1:1";
    };
    const ParseOutcome parsed = parse_scenario(text, {"s.yaml", environment});
    EXPECT_TRUE(parsed.scenario.has_value()) << format_faults(parsed.faults, "s.yaml") << text;
}

std::string har(const std::string& entries) {
    return R"({"log":{"entries":[)" + entries + "]}}";
}
std::string entry(const std::string& start, const std::string& request,
                  const std::string& response) {
    return R"({"startedDateTime":")" + start + R"(","time":100,"request":)" + request +
           R"(,"response":)" + response + "}";
}

TEST(ImportHar, KeepsTheMainHostAndFollowsItsRedirects) {
    const auto imported = import_har(
        har(entry("2026-01-01T10:00:00.000Z",
                  R"({"method":"GET","url":"https://shop.example.com/"})",
                  R"({"status":302,"redirectURL":"/home","content":{"mimeType":"text/html"}})") +
            "," +
            entry("2026-01-01T10:00:00.200+00:00",
                  R"({"method":"GET","url":"https://shop.example.com/home"})",
                  R"({"status":200,"content":{"mimeType":"text/html"}})") +
            "," +
            entry("2026-01-01T12:00:02.300+02:00",
                  R"({"method":"GET","url":"https://shop.example.com/cart"})",
                  R"({"status":304,"content":{"mimeType":"text/html"}})") +
            "," +
            entry("2026-01-01T10:00:03.000Z",
                  R"({"method":"GET","url":"https://cdn.example.net/a"})",
                  R"({"status":200,"content":{"mimeType":"text/html"}})")),
        {});
    ASSERT_TRUE(imported) << imported.error().to_string();
    EXPECT_EQ(imported->steps, 2U);
    EXPECT_THAT(imported->text, HasSubstr("target: ${env.TARGET:-https://shop.example.com}"));
    EXPECT_THAT(imported->text,
                HasSubstr("      - get: /\n        expect: {status: 200}\n        think: 2s\n"));
    EXPECT_THAT(imported->text, HasSubstr("      - get: /cart\n        expect: {status: 200}\n"));
    EXPECT_THAT(imported->notes, testing::ElementsAre("left out: 1 request to cdn.example.net"));
    expect_valid(imported->text);
}

TEST(ImportHar, TakesOtherHostsWhereTheyAreAskedFor) {
    ImportOptions options;
    options.hosts = {"api.example.com", "shop.example.com"};
    const auto imported = import_har(
        har(entry("2026-01-01T10:00:00Z", R"({"method":"GET","url":"https://shop.example.com/"})",
                  R"({"status":200,"content":{"mimeType":"text/html"}})") +
            "," +
            entry("2026-01-01T10:00:01Z",
                  R"({"method":"GET","url":"https://api.example.com:8443/v1"})",
                  R"({"status":200,"content":{"mimeType":"application/json"}})")),
        options);
    ASSERT_TRUE(imported) << imported.error().to_string();
    EXPECT_THAT(imported->text, HasSubstr("-https://api.example.com:8443}"));
    EXPECT_THAT(imported->text, HasSubstr("- get: https://shop.example.com/\n"));
    EXPECT_THAT(imported->text, HasSubstr("- get: /v1\n"));
    expect_valid(imported->text);
}

TEST(ImportCurl, KnowsTheOptionsThatSayWhatIsSent) {
    const struct {
        const char* line;
        const char* part;
    } rows[] = {
        {"curl -G http://h/s -d q=x --data-urlencode 'r=a b'", "- get: /s?q=x&r=a+b\n"},
        {"curl -XDELETE http://h/x", "- delete: /x\n"},
        {"curl -I http://h/x", "- head: /x\n"},
        {"curl --json '{\"a\":[1,\"2\"]}' http://h/",
         "        json:\n          a:\n            - 1\n            - \"2\"\n"},
        {"curl --json '{\"a\": 1.10}' http://h/", "        body: '{\"a\": 1.10}'\n"},
        {"curl --json '{\"a\":1.10}' http://h/", "        json:\n          a: 1.10\n"},
        {"curl -d 'a=1&a=2' http://h/", "          a:\n            - \"1\"\n            - \"2\"\n"},
        {"curl -d 'a=1&b=2&a=3' http://h/", "body: \"a=1&b=2&a=3\"\n"},
        {"curl -F title=x http://h/", "        multipart:\n          title: \"x\"\n"},
        {"curl -u ann:secret-pw http://h/", "user: \"ann\", password: \"${env.PASSWORD}\""},
        {"curl http://ann:secret-pw@h/", "user: \"ann\", password: \"${env.PASSWORD}\""},
        {"curl http://h/x http://h/y", "defaults:\n  redirects: 0\n"},
        {"curl -H'X-A: b c' -o out h:81/x", "X-A: b c\n"},
    };
    for (const auto& row : rows) {
        const auto imported = import_curl(row.line, {});
        ASSERT_TRUE(imported) << row.line << imported.error().to_string();
        EXPECT_THAT(imported->text, HasSubstr(row.part)) << row.line;
        EXPECT_THAT(imported->text, Not(HasSubstr("secret-pw"))) << row.line;
        expect_valid(imported->text);
    }
}

TEST(ImportOpenApi, MakesValuesThatFitTheSchema) {
    const auto imported = import_openapi(R"(
openapi: 3.1.0
info: {title: T, version: "1"}
servers: [{url: /base/}]
paths:
  /a/{b}:
    post:
      parameters:
        - {name: b, in: path, required: true, schema: {type: string, enum: [x, y]}}
      requestBody:
        content:
          application/json:
            schema:
              type: object
              properties:
                n: {type: [integer, "null"], minimum: 5}
                list: {type: array, items: {type: string, format: date}}
                self: {$ref: "#/paths/~1a~1{b}/post/requestBody/content/application~1json/schema"}
                password: {type: string}
                flag: {type: boolean}
                any: {oneOf: [{type: number, maximum: 0.5}, {type: string}]}
      responses: {"201": {description: d}, "200": {description: d}, default: {description: d}}
)",
                                         {});
    ASSERT_TRUE(imported) << imported.error().to_string();
    EXPECT_THAT(imported->text, HasSubstr("target: ${env.TARGET:-http://127.0.0.1:8080/base}\n"));
    EXPECT_THAT(imported->text, HasSubstr("      - post: /a/x\n        name: /a/{b}\n"));
    EXPECT_THAT(imported->text,
                HasSubstr("          \"n\": 5\n          list:\n            - \"2024-01-31\"\n"
                          "          password: \"${env.PASSWORD}\"\n          flag: true\n"
                          "          any: 0\n"));
    EXPECT_THAT(imported->text, HasSubstr("expect: {status: [200, 201]}"));
    expect_valid(imported->text);
}

TEST(ImportCurl, LeavesOutTheOneUrlThatNoTargetCanHave) {
    const auto imported = import_curl("curl http://h:/a http://h:x/b http://[::1]:81/c", {});
    ASSERT_TRUE(imported) << imported.error().to_string();
    EXPECT_EQ(imported->steps, 2U);
    EXPECT_THAT(imported->text, HasSubstr("- get: /a\n"));
    EXPECT_THAT(imported->text,
                HasSubstr("- get: \"http://[::1]:81/c\"\n"));  // brackets are YAML's own
    EXPECT_THAT(imported->notes, testing::Contains(HasSubstr("URL that is not HTTP")));
    expect_valid(imported->text);
}

TEST(Import, CountsInPlainEnglish) {
    using import::counted;
    EXPECT_EQ(counted(1, "request to a.example"), "1 request to a.example");
    EXPECT_EQ(counted(3, "request to a.example"), "3 requests to a.example");
    EXPECT_EQ(counted(2, "body from a file that was not read; it is sent empty"),
              "2 bodies from a file that were not read; they are sent empty");
    EXPECT_EQ(counted(2, "request that is not HTTP"), "2 requests that are not HTTP");
    EXPECT_EQ(counted(2, "option (--proxy)"), "2 options (--proxy)");
    EXPECT_EQ(counted(0, "static file"), "0 static files");
}

TEST(Import, WritesNoControlCharactersFromItsInput) {
    ImportOptions options;
    options.source = "x\ntarget: http://evil";
    const auto imported = import_curl("curl http://h/", options);
    ASSERT_TRUE(imported);
    EXPECT_THAT(imported->text, Not(HasSubstr("\ntarget: http://evil")));
}

}  // namespace
}  // namespace plimsoll
