// Password hashes cost CPU on purpose; who signs in waits for it.
#include "analysis/diagnosis/claim.hpp"
#include "analysis/diagnosis/diagnose.hpp"
#include "analysis/diagnosis/queries.hpp"
#include "analysis/diagnosis/resources.hpp"
#include "analysis/latency.hpp"
#include "base/units.hpp"
#include "signal/names.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace plimsoll {
namespace {

// What no ordinary request takes: PBKDF2, bcrypt, scrypt and argon2 at their recommended costs do,
// argon2 with 19 MiB and two rounds least.
constexpr double kDear_s = 0.020;
// Of the application's CPU while people sign in, by the fit.
constexpr double kMostOfCpu = 0.5;
// Sign-ins take so many times their own CPU time: they queue for it. And others do not.
constexpr double kQueued = 3;
constexpr double kSlowerThanOthers = 3;
// Wide enough that work is done in the window in which its request completes, mostly.
constexpr double kBin_s = 5;
constexpr std::size_t kLeastBins = 4;

struct Bin {
    double cpu_s = 0, sign_ins = 0, others = 0;
};

/// Which endpoints check or set a password, by their names and by what they take under light load:
/// one that looks up a session has such a name as well. Where nothing is known of light load, by
/// their names alone.
std::vector<bool> hashing_endpoints(const Case& c) {
    const std::vector<double> light = light_responses(c);
    std::vector<bool> hashing;
    for (std::size_t e = 0; e < light.size(); ++e) {
        hashing.push_back(is_sign_in(c.data().info.endpoints[e].name) &&
                          (light[e] <= 0 || light[e] >= kDear_s));
    }
    return hashing;
}

double sign_ins_in(const TickFacts& tick, const std::vector<bool>& hashing) {
    if (tick.endpoints.empty()) {
        return static_cast<double>(tick.sign_ins);
    }
    double sum = 0;
    for (std::size_t e = 0; e < std::min(hashing.size(), tick.endpoints.size()); ++e) {
        sum += hashing[e] ? static_cast<double>(tick.endpoints[e].requests) : 0;
    }
    return sum;
}

std::vector<Bin> bins_of(const Case& c) {
    const std::vector<bool> hashing = hashing_endpoints(c);
    std::vector<Bin> bins;
    for (double from = 0; from + kBin_s <= c.load().to_s; from += kBin_s) {
        const Window window{from, from + kBin_s};
        const auto cores = c.cpu_of("app", window);
        if (!cores) {
            continue;
        }
        Bin bin{*cores * kBin_s, 0, 0};
        for (const TickFacts& tick : c.data().ticks) {
            if (window.holds(tick.middle_s())) {
                const double sign_ins = sign_ins_in(tick, hashing);
                bin.sign_ins += sign_ins;
                bin.others += std::max(0.0, static_cast<double>(tick.requests) - sign_ins);
            }
        }
        bins.push_back(bin);
    }
    return bins;
}

/// Sums of products over all bins: s of sign-ins, o of others, y of CPU.
struct Sums {
    double ss = 0, so = 0, oo = 0, sy = 0, oy = 0;
};
Sums sums_of(const std::vector<Bin>& bins) {
    Sums sums;
    for (const Bin& bin : bins) {
        sums.ss += bin.sign_ins * bin.sign_ins;
        sums.so += bin.sign_ins * bin.others;
        sums.oo += bin.others * bin.others;
        sums.sy += bin.sign_ins * bin.cpu_s;
        sums.oy += bin.others * bin.cpu_s;
    }
    return sums;
}

/// With a mix that never changes, nothing tells what one kind takes from what the other does.
bool same_mix(const std::vector<Bin>& bins) {
    constexpr double kSame = 0.98;
    const Sums sums = sums_of(bins);
    return sums.so * sums.so >= kSame * sums.ss * sums.oo;
}

/// CPU seconds of one sign-in: least squares of cpu = a sign_ins + b others, neither below 0.
double cost_of_sign_in(const std::vector<Bin>& bins) {
    const auto [ss, so, oo, sy, oy] = sums_of(bins);
    if (ss <= 0) {
        return 0;
    }
    const double determinant = ss * oo - so * so;
    if (determinant <= 1e-9 * ss * oo || (ss * oy - so * sy) / determinant < 0) {
        return sy / ss;
    }
    return std::max(0.0, (oo * sy - so * oy) / determinant);
}

/// Mean response times of sign-ins and of everything else.
struct Means {
    double sign_ins = 0, sign_in_s = 0, others = 0, other_s = 0;
};
Means means_of(const Case& c) {
    Means means;
    const RunData& data = c.data();
    const std::vector<bool> hashing = hashing_endpoints(c);
    for (std::size_t e = 0; e < data.totals.size(); ++e) {
        const bool sign_in = hashing[e];
        (sign_in ? means.sign_ins : means.others) += static_cast<double>(data.totals[e].requests);
        (sign_in ? means.sign_in_s : means.other_s) += to_seconds(data.totals[e].response.sum());
    }
    means.sign_in_s /= std::max(1.0, means.sign_ins);
    means.other_s /= std::max(1.0, means.others);
    return means;
}

/// What a sign-in takes when it need not wait: its response time under light load. With a fixed mix
/// of requests the least-squares fit has nothing to tell them apart by, and this has.
double alone_s(const Case& c) {
    const std::vector<double> light = light_responses(c);
    double dearest = 0;
    for (std::size_t e = 0; e < light.size(); ++e) {
        dearest =
            is_sign_in(c.data().info.endpoints[e].name) ? std::max(dearest, light[e]) : dearest;
    }
    return dearest;
}

}  // namespace

