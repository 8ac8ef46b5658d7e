#include "store/merge_runs.hpp"

#include "store/merge_facts.hpp"
#include "store/merge_info.hpp"
#include "store/merge_ticks.hpp"
#include "store/reading_cursor.hpp"
#include "store/run_reader.hpp"
#include "store/run_writer.hpp"
#include "store/segment_check.hpp"
#include "store/take.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <system_error>

#include <fmt/format.h>

namespace plimsoll {
namespace {

namespace fs = std::filesystem;

/// The whole while it is being written.
class Merger {
public:
    Merger(std::vector<SegmentRun>& runs, RunFileWriter& writer) : runs_(runs), writer_(writer) {}

    Status run(const MergedRun& merged) {
        info_ = merged_info(runs_);
        first_began_ = info_.start.wall;
        make_probes();
        Status status = status_;
        const auto then = [&](auto&& step) { status = status.ok() ? step() : status; };
        then([&] { return writer_.start(info_, probes_); });
        then([&] { return merge_ticks(runs_, info_, writer_); });
        then([&] { return write_errors(); });
        then([&] { return write_readings(); });
        then([&] { return write_gaps(); });
        then([&] { return write_events(); });
        then([&] { return write_facts(merged); });
        if (status.ok()) {
            writer_.finish(Clock::now());
            if (const auto lost = writer_.last_error()) {
                status = *lost;
            }
        }
        return status;
    }

private:
    /// When a segment began, on the clock of the first one.
    [[nodiscard]] Nanoseconds shift(const SegmentRun& run) const {
        return run.began() - first_began_;
    }
    [[nodiscard]] std::string name(const SegmentRun& run) const {
        return fmt::format("segment {}/{}", run.info().segment.number, run.info().segment.count);
    }

    static bool same_metrics(const ProbeInfo& a, const ProbeInfo& b) {
        return a.name == b.name &&
               std::equal(a.descriptors.begin(), a.descriptors.end(), b.descriptors.begin(),
                          b.descriptors.end(), [](const auto& x, const auto& y) {
                              return x.name == y.name && x.type == y.type && x.labels == y.labels;
                          });
    }

    void make_probes() {
        for (SegmentRun& run : runs_) {
            std::vector<StoredProbe> probes;
            if (!take(run.reader.probes(), probes, status_)) {
                return;
            }
            auto& numbers = probe_of_.emplace_back();
            for (StoredProbe& probe : probes) {
                auto known = std::find_if(probes_.begin(), probes_.end(), [&](const auto& each) {
                    return same_metrics(each, probe.info);
                });
                if (known == probes_.end()) {
                    const bool taken =
                        std::any_of(probes_.begin(), probes_.end(),
                                    [&](const auto& each) { return each.name == probe.info.name; });
                    if (taken) {
                        probe.info.name += fmt::format(" ({})", name(run));
                    }
                    known = probes_.insert(probes_.end(), probe.info);
                    health_.emplace_back();
                }
                const auto number = static_cast<std::size_t>(known - probes_.begin());
                numbers.push_back(number);
                ProbeHealth& health = health_[number];
                health.up = true;
                health.readings += probe.readings;
                health.expected += probe.expected;
                health.gaps += probe.gaps;
                health.last_took = std::max(
                    health.last_took, std::chrono::duration_cast<Nanoseconds>(
                                          std::chrono::duration<double>(probe.longest_took_s)));
            }
        }
    }

    Status write_errors() {
        auto errors = merged_errors(runs_, info_);
        if (errors) {
            writer_.write_errors(*errors);
        }
        return errors ? Status() : errors.error();
    }

