// What every rule of diagnosis looks at.
#pragma once

#include "analysis/breaking_point.hpp"
#include "analysis/result.hpp"
#include "analysis/run_data.hpp"
#include "analysis/signals.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

/// A state counts as lasting when this share of samples shows it: a sampler at 5 Hz also hits
/// hand-overs and its own delays.
inline constexpr double kSustainedShare = 0.80;
/// Fewer samples than this say nothing about a lasting state: two seconds at 5 Hz.
inline constexpr std::size_t kLeastSamples = 10;
/// A cause may be seen this much later than its symptom: sampling, and the onset's own resolution.
inline constexpr double kOverlap_s = 5;

/// One run that broke (or did not), cut at the break. `before` is the load's time up to its onset,
/// `after` from there for as long as the load stayed that high; both are the whole load where
/// nothing broke.
class Case {
public:
    Case(const RunData& data, const Break& found);

    [[nodiscard]] const RunData& data() const { return *data_; }
    [[nodiscard]] const Break& found() const { return *found_; }
    [[nodiscard]] bool broke() const { return found_->point.found; }
    [[nodiscard]] Window before() const { return before_; }
    /// The first half of it: long before the break, where nothing waits yet.
    [[nodiscard]] Window light() const {
        return {before_.from_s, before_.from_s + before_.seconds() / 2};
    }
    [[nodiscard]] Window after() const { return after_; }
    [[nodiscard]] Window load() const { return load_; }
    /// The first seconds after the break, in which what gave way is full already and what fills up
    /// behind it is not yet; with users in a loop all of `after`; the whole load where nothing
    /// broke.
    [[nodiscard]] Window at_break() const { return at_break_; }

    /// `window` up to where those who ask begin to give up. From then on the service works for
    /// requests nobody waits for, and what was busy over what was served is no longer what a
    /// request takes. All of `window` where they gave up from its start.
    [[nodiscard]] Window answered(Window window) const;
    /// The stretch of `window` in which most was served, where over all of it much less was: what
    /// was carried once can be carried, and work on requests that fail is none that a request
    /// takes. Else `answered(window)`.
    [[nodiscard]] Window most_served(Window window) const;
    /// `after`, begun somewhat earlier: a service that cannot keep up often did most at that time.
    [[nodiscard]] Window around_break() const;
    /// Where to measure what a request takes of something: the most served of `after`, or of
    /// `around_break` where clearly more was served there. What a service does for requests that
    /// fail is no demand of those that succeed.
    [[nodiscard]] Window carried_most() const;
    /// Requests per second that reached what is behind the application.
    [[nodiscard]] double served_rate(Window window) const;
    [[nodiscard]] double mean_response(Window window) const;
    /// The served rate that the schedule's highest level would need, at the baseline's requests per
    /// arrival or user.
    [[nodiscard]] double highest_demand() const;
    /// Cores of a role's process or container: its CPU limit, else the machine's where the target
    /// is on it; nullopt where neither is known.
    [[nodiscard]] std::optional<double> cores(std::string_view role) const;
    /// CPU of a role in cores.
    [[nodiscard]] std::optional<double> cpu_of(std::string_view role, Window window) const;
    [[nodiscard]] bool has_postgres() const;

private:
    const RunData* data_;
    const Break* found_;
    Window load_, before_, after_, at_break_;
};

/// How one canary did after the break against before.
struct CanaryView {
    bool known = false;
    /// At least 3 × and 10 ms more than before. With nothing before: a quarter of the response
    /// time.
    bool slow = false;
    double before_s = 0, after_s = 0;
    std::string text;  // "SELECT 1 0.4 ms (0.4 ms before)"
    std::string query;
    [[nodiscard]] Sentence said(std::string_view lead = {}) const {
        return {std::string(lead) + text, query};
    }
};
[[nodiscard]] CanaryView look_at_canary(const Case& c, std::string_view canary,
                                        std::string_view shown_as);

/// A canary's tries: its answers' times, and, where it failed, the time that it had been given at
/// least. A try without an answer is a slow one.
[[nodiscard]] Signal canary_tries(const RunData& data, std::string_view canary);
/// How many tries failed.
[[nodiscard]] double failed_canaries(const RunData& data, std::string_view canary, Window window);
/// By a factor, and by an amount, that is beyond scatter.
[[nodiscard]] bool is_slower(double after_s, double before_s);

/// Where to look, after the break, in what an application's page says: in `c.after()`. Where the
/// page fell silent within seconds of the break (it waits for what is full like any request), from
/// as many of its last readings on as make `least`.
struct Told {
    Window window;
    std::optional<double> silent_s;  // its last reading; nullopt: it goes on
};
[[nodiscard]] Told told_after(const Case& c, const Signal& page, std::size_t least);

/// Active backends without a wait event: on a CPU, or waiting for one. The application's and
/// others', not ours.
[[nodiscard]] Signal active_unwaited(const RunData& data);
/// Active backends other than our own, whatever they wait for.
[[nodiscard]] Signal active_backends(const RunData& data);
/// Of these, those that wait for the disk or the write-ahead log.
[[nodiscard]] Signal waits_for_io(const RunData& data);
/// Share of active backends that wait for a lock.
[[nodiscard]] std::optional<double> lock_share(const Case& c, Window window);
/// Beyond it locks hold the work up, whatever else is full.
inline constexpr double kMostLocks = 0.20;

/// The database user's connections that Plimsoll itself does not own.
[[nodiscard]] bool is_ours(const StoredSeries& backends);
[[nodiscard]] bool is_busy_state(std::string_view state);

/// Kept errors whose text holds one of `words` (lower case), ignoring case.
struct ErrorsLike {
    std::uint64_t count = 0;
    double first_s = 0, last_s = 0;
    std::string sample;  // the most frequent one, at most 120 characters
    std::string query;
};
[[nodiscard]] ErrorsLike errors_like(const RunData& data, const std::vector<std::string>& words,
                                     const std::vector<std::string>& also = {});

/// Connections that nobody at the target listened for around the break or after it: it had ended,
/// or was starting again. The machine that refuses them answers, so the way to it is sound. Count 0
/// below one request in a hundred.
[[nodiscard]] ErrorsLike refused_connects(const Case& c);

/// Those that carry PostgreSQL's "no connection left". SQLSTATE 53300 has two texts: for roles
/// without privileges, and when every slot is taken.
[[nodiscard]] ErrorsLike refusal_errors(const RunData& data);

/// Whether any probe reported this metric, with this value of a label where one is given.
[[nodiscard]] bool has_metric(const RunData& data, std::string_view metric,
                              std::string_view label = {}, std::string_view value = {});

/// PostgreSQL's limits as its probe saw them.
struct Slots {
    double max_connections = 0;
    double reserved = 0;
    [[nodiscard]] double usable() const { return max_connections - reserved; }
};
[[nodiscard]] std::optional<Slots> slots_of(const RunData& data);

/// What a probe learnt about the whole run, e.g. "statement.1.sql": the first fact that any probe
/// has under this key; "" where none has.
[[nodiscard]] std::string probe_fact(const RunData& data, const std::string& key);

/// Little's law with room for chance: a = rate × hold connections are busy on average; with Poisson
/// arrivals their number has standard deviation √a, and two of them cover bursts (square-root
/// staffing; Halfin and Whitt 1981).
[[nodiscard]] double recommended_pool(double busy_mean);

}  // namespace plimsoll
