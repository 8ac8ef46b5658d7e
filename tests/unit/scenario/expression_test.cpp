// Every function and operator of expressions. Digests come from the examples of their standards
// (FIPS 180-4, RFC 4231, RFC 4648).
#include "scenario/expression.hpp"

#include <array>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <unistd.h>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

/// Two rows of users, as a file would give them.
class TwoUsers final : public DataSource {
public:
    TwoUsers() {
        name_ = "accounts";
        columns_ = {"email", "first name", "age"};
    }
    [[nodiscard]] std::uint64_t rows() const noexcept override { return 2; }
    void append(std::uint64_t row, std::uint32_t column, std::string& out) const override {
        constexpr std::array<std::array<const char*, 3>, 2> kCells{
            {{"ann@example.test", "Ann \"A\"", "31"}, {"bob@example.test", "Bob", "44"}}};
        out += kCells.at(row).at(column);
    }
};

const char* word_env(const char* name) {
    return std::string_view(name) == "WORD" ? "pass" : nullptr;
}

class ExpressionTest : public testing::Test {
protected:
    ExpressionTest() {
        values_[0] = {ValueType::Text, "t0ken"};
        values_[1] = {ValueType::Number, "41"};
        values_[3] = {ValueType::Json, "{\"a\":1}"};
        scope_.env = &word_env;
        scope_.variables = names_;
        scope_.data = data_;
        scope_.scenario = "checkout";
    }

    RenderContext context() {
        RenderContext made;
        made.user = 7;
        made.iteration = 9;
        made.random = &random_;
        made.variables = values_;
        made.data = data_;
        made.rows = rows_;
        made.now_unix_ns = 1'700'000'000'123'456'789;
        made.missing = &missing_;
        return made;
    }

    std::string render(std::string_view text, Encoding encoding = Encoding::None) {
        missing_.clear();
        const auto compiled = Template::compile(text, scope_);
        if (!compiled) {
            return "fault: " + compiled.error().what;
        }
        std::string out;
        return compiled->encoded(encoding).render(context(), out) ? out : "missing: " + missing_;
    }

    Error refuse(std::string_view text) {
        const auto compiled = Template::compile(text, scope_);
        EXPECT_FALSE(compiled.ok()) << text;
        return compiled ? Error{} : compiled.error();
    }

    std::vector<std::string> names_{"token", "n", "unset", "object"};
    std::vector<Variable> values_{4};
    std::vector<std::shared_ptr<const DataSource>> data_{std::make_shared<TwoUsers>()};
    std::vector<std::uint64_t> rows_{1};
    Random random_{1, 2, 3};
    std::string missing_;
    TemplateScope scope_;
};

TEST_F(ExpressionTest, ReadsVariablesAndDataColumns) {
    EXPECT_EQ(render("/v1/${token}?n=${n}"), "/v1/t0ken?n=41");
    EXPECT_EQ(render("${accounts.email}"), "bob@example.test");
    EXPECT_EQ(render("${accounts['first name']}"), "Bob");
    EXPECT_EQ(render("${scenario}"), "checkout");
    EXPECT_EQ(render("${executor}"), "0");
    EXPECT_EQ(render("${ object }"), "{\"a\":1}");
}

TEST_F(ExpressionTest, ReadsWhatSetupSharedWhereTheUserHasNone) {
    const auto compiled = Template::compile("${unset}${n}", scope_);
    ASSERT_TRUE(compiled.ok());
    std::vector<Variable> shared(4);
    shared[1] = {ValueType::Number, "1"};
    shared[2] = {ValueType::Text, "from setup "};
    RenderContext with_shared = context();
    with_shared.shared = shared;
    std::string out;
    EXPECT_TRUE(compiled->render(with_shared, out));
    EXPECT_EQ(out, "from setup 41");
}

TEST_F(ExpressionTest, SaysWhatHasNoValue) {
    EXPECT_EQ(render("a${unset}b"), "missing: unset");
    EXPECT_EQ(render("${upper(unset)}"), "missing: unset");
    EXPECT_EQ(render("${n + unset}"), "missing: unset");
    EXPECT_EQ(render("${n + token}"), "missing: ${n + token} (text that is not a number)");
    EXPECT_EQ(render("${n / (n - 41)}"), "missing: ${n / (n - 41)} (division by zero)");
    EXPECT_EQ(render("${random_int(n, 1)}"),
              "missing: ${random_int(n, 1)} (the first number is above the second)");
    rows_[0] = kNoRow;
    EXPECT_EQ(render("${accounts.age}"), "missing: accounts.age");
    rows_.clear();
    EXPECT_EQ(render("${accounts.age}"), "missing: accounts.age");
}

