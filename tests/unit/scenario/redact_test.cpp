#include "scenario/redact.hpp"

#include "scenario/parse.hpp"

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

const char* password_env(const char* name) {
    return std::string_view(name) == "PW" ? "pw-of-the-environment" : nullptr;
}

// The text kept of a scenario with these lines at its end.
std::string kept(const std::string& lines) {
    const std::string head =
        "target: http://127.0.0.1\nusers: {a: {flow: [{get: /}]}}\n"
        "load: [{executor: constant-vus, vus: 1, duration: 1s}]\n";
    const auto outcome = parse_scenario(head + lines, {"s.yaml", &password_env});
    EXPECT_TRUE(outcome.scenario.has_value()) << format_faults(outcome.faults, "s.yaml");
    const std::string text = outcome.scenario ? outcome.scenario->text : "";
    return text.starts_with(head) ? text.substr(head.size()) : text;
}

std::string dsn(const std::string& written) {
    return "probes: {postgres: {dsn: " + written + "}}\n";
}

TEST(Redact, MasksPasswordsOfConnectionStrings) {
    EXPECT_EQ(kept(dsn("\"postgresql://app:hunter2@h/db\"")), dsn("\"postgresql://app:***@h/db\""));
    EXPECT_EQ(kept(dsn("'postgresql://app:p@ss:w@h/db'")), dsn("'postgresql://app:***@h/db'"));
    EXPECT_EQ(kept(dsn("host=h password=hunter2 user=app")), dsn("host=h password=*** user=app"));
    EXPECT_EQ(kept(dsn("\"host=h password = 'a b' sslpassword=x\"")),
              dsn("\"host=h password = '***' sslpassword=***\""));
    EXPECT_EQ(kept(dsn("\"postgresql://h/db?user=a&password=hunter2&x=1\"")),
              dsn("\"postgresql://h/db?user=a&password=***&x=1\""));
}

TEST(Redact, KeepsWhatIsNoSecret) {
    for (const std::string& line :
         {dsn("postgresql://app@h:5432/db"), dsn("\"host=h port=5432\""),
          dsn("\"postgresql://app:${env.PW}@h/db\""), dsn("\"host=h password=${env.PW}\"")}) {
        EXPECT_EQ(kept(line), line);
    }
}

TEST(Redact, MasksADefaultOfTheEnvironment) {
    EXPECT_EQ(kept(dsn("\"${env.NONE:-postgresql://a:hunter2@h/db}\"")),
              dsn("\"${env.NONE:-postgresql://a:***@h/db}\""));
    EXPECT_EQ(kept(dsn("\"postgresql://a:${env.PW:-hunter2}@h/db\"")),
              dsn("\"postgresql://a:***@h/db\""));
}

TEST(Redact, MasksALongPasswordInCommentsToo) {
    EXPECT_EQ(kept("# was hunter2\n" + dsn("\"postgresql://app:hunter2@h/db\"")),
              "# was ***\n" + dsn("\"postgresql://app:***@h/db\""));
}

TEST(Redact, MasksHeadersThatCarryCredentials) {
    EXPECT_EQ(kept("defaults:\n  headers:\n    Authorization: Bearer abc\n    X-API-Key: '12'\n"
                   "    Accept: text/html\n    Cookie: \"s=${env.PW}\"\n"),
              "defaults:\n  headers:\n    Authorization: ***\n    X-API-Key: '***'\n"
              "    Accept: text/html\n    Cookie: \"s=${env.PW}\"\n");
}

TEST(Redact, LeavesTheWholeTextOutWhereASecretCannotBeFound) {
    const std::string remark =
        "# The scenario's text is left out: it holds a secret that could not be cut out.\n";
    EXPECT_EQ(kept(dsn("\"postgresql://app:hunt\\u0065r2@h/db\"")), remark);
    EXPECT_EQ(kept("probes:\n  postgres:\n    dsn: >-\n      host=h\n      password=hunter2\n"),
              remark);
}

