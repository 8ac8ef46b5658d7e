#include "scenario/response.hpp"

#include "scenario/flow.hpp"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

constexpr std::string_view kHeaders =
    "Content-Type: application/json\r\nlocation:  /v1/items/7 \r\n"
    "Set-Cookie: sid=abc; Path=/; HttpOnly\r\nset-cookie: theme=dark\r\n";
constexpr std::string_view kBody = R"({
  "id": 7, "name": "Ann \"A\"", "price": 1.5, "big": 18446744073709551615, "ok": true,
  "none": null, "a/b": {"m~n": "odd"}, "tags": ["x", "y", "z"],
  "items": [{"k": "u", "v": 1}, {"k": "w", "v": 22}, {"k": "w", "v": 3, "deep": {"er": "!"}}],
  "0": "zero"})";

class ResponseTest : public testing::Test {
protected:
    ResponseTest() { respond(kBody); }
    void respond(std::string_view body, std::uint16_t status = 200) {
        ResponseView view;
        view.status = status;
        view.header_block = kHeaders;
        view.body = body;
        view.body_bytes = body.size();
        view.service = std::chrono::milliseconds(120);
        reader_.reset(view);
    }
    /// The value's text, or "- " and why there is none.
    std::string select(Selector::Kind kind, std::string_view text) {
        const auto selector = Selector::compile(kind, text);
        if (!selector) {
            return "fault: " + selector.error().what;
        }
        std::string why;
        value_.clear();
        return selector->select(reader_, value_, why) ? value_.text : "- " + why;
    }
    std::string pointer(std::string_view text) { return select(Selector::Kind::JsonPointer, text); }
    std::string path(std::string_view text) { return select(Selector::Kind::JsonPath, text); }
    /// Why the check does not hold; empty: it does.
    std::string failing(const Check& check) {
        std::string why;
        return check.holds(reader_, {}, why) ? std::string() : why;
    }
    static Check json_check(std::string_view pointer, Check::Op op, std::string operand = {},
                            ValueType type = ValueType::Unset) {
        Check check;
        check.selector = *Selector::compile(Selector::Kind::JsonPointer, pointer);
        check.op = op;
        check.operand = Template::literal(std::move(operand));
        check.type = type;
        return check;
    }

    ResponseReader reader_;
    Variable value_;
};

TEST_F(ResponseTest, FollowsJsonPointersAndKeepsTypes) {
    EXPECT_EQ(pointer("/id"), "7");
    EXPECT_EQ(value_.type, ValueType::Number);
    EXPECT_EQ(pointer("/name"), "Ann \"A\"");
    EXPECT_EQ(value_.type, ValueType::Text);
    EXPECT_EQ(pointer("/price"), "1.5");
    EXPECT_EQ(pointer("/big"), "18446744073709551615");
    EXPECT_EQ(pointer("/ok"), "true");
    EXPECT_EQ(value_.type, ValueType::Boolean);
    EXPECT_EQ(pointer("/none"), "null");
    EXPECT_EQ(value_.type, ValueType::Null);
    EXPECT_EQ(pointer("/tags"), R"(["x","y","z"])");
    EXPECT_EQ(value_.type, ValueType::Json);
    EXPECT_EQ(pointer("/tags/1"), "y");
    EXPECT_EQ(pointer("/a~1b/m~0n"), "odd");
    EXPECT_EQ(pointer("/0"), "zero");
    EXPECT_EQ(pointer("").substr(0, 8), "{\"id\":7,");
}

TEST_F(ResponseTest, KeepsTheTextOfNumbers) {
    for (const char* number :
         {"0", "-0", "7", "-9223372036854775808", "18446744073709551615", "18446744073709551616",
          "12345678901234567890123", "-12345678901234567890123", "1.10", "2.0", "1.0", "0.1", "1e5",
          "1E5", "1e+5", "1.5e-400", "1e400", "-1e400", "100000000000000000000000.000000000001"}) {
        const std::string text = number;
        const std::string body =
            "{\"n\": " + text + ", \"all\": [" + text + ", {\"m\": " + text + "}]}";
        respond(body);
        EXPECT_EQ(pointer("/n"), text);
        EXPECT_EQ(value_.type, ValueType::Number) << text;
        EXPECT_EQ(pointer("/all"), "[" + text + ",{\"m\":" + text + "}]");
        EXPECT_EQ(failing(json_check("/n", Check::Op::Equals, text)), "") << text;
        EXPECT_EQ(failing(json_check("/n", Check::Op::Type, {}, ValueType::Number)), "") << text;
        EXPECT_NE(failing(json_check("/n", Check::Op::Type, {}, ValueType::Text)), "") << text;
    }
}

