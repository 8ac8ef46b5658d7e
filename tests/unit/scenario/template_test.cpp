#include "scenario/template.hpp"

#include <array>
#include <regex>
#include <string>

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

const char* values_env(const char* name) {
    const std::string_view wanted(name);
    if (wanted == "HOST") {
        return "db.example.test";
    }
    if (wanted == "TRICKY") {
        return "a${user}b$";
    }
    return wanted == "EMPTY" ? "" : nullptr;
}

std::string render(std::string_view text, std::uint64_t user = 7, std::uint64_t iteration = 9) {
    const auto compiled = Template::compile(text, &values_env);
    EXPECT_TRUE(compiled.ok()) << text << ": " << compiled.error().what;
    Random random(1, user, iteration);
    std::string out;
    EXPECT_TRUE(compiled->render({user, iteration, &random}, out)) << text;
    return out;
}

TEST(Template, LeavesPlainTextAsItIs) {
    for (const char* text : {"", "/health", "$5 {a} }", "a$b", "$", "$$", "{", "}"}) {
        const auto compiled = Template::compile(text, nullptr);
        ASSERT_TRUE(compiled.ok()) << text;
        EXPECT_TRUE(compiled->is_constant());
        EXPECT_EQ(compiled->text(), text);
        EXPECT_EQ(render(text), text);
    }
}

TEST(Template, NamesTheUserAndTheIteration) {
    EXPECT_EQ(render("/u/${user}/i/${iteration}"), "/u/7/i/9");
    EXPECT_EQ(render("${ user }", UINT64_MAX), "18446744073709551615");
    EXPECT_FALSE(Template::compile("${user}", nullptr)->is_constant());
}

TEST(Template, AppendsToTheCallersBuffer) {
    const auto compiled = Template::compile("-${user}", nullptr);
    std::string out = "kept";
    EXPECT_TRUE(compiled->render({3, 0, nullptr}, out));
    EXPECT_EQ(out, "kept-3");
}

