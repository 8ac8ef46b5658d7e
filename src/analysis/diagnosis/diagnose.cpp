#include "analysis/diagnosis/diagnose.hpp"

#include <algorithm>
#include <array>
#include <tuple>

namespace plimsoll {
namespace {

using Rule = std::optional<Finding> (*)(const Case&);
constexpr std::array<Rule, 14> kRules{find_max_connections,
                                      find_pgbouncer_pool,
                                      find_connection_leak,
                                      find_database_io,
                                      find_slow_sql,
                                      find_app_pool_exhausted,
                                      find_database_cpu,
                                      find_lock_contention,
                                      find_idle_in_transaction,
                                      find_app_cpu_throttled,
                                      find_app_cpu,
                                      find_accept_queue,
                                      find_memory,
                                      find_rate_limited};

// A cause may be seen this much later than its symptom: sampling, and the onset's own resolution.
constexpr double kOverlap_s = 5;

int rank(const Finding& finding) {
    return finding.confidence == "high" ? 0 : finding.confidence == "medium" ? 1 : 2;
}

/// Causes that were there when it broke, the surer first, then the earlier; then what came after,
/// which is a consequence or another story.
void order(std::vector<Finding>& findings, const Break& found) {
    const auto key = [&](const Finding& f) {
        const bool late = found.point.found && f.onset_s > found.certain_s + kOverlap_s;
        return std::tuple(late, rank(f), f.onset_s);
    };
    std::stable_sort(findings.begin(), findings.end(),
                     [&](const Finding& a, const Finding& b) { return key(a) < key(b); });
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
    order(findings, found);
    if (findings.empty() && c.broke()) {
        findings.push_back(admit_unknown(c));
    }
    return findings;
}

}  // namespace plimsoll
