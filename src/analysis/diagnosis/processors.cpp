// Whether the CPU of the application and of the database has room.
#include "analysis/diagnosis/claim.hpp"
#include "analysis/diagnosis/queries.hpp"
#include "analysis/diagnosis/resources.hpp"
#include "analysis/diagnosis/unread.hpp"
#include "signal/names.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace plimsoll {
namespace {

// Accounting and sampling leave a tenth.
constexpr double kFull = 0.90;
// A thread that never sleeps is charged a little less than a core where others want it too.
constexpr double kOneCore = 0.85;
constexpr double kOneCoreHanded = 0.70;
constexpr double kOneCoreMost = 1.15;
constexpr double kOneCoreRoom = 0.80;
// Of the machine's CPU time.
constexpr double kHostFull = 0.93;
constexpr double kMostOfHost = 0.75;
constexpr double kHalfOfHost = 0.5;
constexpr double kMoreThanDatabase = 1.5;
// With a full machine: what one process got says little about what it wanted, from here on.
constexpr double kStarved = 0.40;
constexpr double kStarvedOne = 0.25;
// Of the cores there are: threads that wake together wait a little for each other.
constexpr double kStarvedAll = 1.25;
// Runnable backends for each core, where the database shares it.
constexpr double kRunnableShared = 2;
constexpr double kRunnableRoom = 0.70;

/// CPU of a role per second, one point for each reading of its slowest probe.
Signal cpu_series(const Case& c, std::string_view role) {
    Signal signal;
    for (double from = 0; from + 1 <= c.data().load_end_s; from += 1) {
        // A reading a second may fall just outside.
        if (const auto cores = c.cpu_of(role, {from - 0.6, from + 1.6})) {
            signal.push_back({from + 0.5, *cores});
        }
    }
    return signal;
}
double run_delay(const Case& c) {
    return rate_in(series_of(c.data(), metric::kTargetRunDelay), c.at_break()).value_or(0);
}

/// How many processes use a core each and no more, as one thread in each does; 0: it is not so.
double full_loops(const Case& c, double used, double cores) {
    const double all = c.cpu_of("app", c.after()).value_or(0);
    // Whoever runs one thread at a time hands the core over, and each waits a moment for it.
    const double wanted = may_be_single_threaded(server_command(c)) ? used + run_delay(c) : used;
    for (const double loops : {processes_of(c).value_or(1), 1.0}) {
        if (loops >= 1 && cores >= loops + 0.5 && used >= kOneCoreHanded * loops &&
            wanted >= kOneCore * loops && used <= kOneCoreMost * loops &&
            all <= kOneCoreMost * loops) {
            return loops;
        }
    }
    return 0;
}

/// Full: what it used, and what it waited for while others had the CPU, is all that it could use,
/// of the cores there are, or of one for each process that runs one thread at a time. Unknown: how
/// many processes, or whether others had the CPU, nobody looked.
Level starved_of_cpu(const Case& c, const AppCpu& cpu, bool waits) {
    const double wanted = cpu.used + run_delay(c);
    const auto host = host_cpu_of(c, c.at_break());
    const auto processes = processes_of(c);
    const bool all = cpu.used >= kStarved && wanted >= kStarvedAll * cpu.cores;
    const bool one = may_be_single_threaded(server_command(c)) && waits &&
                     cpu.used >= kStarvedOne && wanted >= kOneCore * processes.value_or(1);
    if ((!all && !one) || (host && *host < kHostFull)) {
        return Level::Room;
    }
    return host && (all || processes) ? Level::Full : Level::Unknown;
}

/// What the application used against each limit that it can have.
class AppCpuCase {
public:
    AppCpuCase(const Case& c, const AppCpu& cpu)
        : c_(c),
          cpu_(cpu),
          command_(server_command(c)),
          host_(host_cpu_of(c, c.at_break()).value_or(0)),
          reach_(reach_of(c)),
          loops_(full_loops(c, cpu.used, cpu.cores)) {
        const auto database = c.cpu_of("database", c.at_break());
        database_known_ = database.has_value();
        greatest_ = !database || cpu.used >= kMoreThanDatabase * *database;
    }

