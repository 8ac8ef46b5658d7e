#include "analysis/diagnosis/diagnose.hpp"

#include <algorithm>
#include <array>

namespace plimsoll {
namespace {

using Rule = std::optional<Finding> (*)(const Case&);
constexpr std::array<Rule, 8> kRules{
    find_max_connections,     find_app_pool_exhausted, find_database_cpu, find_lock_contention,
    find_idle_in_transaction, find_app_cpu_throttled,  find_app_cpu,      find_rate_limited};

// Causes that set in closer together than this cannot be told apart by time; the surer one leads.
constexpr double kSameTime_s = 2;

int rank(const Finding& finding) {
    return finding.confidence == "high" ? 0 : finding.confidence == "medium" ? 1 : 2;
}

/// In order of onset; within each group that began together, the surer first.
void order(std::vector<Finding>& findings) {
    std::stable_sort(findings.begin(), findings.end(),
                     [](const Finding& a, const Finding& b) { return a.onset_s < b.onset_s; });
    for (auto first = findings.begin(); first != findings.end();) {
        const auto last = std::find_if(first, findings.end(), [&](const Finding& f) {
            return f.onset_s > first->onset_s + kSameTime_s;
        });
        std::stable_sort(first, last,
                         [](const Finding& a, const Finding& b) { return rank(a) < rank(b); });
        first = last;
    }
}

}  // namespace

std::vector<Finding> diagnose(const RunData& data, const Break& found, Verdict verdict,
                              const std::vector<ValidityCheck>& checks) {
    if (verdict == Verdict::Invalid) {
        return {blame_generator(checks)};
    }
    const Case c(data, found);
    std::vector<Finding> findings;
    for (const Rule rule : kRules) {
        if (auto finding = rule(c)) {
            findings.push_back(std::move(*finding));
        }
    }
    order(findings);
    if (findings.empty() && c.broke()) {
        findings.push_back(admit_unknown(c));
    }
    return findings;
}

}  // namespace plimsoll
