#include "probes/postgres/table_scans.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace plimsoll {

std::vector<std::pair<std::string, std::string>> table_scan_facts(const ScannedTables& before,
                                                                  const ScannedTables& after,
                                                                  std::size_t most) {
    std::vector<TableScans> during;
    double rows = 0;
    for (const auto& [oid, now] : after) {
        const auto old = before.find(oid);
        TableScans table = now;
        if (old != before.end() && now.scans >= old->second.scans && now.rows >= old->second.rows) {
            table.scans -= old->second.scans;
            table.rows -= old->second.rows;
        }
        if (table.scans > 0 && table.rows > 0) {
            rows += table.rows;
            during.push_back(std::move(table));
        }
    }
    std::sort(during.begin(), during.end(),
              [](const auto& a, const auto& b) { return a.rows > b.rows; });
    during.resize(std::min(during.size(), most));
    std::vector<std::pair<std::string, std::string>> facts;
    facts.emplace_back("scans.rows", fmt::format("{:.0f}", rows));
    std::size_t number = 0;
    for (const TableScans& each : during) {
        const std::string prefix = fmt::format("scan.{}.", ++number);
        facts.emplace_back(prefix + "table", each.table);
        facts.emplace_back(prefix + "scans", fmt::format("{:.0f}", each.scans));
        facts.emplace_back(prefix + "rows", fmt::format("{:.0f}", each.rows));
        facts.emplace_back(prefix + "rows_per_scan", fmt::format("{:.0f}", each.rows / each.scans));
    }
    return facts;
}

}  // namespace plimsoll
