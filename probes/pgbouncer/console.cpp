#include "probes/pgbouncer/console.hpp"

#include <algorithm>
#include <charconv>

namespace plimsoll {
namespace {

constexpr const char* kOwnDatabase = "pgbouncer";
constexpr double kMicro = 1e-6;

std::optional<double> seconds(std::optional<double> microseconds) {
    return microseconds ? std::optional(*microseconds * kMicro) : std::nullopt;
}

}  // namespace

std::optional<std::string> ConsoleTable::text(std::size_t row, std::string_view column) const {
    const auto found = std::find(columns.begin(), columns.end(), column);
    const auto index = static_cast<std::size_t>(found - columns.begin());
    if (found == columns.end() || index >= rows.at(row).size()) {
        return std::nullopt;
    }
    return rows[row][index];
}

std::optional<double> ConsoleTable::number(std::size_t row, std::string_view column) const {
    const auto found = text(row, column);
    if (!found) {
        return std::nullopt;
    }
    double value = 0;
    const char* const end = found->data() + found->size();
    const auto parsed = std::from_chars(found->data(), end, value);
    return parsed.ec == std::errc() && parsed.ptr == end ? std::optional(value) : std::nullopt;
}

std::vector<PoolState> read_pools(const ConsoleTable& pools) {
    std::vector<PoolState> all;
    for (std::size_t row = 0; row < pools.rows.size(); ++row) {
        const auto count = [&](const char* column) {
            return pools.number(row, column).value_or(0);
        };
        PoolState pool;
        pool.database = pools.text(row, "database").value_or("");
        if (pool.database == kOwnDatabase) {
            continue;
        }
        pool.user = pools.text(row, "user").value_or("");
        pool.mode = pools.text(row, "pool_mode").value_or("");
        pool.clients_active = count("cl_active");
        pool.clients_waiting = count("cl_waiting");
        pool.servers_active = count("sv_active");
        pool.servers_idle = count("sv_idle") + count("sv_used");
        pool.max_wait_s = count("maxwait") + count("maxwait_us") * kMicro;
        all.push_back(std::move(pool));
    }
    return all;
}

std::vector<PoolTotals> read_totals(const ConsoleTable& stats) {
    std::vector<PoolTotals> all;
    for (std::size_t row = 0; row < stats.rows.size(); ++row) {
        PoolTotals totals;
        totals.database = stats.text(row, "database").value_or("");
        if (totals.database == kOwnDatabase) {
            continue;
        }
        totals.transactions = stats.number(row, "total_xact_count");
        totals.queries = stats.number(row, "total_query_count");
        totals.transaction_s = seconds(stats.number(row, "total_xact_time"));
        totals.query_s = seconds(stats.number(row, "total_query_time"));
        totals.wait_s = seconds(stats.number(row, "total_wait_time"));
        all.push_back(std::move(totals));
    }
    return all;
}

std::map<std::string, std::string> read_pairs(const ConsoleTable& table, std::string_view key,
                                              std::string_view value) {
    std::map<std::string, std::string> pairs;
    for (std::size_t row = 0; row < table.rows.size(); ++row) {
        const auto name = table.text(row, key);
        const auto held = table.text(row, value);
        if (name && held) {
            pairs[*name] = *held;
        }
    }
    return pairs;
}

std::map<std::string, double> read_pool_sizes(const ConsoleTable& databases) {
    std::map<std::string, double> sizes;
    for (std::size_t row = 0; row < databases.rows.size(); ++row) {
        const auto name = databases.text(row, "name");
        const auto size = databases.number(row, "pool_size");
        if (name && size) {
            sizes[*name] = *size;
        }
    }
    return sizes;
}

}  // namespace plimsoll
