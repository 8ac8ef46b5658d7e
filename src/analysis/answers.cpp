#include "analysis/answers.hpp"

#include "analysis/as_double.hpp"
#include "analysis/censored.hpp"
#include "analysis/load_level.hpp"
#include "base/units.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace plimsoll {
namespace {

// Of a target that answers there are fewer, of one that is overloaded or gone there are more.
constexpr double kMostUnanswered = 0.10;
// A silence at the end shorter than this may be chance, whatever the target's response times.
constexpr double kShortestSilence_s = 0.5;
constexpr double kSlowAnswers = 2;  // times the p99 of what was answered
// So many answers should have come in that time: with Poisson scatter none comes in 0.7 % of cases.
constexpr double kMissedAnswers = 5;

constexpr std::array<std::pair<Outcome, std::string_view>, 11> kWords{{
    {Outcome::ResponseTimeout, "got no response header in time"},
    {Outcome::BodyTimeout, "got no complete body in time"},
    {Outcome::ConnectTimeout, "got no connection in time"},
    {Outcome::ConnectRefused, "got no connection: it was refused"},
    {Outcome::ConnectReset, "lost the connection before any answer"},
    {Outcome::ClosedEarly, "lost the connection inside the answer"},
    {Outcome::Dns, "found no address"},
    {Outcome::Tls, "failed in TLS"},
    {Outcome::SendFailed, "could not be sent"},
    {Outcome::Protocol, "got what is not HTTP"},
    {Outcome::NoPorts, "found no local port"},
}};

/// What the schedule asked for in [from_s, to_s): arrivals, or users times seconds.
double offered_between(const RunInfo& info, double from_s, double to_s) {
    const bool open = is_open_model(info);
    double sum = 0;
    for (const ExecutorInfo& executor : info.executors) {
        if (executor.open == open && to_s > from_s) {
            sum += mean_level(executor, from_s, to_s) * (to_s - from_s);
        }
    }
    return sum;
}

/// Answers that should have come after the last one, at the rate per load of those before.
double missed_answers(const RunData& data, double last_s, std::uint64_t answered) {
    const double before = offered_between(data.info, 0, last_s);
    const double after = offered_between(data.info, last_s, data.load_end_s);
    if (before > 0) {
        return as_double(answered) * after / before;
    }
    return last_s > 0 ? as_double(answered) * (data.load_end_s - last_s) / last_s : 0;
}

/// Requests that came to nothing since the last answer; those cut off where older than `old_s`.
bool went_unanswered(const RunData& data, double last_s, double old_s) {
    const Histogram& cut_off = data.all.cut_off.get();
    const auto old = Nanoseconds(static_cast<std::int64_t>(old_s * 1e9));
    return cut_off.count() > cut_off.count_at_most(old) ||
           std::any_of(data.ticks.begin(), data.ticks.end(), [&](const TickFacts& tick) {
               return tick.to_s > last_s && tick.requests > tick.answered;
           });
}

bool is_silent_at_the_end(const RunData& data, const AnswerResult& result) {
    if (!data.last_answer_s) {
        return false;
    }
    const double old_s =
        std::max(kShortestSilence_s, kSlowAnswers * answered_quantile(data.all, 0.99));
    return result.silent_s >= old_s &&
           missed_answers(data, *data.last_answer_s, result.answered) >= kMissedAnswers &&
           went_unanswered(data, *data.last_answer_s, old_s);
}

std::string unanswered_kinds(const RunData& data, const AnswerResult& result) {
    std::vector<std::string> kinds;
    for (const auto& [outcome, words] : kWords) {
        if (const std::uint64_t n = data.all.count(outcome); n > 0) {
            kinds.push_back(fmt::format("{} {}", n, words));
        }
    }
    if (result.cut_off > 0) {
        kinds.push_back(fmt::format("{} {} cut off at the end, the oldest after {}", result.cut_off,
                                    result.cut_off == 1 ? "was" : "were",
                                    human_seconds(result.oldest_s)));
    }
    return fmt::format("{}", fmt::join(kinds, "; "));
}

std::string describe(const RunData& data, const AnswerResult& result) {
    const std::uint64_t n = data.all.requests;
    const std::uint64_t never = n - result.answered;
    if (n == 0) {
        return "nothing was answered: not one request was sent";
    }
    if (never == 0) {
        return {};
    }
    const std::string who = n == 1       ? "the only request was"
                            : never == n ? fmt::format("all {} requests were", n)
                            : never == 1 ? fmt::format("1 of {} requests was", n)
                                         : fmt::format("{} of {} requests were", never, n);
    std::string text = fmt::format("{} never answered: {}", who, unanswered_kinds(data, result));
    if (result.unanswered == 0 && result.unknown > 0) {
        text += ", which is no longer than answers took";
    }
    return text;
}

}  // namespace

AnswerResult judge_answers(const RunData& data) {
    AnswerResult result;
    const std::uint64_t n = data.all.requests;
    result.answered = count_answers(data.all);
    result.cut_off = data.all.cut_off.count();
    result.oldest_s = to_seconds(data.all.cut_off.get().max());
    std::uint64_t answered_failures = 0;
    for (const StatusCount& entry : data.all.statuses) {
        answered_failures +=
            is_answer(entry.outcome) && is_failure(entry.outcome) ? entry.count : 0U;
    }
    std::uint64_t certain = 0;
    for (const EndpointStats& stats : data.totals) {
        const Failures failures = failures_of(stats);
        certain += failures.certain;
        result.unknown += failures.unknown;
    }
    result.unanswered = certain - std::min(certain, answered_failures);
    if (data.last_answer_s) {
        result.silent_s = std::max(0.0, data.load_end_s - *data.last_answer_s);
    }
    const bool asked = data.counts.arrivals_due + data.counts.iterations_started > 0;
    result.none = result.answered == 0 && (n > 0 || asked);
    result.unreachable = result.none && n > 0 && data.counts.connects_ok == 0 &&
                         data.all.count(Outcome::SendFailed) == 0;
    const bool silent = is_silent_at_the_end(data, result);
    result.ok =
        !result.none && !silent && as_double(result.unanswered) <= kMostUnanswered * as_double(n);
    result.why = describe(data, result);
    if (silent) {
        result.why += fmt::format("; the last answer came {} before the end of the load",
                                  human_seconds(result.silent_s));
    }
    const std::uint64_t untold =
        data.counts.interrupted - std::min(data.counts.interrupted, result.cut_off);
    if (untold > 0) {  // a run file of schema 3
        result.why += fmt::format(
            "{}{} requests were cut off at the end, which this older run "
            "file has in no other figure",
            result.why.empty() ? "" : "; ", untold);
    }
    return result;
}

}  // namespace plimsoll
