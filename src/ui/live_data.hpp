// A run in memory while it goes on, in the form that the report's charts read, of bounded size.
#pragma once

#include "record/interval.hpp"
#include "record/run_info.hpp"
#include "report/run_data.hpp"
#include "signal/exporter.hpp"

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace plimsoll {

/// Whatever is added, it holds at most so many ticks, readings per probe, gaps and events: older
/// ones are thinned, so that of each stretch of time every figure's lowest and highest value stay
/// (of a heatmap's rows the mean).
///
/// Threading: one thread at a time.
class LiveData {
public:
    static constexpr std::size_t kMostTicks = 1200;
    static constexpr std::size_t kMostReadings = 1200;  // of one probe
    static constexpr std::size_t kMostSeries = 300;     // of one probe
    static constexpr std::size_t kMostEvents = 500;
    static constexpr std::size_t kMostGaps = 200;

    LiveData(const RunInfo& info, std::span<const ProbeInfo> probes);

    void add_tick(const Snapshot& snapshot, const EndpointStats& merged_delta);
    /// A tick without load, so that what is counted by ticks is there beside probes alone.
    void add_empty_tick(double from_s, double to_s);
    void add_reading(std::size_t probe, const Reading& reading);
    void add_gap(std::size_t probe, const Gap& gap);
    void add_event(const Event& event);
    /// Since the start, all endpoints together.
    void set_total(EndpointStats total);

    [[nodiscard]] const report::RunData& data() const { return data_; }
    [[nodiscard]] double seconds(Clock::time_point at) const;

private:
    struct Reads {
        double t_s;
        double weight;  // of its values: the lowest and the highest of a stretch are kept
    };
    struct Track {
        ProbeInfo info;
        std::vector<bool> charted;                  // by metric
        std::map<std::string, std::size_t> series;  // by metric and labels, index into data_.series
        std::vector<Reads> readings;
        double stretch_s = 0.5;
    };
    void thin_ticks();
    void thin_readings(Track& track);

    Clock::time_point start_;
    const RunInfo& info_;
    report::RunData data_;
    std::vector<Track> tracks_;  // by probe
    double tick_stretch_s_;
};

}  // namespace plimsoll
