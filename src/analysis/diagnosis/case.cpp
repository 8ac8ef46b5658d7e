#include "analysis/diagnosis/case.hpp"

#include "analysis/diagnosis/queries.hpp"
#include "analysis/load_level.hpp"
#include "base/units.hpp"
#include "signal/names.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>

#include <fmt/format.h>

namespace plimsoll {
namespace {

// After the break is certain: long enough for some readings a second, short enough to be before
// the queue has filled what stands outside.
constexpr double kAtBreak_s = 5;
// A stray timeout is not the end of answers; over less time than this nothing can be measured.
constexpr double kGivenUp = 0.10;
constexpr double kLeastAnswered_s = 3;
// Less than this between a stretch and the whole is no collapse, or chance: in standard deviations
// of a Poisson count, of which the largest of some dozens of stretches is looked at.
constexpr double kCollapse = 1.3;
constexpr double kChance = 4;
constexpr double kStretch_s = 5;

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return out;
}

bool has_any(const std::string& text, const std::vector<std::string>& words) {
    return std::any_of(words.begin(), words.end(), [&](const std::string& word) {
        return text.find(word) != std::string::npos;
    });
}

Signal by_role(const RunData& data, std::string_view metric, std::string_view role) {
    return sum_of(data, metric, [&](const StoredSeries& s) { return s.label("role") == role; });
}

bool knows_role(const RunData& data, std::string_view metric, std::string_view role) {
    return std::any_of(data.series.begin(), data.series.end(), [&](const StoredSeries& s) {
        return s.metric == metric && s.label("role") == role;
    });
}

}  // namespace

Case::Case(const RunData& data, const Break& found)
    : data_(&data),
      found_(&found),
      load_{0, data.load_end_s},
      before_(load_),
      after_(load_),
      at_break_(load_) {
    if (broke()) {
        before_.to_s = found.point.at_s;
        after_ = {found.point.at_s, std::max(found.until_s, found.certain_s)};
        const double sure = std::max(found.certain_s, found.point.at_s + kAtBreak_s);
        // Users in a loop wait no longer than there are users: what is full is seen as more of them
        // come, and behind it fills up no more than what they are.
        at_break_ = {after_.from_s, is_open_model(data.info)
                                        ? std::min(after_.to_s, sure + kAtBreak_s)
                                        : after_.to_s};
    }
}

Window Case::answered(Window window) const {
    for (const TickFacts& tick : data_->ticks) {
        const auto given_up = static_cast<double>(tick.censored + tick.cut_off);
        if (window.holds(tick.middle_s()) &&
            given_up > kGivenUp * static_cast<double>(tick.requests + tick.cut_off)) {
            return tick.from_s - window.from_s >= kLeastAnswered_s
                       ? Window{window.from_s, tick.from_s}
                       : window;
        }
    }
    return window;
}

Window Case::most_served(Window window) const {
    Window best = answered(window);
    const double usual = served_rate(best) * kStretch_s;
    double rate = std::max(kCollapse * usual, usual + kChance * std::sqrt(usual)) / kStretch_s;
    // Both ends go on with the stretch, so that each tick is looked at once.
    const auto& ticks = data_->ticks;
    auto first = ticks.begin();
    auto end = ticks.begin();
    double served = 0;
    double seconds = 0;
    for (double from_s = window.from_s; from_s + kStretch_s <= window.to_s; from_s += 1) {
        const Window stretch{from_s, from_s + kStretch_s};
        for (; end != ticks.end() && end->middle_s() < stretch.to_s; ++end) {
            served += static_cast<double>(end->served);
            seconds += end->seconds();
        }
        for (; first != end && first->middle_s() < stretch.from_s; ++first) {
            served -= static_cast<double>(first->served);
            seconds -= first->seconds();
        }
        if (first != end && served > rate * seconds) {
            best = stretch;
            rate = served / seconds;
        }
    }
    return best;
}

Window Case::around_break() const {
    constexpr double kEarlier_s = 5;
    return {std::max(load_.from_s, after_.from_s - kEarlier_s), after_.to_s};
}

