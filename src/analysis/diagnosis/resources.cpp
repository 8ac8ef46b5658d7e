#include "analysis/diagnosis/resources.hpp"

#include "analysis/diagnosis/queries.hpp"
#include "analysis/diagnosis/unread.hpp"
#include "base/units.hpp"
#include "signal/names.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr std::size_t kLeastCanaries = 3;
// A wait of less than this share of the mean response time is not what requests wait for.
constexpr double kShareOfResponse = 0.2;
constexpr double kFailedShare = 0.3;
constexpr std::uint64_t kLeastRequests = 5;
constexpr double kTraced = 0.6;
// A tick of so many times the median's response time is no typical one.
constexpr double kFarSlower = 2;

double in_flight_at(const RunData& data, double t_s) {
    for (const TickFacts& tick : data.ticks) {
        if (t_s >= tick.from_s && t_s < tick.to_s) {
            return tick.state.in_flight_mean;
        }
    }
    return 0;
}

/// The mean response of ticks (mean, requests) without those that were far slower than most: a
/// runtime that warms up, or first connections, are slow for moments and say nothing of what a
/// request takes.
double typical_mean(std::vector<std::pair<double, std::uint64_t>> ticks) {
    std::sort(ticks.begin(), ticks.end());
    std::uint64_t all = 0;
    for (const auto& [mean, requests] : ticks) {
        all += requests;
    }
    std::uint64_t up_to = 0;
    const auto median = std::find_if(ticks.begin(), ticks.end(), [&](const auto& tick) {
        up_to += tick.second;
        return 2 * up_to >= all;
    });
    double sum = 0;
    double counted = 0;
    for (const auto& [mean, requests] : ticks) {
        if (median != ticks.end() && mean <= kFarSlower * median->first) {
            sum += mean * static_cast<double>(requests);
            counted += static_cast<double>(requests);
        }
    }
    return counted > 0 ? sum / counted : 0;
}

double mean_response(const Case& c, Window window) {
    return std::max(1e-9, c.mean_response(window));
}

}  // namespace

Reach reach_of(const Case& c) {
    Reach reach;
    const Signal tries = canary_tries(c.data(), "no_database");
    const Window window = c.at_break();
    const Window light{c.before().from_s, c.before().from_s + c.before().seconds() / 3};
    const auto first = samples_in(tries, light) >= kLeastCanaries ? median_in(tries, light)
                                                                  : median_in(tries, c.before());
    const auto after = median_in(tries, window);
    // Tries that left no trace, neither an answer nor a failure, are no fast ones.
    const double expected = static_cast<double>(samples_in(tries, c.before())) /
                            std::max(1e-9, c.before().seconds()) * window.seconds();
    if (!first || !after || samples_in(tries, window) < kLeastCanaries ||
        static_cast<double>(samples_in(tries, window)) < kTraced * expected) {
        return reach_by_sockets(c);
    }
    reach.known = true;
    reach.query = query::canary(c, "no_database");
    reach.light_s = *first;
    reach.after_s = *after;
    reach.failed_share = failed_canaries(c.data(), "no_database", window) /
                         static_cast<double>(samples_in(tries, window));
    const auto slow = [&](double s) { return is_slower(s, reach.light_s); };
    reach.slow = slow(reach.after_s);
    const bool matters = reach.after_s >= kShareOfResponse * mean_response(c, window) ||
                         reach.failed_share >= kFailedShare;
    reach.level = reach.slow && matters ? Level::Full : Level::Room;
    reach.text = fmt::format("a URL without database took {}{} ({} under light load)",
                             reach.failed_share > 0.5 ? "at least " : "",
                             human_seconds(reach.after_s), human_seconds(reach.light_s));
    if (reach.failed_share > 0) {
        reach.text +=
            fmt::format(", {:.0f} % of its tries gave no answer in time", 100 * reach.failed_share);
    }
    const Window until{c.load().from_s, c.after().to_s};
    // Servers that take turns with the connections they have answer a canary's sooner than those
    // that nobody has accepted.
    if (reach.slow && reach.level == Level::Room) {
        if (const Reach outside = reach_by_sockets(c); outside.known) {
            reach.level = Level::Full;
            reach.text += "; " + outside.text;
        }
    }
    const auto since = sustained_since(tries, until, kSustainedShare, slow);
    reach.onset_s = since.value_or(c.after().to_s);
    // Two in a row: a single one may have found somebody free by luck.
    bool was_fast = false;
    for (const auto& point : tries) {
        const bool fast = point.t_s < reach.onset_s && !slow(point.value);
        if (fast && was_fast) {
            reach.in_flight_fast =
                std::max(reach.in_flight_fast, in_flight_at(c.data(), point.t_s));
        }
        was_fast = fast;
    }
    reach.in_flight_slow = since ? in_flight_at(c.data(), *since) : 0;
    return reach;
}

