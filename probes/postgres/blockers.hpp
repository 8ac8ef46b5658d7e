// Who blocks whom, told apart by their statements.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace plimsoll {

/// One backend that waits for a lock, and one that holds it, as blockers_sql finds them.
struct BlockedBy {
    int waiter_pid = 0;
    int blocker_pid = 0;
    std::string blocker_application;
    std::string blocker_state;
    bool blocker_waits = false;  // for a lock itself: it is a link of a chain, not its end
    double blocker_age_s = 0;    // of its transaction
    std::string blocker_sql, waiter_sql;
};

/// Counts samples by what blocks what: the statements without their literals, and the blocker's
/// state. Backends come and go; a pair of statements that is seen again and again is the
/// contention. Only ends of chains count, where there are any.
class BlockerTally {
public:
    /// A note, once for each pair that is new; none after kMostPairs.
    [[nodiscard]] std::vector<std::string> add(const std::vector<BlockedBy>& sample);

    /// "blocking.samples" (looks that found somebody blocked) and, for the kMostFacts most frequent
    /// pairs, "blocking.1.samples", ".waiters" (most at once), ".blocker_state",
    /// ".blocker_application", ".longest_s", ".blocker_sql", ".waiter_sql". Empty where nobody was
    /// blocked.
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> facts() const;

    static constexpr std::size_t kMostPairs = 20;
    static constexpr std::size_t kMostFacts = 5;

private:
    struct Pair {
        std::uint64_t samples = 0;
        std::uint64_t waiters = 0;
        double longest_s = 0;
        std::string application;
    };
    using Key = std::tuple<std::string, std::string, std::string>;  // blocker, its state, waiter
    std::map<Key, Pair> pairs_;
    std::uint64_t samples_ = 0;
};

}  // namespace plimsoll
