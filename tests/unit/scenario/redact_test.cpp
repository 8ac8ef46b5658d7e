#include "scenario/redact.hpp"

#include "scenario/parse.hpp"

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

const char* env(const char* name) {
    return std::string_view(name) == "PW" ? "pw-of-the-environment" : nullptr;
}

// The text kept of a scenario with these lines at its end.
std::string kept(const std::string& lines) {
    const std::string head =
        "target: http://127.0.0.1\nusers: {a: {flow: [{get: /}]}}\n"
        "load: [{executor: constant-vus, vus: 1, duration: 1s}]\n";
    const auto outcome = parse_scenario(head + lines, {"s.yaml", &env});
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