std::vector<double> light_responses(const Case& c) {
    const std::size_t endpoints = c.data().info.endpoints.size();
    std::vector<double> means(endpoints, 0);
    const double third = c.before().from_s + c.before().seconds() / 3;
    for (std::size_t e = 0; e < endpoints; ++e) {
        std::vector<std::pair<double, std::uint64_t>> ticks;  // mean response, requests
        std::uint64_t requests = 0;
        for (const TickFacts& tick : c.data().ticks) {
            // At least the first third; longer only for what is rarely asked for.
            const bool early = tick.middle_s() < third || requests < kLeastRequests;
            if (tick.middle_s() < c.before().to_s && early && e < tick.endpoints.size() &&
                tick.endpoints[e].requests > 0) {
                const std::uint64_t n = tick.endpoints[e].requests;
                ticks.emplace_back(tick.endpoints[e].response_s / static_cast<double>(n), n);
                requests += n;
            }
        }
        means[e] = requests >= kLeastRequests ? typical_mean(std::move(ticks)) : 0;
    }
    return means;
}

std::optional<double> worked_at_once(const Case& c) {
    const std::vector<double> light = light_responses(c);
    double busy = 0;
    double seconds = 0;
    for (const TickFacts& tick : c.data().ticks) {
        if (!c.after().holds(tick.middle_s())) {
            continue;
        }
        seconds += tick.seconds();
        for (std::size_t e = 0; e < std::min(light.size(), tick.endpoints.size()); ++e) {
            busy += static_cast<double>(tick.endpoints[e].served) * light[e];
        }
    }
    return seconds > 0 && busy > 0 ? std::optional(busy / seconds) : std::nullopt;
}

bool collapsed(const Case& c) {
    constexpr double kJustBefore_s = 5;
    constexpr double kHalf = 0.5;
    const double before = c.served_rate({c.before().to_s - kJustBefore_s, c.before().to_s});
    return c.served_rate(c.after()) < kHalf * before;
}

std::string server_command(const Case& c) {
    for (const StoredProbe& probe : c.data().probes) {
        const auto of = [&](const char* key) {
            const auto found = std::find_if(probe.info.facts.begin(), probe.info.facts.end(),
                                            [&](const auto& fact) { return fact.first == key; });
            return found == probe.info.facts.end() ? std::string() : found->second;
        };
        if (of("role") == "app" && !of("command").empty()) {
            return of("command");
        }
    }
    return {};
}

ServerKind server_kind(const std::string& command) {
    constexpr std::array kLoops{"node", "uvicorn", "hypercorn", "daphne", "deno", "bun"};
    constexpr std::array kWorkers{"gunicorn", "uwsgi",   "php-fpm", "puma",
                                  "unicorn",  "apache2", "httpd",   "waitress"};
    constexpr std::array kThreads{"java", "dotnet", "beam"};
    constexpr std::array kProxies{"nginx",   "haproxy",     "envoy",       "traefik", "caddy",
                                  "varnish", "docker-prox", "rootlesskit", "pgbounce"};
    const auto any = [&](const auto& names) {
        return std::any_of(names.begin(), names.end(),
                           [&](const char* name) { return command.starts_with(name); });
    };
    return any(kLoops)     ? ServerKind::Loop
           : any(kWorkers) ? ServerKind::Workers
           : any(kThreads) ? ServerKind::Threads
           : any(kProxies) ? ServerKind::Proxy
                           : ServerKind::Unknown;
}

bool may_be_single_threaded(const std::string& command) {
    const ServerKind kind = server_kind(command);
    return command.empty() || kind == ServerKind::Loop || kind == ServerKind::Workers ||
           command.starts_with("python") || command.starts_with("ruby") ||
           command.starts_with("php");
}

bool pooler_between(const Case& c) {
    // In PgBouncer's words, without blanks; pgjdbc and people write some around the equals sign.
    return std::any_of(c.data().facts.begin(), c.data().facts.end(), [](const auto& fact) {
        return fact.first.starts_with("postgres.statement.") && fact.first.ends_with(".sql") &&
               fact.second.starts_with("SET application_name=");
    });
}

bool statements_known(const RunData& data) {
    return data.fact("postgres.statements.total_s", 0) > 0;
}

}  // namespace plimsoll
