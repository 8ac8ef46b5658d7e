#include "probes/postgres/statements.hpp"

#include "probes/postgres/sql_text.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace plimsoll {
namespace {

StatementTotals between(const StatementTotals* before, const StatementTotals& after) {
    if (before == nullptr || after.calls < before->calls || after.exec_s < before->exec_s) {
        return after;
    }
    return {after.calls - before->calls, after.exec_s - before->exec_s, after.rows - before->rows,
            after.blocks - before->blocks};
}

}  // namespace

TopStatements top_statements(const Statements& before, const Statements& after, std::size_t most) {
    TopStatements found;
    for (const auto& [id, totals] : after) {
        const auto old = before.find(id);
        const StatementTotals during =
            between(old == before.end() ? nullptr : &old->second, totals);
        if (during.calls > 0) {
            found.total_s += during.exec_s;
            found.top.push_back({id, during});
        }
    }
    std::sort(found.top.begin(), found.top.end(),
              [](const auto& a, const auto& b) { return a.during.exec_s > b.during.exec_s; });
    found.top.resize(std::min(found.top.size(), most));
    return found;
}

std::vector<std::pair<std::string, std::string>> statement_facts(
    const TopStatements& found, const std::map<std::string, std::string>& texts) {
    std::vector<std::pair<std::string, std::string>> facts;
    facts.emplace_back("statements.total_s", fmt::format("{:.6f}", found.total_s));
    std::size_t number = 0;
    for (const TopStatement& each : found.top) {
        const auto text = texts.find(each.query_id);
        if (text == texts.end() || text->second.find("/* plimsoll */") != std::string::npos) {
            continue;
        }
        const StatementTotals& d = each.during;
        const std::string prefix = fmt::format("statement.{}.", ++number);
        facts.emplace_back(prefix + "sql", fold_literals(text->second));
        facts.emplace_back(prefix + "calls", fmt::format("{:.0f}", d.calls));
        facts.emplace_back(prefix + "total_s", fmt::format("{:.6f}", d.exec_s));
        facts.emplace_back(prefix + "mean_s", fmt::format("{:.6f}", d.exec_s / d.calls));
        facts.emplace_back(prefix + "rows_per_call", fmt::format("{:.3f}", d.rows / d.calls));
        facts.emplace_back(prefix + "blocks_per_call", fmt::format("{:.1f}", d.blocks / d.calls));
    }
    return facts;
}

}  // namespace plimsoll
