#include "scenario/wording.hpp"

#include <array>
#include <string>

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

TEST(EditDistance, CountsLettersToChange) {
    const struct {
        const char* a;
        const char* b;
        std::size_t distance;
    } rows[] = {{"", "", 0},
                {"abc", "", 3},
                {"kitten", "sitting", 3},
                {"stages", "stage", 1},
                {"weigth", "weight", 1},
                {"flaw", "lawn", 2},
                {"GET", "get", 0},
                {"ca", "abc", 3}};
    for (const auto& row : rows) {
        EXPECT_EQ(edit_distance(row.a, row.b), row.distance) << row.a << " " << row.b;
        EXPECT_EQ(edit_distance(row.b, row.a), row.distance) << row.b << " " << row.a;
    }
}

TEST(Nearest, FindsTheMostLikelyWordOrNone) {
    constexpr std::array<std::string_view, 6> kWords{"start_rate", "max_vus", "stages",
                                                     "target",     "get",     "graceful_stop"};
    EXPECT_EQ(nearest("stage", kWords), "stages");
    EXPECT_EQ(nearest("taget", kWords), "target");
    EXPECT_EQ(nearest("startRate", kWords), "start_rate");
    EXPECT_EQ(nearest("maxVUs", kWords), "max_vus");
    EXPECT_EQ(nearest("graceful-stop", kWords), "graceful_stop");
    EXPECT_EQ(nearest("GET", kWords), "get");
    EXPECT_EQ(nearest("colour", kWords), "");
    EXPECT_EQ(nearest("", kWords), "");
    EXPECT_EQ(nearest("x", kWords), "");
    EXPECT_EQ(nearest(std::string(100'000, 's'), kWords), "");
}

TEST(InQuotes, EscapesControlCharactersAndCutsLongText) {
    EXPECT_EQ(in_quotes("plain"), "\"plain\"");
    EXPECT_EQ(in_quotes("a\"b\n\t\x01"), "\"a\\\"b\\n\\t\\x01\"");
    EXPECT_EQ(in_quotes(std::string(60, 'x')), "\"" + std::string(60, 'x') + "\"");
    EXPECT_EQ(in_quotes(std::string(61, 'x')), "\"" + std::string(60, 'x') + "...\"");
}

TEST(InQuotes, NeverCutsInsideACharacter) {
    std::string text(59, 'x');
    for (int i = 0; i < 10; ++i) {
        text += "é";
    }
    EXPECT_EQ(in_quotes(text), "\"" + std::string(59, 'x') + "é...\"");
}

TEST(AnyOf, ListsWithAnOrBeforeTheLast) {
    constexpr std::array<std::string_view, 3> kWords{"a", "b", "c"};
    EXPECT_EQ(any_of(kWords), "a, b or c");
    EXPECT_EQ(any_of(std::span(kWords).first(2)), "a or b");
    EXPECT_EQ(any_of(std::span(kWords).first(1)), "a");
}

}  // namespace
}  // namespace plimsoll
