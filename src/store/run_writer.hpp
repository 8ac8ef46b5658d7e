// Writes the run file while the run goes on.
#pragma once

#include "signal/exporter.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace plimsoll {

/// The run file as an exporter: one SQLite database in WAL mode, one transaction per tick.
/// Readings, gaps and events wait in memory for the next tick's transaction, so a kill -9 loses at
/// most what came since the last tick, and the file stays whole.
///
/// Failure: `start` reports a file that cannot be made. From then on a write that fails (a full
/// disk) loses that tick alone; it is counted, kept in `last_error` and logged once, and it never
/// stops the run or throws. The next tick tries again.
///
/// Threading: the Exporter calls come from the exporter's one thread; the others may come from any
/// thread at any time between `start` and destruction, also after `finish`.
class RunFileWriter final : public Exporter {
public:
    explicit RunFileWriter(std::filesystem::path path);
    ~RunFileWriter() override;

    [[nodiscard]] std::string name() const override { return "run_file"; }
    /// Whether `start` goes on with the file of a run that was cut off, of the same load and the
    /// same probes, instead of making one.
    void resume(bool on) { resume_ = on; }
    /// Makes the file, and its folder where that is missing. Error: the file exists already (a run
    /// is never overwritten) or cannot be written; or it is to be resumed and cannot be.
    [[nodiscard]] Status start(const RunInfo& run, std::span<const ProbeInfo> probes) override;
    void on_snapshot(const SnapshotPtr& snapshot) override;
    void on_reading(std::size_t probe, const Reading& reading, const ProbeHealth& health) override;
    void on_gap(std::size_t probe, const Gap& gap, const ProbeHealth& health) override;
    void on_event(const Event& event) override;
    void on_dropped(std::uint64_t total) override;
    /// Writes what waits, marks the run as finished and folds the WAL into the one file.
    void finish(Clock::time_point deadline) override;

    /// Adds facts about the run, replacing those of the same key. Written at once.
    void write_facts(const std::map<std::string, std::string>& facts);
    /// Adds errors that belong to no tick, joining those of the same kind. Written at once.
    void write_errors(std::span<const ErrorSample> errors);
    /// Replaces the stages of executor `index`, whose level was set while it ran. Written at once.
    void write_stages(std::size_t index, const std::vector<StageInfo>& stages);
    /// Forgets all ticks from `tick` on, so that they can be written again, and all errors. Then
    /// `finish` must come (once more).
    [[nodiscard]] Status rewind(std::uint64_t tick);
    /// Keeps the verdict (a JSON text) with the run. Written at once.
    void write_verdict(std::string_view json);

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    /// The latest write that failed, if any did.
    [[nodiscard]] std::optional<Error> last_error() const;
    /// Transactions that were lost.
    [[nodiscard]] std::uint64_t failed_writes() const;

private:
    struct State;
    [[nodiscard]] Status make_file();
    [[nodiscard]] Status begin_file(const RunInfo& run, std::span<const ProbeInfo> probes);
    [[nodiscard]] Status resume_file(const RunInfo& run, std::span<const ProbeInfo> probes);
    std::filesystem::path path_;
    bool resume_ = false;
    std::unique_ptr<State> state_;
};

/// `path` is the file itself, usually <run folder>/run.db.
[[nodiscard]] std::unique_ptr<RunFileWriter> make_run_file_exporter(std::filesystem::path path);

}  // namespace plimsoll