TEST_F(ResponseTest, ComparesNumbersOfAnyLength) {
    respond(R"({"a": 9007199254740993, "b": 12345678901234567890123, "c": 1e400, "d": 2.0})");
    EXPECT_NE(failing(json_check("/a", Check::Op::Equals, "9007199254740992")), "");
    EXPECT_EQ(failing(json_check("/a", Check::Op::Greater, "9007199254740992")), "");
    EXPECT_EQ(failing(json_check("/b", Check::Op::Less, "12345678901234567890124")), "");
    EXPECT_EQ(failing(json_check("/b", Check::Op::Greater, "-99999999999999999999999999")), "");
    EXPECT_EQ(failing(json_check("/c", Check::Op::Greater, "5")), "");
    EXPECT_EQ(failing(json_check("/d", Check::Op::Equals, "2")), "");
}

TEST_F(ResponseTest, PassesOverAByteOrderMark) {
    respond("\xEF\xBB\xBF{\"a\": 1}");
    EXPECT_EQ(pointer("/a"), "1");
}

TEST_F(ResponseTest, SaysWhatIsMissing) {
    EXPECT_EQ(pointer("/nope"), "- no /nope in the response's JSON");
    EXPECT_EQ(pointer("/tags/3"), "- no /tags/3 in the response's JSON");
    EXPECT_EQ(pointer("/tags/01"), "- no /tags/01 in the response's JSON");
    EXPECT_EQ(pointer("/id/x"), "- no /id/x in the response's JSON");
    EXPECT_EQ(select(Selector::Kind::Header, "X-None"), "- the response has no header X-None");
    EXPECT_EQ(select(Selector::Kind::Cookie, "none"), "- the response sets no cookie none");
    EXPECT_EQ(select(Selector::Kind::Regex, "q[0-9]"), "- \"q[0-9]\" matches nothing in the body");
    respond("<html>");
    EXPECT_EQ(pointer("/id"), "- the body is not JSON: syntax error at byte 0");
    respond("");
    EXPECT_EQ(pointer("/id"), "- the response has no body, let alone JSON");
    respond("{\"id\":");
    EXPECT_EQ(pointer("/id"), "- the body is not JSON: incomplete JSON at byte 6");
    respond("{\"id\":1} x");
    EXPECT_EQ(pointer("/id").substr(0, 24), "- the body is not JSON: ");
}

TEST_F(ResponseTest, ReadsOneResponseAfterTheOther) {
    for (int i = 0; i < 1000; ++i) {
        const std::string body = "{\"id\": \"" + std::string(static_cast<std::size_t>(i), 'x') +
                                 std::to_string(i) + "\", \"broken\": [1";
        const std::string whole = i % 2 == 0 ? body + "]}" : body;
        respond(whole);
        const std::string got = pointer("/id");
        if (i % 2 == 0) {
            ASSERT_TRUE(got.ends_with(std::to_string(i)));
        } else {
            ASSERT_TRUE(got.starts_with("- the body is not JSON"));
        }
    }
    const std::string large = std::string(1 << 20, ' ') + "{\"id\":1}";
    respond(large);
    EXPECT_EQ(pointer("/id"), "1");
}

TEST_F(ResponseTest, FollowsJsonPaths) {
    EXPECT_EQ(path("$.id"), "7");
    EXPECT_EQ(path("$['name']"), "Ann \"A\"");
    EXPECT_EQ(path("$[\"a/b\"]['m~n']"), "odd");
    EXPECT_EQ(path("$.tags[0]"), "x");
    EXPECT_EQ(path("$.tags[-1]"), "z");
    EXPECT_EQ(path("$.items[*].v"), "1");
    EXPECT_EQ(path("$.items.*.deep.er"), "!");
    EXPECT_EQ(path("$.items[?(@.k=='w')].v"), "22");
    EXPECT_EQ(path("$.items[?(@.k == \"w\")].deep.er"), "!");
    EXPECT_EQ(path("$.items[?(@.v > 1)].v"), "22");
    EXPECT_EQ(path("$.items[?(@.v <= 1)].k"), "u");
    EXPECT_EQ(path("$.items[?(@.deep)].v"), "3");
    EXPECT_EQ(path("$.items[?@.deep.er != 'x'].v"), "1");
    EXPECT_EQ(path("$.tags[?(@ == 'y')]"), "y");
    EXPECT_EQ(path("$.items[?(@.k=='none')].v"),
              "- no $.items[?(@.k=='none')].v in the response's JSON");
    EXPECT_EQ(path("$").substr(0, 7), "{\"id\":7");
}