Window Case::carried_most() const {
    constexpr double kMore = 1.1;
    const Window late = most_served(after_);
    const Window early = most_served(around_break());
    return served_rate(early) > kMore * served_rate(late) ? early : late;
}

double Case::served_rate(Window window) const {
    double served = 0;
    double seconds = 0;
    for (const TickFacts& tick : data_->ticks) {
        if (window.holds(tick.middle_s())) {
            served += static_cast<double>(tick.served);
            seconds += tick.seconds();
        }
    }
    return seconds > 0 ? served / seconds : 0;
}

double Case::mean_response(Window window) const {
    double sum = 0;
    double requests = 0;
    for (const TickFacts& tick : data_->ticks) {
        if (window.holds(tick.middle_s())) {
            sum += tick.response_mean_s * static_cast<double>(tick.requests);
            requests += static_cast<double>(tick.requests);
        }
    }
    return requests > 0 ? sum / requests : 0;
}

double Case::highest_demand() const {
    const double level = highest_offered(data_->info, data_->load_end_s);
    return level * (is_open_model(data_->info) ? found_->baseline.requests_per_arrival
                                               : found_->baseline.requests_per_user);
}

std::optional<double> Case::cores(std::string_view role) const {
    if (knows_role(*data_, metric::kContainerCpuLimit, role)) {
        const auto limit = max_in(by_role(*data_, metric::kContainerCpuLimit, role), load_);
        if (limit && *limit > 0) {
            return limit;
        }
    }
    const double machine = data_->fact("env.cores", 0);
    return machine > 0 && knows_role(*data_, metric::kContainerCpuSeconds, role)
               ? std::optional(machine)
               : std::nullopt;
}

std::optional<double> Case::cpu_of(std::string_view role, Window window) const {
    if (!knows_role(*data_, metric::kContainerCpuSeconds, role)) {
        return std::nullopt;
    }
    // Each process has its own counter, at the readings of its own probe.
    std::optional<double> total;
    for (const StoredSeries& series : data_->series) {
        if (series.metric == metric::kContainerCpuSeconds && series.label("role") == role) {
            if (const auto rate = rate_in(series.points, window)) {
                total = total.value_or(0) + *rate;
            }
        }
    }
    return total;
}

bool Case::has_postgres() const {
    return std::any_of(data_->series.begin(), data_->series.end(),
                       [](const StoredSeries& s) { return s.metric == metric::kPgBackends; });
}

Told told_after(const Case& c, const Signal& page, std::size_t least) {
    constexpr double kSilent = 3;  // readings in a row that did not come
    const Window after = c.after();
    const auto end = std::find_if(page.begin(), page.end(),
                                  [&](const auto& point) { return point.t_s >= after.to_s; });
    const auto told = static_cast<std::size_t>(end - page.begin());
    if (least < 2 || told < least || samples_in(page, after) >= least) {
        return {after, std::nullopt};
    }
    const double first_s = page[told - least].t_s;
    const double last_s = page[told - 1].t_s;
    const double period_s = (last_s - first_s) / static_cast<double>(least - 1);
    const bool silent = after.to_s - last_s > kSilent * period_s;
    if (!silent || last_s < after.from_s - kOverlap_s || first_s < after.from_s - 2 * kOverlap_s) {
        return {after, std::nullopt};
    }
    return {{std::min(after.from_s, first_s), after.to_s}, last_s};
}

bool is_ours(const StoredSeries& backends) {
    return backends.label("application_name") == "plimsoll";
}

bool has_metric(const RunData& data, std::string_view metric, std::string_view label,
                std::string_view value) {
    return std::any_of(data.series.begin(), data.series.end(), [&](const StoredSeries& s) {
        return s.metric == metric && (label.empty() || s.label(label) == value);
    });
}

bool is_busy_state(std::string_view state) {
    return state == "active" || state.starts_with("idle in transaction") ||
           state == "fastpath function call";
}

Signal active_backends(const RunData& data) {
    return sum_of(data, metric::kPgBackends, [](const StoredSeries& s) {
        return !is_ours(s) && s.label("state") == "active";
    });
}

Signal waits_for_io(const RunData& data) {
    return sum_of(data, metric::kPgWaiting, [](const StoredSeries& s) {
        const std::string type = s.label("wait_event_type");
        return type == "IO" || (type == "LWLock" && s.label("wait_event").starts_with("WAL"));
    });
}

