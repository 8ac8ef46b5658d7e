#include "analysis/diagnosis/limits.hpp"

#include "analysis/diagnosis/full_pool.hpp"
#include "analysis/diagnosis/resources.hpp"
#include "signal/names.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

namespace plimsoll {
namespace {

void add(std::vector<ResourceLimit>& limits, std::string resource, std::string cause,
         std::string unit, double size, double busy, double served) {
    if (size <= 0 || busy <= 0 || served <= 0) {
        return;
    }
    const double demand_s = busy / served;
    limits.push_back({std::move(resource), std::move(unit), size, busy, demand_s, size / demand_s,
                      std::min(1.0, busy / size), std::move(cause)});
}

void add_cpu(const Case& c, Window window, const char* role, const char* name, const char* cause,
             double served, std::vector<ResourceLimit>& limits) {
    const auto cores = c.cores(role);
    const auto used = c.cpu_of(role, window);
    if (cores && used) {
        add(limits, name, cause, "cores", *cores, *used, served);
    }
}

void add_pools(const Case& c, Window window, double served, std::vector<ResourceLimit>& limits) {
    std::set<std::string> pools;
    for (const StoredSeries& s : c.data().series) {
        if (s.metric == metric::kAppPoolSize && pools.insert(s.label("pool")).second) {
            const double size = median_in(s.points, window).value_or(0);
            const Signal used = series_of(c.data(), metric::kAppPoolUsed, "pool", s.label("pool"));
            add(limits, fmt::format("pool \"{}\", by its own figures", s.label("pool")),
                "app_pool_exhausted", "connections", size, mean_in(used, window).value_or(0),
                served);
        }
    }
}

}  // namespace

std::vector<ResourceLimit> resource_limits(const Case& c, Window window) {
    std::vector<ResourceLimit> limits;
    const double served = c.served_rate(window);
    const AppCpu app = app_cpu_of(c);
    if (app.one_core) {
        const double used = c.cpu_of("app", window).value_or(app.used);
        add(limits, "the application's one thread", "event_loop_blocked", "cores", 1, used, served);
    } else {
        add_cpu(c, window, "app", "the application's CPU", "app_cpu", served, limits);
    }
    add_cpu(c, window, "database", "the database's CPU", "database_cpu", served, limits);
    for (const App& one : apps_of(c.data())) {
        const double all = median_in(one.all, window).value_or(0);
        const double busy = mean_in(one.busy, window).value_or(0);
        add(limits, fmt::format("database connections of \"{}\"", one.shown()),
            "app_pool_exhausted", "connections", all, busy, served);
    }
    add_pools(c, window, served, limits);
    std::sort(limits.begin(), limits.end(), [](const ResourceLimit& a, const ResourceLimit& b) {
        return a.could_carry < b.could_carry;
    });
    return limits;
}

}  // namespace plimsoll
