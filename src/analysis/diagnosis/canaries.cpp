// Canaries: what each took after the break against before.
#include "analysis/diagnosis/case.hpp"
#include "analysis/diagnosis/queries.hpp"
#include "base/units.hpp"
#include "signal/names.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

namespace plimsoll {
namespace {

// Round trips of under a millisecond scatter by factors on a busy machine; both must be passed.
constexpr double kSlowFactor = 3;
constexpr double kSlowRise_s = 0.010;

// Broken from the start, there is nothing to compare with: a layer that takes a quarter of the
// response time is part of the problem.
constexpr double kShareOfResponse = 0.25;

// Canaries give up after half a second, or later.
constexpr double kCanaryLimit_s = 0.5;

/// Without what a pausing canary repeats of its last try. Runs of before its tries were counted
/// have none to go by.
Signal without_repeats(const Signal& answers, const Signal& counted) {
    Signal fresh;
    for (const auto& answer : answers) {
        const auto at = std::lower_bound(counted.begin(), counted.end(), answer.t_s,
                                         [](const auto& point, double t) { return point.t_s < t; });
        const bool repeats = at != counted.end() && at != counted.begin() &&
                             at->t_s == answer.t_s && at->value == std::prev(at)->value;
        if (!repeats) {
            fresh.push_back(answer);
        }
    }
    return fresh;
}

/// The points at which a counter had risen.
Signal rises_of(const Signal& counter) {
    Signal rises;
    for (std::size_t i = 1; i < counter.size(); ++i) {
        if (counter[i].value > counter[i - 1].value) {
            rises.push_back(counter[i]);
        }
    }
    return rises;
}

}  // namespace

CanaryView look_at_canary(const Case& c, std::string_view canary, std::string_view shown_as) {
    CanaryView view;
    const Signal signal = canary_tries(c.data(), canary);
    auto before = median_in(signal, c.before());
    if (!before) {  // one that pauses may have made its only try as the run was prepared
        for (const auto& each : signal) {
            before = each.t_s < c.before().to_s ? std::optional(each.value) : before;
        }
    }
    const auto after = median_in(signal, c.after());
    if (!after) {
        return view;
    }
    view.known = true;
    view.query = query::canary(c, canary);
    view.after_s = *after;
    if (!before) {
        view.slow = *after >= kShareOfResponse * c.mean_response(c.after());
        view.text = fmt::format("{} {}", shown_as, human_seconds(*after));
        return view;
    }
    view.before_s = *before;
    view.slow = is_slower(*after, *before);
    const double failed = failed_canaries(c.data(), canary, c.after());
    const bool mostly = 2 * failed > static_cast<double>(samples_in(signal, c.after()));
    view.text = fmt::format("{} {}{} ({} before)", shown_as, mostly ? "no answer within " : "",
                            human_seconds(*after), human_seconds(*before));
    return view;
}

Signal canary_tries(const RunData& data, std::string_view canary) {
    Signal tries = without_repeats(series_of(data, metric::kCanarySeconds, "canary", canary),
                                   series_of(data, metric::kCanaryTries, "canary", canary));
    double limit = kCanaryLimit_s;
    for (const auto& answer : tries) {
        limit = std::max(limit, answer.value);
    }
    for (const auto& failure :
         rises_of(series_of(data, metric::kCanaryFailures, "canary", canary))) {
        tries.push_back({failure.t_s, limit});
    }
    std::stable_sort(tries.begin(), tries.end(),
                     [](const auto& a, const auto& b) { return a.t_s < b.t_s; });
    return tries;
}

double failed_canaries(const RunData& data, std::string_view canary, Window window) {
    const Signal failures = series_of(data, metric::kCanaryFailures, "canary", canary);
    return static_cast<double>(samples_in(rises_of(failures), window));
}

bool is_slower(double after_s, double before_s) {
    return after_s >= kSlowFactor * before_s && after_s >= before_s + kSlowRise_s;
}

}  // namespace plimsoll