std::optional<Finding> find_password_hashing(const Case& c) {
    const std::vector<Bin> bins = bins_of(c);
    const Means means = means_of(c);
    const bool full = c.broke() && app_cpu_of(c).level == Level::Full;
    double cost_s = cost_of_sign_in(bins);
    double cpu_s = 0;
    double signed_in = 0;
    for (const Bin& bin : bins) {
        cpu_s += bin.sign_ins > 0 ? bin.cpu_s : 0;  // while people signed in
        signed_in += bin.sign_ins;
    }
    // What they take alone is what was used, or all of it: then it is CPU that they take.
    const double alone = alone_s(c);
    const double explained = cpu_s > 0 ? alone * signed_in / cpu_s : 0;
    const bool accounts = explained >= kMostOfCpu && explained <= 1 / kMostOfCpu;
    const bool by_time = full || same_mix(bins);
    if (signed_in <= 0 || (by_time && !full && !accounts)) {
        return std::nullopt;
    }
    if (by_time) {
        cost_s = std::min(alone, cpu_s / signed_in);  // never more than all that was used
    }
    // Where hashing fills the CPU, everybody waits for it; else others go on.
    const bool all_slow =
        !full && means.others > 0 && means.sign_in_s < kSlowerThanOthers * means.other_s;
    if (bins.size() < kLeastBins || cost_s < kDear_s || cost_s * signed_in < kMostOfCpu * cpu_s ||
        (!full && means.sign_in_s < kQueued * cost_s) || all_slow) {
        return std::nullopt;
    }
    Claim finding;
    finding.cause = "password_hashing";
    finding.sources = 2;  // what it costs, and who waits
    for (const TickFacts& tick : c.data().ticks) {
        if (tick.sign_ins > 0) {
            finding.onset_s = tick.from_s;
            break;
        }
    }
    const std::string cpu_query =
        query::counter(c, metric::kContainerCpuSeconds, {{"role", "app"}});
    finding.evidence.emplace_back(
        fmt::format(
            "each registration or login took {} of the application's CPU{}, {:.0f} % of what it "
            "used meanwhile",
            human_seconds(cost_s), by_time ? ", by its time under light load" : "",
            std::min(100.0, 100 * cost_s * signed_in / std::max(1e-9, cpu_s))),
        cpu_query);
    if (full) {
        finding.evidence.emplace_back(app_cpu_of(c).figure + ": everybody waits for it", cpu_query);
    }
    finding.evidence.emplace_back(
        fmt::format("these {:.0f} requests took {} on average, all others {}", means.sign_ins,
                    human_seconds(means.sign_in_s), human_seconds(means.other_s)),
        query::endpoints(c));
    finding.values = {{"cpu_s_per_sign_in", cost_s}};
    const auto database = c.cpu_of("database", c.load());
    const auto database_cores = c.cores("database");
    if (database && database_cores) {
        finding.evidence.emplace_back(
            fmt::format("the database used {:.2f} of {:g} cores", *database, *database_cores),
            query::counter(c, metric::kContainerCpuSeconds, {{"role", "database"}}));
    } else {
        finding.missing.emplace_back("CPU of the database (probes.containers with role: database)");
    }
    const double cores = c.cores("app").value_or(1);
    finding.values["most_sign_ins_per_s"] = cores / cost_s;
    finding.fix = fmt::format(
        "{:g} cores hash at most {:.1f} passwords/s at {} each, whatever else is tuned: spread "
        "sign-ups out, give hashing workers of its own so that nothing else waits for it, or add "
        "cores. Do not make the hash cheaper than what is recommended. Then expect these requests "
        "at a few times {}; run again to confirm.",
        cores, cores / cost_s, human_seconds(cost_s), human_seconds(cost_s));
    return conclude(finding);
}

}  // namespace plimsoll
