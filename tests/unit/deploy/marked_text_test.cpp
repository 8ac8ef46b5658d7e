#include "deploy/marked_text.hpp"

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

Filling filling() {
    Filling made;
    made.values = {{"name", "shop"}, {"count", "8"}, {"odd", "a: b"}, {"path", "it's $HOME"}};
    made.parts = {"wanted"};
    made.inserts["lines"] = {"- x", "- y"};
    return made;
}

std::string yaml(std::string_view text) {
    return fill_in(text, MarkedStyle::Yaml, filling());
}

TEST(FillIn, PutsAValueInPlaceOfTheOneThatStandsThere) {
    EXPECT_EQ(yaml("name: demo  #: {name}\n"), "name: shop\n");
    EXPECT_EQ(yaml("  - name: demo  #: {name}-{count}\n"), "  - name: shop-8\n");
    EXPECT_EQ(yaml("    - demo  #: http://{name}:7070\n"), "    - http://shop:7070\n");
    EXPECT_EQ(yaml("a.b/c: demo  #: {name}\n"), "a.b/c: shop\n");
}

TEST(FillIn, KeepsANumberANumberButWhereAStringIsAsked) {
    EXPECT_EQ(yaml("n: 2  #: {count}\n"), "n: 8\n");
    EXPECT_EQ(yaml("n: \"2\"  #: \"{count}\"\n"), "n: \"8\"\n");
    EXPECT_EQ(yaml("n: x  #: {odd}\n"), "n: \"a: b\"\n");
}

TEST(FillIn, LeavesOutWhatIsNotWanted) {
    EXPECT_EQ(yaml("a: 1\n  #: only wanted\nb: 2\n  #: end\nc: 3\n"), "a: 1\nb: 2\nc: 3\n");
    EXPECT_EQ(yaml("a: 1\n  #: only other\nb: 2  #: {count}\n#: insert lines\n  #: end\nc: 3\n"),
              "a: 1\nc: 3\n");
}

TEST(FillIn, InsertsLinesAsDeepAsTheMark) {
    EXPECT_EQ(yaml("a:\n    #: insert lines\nb: 1\n"), "a:\n    - x\n    - y\nb: 1\n");
    EXPECT_EQ(yaml("a:\n    #: insert nothing\nb: 1\n"), "a:\nb: 1\n");
}

TEST(FillIn, LeavesOtherCommentsAlone) {
    EXPECT_EQ(yaml("# why\na: 1  # 0440\n\nb: 2"), "# why\na: 1  # 0440\n\nb: 2\n");
}

TEST(FillIn, QuotesForAShell) {
    EXPECT_EQ(fill_in("path=x  #: {path}/y\n", MarkedStyle::Shell, filling()),
              "path='it'\\''s $HOME/y'\n");
    EXPECT_EQ(fill_in("n=2  #: {count}\n", MarkedStyle::Shell, filling()), "n=8\n");
}

TEST(ShellWord, QuotesAllButPlainWords) {
    EXPECT_EQ(shell_word("a/b.c-d_e:1@x=,+%"), "a/b.c-d_e:1@x=,+%");
    EXPECT_EQ(shell_word(""), "''");
    EXPECT_EQ(shell_word("a b"), "'a b'");
    EXPECT_EQ(shell_word("$(x)`y`\"z\"\n"), "'$(x)`y`\"z\"\n'");
    EXPECT_EQ(shell_word("ä"), "'ä'");
    EXPECT_EQ(shell_word("~/x"), "'~/x'");
}

}  // namespace
}  // namespace plimsoll