Signal active_unwaited(const RunData& data) {
    return sum_of(data, metric::kPgBackends, [](const StoredSeries& s) {
        return !is_ours(s) && s.label("state") == "active" && s.label("wait_event_type").empty();
    });
}

std::optional<double> lock_share(const Case& c, Window window) {
    const auto active = mean_in(
        sum_of(c.data(), metric::kPgBackends,
               [](const StoredSeries& s) { return !is_ours(s) && s.label("state") == "active"; }),
        window);
    const auto waiting = mean_in(sum_of(c.data(), metric::kPgBackends,
                                        [](const StoredSeries& s) {
                                            return !is_ours(s) && s.label("state") == "active" &&
                                                   lower(s.label("wait_event_type")) == "lock";
                                        }),
                                 window);
    if (!active || !waiting || *active <= 0) {
        return std::nullopt;
    }
    return *waiting / *active;
}

namespace {

template <typename Counts>
ErrorsLike gather(const RunData& data, std::string query, const Counts& counts) {
    constexpr std::size_t kShown = 120;
    ErrorsLike found;
    found.query = std::move(query);
    std::uint64_t most = 0;
    for (const StoredError& error : data.errors) {
        if (!counts(error.sample)) {
            continue;
        }
        found.first_s = found.count == 0 ? error.first_s : std::min(found.first_s, error.first_s);
        found.last_s = std::max(found.last_s, error.last_s);
        found.count += error.sample.count;
        if (error.sample.count > most) {
            most = error.sample.count;
            found.sample = error.sample.text.substr(0, kShown);
            std::replace(found.sample.begin(), found.sample.end(), '\n', ' ');
        }
    }
    return found;
}

}  // namespace

ErrorsLike errors_like(const RunData& data, const std::vector<std::string>& words,
                       const std::vector<std::string>& also) {
    return gather(data, query::errors(words, also), [&](const ErrorSample& sample) {
        const std::string text = lower(sample.text);
        return has_any(text, words) && (also.empty() || has_any(text, also));
    });
}

ErrorsLike refused_connects(const Case& c) {
    constexpr double kOften = 0.01;
    constexpr double kBefore_s = 5;  // the break is seen once enough requests have failed
    const RunData& data = c.data();
    // Of a full queue a Unix socket says the same.
    if (data.info.target.starts_with("unix:")) {
        return {};
    }
    // The outcome is that of all connects that fail at once; "no route to host" is another matter.
    ErrorsLike found = gather(data, query::errors_of(to_string(Outcome::ConnectRefused)),
                              [](const ErrorSample& sample) {
                                  return sample.outcome == Outcome::ConnectRefused &&
                                         has_any(lower(sample.text), {"connection refused"});
                              });
    const bool often =
        static_cast<double>(found.count) >= kOften * static_cast<double>(data.all.requests);
    const Window after = c.after();
    const bool then = found.last_s >= after.from_s - kBefore_s && found.first_s <= after.to_s;
    return often && then ? found : ErrorsLike{};
}

ErrorsLike refusal_errors(const RunData& data) {
    static const std::vector<std::string> kTexts{"too many clients already",
                                                 "remaining connection slots are reserved"};
    return errors_like(data, kTexts);
}

std::optional<Slots> slots_of(const RunData& data) {
    const Signal max = series_of(data, metric::kPgMaxConnections);
    if (max.empty()) {
        return std::nullopt;
    }
    const Signal reserved = series_of(data, metric::kPgReservedConnections);
    return Slots{max.back().value, reserved.empty() ? 0 : reserved.back().value};
}

std::string probe_fact(const RunData& data, const std::string& key) {
    for (const auto& [name, value] : data.facts) {
        if (name.ends_with("." + key)) {
            return value;
        }
    }
    return {};
}

double recommended_pool(double busy_mean) {
    // A hair of slack: 16 + 2 · 4 must not become 25 by rounding.
    return std::ceil(busy_mean + 2 * std::sqrt(busy_mean) - 1e-9);
}

}  // namespace plimsoll
