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

struct Reported {
    std::string_view size, busy;  // metrics
    const char* label;            // which of them
    const char* resource;         // what it is called, with the label's value
    const char* cause;
    const char* unit;
};

/// What a service's own figures say of one kind of resource.
void add_reported(const Case& c, Window window, const Reported& kind, double served,
                  std::vector<ResourceLimit>& limits) {
    std::set<std::string> seen;
    for (const StoredSeries& s : c.data().series) {
        const std::string name = s.label(kind.label);
        if (s.metric == kind.size && seen.insert(name).second) {
            const Signal busy = series_of(c.data(), kind.busy, kind.label, name);
            add(limits, fmt::format(fmt::runtime(kind.resource), name), kind.cause, kind.unit,
                median_in(s.points, window).value_or(0), mean_in(busy, window).value_or(0), served);
        }
    }
}

}  // namespace

std::vector<ResourceLimit> resource_limits(const Case& c, Window whole) {
    const Window window = c.most_served(whole);
    std::vector<ResourceLimit> limits;
    const double served = c.served_rate(window);
    const AppCpu app = app_cpu_of(c);
    if (app.loops > 0) {
        const double used = c.cpu_of("app", window).value_or(app.used);
        add(limits,
            app.loops > 1
                ? fmt::format("the application's {:.0f} processes of one thread", app.loops)
                : "the application's one thread",
            "app_cpu", "cores", app.loops, used, served);
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
    add_reported(c, window,
                 {metric::kAppPoolSize, metric::kAppPoolUsed, "pool",
                  "pool \"{}\", by its own figures", "app_pool_exhausted", "connections"},
                 served, limits);
    add_reported(c, window,
                 {metric::kAppWorkersSize, metric::kAppWorkersBusy, "workers",
                  "workers \"{}\", by their server's figures", "worker_pool", "workers"},
                 served, limits);
    std::sort(limits.begin(), limits.end(), [](const ResourceLimit& a, const ResourceLimit& b) {
        return a.could_carry < b.could_carry;
    });
    return limits;
}

}  // namespace plimsoll
