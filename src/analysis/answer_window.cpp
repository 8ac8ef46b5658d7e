#include "analysis/answer_window.hpp"

#include "analysis/validity.hpp"
#include "base/units.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/format.h>

namespace plimsoll {
namespace {

/// What the checks look at, of the ticks that the answer rests on.
struct Part {
    Histogram send_lag, service;
    std::uint64_t requests = 0, censored = 0;
    std::vector<double> loop_lags_s;
};

bool counts(const Break& found, double from_s, double to_s) {
    const auto& recovered = found.point.recovered_s;
    return to_s <= std::max(found.certain_s, found.point.at_s) ||
           (recovered && from_s >= *recovered);
}

Result<Part> part_of(const RunReader& reader, const Break& found) {
    Part part;
    const Status walked = reader.for_each_tick([&](const StoredTick& tick) {
        if (!counts(found, to_seconds(tick.from), to_seconds(tick.to))) {
            return;
        }
        for (const EndpointStats& stats : tick.endpoints) {
            part.send_lag.merge(stats.send_lag);
            part.service.merge(stats.service);
            part.requests += stats.requests;
            part.censored += stats.censored.count();
        }
        part.loop_lags_s.push_back(to_seconds(tick.state.loop_lag_max));
    });
    return walked ? Result<Part>(std::move(part)) : walked.error();
}

/// The value and limit of a check over the part; nullopt where it has no such thing.
struct Again {
    double value, limit;
    std::string shown, allowed;
};
std::optional<Again> look_again(const Part& part, const ValidityCheck& check) {
    if (check.name == "send_lag_p99" && !part.send_lag.empty()) {
        const double lag = to_seconds(part.send_lag.quantile(0.99));
        const double limit = send_lag_limit(to_seconds(part.service.quantile(0.5)));
        return Again{lag, limit, human_seconds(lag), human_seconds(limit)};
    }
    if (check.name == "loop_lag" && !part.loop_lags_s.empty()) {
        std::vector<double> lags = part.loop_lags_s;
        std::sort(lags.begin(), lags.end());
        const auto rank =
            static_cast<std::size_t>(std::ceil(0.95 * static_cast<double>(lags.size()))) - 1;
        return Again{lags[rank], check.limit, human_seconds(lags[rank]),
                     human_seconds(check.limit)};
    }
    if (check.name == "censored_share" && part.requests > 0) {
        const double share =
            static_cast<double>(part.censored) / static_cast<double>(part.requests);
        return Again{share, check.limit, fmt::format("{:.2f} %", 100 * share),
                     fmt::format("{:.0f} %", 100 * check.limit)};
    }
    return std::nullopt;
}

/// A probe without readings is missing to an answer that is less than sure, and to no other.
bool is_missed(const Break& found, const std::vector<Finding>& findings) {
    return found.point.found && (findings.empty() || findings.front().confidence != "high");
}

}  // namespace

Status judge_for_answer(const RunReader& reader, const RunData& data, const Break& found,
                        const std::vector<Finding>& findings, std::vector<ValidityCheck>& checks) {
    std::optional<Part> part;
    for (ValidityCheck& check : checks) {
        if (check.ok || check.decisive) {
            continue;
        }
        if (check.name == "probe_coverage" && check.value == 0 && !is_missed(found, findings)) {
            check.ok = true;
            check.why += "; what is said here does not need it";
            continue;
        }
        if (!found.point.found) {
            continue;
        }
        if (check.name == "warm_up" && found.point.at_s < data.load_end_s) {
            check.ok = true;
            check.why += "; it broke meanwhile, which is no warm-up";
            continue;
        }
        if (!part) {
            auto read = part_of(reader, found);
            if (!read) {
                return read.error();
            }
            part = std::move(read).value();
        }
        const auto again = look_again(*part, check);
        if (again && again->value <= again->limit) {
            check.ok = true;
            check.value = again->value;
            check.limit = again->limit;
            check.why += fmt::format(
                ". Until it broke, which is what the answer rests on, it was {} (limit {})",
                again->shown, again->allowed);
        }
    }
    return {};
}

}  // namespace plimsoll
