#include "store/merge_runs.hpp"

#include "store/run_reader.hpp"
#include "store/run_writer.hpp"
#include "store/segment_check.hpp"
#include "store/tick_cursor.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <set>
#include <system_error>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace plimsoll {
namespace {

namespace fs = std::filesystem;

/// A sum of parts of a level without the rounding that dividing it brought: 200/s in three parts
/// is 200 again.
double rounded(double sum) {
    const std::string text = fmt::format("{:.12g}", sum);
    double value = sum;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

template <typename T>
bool take(Result<T> from, T& into, Status& status) {
    if (!from) {
        status = from.error();
        return false;
    }
    into = std::move(from).value();
    return true;
}

/// The whole while it is being written.
class Merger {
public:
    Merger(std::vector<SegmentRun>& runs, RunFileWriter& writer) : runs_(runs), writer_(writer) {}

    Status run(const MergedRun& merged) {
        make_info();
        make_probes();
        Status status = status_;
        const auto then = [&](auto&& step) { status = status.ok() ? step() : status; };
        then([&] { return writer_.start(info_, probes_); });
        then([&] { return write_ticks(); });
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
        return run.info().start.wall - info_.start.wall;
    }
    [[nodiscard]] std::string name(const SegmentRun& run) const {
        return fmt::format("segment {}/{}", run.info().segment.number, run.info().segment.count);
    }

    void make_info() {
        info_ = runs_.front().info();
        info_.shards = 0;
        info_.segment = {};
        for (ExecutorInfo& executor : info_.executors) {
            executor.start_value = 0;
            executor.max_users = 0;
            for (StageInfo& stage : executor.stages) {
                stage.target = 0;
            }
        }
        for (const SegmentRun& run : runs_) {
            add_info(run.info());
        }
        for (ExecutorInfo& executor : info_.executors) {
            executor.start_value = rounded(executor.start_value);
            for (StageInfo& stage : executor.stages) {
                stage.target = rounded(stage.target);
            }
        }
        info_.id += "-merged";
    }

    void add_info(const RunInfo& part) {
        if (part.start.wall < info_.start.wall) {
            info_.start = part.start;
            info_.id = part.id;
        }
        info_.shards += part.shards;
        for (std::size_t e = 0; e < part.executors.size(); ++e) {
            ExecutorInfo& sum = info_.executors[e];
            sum.start_value += part.executors[e].start_value;
            sum.max_users += part.executors[e].max_users;
            for (std::size_t s = 0; s < sum.stages.size(); ++s) {
                sum.stages[s].target += part.executors[e].stages[s].target;
            }
        }
        for (const std::string& tag : part.tags) {
            if (std::find(info_.tags.begin(), info_.tags.end(), tag) == info_.tags.end()) {
                info_.tags.push_back(tag);
            }
        }
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

    struct Head {
        TickCursor cursor;
        std::optional<StoredTick> tick;
        std::size_t first_shard;
    };

    Status write_ticks() {
        std::vector<Head> heads;
        std::size_t first_shard = 0;
        for (const SegmentRun& run : runs_) {
            auto cursor = run.reader.ticks();
            if (!cursor) {
                return cursor.error();
            }
            heads.push_back({std::move(*cursor), std::nullopt, first_shard});
            first_shard += run.info().shards;
            if (const Status moved = advance(heads.back()); !moved.ok()) {
                return moved;
            }
        }
        for (;;) {
            std::optional<std::uint64_t> tick;
            for (const Head& head : heads) {
                if (head.tick && (!tick || head.tick->tick < *tick)) {
                    tick = head.tick->tick;
                }
            }
            if (!tick) {
                return write_errors();
            }
            if (const Status written = write_tick(heads, *tick); !written.ok()) {
                return written;
            }
        }
    }

    static Status advance(Head& head) {
        auto next = head.cursor.next();
        if (!next) {
            return next.error();
        }
        head.tick = std::move(*next);
        return {};
    }

    Status write_tick(std::vector<Head>& heads, std::uint64_t number) {
        const auto sum = std::make_shared<Snapshot>();
        Nanoseconds from = Nanoseconds::max();
        Nanoseconds to{};
        for (const Head& head : heads) {
            if (head.tick && head.tick->tick == number) {
                from = std::min(from, head.tick->from);
                to = std::max(to, head.tick->to);
            }
        }
        sum->tick = number;
        sum->from = info_.start.mono + from;
        sum->to = info_.start.mono + to;
        sum->delta.resize(info_.endpoints.size());
        sum->delta_groups.resize(info_.groups.size());
        sum->delta_checks.resize(info_.checks.size());
        sum->shards.resize(info_.shards);
        sum->executors.resize(info_.executors.size());
        first_of_tick_ = true;
        for (Head& head : heads) {
            if (head.tick && head.tick->tick == number) {
                add_tick(*head.tick, head.first_shard, to - from, *sum);
                if (const Status moved = advance(head); !moved.ok()) {
                    return moved;
                }
            }
        }
        for (ExecutorState& executor : sum->executors) {
            executor.offered = rounded(executor.offered);
        }
        writer_.on_snapshot(sum);
        return {};
    }

    void add_tick(const StoredTick& part, std::size_t first_shard, Nanoseconds length,
                  Snapshot& sum) {
        for (std::size_t e = 0; e < sum.delta.size(); ++e) {
            sum.delta[e].merge(part.endpoints[e]);
        }
        for (std::size_t g = 0; g < sum.delta_groups.size(); ++g) {
            sum.delta_groups[g].merge(part.groups[g]);
        }
        for (std::size_t c = 0; c < sum.delta_checks.size(); ++c) {
            sum.delta_checks[c].merge(part.checks[c]);
        }
        if (part.last_answer) {
            sum.last_answer = std::max(sum.last_answer, info_.start.mono + *part.last_answer);
        }
        sum.delta_phases.merge(part.phases);
        sum.delta_counts.merge(part.counts);
        ShardState state = part.state;
        // Of a segment that ended within the tick, over the tick's whole length.
        state.in_flight_mean *=
            length.count() > 0 ? to_seconds(part.to - part.from) / to_seconds(length) : 1;
        sum.state.merge(state);
        for (std::size_t s = 0; s < part.shards.size(); ++s) {
            if (first_shard + s < sum.shards.size()) {
                sum.shards[first_shard + s] = part.shards[s];
            }
        }
        for (std::size_t e = 0; e < std::min(sum.executors.size(), part.executors.size()); ++e) {
            ExecutorState& executor = sum.executors[e];
            executor.offered += part.executors[e].offered;
            executor.stage = first_of_tick_ ? part.executors[e].stage
                                            : std::min(executor.stage, part.executors[e].stage);
        }
        first_of_tick_ = false;
    }

    /// Errors are kept per run, not per tick.
    Status write_errors() {
        std::vector<ErrorSample> errors;
        for (const SegmentRun& run : runs_) {
            std::vector<StoredError> stored;
            Status status;
            if (!take(run.reader.errors(), stored, status)) {
                return status;
            }
            for (StoredError& error : stored) {
                const auto at = [&](double t_s) {
                    return info_.start.mono + std::chrono::duration_cast<Nanoseconds>(
                                                  std::chrono::duration<double>(t_s));
                };
                error.sample.at = at(error.last_s);
                ErrorSample first = error.sample;
                first.at = at(error.first_s);
                error.sample.count = 0;  // only says when it was last seen
                errors.push_back(std::move(first));
                errors.push_back(std::move(error.sample));
            }
        }
        writer_.write_errors(errors);
        return {};
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

    static bool adds_up(const std::string& key) {
        return key.starts_with("generator.") ||
               (key.starts_with("exporter.") && !key.starts_with("exporter.error.")) ||
               key == "run_file.write_errors";
    }

    Status write_facts(const MergedRun& merged) {
        std::map<std::string, std::string> facts;
        std::map<std::string, double> sums;
        for (const SegmentRun& run : runs_) {
            std::map<std::string, std::string> own;
            Status status;
            if (!take(run.reader.facts(), own, status)) {
                return status;
            }
            for (const auto& [key, value] : own) {
                double number = 0;
                const char* const end = value.data() + value.size();
                const auto parsed = std::from_chars(value.data(), end, number);
                if (adds_up(key) && parsed.ec == std::errc{} && parsed.ptr == end) {
                    sums[key] += number;
                }
                const auto [known, fresh] = facts.emplace(key, value);
                if (!fresh && known->second != value) {
                    known->second = "differs between segments";
                }
                facts[fmt::format("segment.{}.{}", run.info().segment.number, key)] = value;
            }
        }
        for (const auto& [key, sum] : sums) {
            facts[key] =
                sum == std::floor(sum) ? fmt::format("{:.0f}", sum) : fmt::format("{:.6f}", sum);
        }
        facts["merge.segments"] = std::to_string(merged.segments);
        facts["merge.missing"] = fmt::format("{}", fmt::join(merged.missing, ", "));
        facts["merge.cut_off"] = fmt::format("{}", fmt::join(merged.cut_off, ", "));
        facts["merge.start_skew_s"] = fmt::format("{:.6f}", merged.skew_s);
        writer_.write_facts(facts);
        return {};
    }

    std::vector<SegmentRun>& runs_;
    RunFileWriter& writer_;
    RunInfo info_;
    std::vector<ProbeInfo> probes_;
    std::vector<ProbeHealth> health_;                 // by merged probe
    std::vector<std::vector<std::size_t>> probe_of_;  // by run, by its probe: the merged one
    bool first_of_tick_ = true;
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
