// A run as a Prometheus that scraped it would have seen it, however often and with whatever luck.
#pragma once

#include "analysis/thresholds.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "signal/exporter.hpp"
#include "signal/run_state.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace plimsoll {

struct ScrapePlan {
    Nanoseconds every = std::chrono::seconds(15);
    /// When the first scrape comes, after the run's start: one server for each. In [0, every).
    std::vector<Nanoseconds> phases{Nanoseconds{}};
    /// That the server adds to each series.
    std::vector<std::pair<std::string, std::string>> target_labels{{"job", "plimsoll"},
                                                                   {"instance", "127.0.0.1:9464"}};
    /// Which metrics are of interest, by their full names (a histogram's with _bucket, _sum or
    /// _count); empty: all.
    std::function<bool(std::string_view)> wanted;
    /// How thresholds stand is of interest: it costs a pass over all requests a tick.
    bool thresholds = false;
};

/// One series at one scrape. `labels` without those that are empty; valid for the call.
struct ScrapedSample {
    std::size_t phase = 0;
    std::int64_t at_ms = 0;  // Unix time
    std::string_view name;
    std::string_view labels;  // a="b",c="d": escaped, sorted by name, those of the target with them
    double value = 0;
};

/// Fed by replay_run (store/replay.hpp), whose calls come in order of time. Gives `sink` the
/// samples of all phases in order of time, `up` with them. A tick is seen by scrapes after its end,
/// a reading by those after it, as in a live run.
class ScrapeSampler final : public Exporter {
public:
    using Sink = std::function<void(const ScrapedSample&)>;
    ScrapeSampler(ScrapePlan plan, Sink sink);

    [[nodiscard]] std::string name() const override { return "scrapes"; }
    [[nodiscard]] Status start(const RunInfo& run, std::span<const ProbeInfo> probes) override;
    void on_snapshot(const SnapshotPtr& snapshot) override;
    void on_reading(std::size_t probe, const Reading& reading, const ProbeHealth& health) override;
    void on_gap(std::size_t probe, const Gap& gap, const ProbeHealth& health) override;
    void on_event(const Event& /*event*/) override {}
    void on_dropped(std::uint64_t /*total*/) override {}
    void finish(Clock::time_point /*deadline*/) override {}

    /// The scrapes up to the end of the run, which is when the last thing was told. Call once.
    void end();

    /// Of the run, since its start.
    [[nodiscard]] Nanoseconds duration() const { return latest_; }
    /// All metrics that were there at some scrape, by their full names, wanted or not.
    [[nodiscard]] const std::set<std::string>& names() const { return names_; }

private:
    void scrape_until(Nanoseconds end, bool also_at_end);
    void scrape(std::size_t phase, Nanoseconds at);
    [[nodiscard]] bool wants(std::string_view name);
    void judge(const Snapshot& snapshot);

    ScrapePlan plan_;
    Sink sink_;
    RunState state_;
    std::vector<ProbeInfo> probes_;
    std::optional<ThresholdWatch> watch_;
    std::vector<Nanoseconds> bounds_;
    std::vector<Nanoseconds> next_;  // scrape, of each phase
    Nanoseconds latest_{};
    std::set<std::string> names_;
};

/// A label's value in quotes, as Prometheus' text formats want it.
[[nodiscard]] std::string quoted_label(std::string_view value);
/// `name{labels}`.
[[nodiscard]] std::string series_text(std::string_view name, std::string_view labels);
/// A value as Prometheus reads it back exactly.
[[nodiscard]] std::string sample_value(double value);

}  // namespace plimsoll