TEST_F(ExpressionTest, ComputesWithWholeNumbersAndFractions) {
    const struct {
        const char* text;
        const char* value;
    } rows[] = {
        {"${1 + 2 * 3}", "7"},
        {"${(1 + 2) * 3}", "9"},
        {"${10 - 2 - 3}", "5"},
        {"${7 / 2}", "3.5"},
        {"${6 / 2}", "3"},
        {"${7 % 4}", "3"},
        {"${-7 % 4}", "-3"},
        {"${-n + 1}", "-40"},
        {"${n * 1.5}", "61.5"},
        {"${0.1 + 0.2}", "0.30000000000000004"},
        {"${1.5 * 2}", "3"},
        {"${9223372036854775807 + 1}", "9223372036854775808"},
        {"${accounts.age + 1}", "45"},
        {"${int(7 / 2)}", "3"},
        {"${int(-3.7)}", "-3"},
        {"${round(2.5)}", "3"},
        {"${min(n, 5)}${max(n, 5)}", "541"},
        {"${n % 10 + user}", "8"},
        {"${- -5}", "5"},
    };
    for (const auto& row : rows) {
        EXPECT_STREQ(render(row.text).substr(0, 19).c_str(),
                     std::string(row.value).substr(0, 19).c_str())
            << row.text;
    }
}

TEST_F(ExpressionTest, ChangesText) {
    EXPECT_EQ(render("${upper('abc-é')} ${lower('ABC')}"), "ABC-é abc");
    EXPECT_EQ(render("${substr('abcdef', 2)} ${substr('abcdef', 1, 2)} ${substr('abc', -2)}"),
              "cdef bc bc");
    EXPECT_EQ(render("${substr('añb', 1, 1)}|${substr('ab', 5)}|${substr('ab', 0, 0)}|"), "ñ|||");
    EXPECT_EQ(render("${replace('a-b-c', '-', '')} ${replace('aaa', 'a', 'aa')}"), "abc aaaaaa");
    EXPECT_EQ(render("${replace('abc', '', 'x')}"), "abc");
    EXPECT_EQ(render("${length('añb')} ${length('')} ${length(token)}"), "3 0 5");
    EXPECT_EQ(render("${concat(token, '-', n + 1, \"'\")}"), "t0ken-42'");
    EXPECT_EQ(render("[${trim('  a b ')}]${trim('  ')}"), "[a b]");
    EXPECT_EQ(render("${replace('a}b', '}', '{')}"), "a{b");
    EXPECT_EQ(render("${default(unset, 'none')} ${default(token, 'none')} ${default('', 'x')}"),
              "none t0ken x");
}

