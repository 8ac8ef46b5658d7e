// Turns what a run reports into rows. RunFileWriter decides when, in which transaction.
#pragma once

#include "base/result.hpp"
#include "record/interval.hpp"
#include "record/run_info.hpp"
#include "signal/exporter.hpp"
#include "signal/reading.hpp"
#include "store/sqlite.hpp"

#include <array>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace plimsoll {

/// Writes rows with statements prepared once. Owned by one RunFileWriter; `database` must outlive
/// it. Every method must run inside a transaction of the caller, who then says how it ended.
class TickWriter {
public:
    explicit TickWriter(sqlite::Database& database) : database_(&database) {}

    /// Writes what is fixed before the first request, then prepares the statements.
    [[nodiscard]] Status begin(const RunInfo& run, std::span<const ProbeInfo> probes);
    /// In place of `begin`, for a file that another process began and did not finish. Error: its
    /// probes were others.
    [[nodiscard]] Status resume(const RunInfo& run, std::span<const ProbeInfo> probes);
    /// What such a file says of a probe; `last_took` is its longest.
    [[nodiscard]] Result<ProbeHealth> health(std::size_t probe) const;
    /// See RunFileWriter.
    [[nodiscard]] Status rewind(std::uint64_t tick);
    [[nodiscard]] Status write(const Snapshot& snapshot);
    [[nodiscard]] Status write(std::size_t probe, const Reading& reading);
    [[nodiscard]] Status write(std::size_t probe, const ProbeHealth& health, Nanoseconds longest);
    [[nodiscard]] Status write(std::size_t probe, const Gap& gap);
    [[nodiscard]] Status write(const Event& event);
    [[nodiscard]] Status write(const ErrorSample& error) { return write_error(error, start_); }
    [[nodiscard]] Status write_fact(std::string_view key, std::string_view value);
    /// A row of table `run`.
    [[nodiscard]] Status write_run(std::string_view key, std::string_view value);
    [[nodiscard]] Status write_run(std::string_view key, std::int64_t value);

    /// The transaction was kept, or undone: ids of series made within it are then void.
    void committed() { fresh_series_.clear(); }
    void rolled_back();

private:
    enum Kind {
        kTick,
        kShard,
        kExecutor,
        kEndpoint,
        kReading,
        kPoint,
        kSeries,
        kSeriesLabel,
        kHealth,
        kGap,
        kEvent,
        kError,
        kFact,
        kRun,
        kCount,
        kGroup,
        kCheck,
        kPhase,
        kCensored,
        kCensoredGroup,
        kAnswer,
        kCutCheck,
        kKinds
    };
    [[nodiscard]] Status prepare();
    void number_metrics(std::span<const ProbeInfo> probes);
    [[nodiscard]] Status write_info(const RunInfo& run);
    [[nodiscard]] Status write_state(const Snapshot& snapshot);
    [[nodiscard]] Status write_flow(const Snapshot& snapshot);
    [[nodiscard]] Status write_censored(const Snapshot& snapshot);
    [[nodiscard]] Status write_phases(const Snapshot& snapshot);
    [[nodiscard]] Status write_error(const ErrorSample& error, Clock::time_point until);
    [[nodiscard]] Result<std::int64_t> series_id(std::size_t probe, const Value& value);
    [[nodiscard]] std::int64_t offset(Clock::time_point at) const { return (at - start_).count(); }

    sqlite::Database* database_;
    std::array<sqlite::Statement, kKinds> statements_;
    Clock::time_point start_;
    std::vector<std::int64_t> first_metric_;                // of each probe
    std::unordered_map<std::string, std::int64_t> series_;  // by metric id and label values
    std::vector<std::string> fresh_series_;                 // made in this transaction
    std::int64_t next_series_ = 1;
    std::int64_t next_reading_ = 1;
};

}  // namespace plimsoll
