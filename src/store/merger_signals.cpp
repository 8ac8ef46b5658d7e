// What the segments' probes saw, what happened, and what they say of themselves.
#include "store/merger.hpp"
#include "store/run_reader.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <map>
#include <set>
#include <system_error>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace plimsoll {

Status Merger::write_readings() {
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

Status Merger::write_gaps() {
    for (std::size_t r = 0; r < runs_.size(); ++r) {
        std::vector<StoredGap> gaps;
        std::vector<StoredProbe> probes;
        Status status;
        if (!take(runs_[r].reader.gaps(), gaps, status) ||
            !take(runs_[r].reader.probes(), probes, status)) {
            return status;
        }
        for (const StoredGap& gap : gaps) {
            const auto owner = std::find_if(probes.begin(), probes.end(), [&](const auto& each) {
                return each.info.name == gap.probe;
            });
            const std::size_t probe =
                probe_of_[r].at(static_cast<std::size_t>(owner - probes.begin()));
            writer_.on_gap(probe,
                           {probes_[probe].name, at(gap.from_s, runs_[r]), at(gap.to_s, runs_[r]),
                            gap.reason, gap.open},
                           health_[probe]);
        }
    }
    return {};
}

Clock::time_point Merger::at(double t_s, const SegmentRun& run) const {
    return info_.start.mono + shift(run) +
           std::chrono::duration_cast<Nanoseconds>(std::chrono::duration<double>(t_s));
}

Status Merger::write_events() {
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
                events.push_back(
                    {at(event.t_s, run), event.kind, fmt::format("{}: {}", name(run), event.text)});
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

bool Merger::adds_up(const std::string& key) {
    return key.starts_with("generator.") ||
           (key.starts_with("exporter.") && !key.starts_with("exporter.error.")) ||
           key == "run_file.write_errors";
}

Status Merger::write_facts(const MergedRun& merged) {
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

}  // namespace plimsoll
