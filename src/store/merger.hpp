// Private to store: several segments on their way into one run file.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "record/run_info.hpp"
#include "signal/exporter.hpp"
#include "store/merge_runs.hpp"
#include "store/run_writer.hpp"
#include "store/segment_check.hpp"
#include "store/tick_cursor.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll {

/// The whole while it is being written.
class Merger {
public:
    Merger(std::vector<SegmentRun>& runs, RunFileWriter& writer) : runs_(runs), writer_(writer) {}

    Status run(const MergedRun& merged);

private:
    /// A sum of parts of a level without the rounding that dividing it brought: 200/s in three
    /// parts is 200 again.
    static double rounded(double sum);
    template <typename T>
    static bool take(Result<T> from, T& into, Status& status) {
        if (!from) {
            status = from.error();
            return false;
        }
        into = std::move(from).value();
        return true;
    }

    /// When a segment began, on the clock of the first one.
    [[nodiscard]] Nanoseconds shift(const SegmentRun& run) const;
    [[nodiscard]] std::string name(const SegmentRun& run) const;

    void make_info();
    void add_info(const RunInfo& part);
    static bool same_metrics(const ProbeInfo& a, const ProbeInfo& b);
    void make_probes();

    // merger_ticks.cpp
    struct Head {
        TickCursor cursor;
        std::optional<StoredTick> tick;
        std::size_t first_shard;
    };
    Status write_ticks();
    static Status advance(Head& head);
    Status write_tick(std::vector<Head>& heads, std::uint64_t number);
    void add_tick(const StoredTick& part, std::size_t first_shard, Nanoseconds length,
                  Snapshot& sum);
    /// Errors are kept per run, not per tick.
    Status write_errors();

    // merger_signals.cpp
    Status write_readings();
    Status write_gaps();
    Clock::time_point at(double t_s, const SegmentRun& run) const;
    /// The stages of the load change in every segment at once; all else belongs to one of them.
    Status write_events();
    static bool adds_up(const std::string& key);
    Status write_facts(const MergedRun& merged);

    std::vector<SegmentRun>& runs_;
    RunFileWriter& writer_;
    RunInfo info_;
    std::vector<ProbeInfo> probes_;
    std::vector<ProbeHealth> health_;                 // by merged probe
    std::vector<std::vector<std::size_t>> probe_of_;  // by run, by its probe: the merged one
    bool first_of_tick_ = true;
    Status status_;
};

}  // namespace plimsoll
