// Causes that the kernel counts: connections dropped at a full accept queue, kills for lack of
// memory.
#include "analysis/diagnosis/case.hpp"
#include "analysis/diagnosis/claim.hpp"
#include "analysis/diagnosis/diagnose.hpp"
#include "analysis/diagnosis/queries.hpp"
#include "analysis/diagnosis/resources.hpp"
#include "signal/names.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include <fmt/format.h>

namespace plimsoll {
namespace {

// Of the limit: less is room that is still to be had.
constexpr double kMemoryFull = 0.95;
// Bash's and the engines' word for SIGKILL.
constexpr double kKilled = 137;
// What a limit leaves above the highest use, as for a CPU quota.
constexpr double kMemoryRoom = 1.3;
constexpr double kMebi = 1024.0 * 1024.0;

/// The time of the last point before a counter rises in the window; its start where it never does.
double onset_of(const Signal& counter, Window window) {
    for (std::size_t i = 1; i < counter.size(); ++i) {
        if (window.holds(counter[i].t_s) && counter[i].value > counter[i - 1].value) {
            return std::max(window.from_s, counter[i - 1].t_s);
        }
    }
    return window.from_s;
}

/// The same container's other metric.
Signal of_container(const RunData& data, const char* metric, const std::string& container) {
    return series_of(data, metric, "container", container);
}

struct MemoryEnd {
    std::string container, role;
    double kills = 0, restarts = 0;
    bool killed = false;  // ended with status 137, whoever did it
    double onset_s = 0;
    double highest = 0, limit = 0;
};

MemoryEnd look_at_memory(const Case& c, const StoredSeries& memory) {
    const RunData& data = c.data();
    MemoryEnd end{memory.label("container"), memory.label("role")};
    const Signal kills = of_container(data, metric::kContainerOomKills, end.container);
    const Signal restarts = of_container(data, metric::kContainerRestarts, end.container);
    const Signal status = of_container(data, metric::kContainerExitCode, end.container);
    const Signal limit = of_container(data, metric::kContainerMemoryLimit, end.container);
    end.kills = increase_in(kills, c.load());
    end.restarts = increase_in(restarts, c.load());
    end.killed = max_in(status, c.load()).value_or(0) == kKilled;
    end.highest = max_in(memory.points, c.load()).value_or(0);
    end.limit = max_in(limit, c.load()).value_or(0);
    end.onset_s = end.kills > 0      ? onset_of(kills, c.load())
                  : end.restarts > 0 ? onset_of(restarts, c.load())
                                     : c.after().from_s;
    if (end.kills <= 0 && end.killed) {
        const auto first =
            std::find_if(status.begin(), status.end(), [&](const StoredSeries::Point& point) {
                return c.load().holds(point.t_s) && point.value == kKilled;
            });
        end.onset_s = first != status.end() ? first->t_s : end.onset_s;
    }
    return end;
}

}  // namespace

std::optional<Finding> find_accept_queue(const Case& c) {
    const Signal overflows = series_of(c.data(), metric::kHostListenOverflows, "side", "target");
    const double dropped = increase_in(overflows, c.after());
    if (!c.broke() || dropped <= 0) {
        return std::nullopt;
    }
    Claim finding;
    finding.cause = "accept_queue";
    finding.direct = true;
    finding.onset_s = onset_of(overflows, c.after());
    const AppCpu cpu = app_cpu_of(c);
    const Reach reach = reach_of(c);
    // Who does not get to accept() fills the queue too, seconds after it stopped answering.
    if (finding.onset_s > c.found().certain_s + kOverlap_s || cpu.level == Level::Full ||
        reach.level == Level::Full) {
        return std::nullopt;
    }
    finding.evidence.emplace_back(
        fmt::format("the kernel dropped {:.0f} connections to the target's machine or container at "
                    "a full accept queue (ListenOverflows), from {:.1f} s on",
                    dropped, finding.onset_s),
        query::counter(c, metric::kHostListenOverflows, {{"side", "target"}}));
    const CanaryView connect = look_at_canary(c, "tcp_connect", "a TCP connect to the target");
    if (connect.known) {
        (connect.slow ? finding.evidence : finding.against).push_back(connect.said());
    } else {
        finding.lacks("canary tcp_connect");
    }
    if (reach.known) {
        finding.evidence.push_back(reach.said("inside, requests did not wait for long: "));
    } else {
        finding.blind_to("whether the application got to accept them: canary no_database");
    }
    if (cpu.level == Level::Room) {
        finding.evidence.emplace_back(cpu.figure, cpu.query);
    } else {
        finding.lacks(cpu.figure.empty() ? unmeasured_cpu(c)
                                         : "whether its CPU was full: " + cpu.figure);
    }
    finding.values = {{"listen_overflows", dropped},
                      {"listen_overflows_rate", dropped / std::max(1e-9, c.after().seconds())}};
    finding.fix =
        "Raise the backlog that the server passes to listen(), and net.core.somaxconn, which caps "
        "it, to the number of connections that may come in while the server is busy; or keep "
        "connections alive, so that fewer are opened. Then expect no overflows and no connects of "
        "1, 3 or 7 s; run again to confirm.";
    return conclude(finding);
}

std::optional<Finding> find_memory(const Case& c) {
    std::optional<MemoryEnd> worst;
    for (const StoredSeries& series : c.data().series) {
        if (series.metric != metric::kContainerMemory) {
            continue;
        }
        const MemoryEnd end = look_at_memory(c, series);
        const bool near_limit = end.limit > 0 && end.highest >= kMemoryFull * end.limit;
        const bool ended = end.killed || end.restarts > 0;
        const bool counts = end.kills > 0 || (ended && near_limit);
        if (counts && (!worst || end.kills > worst->kills)) {
            worst = end;
        }
    }
    if (!worst) {
        return std::nullopt;
    }
    Claim finding;
    finding.cause = "memory";
    finding.onset_s = worst->onset_s;
    finding.direct = worst->kills > 0;
    finding.sources = 2;  // how it ended, and how full it was
    const std::string who = fmt::format("\"{}\" ({})", worst->container, worst->role);
    if (worst->kills > 0) {
        finding.evidence.emplace_back(
            fmt::format(
                "the kernel killed {:.0f} process{} of {} for lack of memory, from {:.1f} s on",
                worst->kills, worst->kills > 1 ? "es" : "", who, worst->onset_s),
            query::counter(c, metric::kContainerOomKills, {{"container", worst->container}}));
    } else {
        finding.evidence.emplace_back(
            fmt::format("{} was {} at {:.1f} s, with its memory full", who,
                        worst->killed ? "killed (status 137)" : "restarted", worst->onset_s),
            query::gauge(c, worst->killed ? metric::kContainerExitCode : metric::kContainerRestarts,
                         {{"container", worst->container}}));
        finding.missing.emplace_back("the engine's or the kernel's word that it was for memory");
    }
    if (worst->restarts > 0) {
        finding.evidence.emplace_back(
            fmt::format("its engine restarted it {:.0f} time{}", worst->restarts,
                        worst->restarts == 1 ? "" : "s"),
            query::counter(c, metric::kContainerRestarts, {{"container", worst->container}}));
    }
    finding.values = {{"oom_kills", worst->kills}, {"highest_bytes", worst->highest}};
    if (worst->limit > 0) {
        finding.evidence.emplace_back(
            fmt::format("it used up to {:.0f} of {:.0f} MiB", worst->highest / kMebi,
                        worst->limit / kMebi),
            query::gauge(c, metric::kContainerMemory, {{"container", worst->container}}));
        finding.values["limit_bytes"] = worst->limit;
    }
    const double base = std::max(worst->highest, worst->limit);
    finding.values["recommended_limit_bytes"] = base * kMemoryRoom;
    finding.fix = fmt::format(
        "Give {} at least {:.0f} MiB (1.3 × what it had), or make it keep less per request; where "
        "its memory grows at a constant load it leaks, and any limit only moves the end. With "
        "enough of it expect no kill; run again to confirm.",
        who, std::ceil(base * kMemoryRoom / kMebi));
    return conclude(finding);
}

}  // namespace plimsoll
