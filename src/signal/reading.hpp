// What probes report, and what happened when.
#pragma once

#include "base/clock.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

/// Histogram: of the load's own metrics alone, none of a probe's.
enum class MetricType { Gauge, Counter, Histogram };

/// A metric: of the load (metric_set.hpp), or one that a probe can report. `name` is the full
/// public name (plimsoll_pg_backends, without labels); a Counter's ends in _total and never falls
/// but for a restart of what it counts.
struct MetricDescriptor {
    std::string name;
    MetricType type = MetricType::Gauge;
    std::string help;
    std::vector<std::string> labels;  // label names, in the order of Value::labels
    std::string unit = {};            // in words, e.g. "seconds"; empty: as the name says
};

/// One value of one metric. `metric` indexes the probe's own descriptors().
struct Value {
    std::uint32_t metric = 0;
    std::vector<std::string> labels;  // as many as the descriptor names
    double value = 0;
};

enum class EventKind {
    StageChanged,
    ThresholdCrossed,
    FaultPlanted,
    ProbeGap,
    Note,
    Stopped,
    AlertChanged,  // its text is an AlertNote (alert_note.hpp)
    FaultHealed,
};
/// By kind, as run files, annotations, logs and pages have them.
inline constexpr std::array<std::string_view, 8> kEventKindNames{
    "stage_changed", "threshold_crossed", "fault_planted", "probe_gap",
    "note",          "stopped",           "alert_changed", "fault_healed"};
[[nodiscard]] constexpr std::string_view name_of(EventKind kind) {
    return kEventKindNames[static_cast<std::size_t>(kind)];
}

/// Something that happened at a point in time, for annotations and the report.
struct Event {
    Clock::time_point at;
    EventKind kind = EventKind::Note;
    std::string text;
};

/// One set of values, taken together.
struct Reading {
    Clock::time_point at;  // when the values were true: the middle of the round trip
    Nanoseconds took{};    // the round trip
    std::vector<Value> values;
    /// Evidence that is text, one line each: who blocks whom, a privilege lost. Becomes an event of
    /// kind Note. Only what is new, and few of them: a run keeps them all.
    std::vector<std::string> notes = {};
    /// What happened at a time of its own, told as it stands. Few, likewise.
    std::vector<Event> events = {};
};

/// A time without readings. While open, `to` is the latest known time.
struct Gap {
    std::string probe;
    Clock::time_point from;
    Clock::time_point to;
    std::string reason;
    bool open = false;
};

}  // namespace plimsoll
