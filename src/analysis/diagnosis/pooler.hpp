// Pools as PgBouncer sees them.
#pragma once

#include "analysis/diagnosis/case.hpp"

#include <optional>
#include <string>

namespace plimsoll {

/// A pool that had clients waiting, no idle server connection and as many in use as it may have,
/// for as long as the load stayed high.
struct FullPooler {
    std::string database, user;
    double size = 0;
    double onset_s = 0;
};
/// The one with the longest queue, judged on the time after the break.
[[nodiscard]] std::optional<FullPooler> fullest_pooler(const Case& c);

/// Signs of a pooler whose console nobody read: connections named by statement, or an application
/// that uses more connections than PostgreSQL's `full_pool` of them. "" where there are none.
[[nodiscard]] std::string signs_of_pooler(const Case& c, std::optional<double> full_pool);
[[nodiscard]] inline bool pooler_suspected(const Case& c, std::optional<double> full_pool) {
    return !signs_of_pooler(c, full_pool).empty();
}

}  // namespace plimsoll
