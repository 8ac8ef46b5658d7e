#include "probes/postgres/rows.hpp"

#include "probes/postgres/metrics.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace plimsoll::postgres {
namespace {

std::optional<std::string> text_or_null(const PgRows& rows, int row, int column) {
    if (rows.null(row, column)) {
        return std::nullopt;
    }
    return std::string(rows.text(row, column));
}
std::optional<double> number_or_null(const PgRows& rows, int row, int column) {
    if (rows.null(row, column)) {
        return std::nullopt;
    }
    return rows.number(row, column);
}

}  // namespace

std::vector<ActivityGroup> read_groups(const PgRows& rows) {
    std::vector<ActivityGroup> groups;
    for (int row = 0; row < rows.size(); ++row) {
        const auto count = [&](int column) {
            return static_cast<std::uint64_t>(rows.number(row, column));
        };
        groups.push_back({std::string(rows.text(row, 0)), std::string(rows.text(row, 1)),
                          std::string(rows.text(row, 2)), text_or_null(rows, row, 3),
                          text_or_null(rows, row, 4), text_or_null(rows, row, 5),
                          rows.text(row, 6) == "t", rows.text(row, 7) == "t", count(8),
                          number_or_null(rows, row, 9), number_or_null(rows, row, 10), count(11),
                          count(12)});
    }
    return groups;
}

std::vector<BlockedBy> read_blockers(const PgRows& rows) {
    std::vector<BlockedBy> blocked;
    for (int row = 0; row < rows.size(); ++row) {
        blocked.push_back({static_cast<int>(rows.number(row, 0)),
                           static_cast<int>(rows.number(row, 1)), std::string(rows.text(row, 2)),
                           std::string(rows.text(row, 3)), rows.text(row, 4) == "t",
                           rows.number(row, 5), std::string(rows.text(row, 6)),
                           std::string(rows.text(row, 7))});
    }
    return blocked;
}

Statements read_statements(const PgRows& rows) {
    Statements statements;
    for (int row = 0; row < rows.size(); ++row) {
        statements[std::string(rows.text(row, 0))] = {rows.number(row, 1), rows.number(row, 2),
                                                      rows.number(row, 3), rows.number(row, 4)};
    }
    return statements;
}

ScannedTables read_table_scans(const PgRows& rows) {
    ScannedTables tables;
    for (int row = 0; row < rows.size(); ++row) {
        tables[std::string(rows.text(row, 0))] = {std::string(rows.text(row, 1)),
                                                  rows.number(row, 2), rows.number(row, 3)};
    }
    return tables;
}

std::vector<Value> read_counters(const PgRows& rows,
                                 const std::vector<MetricDescriptor>& descriptors) {
    std::vector<Value> counters;
    for (int row = 0; row < rows.size(); ++row) {
        const auto found =
            std::find_if(descriptors.begin() + FirstCounter, descriptors.end(),
                         [&](const MetricDescriptor& d) { return d.name == rows.text(row, 0); });
        if (found == descriptors.end()) {
            continue;
        }
        Value value{
            static_cast<std::uint32_t>(found - descriptors.begin()), {}, rows.number(row, 3)};
        for (int column = 1; column <= 2; ++column) {
            if (!rows.null(row, column)) {
                value.labels.emplace_back(rows.text(row, column));
            }
        }
        if (value.labels.size() == found->labels.size()) {
            counters.push_back(std::move(value));
        }
    }
    return counters;
}

}  // namespace plimsoll::postgres