    Status write_readings() {
        struct Source {
            ReadingCursor cursor;
            std::optional<StoredReading> reading;
            std::size_t run;
        };
        std::vector<Source> sources;
        const auto advance = [&](Source& source) -> Status {
            auto next = source.cursor.next();
            if (!next) {
                return next.error();
            }
            source.reading = std::move(*next);
            if (source.reading) {
                source.reading->reading.at += shift(runs_[source.run]);
            }
            return {};
        };
        for (std::size_t r = 0; r < runs_.size(); ++r) {
            auto cursor = runs_[r].reader.readings();
            if (!cursor) {
                return cursor.error();
            }
            sources.push_back({std::move(*cursor), std::nullopt, r});
            if (const Status moved = advance(sources.back()); !moved.ok()) {
                return moved;
            }
        }
        for (;;) {
            Source* first = nullptr;
            for (Source& source : sources) {
                if (source.reading &&
                    (first == nullptr || source.reading->reading.at < first->reading->reading.at)) {
                    first = &source;
                }
            }
            if (first == nullptr) {
                return {};
            }
            const std::size_t probe = probe_of_[first->run].at(first->reading->probe);
            writer_.on_reading(probe, first->reading->reading, health_[probe]);
            if (const Status moved = advance(*first); !moved.ok()) {
                return moved;
            }
        }
    }

    Status write_gaps() {
        for (std::size_t r = 0; r < runs_.size(); ++r) {
            std::vector<StoredGap> gaps;
            std::vector<StoredProbe> probes;
            Status status;
            if (!take(runs_[r].reader.gaps(), gaps, status) ||
                !take(runs_[r].reader.probes(), probes, status)) {
                return status;
            }
            for (const StoredGap& gap : gaps) {
                const auto owner =
                    std::find_if(probes.begin(), probes.end(),
                                 [&](const auto& each) { return each.info.name == gap.probe; });
                const std::size_t probe =
                    probe_of_[r].at(static_cast<std::size_t>(owner - probes.begin()));
                writer_.on_gap(probe,
                               {probes_[probe].name, at(gap.from_s, runs_[r]),
                                at(gap.to_s, runs_[r]), gap.reason, gap.open},
                               health_[probe]);
            }
        }
        return {};
    }

    Clock::time_point at(double t_s, const SegmentRun& run) const {
        return info_.start.mono + shift(run) +
               std::chrono::duration_cast<Nanoseconds>(std::chrono::duration<double>(t_s));
    }

    /// The stages of the load change in every segment at once; all else belongs to one of them.
    Status write_events() {
        std::vector<Event> events;
        std::set<std::string> stages;
        for (const SegmentRun& run : runs_) {
            std::vector<StoredEvent> stored;
            Status status;
            if (!take(run.reader.events(), stored, status)) {
                return status;
            }
            for (const StoredEvent& event : stored) {
                if (event.kind != EventKind::StageChanged) {
                    events.push_back({at(event.t_s, run), event.kind,
                                      fmt::format("{}: {}", name(run), event.text)});
                } else if (stages.insert(event.text).second) {
                    events.push_back({at(event.t_s, run), event.kind, event.text});
                }
            }
        }
        std::stable_sort(events.begin(), events.end(),
                         [](const Event& a, const Event& b) { return a.at < b.at; });
        for (const Event& event : events) {
            writer_.on_event(event);
        }
        return {};
    }

    Status write_facts(const MergedRun& merged) {
        const auto facts = merged_facts(runs_, merged);
        if (facts) {
            writer_.write_facts(*facts);
        }
        return facts ? Status() : facts.error();
    }

    std::vector<SegmentRun>& runs_;
    RunFileWriter& writer_;
    RunInfo info_;
    WallClock::time_point first_began_;
    std::vector<ProbeInfo> probes_;
    std::vector<ProbeHealth> health_;                 // by merged probe
    std::vector<std::vector<std::size_t>> probe_of_;  // by run, by its probe: the merged one
    Status status_;
};

}  // namespace

Result<MergedRun> merge_runs(std::span<const fs::path> runs, const fs::path& into,
                             const MergeOptions& options) {
    auto opened = open_segments(runs, options.partial);
    if (!opened) {
        return opened.error();
    }
    const MergedRun merged = describe_segments(*opened);
    const auto writer = make_run_file_exporter(into);
    std::error_code code;
    if (fs::exists(into, code)) {
        return Error{"holds a run already", into.string(), "name another folder with --run-dir"};
    }
    if (const Status written = Merger(*opened, *writer).run(merged); !written.ok()) {
        for (const char* const suffix : {"", "-wal", "-shm"}) {
            fs::remove(into.string() + suffix, code);
        }
        return written.error();
    }
    return merged;
}

}  // namespace plimsoll