    AppCpu judge() {
        cpu_.query = query::counter(c_, metric::kContainerCpuSeconds, {{"role", "app"}});
        cpu_.figure = fmt::format("the application used {:.2f} of {:g} core{}", cpu_.used,
                                  cpu_.cores, cpu_.cores == 1 ? "" : "s");
        const bool found = fills_cores() || fills_loops() || fills_host() || is_starved();
        if (!found) {
            weigh_room();
        }
        cpu_.onset_s =
            sustained_since(cpu_series(c_, "app"), c_.load(), kSustainedShare, [&](double v) {
                return v >= 0.95 * line_;
            }).value_or(c_.after().from_s);
        return cpu_;
    }

private:
    bool fills_cores() {
        line_ = kFull * cpu_.cores;
        if (cpu_.used < line_ && !(host_ >= kHostFull && cpu_.used >= kMostOfHost * cpu_.cores)) {
            return false;
        }
        cpu_.level = Level::Full;
        line_ = std::min(line_, cpu_.used);
        return true;
    }

    bool fills_loops() {
        if (loops_ <= 0 || !(cpu_.thread_seen || may_be_single_threaded(command_))) {
            return false;
        }
        cpu_.level = !reach_.known ? Level::Unknown : reach_.slow ? Level::Full : Level::Room;
        cpu_.loops = cpu_.level == Level::Full ? loops_ : 0;
        line_ = kOneCore * loops_;
        return true;
    }

    /// On a full machine the greatest user of it is what fills it, be it one thread or many.
    bool fills_host() {
        if (host_ < kHostFull || cpu_.used < kHalfOfHost * cpu_.cores || !database_known_ ||
            !greatest_ || !reach_.known || !reach_.slow) {
            return false;
        }
        cpu_.level = Level::Full;
        cpu_.figure +=
            fmt::format("; the machine as a whole was busy for {:.0f} % of the time", 100 * host_);
        line_ = std::min(line_, cpu_.used);
        return true;
    }

    bool is_starved() {
        const Level starved =
            greatest_ ? starved_of_cpu(c_, cpu_, reach_.slow || !reach_.known) : Level::Room;
        if (starved == Level::Room) {
            return false;
        }
        cpu_.level = reach_.known ? starved : Level::Unknown;
        cpu_.starved = true;
        cpu_.figure += fmt::format(
            "; its threads waited {:.2f} s a second more for one, since others had them",
            run_delay(c_));
        line_ = std::min(line_, cpu_.used);
        return true;
    }

    /// Nothing is full. Whether it has room, where that can be told.
    void weigh_room() {
        if (loops_ > 0) {
            // It can use more than a core, so one is no limit; a thread of it may be at its own.
            cpu_.level = reach_.known && !reach_.slow ? Level::Room : Level::Unknown;
        } else if (host_ >= kHostFull && cpu_.used >= kStarved) {
            cpu_.level = Level::Unknown;
        } else if (cpu_.used > kOneCoreMost) {
            // Several processes of one thread each, nobody knows how many, may all be at their
            // ends.
            const bool uncounted = may_be_single_threaded(command_) && !processes_of(c_);
            cpu_.level = uncounted && !command_.empty() ? Level::Unknown : Level::Room;
        } else if (cpu_.used < kOneCoreRoom * std::min(1.0, cpu_.cores)) {
            cpu_.level = Level::Room;
        }
    }

    const Case& c_;
    AppCpu cpu_;
    std::string command_;
    double host_;
    Reach reach_;
    double loops_;
    bool database_known_ = false;
    bool greatest_ = true;  // it uses more than the database
    double line_ = 0;       // from which on it counts as full
};

}  // namespace

std::optional<double> host_cpu_of(const Case& c, Window window) {
    for (const char* side : {"target", "generator"}) {
        double used = 0;
        int cpus = 0;
        for (const StoredSeries& s : c.data().series) {
            if (s.metric == metric::kHostCpuSeconds && s.label("side") == side) {
                if (const auto rate = rate_in(s.points, window)) {
                    used += *rate;
                    ++cpus;
                }
            }
        }
        if (cpus > 0) {
            return used / cpus;
        }
    }
    return std::nullopt;
}

