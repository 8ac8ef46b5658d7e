// Why a selector finds nothing.
#pragma once

#include "alerts/prometheus_api.hpp"
#include "alerts/rule.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace plimsoll {

/// Asks a Prometheus that has one run's series. `names`: all metrics of the run, also those that it
/// was not given; `recorded`: what the rules themselves record.
class SeriesCheck {
public:
    SeriesCheck(PrometheusApi& api, const std::set<std::string>& names,
                const std::set<std::string>& recorded, std::int64_t from_ms, std::int64_t to_ms)
        : api_(api), names_(names), recorded_(recorded), from_ms_(from_ms), to_ms_(to_ms) {}

    /// A sentence for each selector without series: the metric is not there (with the nearest
    /// name), or a matcher leaves none (which, and what values there are).
    [[nodiscard]] Result<std::vector<std::string>> missing_of(const Rule& rule);

private:
    [[nodiscard]] Result<std::string> why_none(const SeriesSelector& selector);
    [[nodiscard]] Result<bool> has(const SeriesSelector& selector);

    PrometheusApi& api_;
    const std::set<std::string>& names_;
    const std::set<std::string>& recorded_;
    std::int64_t from_ms_, to_ms_;
    std::map<std::string, std::string> known_;  // by the selector's text
};

/// The name that is most like `wanted`, and near enough to be meant; empty: none is.
[[nodiscard]] std::string nearest_metric(const std::string& wanted,
                                         const std::set<std::string>& names);

}  // namespace plimsoll
