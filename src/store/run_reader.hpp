// Reads a run file back. Reports and analysis see a run through this alone.
#pragma once

#include "base/result.hpp"
#include "record/interval.hpp"
#include "record/run_info.hpp"
#include "signal/exporter.hpp"
#include "signal/reading.hpp"

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace plimsoll {

/// What adds up over shards, segments and time: one tick's, or more than one's.
struct TickLoad {
    std::vector<EndpointStats> endpoints;  // by EndpointId
    std::vector<GroupStats> groups;        // by GroupId
    std::vector<CheckCount> checks;        // by CheckId
    PhaseStats phases;
};

/// One tick as stored: a Snapshot without the running totals. Offsets count from the run's start.
/// `endpoints` always has one entry per RunInfo::endpoints; an idle one's is empty.
struct StoredTick : TickLoad {
    std::uint64_t tick = 0;
    Nanoseconds from{};
    Nanoseconds to{};
    LoadCounts counts;
    ShardState state;
    std::vector<ShardState> shards;
    std::vector<ExecutorState> executors;
    std::optional<Nanoseconds> last_answer;  // when its last response was complete; absent: none,
                                             // or a run file of schema 3
};

/// All values of one metric with one set of labels, in time order.
struct StoredSeries {
    std::string probe;
    std::string metric;
    MetricType type = MetricType::Gauge;
    std::vector<std::pair<std::string, std::string>> labels;  // name, value
    struct Point {
        double t_s;  // offset from the run's start
        double value;
    };
    std::vector<Point> points;
    [[nodiscard]] std::string label(std::string_view name) const;  // "" where it has none
};

struct StoredProbe {
    ProbeInfo info;
    std::uint64_t readings = 0, expected = 0, gaps = 0;
    double longest_took_s = 0;
    double largest_gap_s = 0;  // longest time between two readings that followed each other
    std::vector<double>
        times_s;  // of its readings: where a series of the probe has no point at one
                  // of these, the probe looked and there was nothing of that kind
};

struct StoredEvent {
    double t_s;
    EventKind kind;
    std::string text;
};
struct StoredGap {
    std::string probe, reason;
    double from_s, to_s;
    bool open;  // still open when the run ended
};
struct StoredError {
    ErrorSample sample;  // `at` is unset; count is the total of its fingerprint
    double first_s, last_s;
};

/// What a query gave: texts as the sqlite3 command line prints them.
struct QueryRows {
    std::vector<std::string> columns;
    std::vector<std::vector<std::string>> rows;
};

class TickCursor;
class ReadingCursor;

class RunReader {
public:
    /// Opens run.db, or the run.db inside a run folder. Never changes the run: also one whose WAL
    /// was left behind by a kill -9 is read whole, from a read-only folder by way of a private
    /// copy, which goes with the reader. Error: no such file, not a run file, or a schema version
    /// this program does not know (what it is and which versions are read).
    [[nodiscard]] static Result<RunReader> open(const std::filesystem::path& path);
    RunReader(RunReader&&) noexcept;
    RunReader& operator=(RunReader&&) noexcept;
    ~RunReader();

    /// As written, but for the start: `start.wall` is kept, `start.mono` is the clock's epoch.
    [[nodiscard]] const RunInfo& info() const;
    /// False when the run was cut off (kill -9, power): what is here is whole up to the last tick.
    [[nodiscard]] bool finished() const;
    /// Calls `visit` for each tick in order; only one tick is in memory at a time. The whole walk
    /// sees the file at one point in time, also while the run still writes it.
    [[nodiscard]] Status for_each_tick(const std::function<void(const StoredTick&)>& visit) const;
    /// The same ticks, to be taken one by one; for a run that is not being written any more. The
    /// reader must outlive it.
    [[nodiscard]] Result<TickCursor> ticks() const;
    [[nodiscard]] Result<ReadingCursor> readings() const;
    [[nodiscard]] Result<std::vector<StoredSeries>> series() const;
    [[nodiscard]] Result<std::vector<StoredProbe>> probes() const;
    [[nodiscard]] Result<std::vector<StoredEvent>> events() const;
    [[nodiscard]] Result<std::vector<StoredGap>> gaps() const;
    [[nodiscard]] Result<std::vector<StoredError>> errors() const;
    /// Facts written by the run: "generator.cpu_seconds", "generator.max_rss_bytes",
    /// "exporter.dropped.otlp", "env.kernel" ...
    [[nodiscard]] Result<std::map<std::string, std::string>> facts() const;
    /// Runs one statement that reads; at most `most` of its rows. Error: SQLite's own words.
    [[nodiscard]] Result<QueryRows> query(const std::string& sql, std::size_t most = 1000) const;
    /// The verdict kept with the run; nullopt where none was written.
    [[nodiscard]] Result<std::optional<std::string>> verdict() const;
    /// SHA-256 of the scenario's text, in hex.
    [[nodiscard]] Result<std::string> scenario_sha256() const;

private:
    struct State;
    explicit RunReader(std::unique_ptr<State> state);
    [[nodiscard]] Status walk(const std::function<void(const StoredTick&)>& visit) const;
    std::unique_ptr<State> state_;
};

}  // namespace plimsoll
