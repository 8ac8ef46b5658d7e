#include "analysis/diagnosis/diagnose.hpp"
#include "signal/names.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace plimsoll {
namespace {

bool has_metric(const RunData& data, std::string_view metric, std::string_view label = {},
                std::string_view value = {}) {
    return std::any_of(data.series.begin(), data.series.end(), [&](const StoredSeries& s) {
        return s.metric == metric && (label.empty() || s.label(label) == value);
    });
}

}  // namespace

Finding admit_unknown(const Case& c) {
    Finding finding;
    finding.cause = "unknown";
    finding.confidence = "low";
    finding.onset_s = c.found().point.at_s;
    finding.evidence.push_back("the load side alone: " + c.found().point.symptom);
    const RunData& data = c.data();
    const auto need = [&](bool there, const char* what) {
        if (!there) {
            finding.missing.emplace_back(what);
        }
    };
    need(has_metric(data, metric::kPgBackends),
         "the database's connections: add probes.postgres with a DSN (role with pg_monitor)");
    need(has_metric(data, metric::kCanarySeconds, "canary", "no_database"),
         "a URL that needs no database: add probes.canaries.no_database");
    need(has_metric(data, metric::kContainerCpuSeconds, "role", "app"),
         "CPU and memory of the application: add it to probes.containers with role: app");
    need(has_metric(data, metric::kContainerCpuSeconds, "role", "database"),
         "CPU and memory of the database: add it to probes.containers with role: database");
    finding.fix =
        finding.missing.empty()
            ? "No rule explains what the probes saw. Look at what changes at the onset in "
              "the report; whatever it is, with it removed expect the breaking point to "
              "move. Run again to confirm."
            : "Add what is missing and run again: then expect a cause with evidence.";
    return finding;
}

}  // namespace plimsoll