TEST_F(ResponseTest, RefusesWhatIsNoPathPointerOrExpression) {
    const std::vector<std::pair<const char*, const char*>> paths{
        {"id", "\"id\" is not a JSONPath: $ must stand first (character 1)"},
        {"$id", "\"$id\" is not a JSONPath: a . or [ must come here (character 2)"},
        {"$.", "\"$.\" is not a JSONPath: a key is missing (character 3)"},
        {"$..id",
         "\"$..id\" is not a JSONPath: \"..\" is not supported; name every key on the way "
         "(character 3)"},
        {"$[",
         "\"$[\" is not a JSONPath: a number, a key in quotes, * or ?(...) must come here "
         "(character 3)"},
        {"$[0", "\"$[0\" is not a JSONPath: a ] must come here (character 4)"},
        {"$['a]", "\"$['a]\" is not a JSONPath: the quote is not closed (character 6)"},
        {"$[?(k)]", "\"$[?(k)]\" is not a JSONPath: @ must come here (character 5)"},
        {"$[?(@.k==x)]",
         "\"$[?(@.k==x)]\" is not a JSONPath: text in quotes, a number, true, false or null must "
         "come here (character 10)"},
        {"$[?(@.k]", "\"$[?(@.k]\" is not a JSONPath: a ) must come here (character 8)"},
    };
    for (const auto& [text, what] : paths) {
        EXPECT_EQ(path(text), std::string("fault: ") + what);
    }
    EXPECT_EQ(pointer("id"), "fault: \"id\" is not a JSON pointer");
    EXPECT_EQ(pointer("/a~2"), "fault: \"/a~2\" is not a JSON pointer");
    EXPECT_EQ(select(Selector::Kind::Regex, "(a"),
              "fault: \"(a\" is not a regular expression: missing ): (a");
}

TEST_F(ResponseTest, TakesTextHeadersCookiesAndTheStatus) {
    EXPECT_EQ(select(Selector::Kind::Regex, "\"id\": ([0-9]+)"), "7");
    EXPECT_EQ(select(Selector::Kind::Regex, "Ann"), "Ann");
    EXPECT_EQ(select(Selector::Kind::Header, "Location"), "/v1/items/7");
    EXPECT_EQ(select(Selector::Kind::Cookie, "sid"), "abc");
    EXPECT_EQ(select(Selector::Kind::Cookie, "theme"), "dark");
    EXPECT_EQ(select(Selector::Kind::StatusCode, ""), "200");
    EXPECT_EQ(value_.type, ValueType::Number);
}

TEST_F(ResponseTest, ChecksValuesAndSaysWhatWasFound) {
    using Op = Check::Op;
    EXPECT_EQ(failing(json_check("/id", Op::Equals, "7", ValueType::Number)), "");
    EXPECT_EQ(failing(json_check("/id", Op::Equals, "7.0", ValueType::Number)), "");
    EXPECT_EQ(failing(json_check("/id", Op::Equals, "8", ValueType::Number)),
              "/id is 7, should be 8");
    EXPECT_EQ(failing(json_check("/id", Op::Equals, "7", ValueType::Text)),
              "/id is 7, should be \"7\"");
    EXPECT_EQ(failing(json_check("/tags/0", Op::Equals, "y")), "/tags/0 is \"x\", should be \"y\"");
    EXPECT_EQ(failing(json_check("/tags/0", Op::NotEquals, "x")),
              "/tags/0 is \"x\", should not be \"x\"");
    EXPECT_EQ(failing(json_check("/nope", Op::NotEquals, "x")), "no /nope in the response's JSON");
    EXPECT_EQ(failing(json_check("/price", Op::Less, "1.5")),
              "/price is 1.5, should be below \"1.5\"");
    EXPECT_EQ(failing(json_check("/price", Op::LessOrEqual, "1.5")), "");
    EXPECT_EQ(failing(json_check("/id", Op::Greater, "10")), "/id is 7, should be above \"10\"");
    EXPECT_EQ(failing(json_check("/id", Op::GreaterOrEqual, "7")), "");
    EXPECT_EQ(failing(json_check("/name", Op::Contains, "Bob")),
              "/name is \"Ann \\\"A\\\"\", should contain \"Bob\"");
    EXPECT_EQ(failing(json_check("/none", Op::Exists)), "");
    EXPECT_EQ(failing(json_check("/nope", Op::Exists)), "no /nope in the response's JSON");
    EXPECT_EQ(failing(json_check("/nope", Op::Absent)), "");
    EXPECT_EQ(failing(json_check("/id", Op::Absent)), "/id is there, should not be");
}

