#include "import/shell_words.hpp"

#include <gtest/gtest.h>

namespace plimsoll::import {
namespace {

using Words = std::vector<std::string>;

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
        {"curl '' x", {"curl", "", "x"}},
        {"curl http://x/?a=1&b=2 # why", {"curl", "http://x/?a=1&b=2"}},
        {"curl ^\r\n  -k", {"curl", "-k"}},
        {"curl a'b'\"c\"", {"curl", "abc"}},
    };
    for (const auto& row : rows) {
        const auto commands = shell_commands(row.text);
        ASSERT_TRUE(commands) << row.text;
        ASSERT_EQ(commands->size(), 1U) << row.text;
        EXPECT_EQ(commands->front(), row.words) << row.text;
    }
}

TEST(ShellCommands, EndsACommandAtTheLinesEndAndAtSeparators) {
    const auto commands = shell_commands("curl a\n\n# no\ncurl b | jq .; curl c");
    ASSERT_TRUE(commands);
    EXPECT_EQ(*commands,
              (std::vector<Words>{{"curl", "a"}, {"curl", "b"}, {"jq", "."}, {"curl", "c"}}));
}

TEST(ShellCommands, SaysWhereAQuoteWasOpened) {
    const auto commands = shell_commands("curl a\ncurl 'b");
    ASSERT_FALSE(commands);
    EXPECT_EQ(commands.error().what, "the quote that opens on line 2 is not closed");
}

}  // namespace
}  // namespace plimsoll::import
