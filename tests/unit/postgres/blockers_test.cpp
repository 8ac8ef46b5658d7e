#include "probes/postgres/blockers.hpp"

#include <map>

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

BlockedBy row(int waiter, int blocker, const std::string& blocker_sql,
              const std::string& waiter_sql) {
    return {waiter, blocker, "web", "idle in transaction", false, 1.5, blocker_sql, waiter_sql};
}
std::map<std::string, std::string> facts_of(const BlockerTally& tally) {
    const auto facts = tally.facts();
    return {facts.begin(), facts.end()};
}

TEST(BlockerTally, IsEmptyWhereNobodyWasBlocked) {
    BlockerTally tally;
    EXPECT_TRUE(tally.add({}).empty());
    EXPECT_TRUE(tally.facts().empty());
}

TEST(BlockerTally, NotesAPairOfStatementsOnceWhateverItsValuesAndCountsItsSamples) {
    BlockerTally tally;
    const auto notes = tally.add({row(2, 1, "UPDATE t SET n = 1 WHERE id = 7", "DELETE FROM t"),
                                  row(3, 1, "UPDATE t SET n = 1 WHERE id = 7", "DELETE FROM t")});
    ASSERT_EQ(notes.size(), 1U);
    EXPECT_EQ(notes[0],
              "pid 1 (idle in transaction, application web, its transaction 1.5 s old) blocks "
              "pid 2: UPDATE t SET n = ? WHERE id = ? | waiting: DELETE FROM t");
    EXPECT_TRUE(tally.add({row(9, 8, "UPDATE t SET n = 2 WHERE id = 9", "DELETE FROM t")}).empty());
    auto facts = facts_of(tally);
    EXPECT_EQ(facts["blocking.samples"], "2");
    EXPECT_EQ(facts["blocking.1.samples"], "2");
    EXPECT_EQ(facts["blocking.1.waiters"], "2");
    EXPECT_EQ(facts["blocking.1.blocker_state"], "idle in transaction");
    EXPECT_EQ(facts["blocking.1.blocker_sql"], "UPDATE t SET n = ? WHERE id = ?");
    EXPECT_EQ(facts["blocking.1.waiter_sql"], "DELETE FROM t");
    EXPECT_EQ(facts["blocking.1.longest_s"], "1.500");
}

TEST(BlockerTally, BlamesTheEndOfAChain) {
    BlockerTally tally;
    BlockedBy link = row(3, 2, "UPDATE b", "UPDATE c");
    link.blocker_waits = true;
    static_cast<void>(tally.add({link, row(2, 1, "UPDATE a", "UPDATE b")}));
    auto facts = facts_of(tally);
    EXPECT_EQ(facts["blocking.1.blocker_sql"], "UPDATE a");
    EXPECT_FALSE(facts.contains("blocking.2.blocker_sql"));
}

TEST(BlockerTally, StaysBounded) {
    BlockerTally tally;
    std::size_t notes = 0;
    for (int i = 0; i < 100; ++i) {
        const std::string table = "t_" + std::string(static_cast<std::size_t>(i) + 1, 'x');
        notes += tally.add({row(2, 1, "UPDATE " + table, "UPDATE " + table)}).size();
    }
    EXPECT_EQ(notes, BlockerTally::kMostPairs);
    EXPECT_EQ(tally.facts().size(), 1 + 7 * BlockerTally::kMostFacts);
}

}  // namespace
}  // namespace plimsoll