TEST_F(ResponseTest, ChecksTypes) {
    Check check = json_check("/items", Check::Op::Type, {}, ValueType::Json);
    EXPECT_EQ(failing(check), "/items is an array, should be an object");
    check.array = true;
    EXPECT_EQ(failing(check), "");
    check.type = ValueType::Text;
    EXPECT_EQ(failing(check), "/items is an array, should be a string");
    EXPECT_EQ(failing(json_check("/id", Check::Op::Type, {}, ValueType::Number)), "");
    EXPECT_EQ(failing(json_check("/none", Check::Op::Type, {}, ValueType::Null)), "");
    EXPECT_EQ(failing(json_check("/ok", Check::Op::Type, {}, ValueType::Number)),
              "/ok is a boolean, should be a number");
}

TEST_F(ResponseTest, ChecksTheBodyItsSizeAndTheTime) {
    Check check;
    check.op = Check::Op::Matches;
    check.selector = *Selector::compile(Selector::Kind::Body, "");
    check.pattern =
        std::make_shared<Selector>(*Selector::compile(Selector::Kind::Regex, "^[a-z]+$"));
    respond("abc1");
    EXPECT_EQ(failing(check), "the body does not match \"^[a-z]+$\": \"abc1\"");
    respond("abc");
    EXPECT_EQ(failing(check), "");
    check.op = Check::Op::Size;
    check.low = 4;
    check.high = 10;
    EXPECT_EQ(failing(check), "the body has 3 bytes, should have at least 4");
    check.low = 0;
    check.high = 2;
    EXPECT_EQ(failing(check), "the body has 3 bytes, should have at most 2");
    check.op = Check::Op::Time;
    check.high = 100e6;
    EXPECT_EQ(failing(check), "took 120 ms, should take at most 100ms");
    check.high = 120e6;
    EXPECT_EQ(failing(check), "");
}

const char* hidden_env(const char* name) {
    return std::string_view(name) == "WORD" ? "hidden" : nullptr;
}

TEST_F(ResponseTest, NeverShowsAnOperandOfTheEnvironment) {
    Check check = json_check("/tags/0", Check::Op::Equals);
    check.operand = *Template::compile("${env.WORD}", &hidden_env);
    check.written = "\"${env.WORD}\"";
    EXPECT_EQ(failing(check), "/tags/0 is \"x\", should be \"${env.WORD}\"");
}

TEST(Condition, ComparesNumbersAsNumbersAndTextAsText) {
    std::vector<std::string> names{"n", "role", "unset", "flag"};
    std::vector<Variable> values{
        {ValueType::Number, "10"}, {ValueType::Text, "admin"}, {}, {ValueType::Boolean, "false"}};
    TemplateScope scope;
    scope.variables = names;
    RenderContext context;
    context.variables = values;
    const std::vector<std::pair<const char*, bool>> rows{
        {"${n} > 9", true},
        {"${n} < 9", false},
        {"${n} == 10.0", true},
        {"${n} >= 10", true},
        {"${n} <= 9", false},
        {"${n} != 10", false},
        {"${role} == admin", true},
        {"${role} == 'admin'", true},
        {"${role} != \"guest\"", true},
        {"${role} > aaa", true},
        {"admin == ${role}", true},
        {"${role}", true},
        {"${flag}", false},
        {"not ${flag}", true},
        {"!${flag}", true},
        {"${unset}", false},
        {"not ${unset}", true},
        {"${unset} == 1", false},
        {"${unset} != 1", false},
        {"${n % 2} == 0", true},
        {"${replace(role, '<', '>')} == admin", true},
        {"${n}-${role} == 10-admin", true},
    };
    std::string scratch;
    for (const auto& [text, holds] : rows) {
        const auto condition = Condition::compile(text, scope);
        ASSERT_TRUE(condition.ok()) << text << ": " << condition.error().what;
        EXPECT_EQ(condition->holds(context, scratch), holds) << text;
    }
    for (const char* text : {"", "admin", "a == b", "${n} ==", "== 3", "${n} < 3 < 4", "not "}) {
        EXPECT_FALSE(Condition::compile(text, scope).ok()) << text;
    }
}

TEST_F(ResponseTest, ReadsAnyNumberOfLargeBodies) {
    std::string body = R"({"items": [0)";
    for (int i = 1; i <= 5000; ++i) {
        body += "," + std::to_string(i);
    }
    body += "]}";
    // As often as the size of an address has bits: what doubles with each body would run over.
    for (int i = 0; i < 70; ++i) {
        respond(body);
        ASSERT_EQ(pointer("/items/5000"), "5000");
    }
}

}  // namespace
}  // namespace plimsoll
