#include "report/json_text.hpp"

#include <limits>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

namespace plimsoll::report {
namespace {

namespace json = boost::json;

TEST(PrettyJson, WritesDoublesThatReadBackTheSame) {
    for (const double value : {0.1, 1.0 / 3, 252.30000000000001, 1e-7, 6.02e23, 5e-324,
                               std::numeric_limits<double>::max()}) {
        const auto text = pretty_json(json::value(value));
        EXPECT_EQ(json::parse(text).as_double(), value) << text;
    }
    EXPECT_EQ(pretty_json(json::value(60.0)), "60.0\n");
    EXPECT_EQ(pretty_json(json::value(0.21)), "0.21\n");
}

TEST(PrettyJson, WritesTextsAndKeysThatAreNoUtf8AsJsonAllTheSame) {
    const json::object object{{"a\xff", json::array{"b\xc3(", "plain \x01"}}};
    for (const std::string& text : {pretty_json(object), script_json(object)}) {
        const json::value back = json::parse(text);
        const auto& texts = back.as_object().at("a\xEF\xBF\xBD").as_array();
        EXPECT_EQ(texts[0].as_string(), "b\xEF\xBF\xBD(");
        EXPECT_EQ(texts[1].as_string(), "plain \xEF\xBF\xBD");
    }
}

TEST(PrettyJson, WritesWhatIsNoNumberAsNull) {
    EXPECT_EQ(pretty_json(json::value(std::numeric_limits<double>::quiet_NaN())), "null\n");
    EXPECT_EQ(pretty_json(json::value(-std::numeric_limits<double>::infinity())), "null\n");
}

TEST(PrettyJson, KeepsNumbersOnOneLineAndSpreadsTexts) {
    const json::object object{{"interval", json::array{205.5, 219}},
                              {"empty", json::array{}},
                              {"evidence", json::array{"a", "b"}},
                              {"big", std::uint64_t{18446744073709551615U}}};
    EXPECT_EQ(pretty_json(object),
              "{\n"
              "  \"interval\": [205.5, 219],\n"
              "  \"empty\": [],\n"
              "  \"evidence\": [\n    \"a\",\n    \"b\"\n  ],\n"
              "  \"big\": 18446744073709551615\n"
              "}\n");
}

TEST(ScriptJson, HoldsNothingThatEndsAScriptElement) {
    const json::object object{{"name</script>", "<!-- <script> & ]]>"}};
    const auto text = script_json(object);
    EXPECT_EQ(text.find_first_of("<>&"), std::string::npos);
    EXPECT_EQ(json::parse(text), json::value(object));
}

}  // namespace
}  // namespace plimsoll::report
