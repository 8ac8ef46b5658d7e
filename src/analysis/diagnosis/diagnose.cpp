#include "analysis/diagnosis/diagnose.hpp"

#include "analysis/diagnosis/case.hpp"
#include "analysis/diagnosis/causes.hpp"
#include "analysis/diagnosis/claim.hpp"

#include <algorithm>
#include <array>
#include <tuple>

#include <fmt/format.h>

namespace plimsoll {
namespace {

using Rule = std::optional<Finding> (*)(const Case&);
constexpr std::array<Rule, 23> kRules{find_max_connections,   find_pgbouncer_pool,
                                      find_connection_leak,   find_database_io,
                                      find_slow_sql,          find_app_pool_exhausted,
                                      find_rare_pool_errors,  find_database_cpu,
                                      find_lock_contention,   find_idle_in_transaction,
                                      find_app_cpu_throttled, find_app_cpu,
                                      find_password_hashing,  find_waiting,
                                      find_workers_by_name,   find_full_workers,
                                      find_slow_upstream,     find_gc_pause,
                                      find_accept_queue,      find_memory,
                                      find_rate_limited,      find_network,
                                      find_ephemeral_ports};

bool is_late(const Finding& finding, const Break& found) {
    return found.point.found && finding.onset_s > found.certain_s + kOverlap_s;
}

/// What stands outside a full resource is full as its consequence: it is told as a symptom of what
/// binds, and never as a second cause.
void tell_symptoms(std::vector<Finding>& findings, const Break& found) {
    std::vector<bool> symptom(findings.size(), false);
    for (Finding& inner : findings) {
        for (std::size_t i = 0; i < findings.size(); ++i) {
            Finding& outer = findings[i];
            // A mere lead explains nothing that is better known than itself.
            const bool sure = rank_of(inner) <= std::max(1, rank_of(outer));
            if (&inner == &outer || symptom[i] || !sure || is_late(inner, found) ||
                !explains(inner.cause, outer.cause)) {
                continue;
            }
            symptom[i] = true;
            inner.evidence.emplace_back(
                fmt::format("its consequence ({}): {}", outer.cause,
                            outer.evidence.empty() ? outer.cause : outer.evidence.front().text),
                outer.evidence.empty() ? std::string() : outer.evidence.front().query);
        }
    }
    std::size_t i = 0;
    std::erase_if(findings, [&](const Finding&) { return symptom[i++]; });
}

/// Causes that were there when it broke: the innermost first where one stands inside the other,
/// else the surer, then the earlier; then what came after, which is a consequence or another story.
void order(std::vector<Finding>& findings, const Break& found) {
    const auto key = [&](const Finding& f) {
        return std::tuple(is_late(f, found), rank_of(f), depth_of(f.cause), f.onset_s);
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
    tell_symptoms(findings, found);
    order(findings, found);
    if (findings.empty()) {
        // What began long after the break is no more than its consequence.
        if (auto cut = find_cut_connections(c); cut && !is_late(*cut, found)) {
            findings.push_back(std::move(*cut));
        }
    }
    if (findings.empty() && c.broke()) {
        findings.push_back(admit_unknown(c));
    }
    return findings;
}

}  // namespace plimsoll
