#include "analysis/compare/row_plan.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace plimsoll {
namespace {

/// The fewest samples with a finite two-sided 95 % interval; see kSamplesForP99.
struct Quantile {
    const char* name;
    double q;
    double samples;
};
constexpr std::array kQuantiles{Quantile{"response p50", 0.50, 10},
                                Quantile{"response p95", 0.95, 110},
                                Quantile{"response p99", 0.99, 563}};

void plan_group(const std::string& group, std::size_t index, std::vector<Planned>& planned) {
    for (const Quantile& quantile : kQuantiles) {
        CompareRow row;
        row.group = group;
        row.name = quantile.name;
        planned.push_back(
            {std::move(row), {Measure::Kind::Quantile, index, quantile.q}, quantile.samples});
    }
    CompareRow failed;
    failed.group = group;
    failed.name = "failed";
    failed.unit = RowUnit::Share;
    planned.push_back({std::move(failed), {Measure::Kind::Share, index + 1, 0}, 0});
}

void plan_ratio(std::string group, std::string name, std::size_t ratio, RowUnit unit, bool more,
                std::vector<Planned>& planned) {
    CompareRow row;
    row.group = std::move(group);
    row.name = std::move(name);
    row.unit = unit;
    row.more_is_better = more;
    planned.push_back({std::move(row), {Measure::Kind::Ratio, ratio, 0}, 0});
}

}  // namespace

std::vector<Planned> plan_rows(const SampleNames& names) {
    std::vector<Planned> planned;
    plan_ratio("all requests", "rate", 0, RowUnit::Rate, true, planned);
    plan_group("all requests", 0, planned);
    std::size_t ratio = names.endpoints.size() + 2;
    if (names.hold) {
        plan_ratio("database", "connection held per request", ratio++, RowUnit::Seconds, false,
                   planned);
    }
    for (const std::string& role : names.roles) {
        plan_ratio("CPU per request", role, ratio++, RowUnit::Seconds, false, planned);
    }
    for (std::size_t e = 0; names.endpoints.size() > 1 && e < names.endpoints.size(); ++e) {
        const EndpointInfo& endpoint = names.endpoints[e];
        const bool twice =
            std::count_if(names.endpoints.begin(), names.endpoints.end(),
                          [&](const EndpointInfo& other) {
                              return other.name == endpoint.name && other.method == endpoint.method;
                          }) > 1;
        plan_group(fmt::format("{} {}{}", endpoint.method, endpoint.name,
                               twice ? " of " + endpoint.user : ""),
                   e + 1, planned);
    }
    return planned;
}

}  // namespace plimsoll
