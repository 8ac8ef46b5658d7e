// What the terminal shows while a run goes on.
#pragma once

#include "record/interval.hpp"
#include "record/run_info.hpp"
#include "signal/exporter.hpp"

#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace plimsoll {

enum class ViewMode {
    Off,       // --quiet
    Lines,     // one line every few seconds: pipes, CI, files
    Terminal,  // a small block that is redrawn in place
};

/// Breaks `text` between its fields, which two spaces separate, so that no line takes more than
/// `columns`; further lines begin with `indent` spaces, and a field that is longer than a line is
/// cut. The first line has `indent` columns less, for what the caller puts before it. No final
/// newline.
[[nodiscard]] std::string wrap_fields(std::string_view text, std::size_t indent,
                                      std::size_t columns);

/// The latest `columns` of `values` as a line of bars, the highest of them full; NaN is a blank.
[[nodiscard]] std::string sparkline(const std::deque<double>& values, std::size_t columns);

/// Rows that `text` takes on a terminal of so many columns, which breaks longer lines.
[[nodiscard]] int rows_on(std::string_view text, std::size_t columns);

/// Keeps the latest figures and draws them. Threading: what begins with `on_` from any
/// thread, `draw` and `clear` from the main thread.
class LiveView {
public:
    /// `run` and `probes` must outlive the view.
    LiveView(const RunInfo& run, const std::vector<ProbeInfo>& probes, ViewMode mode, bool colour);

    void on_snapshot(const SnapshotPtr& snapshot);
    void on_reading(std::size_t probe, const Reading& reading);
    void on_event(const Event& event);
    /// Draws what is new since the last call; nothing when nothing is.
    void draw();
    /// Removes the block, so that what follows starts on a clean line.
    void clear();

    /// The figures as they would be drawn, without colours or cursor movement; "" before the first
    /// tick.
    [[nodiscard]] std::string line() const;

private:
    [[nodiscard]] std::string block(std::size_t columns) const;
    [[nodiscard]] std::string progress_text(std::size_t columns) const;
    [[nodiscard]] std::string load_text(const Snapshot& now) const;
    [[nodiscard]] std::string latency_text(const Snapshot& now) const;
    [[nodiscard]] std::string probe_text() const;

    const RunInfo& run_;
    const std::vector<ProbeInfo>& probes_;
    ViewMode mode_;
    bool colour_;

    mutable std::mutex mutex_;
    SnapshotPtr latest_;
    bool fresh_ = false;
    double pg_backends_ = -1;  // -1: no reading yet
    double pg_busy_ = 0;
    double pg_max_ = 0;
    struct CpuTrack {
        double seconds = 0;
        Clock::time_point at;
        double cores = -1;
    };
    std::map<std::string, CpuTrack> cpu_;  // by role

    struct Trend {  // the latest of a figure, a tick each
        std::deque<double> values;
        void add(double value);
    };
    Trend rate_, p99_s_, backends_;
    std::string last_event_;

    std::string drawn_;  // what stands on the terminal now
    Clock::time_point last_line_;
};

}  // namespace plimsoll