TEST_F(ExpressionTest, EncodesAndDigestsAsTheStandardsSay) {
    EXPECT_EQ(render("${base64('')}|${base64('f')}|${base64('fo')}|${base64('foobar')}"),
              "|Zg==|Zm8=|Zm9vYmFy");
    EXPECT_EQ(render("${base64url('fo?>')}"), "Zm8_Pg");
    EXPECT_EQ(render("${sha256('abc')}"),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(render("${hmac('Jefe', 'what do ya want for nothing?')}"),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    EXPECT_EQ(render("${hmac('sha1', 'Jefe', 'what do ya want for nothing?')}"),
              "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
    EXPECT_EQ(render("${hmac('sha512', 'Jefe', 'what do ya want for nothing?')}").substr(0, 32),
              "164b7a7bfcf819e2e395fbe73b56e0a3");
    const std::string long_key(131, '\xaa');
    names_.push_back("key");
    values_.push_back({ValueType::Text, long_key});
    scope_.variables = names_;
    EXPECT_EQ(render("${hmac(key, 'Test Using Larger Than Block-Size Key - Hash Key First')}"),
              "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    EXPECT_EQ(render("${urlencode('a b&c/é~')}"), "a%20b%26c%2F%C3%A9~");
    EXPECT_EQ(render("Basic ${base64(concat('ann:', env.WORD))}"), "Basic YW5uOnBhc3M=");
}

TEST_F(ExpressionTest, TellsTheTimeInFourForms) {
    EXPECT_EQ(render("${now()}"), "1700000000");
    EXPECT_EQ(render("${now('unix')} ${now('unix_ms')} ${now('unix_ns')}"),
              "1700000000 1700000000123 1700000000123456789");
    EXPECT_EQ(render("${now('iso')}"), "2023-11-14T22:13:20.123Z");
    EXPECT_EQ(render("${now() + 60}"), "1700000060");
}

TEST_F(ExpressionTest, ChoosesAmongTheArguments) {
    std::set<std::string> seen;
    for (int i = 0; i < 100; ++i) {
        seen.insert(render("${random_choice('red', 'green', token)}"));
    }
    EXPECT_EQ(seen, (std::set<std::string>{"red", "green", "t0ken"}));
    EXPECT_THAT(render("${random_text(12)}"), testing::MatchesRegex("[A-Za-z0-9]{12}"));
}

TEST_F(ExpressionTest, WritesValuesForTheirSurroundings) {
    values_[0].text = "a \"b\"\r\n/?&é";
    EXPECT_EQ(render("${token}", Encoding::JsonText), "a \\\"b\\\"\\r\\n/?&é");
    EXPECT_EQ(render("${token}", Encoding::Query), "a%20%22b%22%0D%0A%2F%3F%26%C3%A9");
    EXPECT_EQ(render("/x y/${token}", Encoding::Path), "/x y/a%20%22b%22%0D%0A/?&%C3%A9");
    EXPECT_EQ(render("${token}", Encoding::JsonValue), "\"a \\\"b\\\"\\r\\n/?&é\"");
    EXPECT_EQ(render("${n}", Encoding::JsonValue), "41");
    EXPECT_EQ(render("${object}", Encoding::JsonValue), "{\"a\":1}");
    EXPECT_EQ(render("${accounts.age}", Encoding::JsonValue), "44");
    EXPECT_EQ(render("${accounts.email}", Encoding::JsonValue), "\"bob@example.test\"");
    values_[0].text = "5";
    EXPECT_EQ(render("${token}", Encoding::JsonValue), "\"5\"");
}

TEST_F(ExpressionTest, KeepsTheTextOfNumbersAndRefusesArithmeticBeyond64Bits) {
    values_[0] = {ValueType::Number, "12345678901234567890123"};
    EXPECT_EQ(render("${token}"), "12345678901234567890123");
    EXPECT_EQ(render("${token}", Encoding::JsonValue), "12345678901234567890123");
    EXPECT_EQ(render("${concat(token, '')}"), "12345678901234567890123");
    EXPECT_EQ(render("${12345678901234567890123}"), "12345678901234567890123");
    std::string missing;
    RenderContext told = context();
    told.missing = &missing;
    std::string out;
    EXPECT_FALSE(Template::compile("${token + 1}", scope_)->render(told, out));
    EXPECT_EQ(missing, "${token + 1} (a whole number beyond 64 bits)");
}

TEST_F(ExpressionTest, HasNoValueForAHeaderWhereItHoldsAControlCharacter) {
    values_[0].text = "a \"b\"\t/?&é";
    EXPECT_EQ(render("Bearer ${token}", Encoding::Header), "Bearer a \"b\"\t/?&é");
    for (const std::string& bad :
         {std::string("a\r\nX-Injected: 1"), std::string("a\nb"), std::string("a\rb"),
          std::string("a\0b", 3), std::string("\x1b[2J"), std::string("\x7f")}) {
        values_[0].text = bad;
        for (const bool base64 : {false, true}) {
            auto compiled = Template::compile("${token}", scope_)->encoded(Encoding::Header);
            compiled = base64 ? compiled.in_base64() : compiled;
            std::string missing;
            RenderContext with_missing = context();
            with_missing.missing = &missing;
            std::string out;
            EXPECT_FALSE(compiled.render(with_missing, out)) << bad;
            EXPECT_EQ(missing, "${token} (a control character must not stand in a header)");
        }
    }
}

TEST_F(ExpressionTest, SetsVariablesWithTheirTypes) {
    const auto typed = [&](std::string_view text) {
        Variable out;
        std::string scratch;
        EXPECT_TRUE(Template::compile(text, scope_)->evaluate(context(), scratch, out)) << text;
        return out;
    };
    EXPECT_EQ(typed("5").type, ValueType::Number);
    EXPECT_EQ(typed("true").type, ValueType::Boolean);
    EXPECT_EQ(typed("five").type, ValueType::Text);
    EXPECT_EQ(typed("${n + 1}").type, ValueType::Number);
    EXPECT_EQ(typed("${n + 1}").text, "42");
    EXPECT_EQ(typed("${object}").type, ValueType::Json);
    EXPECT_EQ(typed("${token}").type, ValueType::Text);
    EXPECT_EQ(typed("${n}${n}").type, ValueType::Text);
    std::string scratch;
    EXPECT_TRUE(Template::compile("${n + 1}", scope_)->evaluate(context(), scratch, values_[1]));
    EXPECT_EQ(values_[1].text, "42");
    EXPECT_FALSE(Template::compile("${unset}", scope_)->evaluate(context(), scratch, values_[1]));
    EXPECT_EQ(values_[1].text, "42");
}

TEST_F(ExpressionTest, RefusesWhatItDoesNotKnowAndSuggestsWhatItDoes) {
    const struct {
        const char* text;
        const char* what;
        const char* hint;
    } rows[] = {
        {"${tokn}", "unknown expression \"${tokn}\"", "did you mean ${token}?"},
        {"${upper(tokn)}", "\"${upper(tokn)}\": unknown name \"tokn\"", "did you mean ${token}?"},
        {"${uper(token)}", "unknown expression \"${uper(token)}\"", "did you mean ${upper(name)}?"},
        {"${1 + uper(token)}", "\"${1 + uper(token)}\": unknown function \"uper\"",
         "did you mean ${upper(name)}?"},
        {"${accounts.emial}", "\"${accounts.emial}\": accounts has no column \"emial\"",
         "did you mean ${accounts.email}?"},
        {"${accounts}", "\"${accounts}\": accounts is a data source; name one of its columns",
         "e.g. ${accounts.email}"},
        {"${acounts.email}", "unknown expression \"${acounts.email}\"",
         "did you mean ${accounts.email}?"},
        {"${upper()}", "\"${upper()}\": upper takes 1 argument, got 0", "e.g. ${upper(name)}"},
        {"${substr('a')}", "\"${substr('a')}\": substr takes 2 or 3 arguments, got 1",
         "e.g. ${substr(id, 0, 8)}"},
        {"${now('isoo')}",
         "\"${now('isoo')}\": now's first argument must be unix, unix_ms, iso or unix_ns in quotes",
         "did you mean 'iso'?"},
        {"${hmac('sha2', token, token)}",
         "\"${hmac('sha2', token, token)}\": hmac's first argument must be sha256, sha1, sha512 "
         "or md5 in quotes",
         "did you mean 'sha1'?"},
        {"${token + 'x'}", "\"${token + 'x'}\": arithmetic needs numbers",
         "to join text write concat(a, b), or one expression beside the other"},
        {"${1 +}", "\"${1 +}\": a value is missing", ""},
        {"${(1 + 2}", "\"${(1 + 2}\": a ) is missing", ""},
        {"${1 2}", "\"${1 2}\": cannot go on with \"2\"", ""},
        {"${'abc}", "\"${'abc}\": the quote ' is not closed", ""},
        {"${1.}", "\"${1.}\": \"1.\" is not a number", ""},
        {"${1 / 0}", "${1 / 0} (division by zero) has no value", ""},
        {"${env.NOT_SET}", "the environment variable NOT_SET is not set",
         "set it, or give a default: ${env.NOT_SET:-default}"},
    };
    for (const auto& row : rows) {
        const Error error = refuse(row.text);
        EXPECT_EQ(error.what, row.what);
        EXPECT_EQ(error.hint, row.hint) << row.text;
    }
    EXPECT_EQ(refuse("${" + std::string(500, '(') + "1" + std::string(500, ')') + "}")
                      .what.find("is nested too deeply") != std::string::npos,
              true);
}

TEST_F(ExpressionTest, SeesOnlyTheVariablesOfItsUserClass) {
    const std::vector<std::uint8_t> visible{1, 0, 0, 0};
    scope_.visible = visible;
    EXPECT_EQ(render("${token}"), "t0ken");
    EXPECT_EQ(refuse("${object}").hint, "object is captured or set in another user class only");
}

TEST_F(ExpressionTest, ReadsSecretsFromFilesAndMarksThem) {
    const auto folder = std::filesystem::path(testing::TempDir()) /
                        ("secret-" + std::to_string(::getpid()) + "-expression");
    std::filesystem::create_directories(folder);
    std::ofstream(folder / "token.txt") << "s3cret\n";
    const std::string place = folder.string();
    scope_.folder = place;
    EXPECT_EQ(render("Bearer ${secret.file:token.txt}"), "Bearer s3cret");
    EXPECT_EQ(render("${upper(secret.file('token.txt'))}"), "S3CRET");
    EXPECT_TRUE(Template::compile("${secret.file:token.txt}", scope_)->is_secret());
    EXPECT_TRUE(Template::compile("${env.WORD}", scope_)->is_sensitive());
    EXPECT_FALSE(Template::compile("${env.WORD}", scope_)->is_secret());
    EXPECT_FALSE(Template::compile("word", scope_)->is_sensitive());
    EXPECT_NE(refuse("${secret.file:none.txt}").what.find("cannot read"), std::string::npos);
    std::filesystem::remove_all(folder);
}

TEST_F(ExpressionTest, GivesTheSameValuesForTheSameSeed) {
    const std::string_view text = "${uuid()}${random_text(5)}${random_choice(1,2,3,4,5,6,7)}";
    Random first(5, 6, 7);
    Random second(5, 6, 7);
    const auto compiled = Template::compile(text, scope_);
    std::array<std::string, 2> values;
    RenderContext place = context();
    place.random = &first;
    EXPECT_TRUE(compiled->render(place, values[0]));
    place.random = &second;
    EXPECT_TRUE(compiled->render(place, values[1]));
    EXPECT_EQ(values[0], values[1]);
}

}  // namespace
}  // namespace plimsoll