// The text kept of a scenario whose one step has these lines below its dash.
std::string kept_step(const std::string& step) {
    const std::string head = "target: http://127.0.0.1\nusers:\n  a:\n    flow:\n";
    const std::string tail = "load: [{executor: constant-vus, vus: 1, duration: 1s}]\n";
    const auto outcome = parse_scenario(head + step + tail, {"s.yaml", &password_env});
    EXPECT_TRUE(outcome.scenario.has_value()) << format_faults(outcome.faults, "s.yaml");
    const std::string text = outcome.scenario ? outcome.scenario->text : "";
    return text.starts_with(head)
               ? text.substr(head.size(), text.size() - head.size() - tail.size())
               : text;
}

TEST(Redact, MasksPasswordsAndTokensOfBodiesOfEveryKind) {
    const struct {
        const char* written;
        const char* kept;
    } rows[] = {
        {"      - {post: /, json: {user: ann, password: hunter2}}\n",
         "      - {post: /, json: {user: ann, password: ***}}\n"},
        {"      - {post: /, json: {a: [{newPassword: \"x1\"}, {apiKey: 'k 2'}], pin: 1234}}\n",
         "      - {post: /, json: {a: [{newPassword: \"***\"}, {apiKey: '***'}], pin: ***}}\n"},
        {"      - {post: /, json: {tokens: {refresh_token: [r1, r2]}}}\n",
         "      - {post: /, json: {tokens: {refresh_token: [***, ***]}}}\n"},
        {"      - {post: /, form: {client_secret: s1, grant_type: password}}\n",
         "      - {post: /, form: {client_secret: ***, grant_type: password}}\n"},
        {"      - {post: /, multipart: {password: s1, token: {text: t1, type: text/plain}}}\n",
         "      - {post: /, multipart: {password: ***, token: {text: ***, type: text/plain}}}\n"},
        {"      - {post: /, graphql: {query: '{a}', variables: {password: s1}}}\n",
         "      - {post: /, graphql: {query: '{a}', variables: {password: ***}}}\n"},
        {"      - {post: /, graphql: {query: 'mutation { login(password: \"s1\") }'}}\n",
         "      - {post: /, graphql: {query: 'mutation { login(password: \"***\") }'}}\n"},
        {"      - {post: /, body: '{\"user\": \"a\", \"password\": \"p\\u0031\"}'}\n",
         "      - {post: /, body: '{\"user\": \"a\", \"password\": \"***\"}'}\n"},
        {"      - {post: /, body: 'user=a&password=s1&x=2'}\n",
         "      - {post: /, body: 'user=a&password=***&x=2'}\n"},
        {"      - {post: /, body: '<a><password>s1</password></a>'}\n",
         "      - {post: /, body: '<a><password>***</password></a>'}\n"},
        {"      - post: /\n        body: |\n          {\"a\": 1,\n           \"password\": "
         "\"s1\"}\n",
         "      - post: /\n        body: |\n          {\"a\": 1,\n           \"password\": "
         "\"***\"}\n"},
        {"      - {post: /, body: \"{\\\"password\\\": \\\"s1\\\"}\"}\n",
         "      - {post: /, body: \"{\\\"password\\\": \\\"***\\\"}\"}\n"},
        {"      - {get: \"/?token=s1&page=2\"}\n", "      - {get: \"/?token=***&page=2\"}\n"},
        {"      - {get: /, query: {api_key: s1, q: key}}\n",
         "      - {get: /, query: {api_key: ***, q: key}}\n"},
        {"      - {get: /, headers: {X-Note: \"Bearer abcdefghijklmnop1\"}}\n",
         "      - {get: /, headers: {X-Note: \"Bearer ***\"}}\n"},
        {"      - {set: {password: s1, page: 2}}\n      - {get: /}\n",
         "      - {set: {password: ***, page: 2}}\n      - {get: /}\n"},
        {"      - {get: \"/?next=https://u:s1@h.test/\"}\n",
         "      - {get: \"/?next=https://u:***@h.test/\"}\n"},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(kept_step(row.written), row.kept) << row.written;
    }
}

