// From the tables of PgBouncer's console to values, without a server.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

/// One table of the console, read by column name: their order and number differ between versions.
struct ConsoleTable {
    std::vector<std::string> columns;
    std::vector<std::vector<std::string>> rows;

    /// nullopt where the table has no such column.
    [[nodiscard]] std::optional<std::string> text(std::size_t row, std::string_view column) const;
    /// The same, and where it holds no number.
    [[nodiscard]] std::optional<double> number(std::size_t row, std::string_view column) const;
};

/// One pool: a database as clients name it, and a user.
struct PoolState {
    std::string database, user, mode;
    double clients_active = 0;   // linked to a server connection, or idle
    double clients_waiting = 0;  // have sent a query and have no server connection yet
    double servers_active = 0;   // linked to a client
    double servers_idle = 0;     // ready for a client (sv_idle and sv_used)
    double max_wait_s = 0;       // of the client that waits longest
};
/// SHOW POOLS without the console's own pool. `maxwait` is whole seconds; `maxwait_us` is its
/// fraction.
[[nodiscard]] std::vector<PoolState> read_pools(const ConsoleTable& pools);

/// Since the pooler's start, per database. A version that does not count something has nullopt.
struct PoolTotals {
    std::string database;
    std::optional<double> transactions, queries;
    std::optional<double> transaction_s, query_s, wait_s;
};
/// SHOW STATS without the console's own database. Totals alone: the averages' meaning has changed
/// between versions.
[[nodiscard]] std::vector<PoolTotals> read_totals(const ConsoleTable& stats);

/// SHOW LISTS and SHOW CONFIG, as name and value.
[[nodiscard]] std::map<std::string, std::string> read_pairs(const ConsoleTable& table,
                                                            std::string_view key,
                                                            std::string_view value);

/// Server connections that each database's pools may have: SHOW DATABASES.
[[nodiscard]] std::map<std::string, double> read_pool_sizes(const ConsoleTable& databases);

}  // namespace plimsoll
