// What people import, damaged: a scenario's text or an error, within bounds of time and memory.
#include "bounds.hpp"
#include "import/import.hpp"
#include "tests/support/temp_folder.hpp"

#include <array>

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using Read = Result<Imported> (*)(std::string_view, const ImportOptions&);

struct Source {
    const char* name;
    Read read;
    std::string text;
};

constexpr const char* kHar = R"({"log": {"version": "1.2", "creator": {"name": "x"}, "pages": [
 {"id": "p1", "startedDateTime": "2026-01-01T10:00:00Z", "title": "Shop"}], "entries": [
 {"pageref": "p1", "startedDateTime": "2026-01-01T10:00:00.100Z", "time": 100,
  "request": {"method": "GET", "url": "https://shop.example.com/items?page=1&q=a%20b",
   "headers": [{"name": "Accept", "value": "application/json"}, {"name": "Cookie", "value": "s=1"}],
   "queryString": [{"name": "page", "value": "1"}], "cookies": []},
  "response": {"status": 200, "headers": [{"name": "Set-Cookie", "value": "s=1"}],
   "content": {"mimeType": "application/json", "text": "{\"id\": 7}", "size": 9}}},
 {"startedDateTime": "2026-01-01T10:00:02Z", "time": 50,
  "request": {"method": "POST", "url": "https://shop.example.com/orders", "headers": [],
   "postData": {"mimeType": "application/x-www-form-urlencoded", "text": "a=1&b=2",
    "params": [{"name": "a", "value": "1"}, {"name": "b", "value": "2"}]}},
  "response": {"status": 302, "redirectURL": "/orders/7", "headers": [], "content": {}}},
 {"startedDateTime": "2026-01-01T10:00:03Z", "time": 50,
  "request": {"method": "PUT", "url": "https://cdn.example.net/x", "headers": [],
   "postData": {"mimeType": "multipart/form-data; boundary=x", "params":
    [{"name": "f", "fileName": "a.png", "contentType": "image/png", "value": "x"}]}},
  "response": {"status": 204, "headers": [], "content": {"mimeType": ""}}}]}})";

constexpr const char* kCurl =
    "curl 'https://api.example.com/v1/items?a=1' -X POST -H 'Content-Type: application/json' "
    "-H \"X-Trace: $ID\" --data-raw $'{\"a\": \\'1\\'}' --compressed -u user:pw -k\n"
    "curl -G https://api.example.com/v1/items --data-urlencode 'q=a b' -b 'a=1; b=2' -m 5\n"
    "curl https://api.example.com/up -F 'file=@a.png;type=image/png' -F 'x=1' | jq .\n";

std::vector<Source> sources() {
    const std::string folder = PLIMSOLL_SOURCE_DIR "/tests/integration/import/";
    return {{"har", &import_har, kHar},
            {"openapi", &import_openapi, test::read_file(folder + "shop.openapi.yaml")},
            {"swagger", &import_openapi, test::read_file(folder + "accounts.swagger.json")},
            {"postman", &import_postman, test::read_file(folder + "shop.postman_collection.json")},
            {"curl", &import_curl, kCurl}};
}

TEST(DamagedImport, EndsWithAScenariosTextOrAnError) {
    const std::vector<std::string> pieces{"{",
                                          "}",
                                          "[",
                                          "]",
                                          "\"",
                                          ",",
                                          ":",
                                          "null",
                                          "-1",
                                          "1e999",
                                          "true",
                                          "\\u0000",
                                          "\xff",
                                          "'",
                                          "\\",
                                          "$'",
                                          "\"$ref\": \"#/components/schemas/Item\"",
                                          "$ref: '#/'",
                                          "&a ",
                                          "*a",
                                          "{{x}}",
                                          "https://",
                                          "http://[::1",
                                          "%zz",
                                          "--data",
                                          " -H ",
                                          "\r\n",
                                          "99999999999999999999",
                                          "\"allOf\": []",
                                          "items: {}",
                                          "<<: ",
                                          "2026-13-45T99:99:99Z",
                                          "{\"a\": 1}",
                                          ": "};
    Random random(3, 1, 4);
    test::Bounds bounds;
    int whole = 0;
    int refused = 0;
    const auto all_sources = sources();
    const int all = test::rounds(500);
    for (int round = 0; round < all && !testing::Test::HasFailure(); ++round) {
        const Source& source = all_sources[static_cast<std::size_t>(round) % all_sources.size()];
        std::string text = source.text;
        ASSERT_FALSE(text.empty()) << source.name;
        if (round >= static_cast<int>(all_sources.size())) {  // the first ones are whole
            test::damage_bytes(text, pieces, random);
        }
        bounds.begin();
        const auto imported = source.read(text, {});
        bounds.end(text);
        (imported ? whole : refused) += 1;
        EXPECT_TRUE(imported || !imported.error().what.empty()) << text;
        EXPECT_TRUE(imported || round >= static_cast<int>(all_sources.size())) << source.name;
    }
    EXPECT_GT(whole, all / 20);
    EXPECT_GT(refused, all / 20);
}

TEST(LargeImport, WhatIsNestedDeeplyOrRefersToItselfIsBounded) {
    const auto bounded = [](Read read, const std::string& text) {
        test::Bounds bounds;
        bounds.begin();
        const auto imported = read(text, {});
        bounds.end(text.substr(0, 100));
        EXPECT_TRUE(imported || !imported.error().what.empty());
    };
    std::string open(100'000, '[');
    std::string maps;
    for (int i = 0; i < 20'000; ++i) {
        maps += "{\"item\":[";
    }
    for (const Read read : {&import_har, &import_openapi, &import_postman}) {
        bounded(read, open);
        bounded(read, maps);
        bounded(read, std::string(3'000'000, ' '));
    }
    std::string branches =
        R"({"openapi": "3.0.0", "paths": {"/": {"post": {"requestBody": {"content":
      {"application/json": {"schema": {"$ref": "#/components/schemas/S0"}}}}}}},
      "components": {"schemas": {)";
    for (int i = 0; i < 60; ++i) {  // each twice as large as the next
        const std::string next =
            "{\"$ref\": \"#/components/schemas/S" + std::to_string(i + 1) + "\"}";
        branches += "\"S" + std::to_string(i) + R"(": {"type": "object", "properties": {"a": )" +
                    next + ", \"b\": " + next + "}},";
    }
    branches += R"("S60": {"type": "string"}, "Self": {"$ref": "#/components/schemas/Self"}}}})";
    bounded(&import_openapi, branches);
    bounded(&import_curl,
            "curl http://a/ " + std::string(200'000, '\'') + std::string(200'000, '\\'));
}

}  // namespace
}  // namespace plimsoll