TEST(Redact, LeavesWordsAloneThatMerelyHoldSuchAWord) {
    for (const std::string& step :
         {std::string("      - {post: /, json: {secret_scanning: enabled, token_type: Bearer}}\n"),
          std::string("      - {post: /, json: {max_tokens: 100, has_password: true}}\n"),
          std::string("      - {post: /, json: {sort_key: name, key: value, author: ann}}\n"),
          std::string("      - {post: /, json: {password: \"${env.PW}\", token: \"${env.PW}\"}}\n"),
          std::string("      - {post: /, json: {remember_token: false, password: null}}\n"),
          std::string("      - {get: \"/?next_page_token=abc&author=x&sort=key\"}\n"),
          std::string("      - {get: /, expect: {json: {/secret_scanning: enabled}}}\n")}) {
        EXPECT_EQ(kept_step(step), step);
    }
    // An enum's value that stands elsewhere too is masked at its place alone.
    EXPECT_EQ(kept_step("      - {post: /, json: {secret: enabled, scanning: enabled}}\n"),
              "      - {post: /, json: {secret: ***, scanning: enabled}}\n");
}

TEST(Redact, MasksUrlsOfProbesAndDefaults) {
    EXPECT_EQ(kept("probes:\n  app_metrics: {url: \"http://127.0.0.1/m?token=s1\"}\n"
                   "  canaries: {a: {get: \"/h?api_key=s2\"}}\n"),
              "probes:\n  app_metrics: {url: \"http://127.0.0.1/m?token=***\"}\n"
              "  canaries: {a: {get: \"/h?api_key=***\"}}\n");
}

TEST(Redact, KnowsWhichFieldsHoldSecrets) {
    for (const char* name : {"password",
                             "Password",
                             "PASSWORD",
                             "passwd",
                             "pwd",
                             "userPassword",
                             "password2",
                             "password_confirmation",
                             "user[password]",
                             "new-password",
                             "token",
                             "accessToken",
                             "access_token",
                             "id.token",
                             "csrfToken",
                             "secret",
                             "clientSecret",
                             "client_secret",
                             "apiKey",
                             "api_key",
                             "apikey",
                             "X-API-Key",
                             "privateKey",
                             "AWSSecretAccessKey",
                             "credentials",
                             "authorization",
                             "sessionId",
                             "session_id",
                             "pin",
                             "otp",
                             "cvv",
                             "jwt",
                             "signature",
                             "passphrase",
                             "accesstoken",
                             "access_token_value"}) {
        EXPECT_TRUE(is_secret_field(name)) << name;
    }
    for (const char* name : {"",
                             "secret_scanning",
                             "secretScanningPushProtection",
                             "token_type",
                             "tokenType",
                             "tokens",
                             "max_tokens",
                             "has_password",
                             "isSecret",
                             "next_page_token",
                             "pageToken",
                             "nextToken",
                             "continuationToken",
                             "key",
                             "sort_key",
                             "publicKey",
                             "keyboard",
                             "monkey",
                             "author",
                             "passenger",
                             "compass",
                             "secretary",
                             "pinned",
                             "session_count",
                             "password_policy"}) {
        EXPECT_FALSE(is_secret_field(name)) << name;
    }
    EXPECT_TRUE(is_secret_query("key"));
    EXPECT_FALSE(is_secret_query("keyword"));
}

TEST(Redact, KnowsWhichHeadersCarryCredentials) {
    for (const char* name : {"Authorization", "proxy-authorization", "COOKIE", "X-Api-Key",
                             "X-Auth-Token", "X-Secret", "X-Session-Id"}) {
        EXPECT_TRUE(is_secret_header(name)) << name;
    }
    for (const char* name : {"Accept", "Content-Type", "X-Request-Id", "User-Agent"}) {
        EXPECT_FALSE(is_secret_header(name)) << name;
    }
}

}  // namespace
}  // namespace plimsoll