TEST(Template, WritesRandomUuidsOfVersion4) {
    const std::regex shape("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
    std::string last;
    for (std::uint64_t iteration = 0; iteration < 200; ++iteration) {
        const std::string uuid = render("${uuid()}", 1, iteration);
        EXPECT_TRUE(std::regex_match(uuid, shape)) << uuid;
        EXPECT_NE(uuid, last);
        last = uuid;
    }
}

TEST(Template, DrawsRandomIntegersFromTheWholeRangeBothEndsIncluded) {
    std::array<int, 4> seen{};
    for (std::uint64_t iteration = 0; iteration < 400; ++iteration) {
        const auto value = std::stoul(render("${random_int(3,6)}", 1, iteration));
        ASSERT_GE(value, 3U);
        ASSERT_LE(value, 6U);
        ++seen[value - 3];
    }
    for (const int count : seen) {
        EXPECT_GT(count, 50);  // 100 expected, standard deviation 8.7
    }
    EXPECT_EQ(render("${random_int( 5 , 5 )}"), "5");
    EXPECT_EQ(render("${random_int(-3, -3)}"), "-3");
    EXPECT_EQ(render("${random_int(user, user + 0)}"), "7");
    EXPECT_EQ(render("${random_int(9223372036854775807,9223372036854775807)}"),
              "9223372036854775807");
}

TEST(Template, GivesTheSameValuesForTheSameSeed) {
    const char* text = "${uuid()} ${random_int(1,1000000)} ${uuid()}";
    EXPECT_EQ(render(text, 4, 5), render(text, 4, 5));
    EXPECT_NE(render(text, 4, 5), render(text, 4, 6));
}

TEST(Template, RendersWithoutAGeneratorToo) {
    const auto compiled = Template::compile("${uuid()}", nullptr);
    std::string first;
    std::string second;
    EXPECT_TRUE(compiled->render({1, 2, nullptr}, first));
    EXPECT_TRUE(compiled->render({1, 2, nullptr}, second));
    EXPECT_EQ(first, second);
    EXPECT_EQ(first.size(), 36U);
}

TEST(Template, ResolvesTheEnvironmentWhileReading) {
    EXPECT_EQ(render("http://${env.HOST}/"), "http://db.example.test/");
    EXPECT_EQ(render("${env.HOST:-other}"), "db.example.test");
    EXPECT_EQ(render("${env.NOT_SET:-http://127.0.0.1:8080}"), "http://127.0.0.1:8080");
    EXPECT_EQ(render("${env.EMPTY:-default}"), "default");
    EXPECT_EQ(render("[${env.EMPTY}]"), "[]");
    EXPECT_EQ(render("[${env.NOT_SET:-}]"), "[]");
    EXPECT_TRUE(Template::compile("${env.HOST}", &values_env)->is_constant());
}

TEST(Template, NeverReadsExpressionsOutOfAValueOfTheEnvironment) {
    EXPECT_EQ(render("${env.TRICKY}"), "a${user}b$");
    EXPECT_EQ(render("${env.TRICKY}{user}${user}"), "a${user}b${user}7");
}

TEST(Template, WritesALiteralExpressionWhenEscaped) {
    EXPECT_EQ(render("$${user}"), "${user}");
    EXPECT_EQ(render("$$${user}"), "$${user}");
    EXPECT_EQ(render("$${${user}"), "${7");
    EXPECT_EQ(render("a$${b"), "a${b");
}

TEST(Template, RefusesWhatItDoesNotKnow) {
    const struct {
        const char* text;
        const char* what;
    } rows[] = {
        {"${usr}", "unknown expression \"${usr}\""},
        {"${}", "unknown expression \"${}\""},
        {"${user", "\"${\" is not closed"},
        {"a${env.HOST", "\"${\" is not closed"},
        {"${env.}", "\"\" is not the name of an environment variable"},
        {"${env.1A}", "\"1A\" is not the name of an environment variable"},
        {"${env.NOT_SET}", "the environment variable NOT_SET is not set"},
        {"${random_int(1)}", "random_int needs two whole numbers, the lower first, got \"1\""},
        {"${random_int(1,2,3)}",
         "random_int needs two whole numbers, the lower first, got \"1,2,3\""},
        {"${random_int(1,18446744073709551616)}",
         "random_int needs two whole numbers, the lower first, got "
         "\"1,18446744073709551616\""},
    };
    for (const auto& row : rows) {
        const auto compiled = Template::compile(row.text, &values_env);
        ASSERT_FALSE(compiled.ok()) << row.text;
        EXPECT_EQ(compiled.error().what, row.what);
        EXPECT_FALSE(compiled.error().hint.empty()) << row.text;
    }
}

TEST(Template, HasNoVariableWhereThereIsNoEnvironment) {
    EXPECT_FALSE(Template::compile("${env.HOST}", nullptr).ok());
    EXPECT_EQ(Template::compile("${env.HOST:-x}", nullptr)->text(), "x");
}

TEST(Template, JoinsPartsAndEncodesLiteralsAndValues) {
    Template joined = Template::literal("a\"");
    joined.append(*Template::compile("b${user}c", nullptr));
    joined.append(Template::literal("d"));
    joined.append(*Template::compile("${random_choice('x\\ny\"')}", nullptr));
    EXPECT_EQ(joined.literals(), "a\"bcd");
    std::string out;
    EXPECT_TRUE(joined.encoded(Encoding::JsonText).render({1, 2, nullptr}, out));
    EXPECT_EQ(out, "a\\\"b1cdxny\\\"");
}

TEST(Template, NeverCrashesOnRandomBytes) {
    constexpr std::string_view kPieces[] = {"${", "}",    "$",      "{",           "env.",
                                            ":-", "user", "uuid()", "random_int(", ")",
                                            ",",  "1",    "HOST",   "\0",          "\xff"};
    Random random(20, 1, 0);
    std::size_t compiled_count = 0;
    for (int round = 0; round < 50'000; ++round) {
        std::string text;
        for (std::uint64_t piece = random.between(0, 12); piece > 0; --piece) {
            if (random.between(0, 3) == 0) {
                text += static_cast<char>(random.between(0, 255));
            } else {
                text += kPieces[random.between(0, std::size(kPieces) - 1)];
            }
        }
        const auto compiled = Template::compile(text, &values_env);
        if (compiled) {
            ++compiled_count;
            std::string out;
            if (compiled->render({1, 2, &random}, out)) {
                ASSERT_EQ(compiled->is_constant(), text.empty() || compiled->literals() == out);
            }
        } else {
            ASSERT_FALSE(compiled.error().what.empty());
        }
    }
    EXPECT_GT(compiled_count, 5'000U);
    EXPECT_LT(compiled_count, 45'000U);
}

}  // namespace
}  // namespace plimsoll
