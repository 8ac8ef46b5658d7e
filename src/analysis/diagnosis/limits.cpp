#include "analysis/diagnosis/limits.hpp"

#include "analysis/diagnosis/full_pool.hpp"
#include "analysis/diagnosis/resources.hpp"
#include "signal/names.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

namespace plimsoll {
namespace {

void add(std::vector<ResourceLimit>& limits, std::string resource, std::string unit, double size,
         double busy, double served) {
    if (size <= 0 || busy <= 0 || served <= 0) {
        return;
    }
    const double demand_s = busy / served;
    limits.push_back({std::move(resource), std::move(unit), size, busy, demand_s, size / demand_s,
                      std::min(1.0, busy / size)});
}

void add_cpu(const Case& c, const char* role, const char* name, double served,
             std::vector<ResourceLimit>& limits) {
    const auto cores = c.cores(role);
    const auto used = c.cpu_of(role, c.after());
    if (cores && used) {
        add(limits, name, "cores", *cores, *used, served);
    }
}

}  // namespace

std::vector<ResourceLimit> resource_limits(const Case& c) {
    std::vector<ResourceLimit> limits;
    const double served = c.served_rate(c.after());
    const AppCpu app = app_cpu_of(c);
    if (app.one_core) {
        add(limits, "the application's one thread", "cores", 1, app.used, served);
    } else {
        add_cpu(c, "app", "the application's CPU", served, limits);
    }
    add_cpu(c, "database", "the database's CPU", served, limits);
    for (const App& one : apps_of(c.data())) {
        const double all = median_in(one.all, c.after()).value_or(0);
        const double busy = mean_in(one.busy, c.after()).value_or(0);
        add(limits, fmt::format("database connections of \"{}\"", one.shown()), "connections", all,
            busy, served);
    }
    std::set<std::string> pools;
    for (const StoredSeries& s : c.data().series) {
        if (s.metric == metric::kAppPoolSize && pools.insert(s.label("pool")).second) {
            const double size = median_in(s.points, c.after()).value_or(0);
            const Signal used = series_of(c.data(), metric::kAppPoolUsed, "pool", s.label("pool"));
            add(limits, fmt::format("pool \"{}\", by its own figures", s.label("pool")),
                "connections", size, mean_in(used, c.after()).value_or(0), served);
        }
    }
    std::set<std::string> servers;
    for (const StoredSeries& s : c.data().series) {
        if (s.metric == metric::kAppWorkersSize && servers.insert(s.label("workers")).second) {
            const std::string name = s.label("workers");
            const Signal busy = series_of(c.data(), metric::kAppWorkersBusy, "workers", name);
            add(limits, fmt::format("workers \"{}\", by their server's figures", name), "workers",
                median_in(s.points, c.after()).value_or(0), mean_in(busy, c.after()).value_or(0),
                served);
        }
    }
    std::sort(limits.begin(), limits.end(), [](const ResourceLimit& a, const ResourceLimit& b) {
        return a.could_carry < b.could_carry;
    });
    return limits;
}

}  // namespace plimsoll