AppCpu app_cpu_of(const Case& c) {
    AppCpu cpu;
    // Of what only passes requests on, the CPU says nothing.
    if (server_kind(server_command(c)) == ServerKind::Proxy) {
        return cpu;
    }
    const Signal hottest = series_of(c.data(), metric::kTargetHottest);
    cpu.thread_seen = median_in(hottest, c.at_break()).value_or(0) >= kOneCore;
    const auto cores = c.cores("app");
    const auto used = c.cpu_of("app", c.at_break());
    if (cores && used) {
        cpu.used = *used;
        cpu.cores = *cores;
        return AppCpuCase(c, cpu).judge();
    }
    if (cpu.thread_seen) {  // what the others use, nobody knows: it may have more than one
        cpu.figure = fmt::format("its busiest thread used {:.2f} of a core",
                                 mean_in(hottest, c.at_break()).value_or(0));
    }
    return cpu;
}

std::string unmeasured_cpu(const Case& c) {
    const std::string command = server_command(c);
    return server_kind(command) == ServerKind::Proxy
               ? fmt::format(
                     "CPU of the application: \"{}\" passes requests on; add the process "
                     "behind it to probes.containers with role: app",
                     command)
               : "CPU of the application: add it to probes.containers with role: app";
}

DatabaseCpu database_cpu_of(const Case& c) {
    DatabaseCpu cpu;
    cpu.cores = c.cores("database");
    cpu.used = c.cpu_of("database", c.after());
    cpu.query = cpu.used ? query::counter(c, metric::kContainerCpuSeconds, {{"role", "database"}})
                         : query::gauge(c, metric::kPgBackends, {{"state", "active"}});
    const Signal runnable = active_unwaited(c.data());
    if (samples_in(runnable, c.after()) >= kLeastSamples) {
        cpu.runnable = mean_in(runnable, c.after());
    }
    if (cpu.used && cpu.cores) {
        cpu.figure = fmt::format("the database used {:.2f} of {:g} cores", *cpu.used, *cpu.cores);
    }
    if (!cpu.runnable) {
        cpu.level = cpu.used && cpu.cores && *cpu.used < kRunnableRoom * *cpu.cores
                        ? Level::Room
                        : Level::Unknown;
        return cpu;
    }
    cpu.figure += fmt::format("{}{:.1f} backends ran or wanted a core on average",
                              cpu.figure.empty() ? "" : ", ", *cpu.runnable);
    if (*cpu.runnable < kRunnableRoom * cpu.cores.value_or(1)) {
        cpu.level = Level::Room;
        return cpu;
    }
    if (!cpu.cores || !cpu.used) {
        return cpu;
    }
    const auto lasting = [&](double per_core) {
        return share_in(runnable, c.after(), [&](double n) {
                   return n >= per_core * *cpu.cores;
               }).value_or(0) >= kSustainedShare;
    };
    const auto host = host_cpu_of(c, c.after());
    if (lasting(1) && *cpu.used >= kFull * *cpu.cores) {
        cpu.level = Level::Full;
    } else if (cpu.used >= kStarved * *cpu.cores && host.value_or(0) >= kHostFull &&
               lasting(kRunnableShared)) {
        cpu.level = Level::Full;
        cpu.shared = true;
        cpu.figure +=
            fmt::format("; the machine as a whole was busy for {:.0f} % of the time", 100 * *host);
    }
    return cpu;
}

void rule_out_cpu(const AppCpu& app, const DatabaseCpu& database, Claim& finding) {
    for (const Sentence& figure :
         {Sentence(app.figure, app.query), Sentence(database.figure, database.query)}) {
        if (!figure.text.empty()) {
            finding.evidence.emplace_back("it is not that: " + figure.text, figure.query);
        }
    }
}
}  // namespace plimsoll
