#include "probes/app_metrics/app_figures.hpp"

#include "probes/app_metrics/known_metrics.hpp"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr std::array<std::string_view, 12> kPoolLabels{"pool",
                                                       "pool_name",
                                                       "db_client_connection_pool_name",
                                                       "db_client_connections_pool_name",
                                                       "db.client.connection.pool.name",
                                                       "db.client.connections.pool.name",
                                                       "pool.name",
                                                       "db_name",
                                                       "datname",
                                                       "dbname",
                                                       "db",
                                                       "name"};
// A label's value ends up in our own series: no more of it than a name needs.
constexpr std::size_t kLongestName = 100;
// An executor without a limit says 2^31 - 1.
constexpr double kUnlimited = 1e9;

std::string pool_of(const MetricSample& sample) {
    for (const std::string_view label : kPoolLabels) {
        const std::string_view value = sample.label(label);
        if (!value.empty()) {
            return std::string(value.substr(0, kLongestName));
        }
    }
    return "default";
}

/// A label of this name, or with dots where it has underscores.
std::string_view label_like(const MetricSample& sample, std::string_view name) {
    for (const auto& [key, value] : sample.labels) {
        if (key.size() == name.size() &&
            std::equal(key.begin(), key.end(), name.begin(),
                       [](char a, char b) { return a == b || (a == '.' && b == '_'); })) {
            return value;
        }
    }
    return {};
}

std::string workers_of(const MetricSample& sample, const KnownMetric& known) {
    std::string name(known.workers);
    const std::string_view kind =
        known.label.empty() ? std::string_view() : label_like(sample, known.label);
    if (!kind.empty()) {
        name += ' ';
        name += kind.substr(0, kLongestName);
    }
    return name;
}

std::string_view state_of(const MetricSample& sample) {
    for (const std::string_view label :
         {"state", "db_client_connection_state", "db_client_connections_state",
          "db.client.connection.state"}) {
        if (const std::string_view value = sample.label(label); !value.empty()) {
            return value;
        }
    }
    return {};
}

bool fits(const MetricSample& selector, const MetricSample& sample) {
    return selector.name == sample.name &&
           std::all_of(selector.labels.begin(), selector.labels.end(), [&](const auto& label) {
               return sample.label(label.first) == label.second;
           });
}

/// The table by name: a page has thousands of series, and a table a hundred names.
using ByName = std::unordered_multimap<std::string_view, const KnownMetric*>;
const ByName& known_by_name() {
    static const ByName kByName = [] {
        ByName all;
        for (const KnownMetric& known : known_metrics()) {
            all.emplace(known.name, &known);
        }
        return all;
    }();
    return kByName;
}

void count(AppPage& page, AppFigure figure, std::string name, double value) {
    auto& sum = page[{group_of(figure), std::move(name)}].values[static_cast<std::size_t>(figure)];
    const bool highest = figure == AppFigure::LoopLag || figure == AppFigure::LoopBusy;
    sum = !sum ? value : highest ? std::max(*sum, value) : *sum + value;
}

}  // namespace

AppGroup group_of(AppFigure figure) {
    return figure <= AppFigure::PoolWaits       ? AppGroup::Pool
           : figure <= AppFigure::WorkersQueued ? AppGroup::Workers
                                                : AppGroup::Process;
}

Result<std::vector<FigureMapping>> parse_mappings(
    const std::vector<std::pair<std::string, std::string>>& map) {
    std::vector<FigureMapping> mappings;
    for (const auto& [figure, text] : map) {
        const auto known = std::find(kAppFigureNames.begin(), kAppFigureNames.end(), figure);
        if (known == kAppFigureNames.end()) {
            return Error{fmt::format("is no figure of an application; there are {}",
                                     fmt::join(kAppFigureNames, ", ")),
                         figure};
        }
        auto selector = parse_selector(text);
        if (!selector) {
            return Error{selector.error().what, figure, selector.error().hint};
        }
        mappings.push_back(
            {static_cast<AppFigure>(known - kAppFigureNames.begin()), std::move(*selector)});
    }
    return mappings;
}

void AppCollector::add(const MetricSample& sample) {
    if (!std::isfinite(sample.value)) {
        return;
    }
    for (const FigureMapping& mapping : mappings_) {
        if (fits(mapping.selector, sample)) {
            const AppGroup group = group_of(mapping.figure);
            count(mapped_, mapping.figure,
                  group == AppGroup::Process ? std::string() : pool_of(sample), sample.value);
        }
    }
    std::string name = sample.name;
    std::replace(name.begin(), name.end(), '.', '_');
    const auto [begin, end] = known_by_name().equal_range(name);
    for (auto entry = begin; entry != end; ++entry) {
        const KnownMetric& known = *entry->second;
        const bool size =
            known.figure == AppFigure::PoolSize || known.figure == AppFigure::WorkersSize;
        // database/sql says 0 where the number is not limited.
        const bool limit = known.counts || (sample.value > 0 && sample.value < kUnlimited);
        if ((!known.state.empty() && known.state != state_of(sample)) || (size && !limit)) {
            continue;
        }
        const AppGroup group = group_of(known.figure);
        count(recognised_, known.figure,
              group == AppGroup::Process ? std::string()
              : group == AppGroup::Pool  ? pool_of(sample)
                                         : workers_of(sample, known),
              known.counts ? 1 : sample.value * known.scale);
    }
}

AppPage AppCollector::page() const {
    AppPage all = recognised_;
    for (const auto& [key, figures] : mapped_) {
        for (std::size_t i = 0; i < kAppFigures; ++i) {
            if (figures.values[i]) {
                all[key].values[i] = figures.values[i];
            }
        }
    }
    return all;
}

}  // namespace plimsoll
