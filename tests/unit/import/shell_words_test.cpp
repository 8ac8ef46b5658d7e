#include "import/shell_words.hpp"

#include <gtest/gtest.h>

namespace plimsoll::import {
namespace {

using Words = std::vector<std::string>;

std::vector<Words> words_of(const Result<ShellText>& text) {
    std::vector<Words> all;
    for (const ShellCommand& command : text->commands) {
        all.push_back(command.words);
    }
    return all;
}

TEST(ShellCommands, SplitsAsAShellDoes) {
    const struct {
        const char* text;
        Words words;
    } rows[] = {
        {"curl -s http://x/", {"curl", "-s", "http://x/"}},
        {"curl 'a b' \"c \\\"d\\\"\" e\\ f", {"curl", "a b", "c \"d\"", "e f"}},
        {"curl \\\n  -d '{\"a\": 1}'", {"curl", "-d", "{\"a\": 1}"}},
        {"curl $'it\\'s\\n\\u00e4\\x41'",
         {"curl",
          "it's\n\xc3\xa4"
          "A"}},
        {"curl $'\\xff\\101\\cA\\U0001f600\\q'",
         {"curl",
          "\xff"
          "A\x01\xf0\x9f\x98\x80\\q"}},
        {"curl $'a\\0b'c", {"curl", "ac"}},
        {"curl '' x", {"curl", "", "x"}},
        {"curl 'http://x/?a=1&b=2' # why", {"curl", "http://x/?a=1&b=2"}},
        {"curl a'b'\"c\"", {"curl", "abc"}},
        {"curl {a,b{1,2}} 'x{c,d}' \"{e,f}\" {g}",
         {"curl", "a", "b1", "b2", "x{c,d}", "{e,f}", "{g}"}},
        {"curl x{1..3}", {"curl", "x1", "x2", "x3"}},
        {"A=5; curl $A \"${A}b\" '$A' ${B:-c}", {"curl", "5", "5b", "$A", "c"}},
        {"curl a >out 2>&1 </dev/null", {"curl", "a"}},
    };
    for (const auto& row : rows) {
        const auto text = shell_commands(row.text);
        ASSERT_TRUE(text) << row.text;
        EXPECT_EQ(words_of(text), std::vector<Words>{row.words}) << row.text;
    }
}

TEST(ShellCommands, EndsACommandAtTheLinesEndAndAtOperators) {
    const auto text =
        shell_commands("curl a\n\n# no\ncurl b | jq .; curl c && curl d || curl e&curl f");
    ASSERT_TRUE(text);
    EXPECT_EQ(words_of(text), (std::vector<Words>{{"curl", "a"},
                                                  {"curl", "b"},
                                                  {"jq", "."},
                                                  {"curl", "c"},
                                                  {"curl", "d"},
                                                  {"curl", "e"},
                                                  {"curl", "f"}}));
    std::vector<std::string> joints;
    for (const ShellCommand& command : text->commands) {
        joints.push_back(command.joint);
    }
    EXPECT_EQ(joints, (std::vector<std::string>{"", ";", "|", ";", "&&", "||", "&"}));
}

TEST(ShellCommands, KnowsHereDocumentsAndWhatItCannotKnow) {
    const auto here = shell_commands("curl -d @- x <<-EOF\n\ta=1\n\tEOF\ncurl -d @- y <<< 'b'\n");
    ASSERT_TRUE(here);
    ASSERT_EQ(here->commands.size(), 2U);
    EXPECT_EQ(here->commands[0].input, "a=1\n");
    EXPECT_EQ(here->commands[1].input, "b\n");
    const auto unknown = shell_commands("curl $(date) $HOST");
    ASSERT_TRUE(unknown);
    EXPECT_EQ(unknown->commands[0].problem, "a command substitution");
    EXPECT_EQ(unknown->variables, std::vector<std::string>{"HOST"});
}

TEST(ShellCommands, SaysWhereAQuoteWasOpened) {
    const auto text = shell_commands("curl a\ncurl 'b");
    ASSERT_FALSE(text);
    EXPECT_EQ(text.error().what, "the quote that opens on line 2 is not closed");
}

TEST(CmdCommands, SplitsAsCmdAndTheRuntimeDo) {
    const struct {
        const char* text;
        std::vector<Words> commands;
    } rows[] = {
        {"curl ^\r\n  -k", {{"curl", "-k"}}},
        {"curl ^\"a^&b^\" -H ^\"x: ^\\^\"q^\\^\"^\"", {{"curl", "a&b", "-H", "x: \"q\""}}},
        {"curl \"a & b\" & curl c", {{"curl", "a & b"}, {"curl", "c"}}},
        {"curl \"{\"\"a\"\":1}\" ^\n", {{"curl", "{\"a\":1}"}}},
        {"curl ^\"a^\n\nb^\"", {{"curl", "a\nb"}}},
        {"curl \"a\\\\\" b\\c", {{"curl", "a\\", "b\\c"}}},
    };
    for (const auto& row : rows) {
        EXPECT_TRUE(is_for_cmd(row.text) ||
                    std::string_view(row.text).find('^') == std::string::npos)
            << row.text;
        EXPECT_EQ(words_of(cmd_commands(row.text)), row.commands) << row.text;
    }
    EXPECT_FALSE(is_for_cmd("curl 'http://x/' \\\n -d '^\"'"));
}

}  // namespace
}  // namespace plimsoll::import
