#include "analysis/validity.hpp"

#include "analysis/as_double.hpp"
#include "analysis/closed_loop.hpp"
#include "analysis/latency.hpp"
#include "analysis/load_level.hpp"
#include "analysis/segment_checks.hpp"
#include "analysis/steady.hpp"
#include "base/units.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/format.h>

namespace plimsoll {
namespace {

// Of the arrivals due; what a shorter schedule could not have hidden either.
constexpr double kMostNotSent = 0.01;
// The lateness that people accept in a latency: 5 % of what is measured, but never finer than 1 ms,
// which is what a general-purpose kernel's scheduler gives a busy machine.
constexpr double kLagLimit_s = 0.001;
constexpr double kLagShare = 0.05;
// From here on the generator's lateness is as large as what it measures.
constexpr double kLagDecisive_s = 0.010;
constexpr double kLagDecisiveShare = 0.5;
// A lag p99 above this and above the service p99 makes up more than half of the response p99 that
// is shown. A busy loop pinned to the generator's core gave 2.6 to 241 ms in 20 runs.
constexpr double kLagOutweighs_s = 0.002;
// A loop that is late all along reads as late as it sends, so as much again of the service time
// shown is its own: where so many sends are late, half of the service p99 is enough. The busy loop
// gave a lag of 0.6 to 1.05 of it.
constexpr double kLateAllAlong = 0.10;
constexpr double kLagOutweighsShare = 0.5;
// Above 80 % of a thread queueing at the generator itself shows (M/M/1: five times the wait at 80
// %).
constexpr double kMostCpu = 0.80;
// Over so long: one busy second is not a limit.
constexpr double kCpuWindow_s = 5;
// Timers that run this late in one second of twenty delay sends; ten times that is starvation.
constexpr double kLoopLag_s = 0.020;
constexpr double kLoopLagDecisive_s = 0.2;
// A burst of reconnects takes as many ports again as there are connections; this many are a margin
// for small loads.
constexpr std::uint64_t kFewestSockets = 500;
// At half its ceiling a thread is half idle: queueing at the generator itself stays small.
constexpr double kCeilingRoom = 2;
constexpr double kMostCensored = 0.01;
constexpr double kMostConnectFailures = 0.01;
constexpr double kLeastProbeReadings = 0.90;
constexpr double kLongestProbeGap_s = 5;
constexpr std::size_t kMserBatch = 5;

double percent(double ratio) {
    return 100 * ratio;
}

using Checks = std::vector<ValidityCheck>;

double send_lag_p99(const RunData& data) {
    return to_seconds(data.all.send_lag.quantile(0.99));
}

double limit_of(const RunData& data) {
    return send_lag_limit(to_seconds(data.all.service.quantile(0.5)));
}

void check_sent(const RunData& data, Checks& checks) {
    const double due = as_double(data.counts.arrivals_due);
    if (due == 0) {
        return;
    }
    const double generator = as_double(data.counts.not_sent_generator);
    const double user_cap = as_double(data.counts.not_sent_user_cap);
    // Users look busy as well where their answers wait for a late generator to read them.
    const bool late = send_lag_p99(data) > limit_of(data);
    checks.push_back(
        {"sent_ratio", generator <= kMostNotSent * due, true, 1 - generator / due, 1 - kMostNotSent,
         fmt::format("{:.0f} of {:.0f} planned arrivals ({:.2f} %) were not sent because "
                     "the generator could not",
                     generator, due, percent(generator / due))});
    checks.push_back(
        {"user_cap", user_cap <= kMostNotSent * due, false, user_cap / due, kMostNotSent,
         fmt::format("{:.0f} of {:.0f} planned arrivals ({:.2f} %) found every user busy{}",
                     user_cap, due, percent(user_cap / due),
                     user_cap <= kMostNotSent * due ? ""
                     : late
                         ? ": the generator was late itself, so this says nothing about the target"
                         : ": the target was slow, and from then on the true response times were "
                           "longer than those shown")});
}

void check_send_lag(const RunData& data, Checks& checks) {
    if (data.all.send_lag.empty()) {
        return;
    }
    const double p99 = send_lag_p99(data);
    const double service = to_seconds(data.all.service.quantile(0.5));
    const double limit = limit_of(data);
    const double service_p99 = to_seconds(data.all.service.quantile(0.99));
    const Histogram& lags = data.all.send_lag;
    const double late = 1 - as_double(lags.count_at_most(kLateSend)) / as_double(lags.count());
    const double share = late >= kLateAllAlong ? kLagOutweighsShare : 1;
    const bool decisive =
        p99 > std::max(kLagDecisive_s, kLagDecisiveShare * service) ||
        (lags.count() >= kSamplesForP99 && p99 > std::max(kLagOutweighs_s, share * service_p99));
    checks.push_back(
        {"send_lag_p99", p99 <= limit, decisive, p99, limit,
         fmt::format("99 % of requests were sent within {} of their due time (limit "
                     "{}: 1 ms or 5 % of the median service time, {}); {:.2f} % were sent more "
                     "than 1 ms late",
                     human_seconds(p99), human_seconds(limit), human_seconds(service),
                     percent(late))});
}

void check_cpu(const RunData& data, Checks& checks) {
    double highest = 0;
    double window = 0;
    double busy = 0;
    std::size_t first = 0;
    for (std::size_t i = 0; i < data.ticks.size(); ++i) {
        window += data.ticks[i].seconds();
        busy += data.ticks[i].state.cpu_ratio * data.ticks[i].seconds();
        while (window - data.ticks[first].seconds() >= kCpuWindow_s) {
            window -= data.ticks[first].seconds();
            busy -= data.ticks[first].state.cpu_ratio * data.ticks[first].seconds();
            ++first;
        }
        if (window >= kCpuWindow_s || i + 1 == data.ticks.size()) {
            highest = std::max(highest, window > 0 ? busy / window : 0);
        }
    }
    checks.push_back(
        {"generator_cpu", highest < kMostCpu, true, highest, kMostCpu,
         fmt::format("the busiest generator thread used {:.0f} % of a core in its worst "
                     "{:.0f} s (limit {:.0f} %)",
                     percent(highest), kCpuWindow_s, percent(kMostCpu))});
}

void check_loop_lag(const RunData& data, Checks& checks) {
    std::vector<double> lags;
    for (const TickFacts& tick : data.ticks) {
        lags.push_back(to_seconds(tick.state.loop_lag_max));
    }
    if (lags.empty()) {
        return;
    }
    std::sort(lags.begin(), lags.end());
    const auto rank = static_cast<std::size_t>(std::ceil(0.95 * as_double(lags.size()))) - 1;
    const double p95 = lags[rank];
    checks.push_back({"loop_lag", p95 <= kLoopLag_s, p95 > kLoopLagDecisive_s, p95, kLoopLag_s,
                      fmt::format("in 95 % of seconds no timer of the generator ran later than {} "
                                  "(limit {})",
                                  human_seconds(p95), human_seconds(kLoopLag_s))});
}

/// MSER-5: batches of five seconds of log mean latency; the number of batches to cut.
std::optional<std::size_t> mser_cut(const RunData& data) {
    std::vector<double> batches;
    double sum = 0;
    std::size_t in_batch = 0;
    for (const TickFacts& tick : data.ticks) {
        if (tick.requests == 0 || tick.to_s > data.load_end_s + 1e-9) {
            continue;
        }
        sum += std::log(std::max(tick.service_mean_s, 1e-9));
        if (++in_batch == kMserBatch) {
            batches.push_back(sum / kMserBatch);
            sum = 0;
            in_batch = 0;
        }
    }
    return batches.size() < 4 ? std::nullopt : std::optional(steady_from(batches, batches.size()));
}

void check_warm_up(const RunData& data, Checks& checks) {
    const auto cut = is_constant_load(data.info) ? mser_cut(data) : std::nullopt;
    if (!cut) {
        return;  // on a ramp change is what was asked for
    }
    const double cut_s = as_double(*cut * kMserBatch) * to_seconds(data.info.tick);
    const double limit = data.load_end_s / 2;
    checks.push_back({"warm_up", cut_s <= limit, false, cut_s, limit,
                      cut_s <= limit
                          ? fmt::format("latency settled {:.0f} s into the run", cut_s)
                          : fmt::format("latency had not settled after half of the run: a longer "
                                        "run is needed to tell its level")});
}

void check_samples(const RunData& data, Checks& checks) {
    const std::uint64_t n = data.all.requests;
    const bool p999 = n >= kSamplesForP999;
    checks.push_back(
        {"percentile_support", n >= kSamplesForP99, false, as_double(n), as_double(kSamplesForP99),
         fmt::format("{} requests are {} for p99 (needs {}) and {} for p99.9 (needs {})", n,
                     n >= kSamplesForP99 ? "enough" : "too few", kSamplesForP99,
                     p999 ? "enough" : "too few", kSamplesForP999)});
    if (n == 0) {
        return;
    }
    const double censored = as_double(data.all.censored.count()) / as_double(n);
    checks.push_back({"censored_share", censored <= kMostCensored, false, censored, kMostCensored,
                      fmt::format("{:.2f} % of requests ran into their timeout or were cut off at "
                                  "the end: percentiles above {:.2f} % are only known to be at "
                                  "least what is shown",
                                  percent(censored), percent(1 - censored))});
}

void check_connections(const RunData& data, Checks& checks) {
    const double failed = as_double(data.counts.connects_failed);
    const double all = failed + as_double(data.counts.connects_ok);
    const double no_ports = as_double(data.all.count(Outcome::NoPorts));
    const double n = std::max(1.0, as_double(data.all.requests));
    checks.push_back(
        {"local_ports", no_ports == 0, no_ports > kMostNotSent * n, no_ports, 0,
         fmt::format("{:.0f} requests found no local port or file descriptor", no_ports)});
    if (all > 0) {
        checks.push_back({"connect_failures", failed <= kMostConnectFailures * all, false,
                          failed / all, kMostConnectFailures,
                          fmt::format("{:.0f} of {:.0f} connection attempts failed", failed, all)});
    }
}

void check_probes(const RunData& data, Checks& checks) {
    for (const StoredProbe& probe : data.probes) {
        const double expected = as_double(std::max(probe.expected, probe.readings));
        if (expected == 0) {
            continue;
        }
        const double share = as_double(probe.readings) / expected;
        const double silence = longest_silence(probe, data.duration_s);
        checks.push_back(
            {"probe_coverage", share >= kLeastProbeReadings && silence <= kLongestProbeGap_s, false,
             share, kLeastProbeReadings,
             probe.readings == 0
                 ? fmt::format("probe {} gave no reading", probe.info.name)
                 : fmt::format("probe {} gave {} of {:.0f} readings, its longest silence was {}, "
                               "its slowest reading took {}",
                               probe.info.name, probe.readings, expected, human_seconds(silence),
                               human_seconds(probe.longest_took_s))});
    }
}

bool is_loopback(const std::string& target) {
    return target.find("//127.") != std::string::npos ||
           target.find("//localhost") != std::string::npos ||
           target.find("//[::1]") != std::string::npos;
}

void check_recording(const RunData& data, Checks& checks) {
    const double lost =
        data.fact("run_file.write_errors", 0) + data.fact("exporter.dropped.run_file", 0);
    checks.push_back({"recording", lost == 0 && data.finished, false, lost, 0,
                      data.finished
                          ? fmt::format("{:.0f} records of the run were lost", lost)
                          : fmt::format("the run was cut off; what is here ends {:.0f} s after its "
                                        "start",
                                        data.duration_s)});
}

void check_sockets(const RunData& data, Checks& checks) {
    std::uint64_t least = ShardState::kSocketsUnknown;
    for (const TickFacts& tick : data.ticks) {
        least = std::min(least, tick.state.sockets_left);
    }
    if (least != ShardState::kSocketsUnknown) {
        checks.push_back({"sockets_left", least >= kFewestSockets, false, as_double(least),
                          as_double(kFewestSockets),
                          fmt::format("at its fullest the generator could have opened {} more "
                                      "connections (limit {})",
                                      least, kFewestSockets)});
    }
}

/// Requests per second that the schedule asked for at its highest; of users in a loop, what they
/// made of their highest.
double most_requests_offered(const RunData& data) {
    double busiest = 0;
    for (const TickFacts& tick : data.ticks) {
        busiest = tick.seconds() > 0 ? std::max(busiest, as_double(tick.requests) / tick.seconds())
                                     : busiest;
    }
    const double begun = as_double(data.counts.iterations_started);
    if (!is_open_model(data.info) || begun == 0) {
        return busiest;
    }
    const double per_iteration = as_double(data.all.requests) / begun;
    return std::max(busiest, highest_offered(data.info, data.load_end_s) * per_iteration);
}

void check_ceiling(const RunData& data, Checks& checks) {
    const double ceiling = data.fact("generator.ceiling_rate", 0);
    const double offered = most_requests_offered(data);
    if (ceiling <= 0 || offered <= 0) {
        return;
    }
    checks.push_back(
        {"generator_ceiling", ceiling >= kCeilingRoom * offered, false, ceiling,
         kCeilingRoom * offered,
         fmt::format("by a calibration before the run the generator's threads could make {:.0f} "
                     "requests/s, {:.1f} times the highest rate of {:.0f}/s (limit {:.0f} times)",
                     ceiling, ceiling / offered, offered, kCeilingRoom)});
}

}  // namespace

double send_lag_limit(double service_p50_s) {
    return std::max(kLagLimit_s, kLagShare * service_p50_s);
}

std::vector<ValidityCheck> check_validity(const RunData& data) {
    Checks checks;
    check_sent(data, checks);
    check_send_lag(data, checks);
    check_cpu(data, checks);
    check_loop_lag(data, checks);
    check_sockets(data, checks);
    check_ceiling(data, checks);
    if (auto think = check_think_time(data)) {
        checks.push_back(*std::move(think));
    }
    check_warm_up(data, checks);
    check_samples(data, checks);
    check_connections(data, checks);
    check_probes(data, checks);
    check_recording(data, checks);
    check_segments(data, checks);
    return checks;
}

double longest_silence(const StoredProbe& probe, double end_s) {
    double since = 0;
    double longest = 0;
    for (const double t_s : probe.times_s) {
        longest = std::max(longest, std::min(t_s, end_s) - since);
        since = std::max(since, t_s);
    }
    return std::max(longest, end_s - since);
}

std::vector<ValidityNote> validity_notes(const RunData& data) {
    if (!is_loopback(data.info.target)) {
        return {};
    }
    return {{"shared_host",
             "the generator and the target share this machine's cores, so each slows the other; "
             "capacities are those of this arrangement"}};
}

Verdict verdict_of(const std::vector<ValidityCheck>& checks) {
    Verdict verdict = Verdict::Valid;
    for (const ValidityCheck& check : checks) {
        if (!check.ok) {
            verdict = check.decisive ? Verdict::Invalid : std::max(verdict, Verdict::Degraded);
        }
        if (verdict == Verdict::Invalid) {
            break;
        }
    }
    return verdict;
}

}  // namespace plimsoll
