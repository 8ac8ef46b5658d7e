#include "ui/live_data.hpp"

#include "report/charts.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <iterator>

namespace plimsoll {
namespace {

using report::TickRow;

/// A tick's figures as one column each: all of them are doubles, the heatmap's rows the last.
constexpr std::size_t kColumns = sizeof(TickRow) / sizeof(double);
static_assert(sizeof(TickRow) == kColumns * sizeof(double));
constexpr std::size_t kLines = kColumns - report::kHeatRows;
using Figures = std::array<double, kColumns>;

/// Two rows in place of many: each column's lowest and highest value, in the order in which they
/// came; of the heatmap's the mean.
std::array<TickRow, 2> two_of(std::span<const TickRow> rows) {
    std::vector<Figures> all;
    all.reserve(rows.size());
    std::transform(rows.begin(), rows.end(), std::back_inserter(all),
                   [](const TickRow& row) { return std::bit_cast<Figures>(row); });
    std::array<Figures, 2> kept{all.front(), all.front()};
    for (std::size_t column = 0; column < kLines; ++column) {
        const Figures* least = nullptr;
        const Figures* most = nullptr;
        for (const Figures& each : all) {
            const double value = each[column];
            if (!std::isnan(value)) {
                least = least == nullptr || value < (*least)[column] ? &each : least;
                most = most == nullptr || value > (*most)[column] ? &each : most;
            }
        }
        kept[0][column] = least == nullptr ? report::kNoValue : (*std::min(least, most))[column];
        kept[1][column] = least == nullptr ? report::kNoValue : (*std::max(least, most))[column];
    }
    const double length_s = rows.back().to_s - rows.front().from_s;
    for (std::size_t column = kLines; column < kColumns; ++column) {
        double sum = 0;
        for (std::size_t i = 0; i < all.size(); ++i) {
            sum += all[i][column] * (rows[i].to_s - rows[i].from_s);
        }
        kept[0][column] = kept[1][column] = sum / length_s;
    }
    std::array<TickRow, 2> two{std::bit_cast<TickRow>(kept[0]), std::bit_cast<TickRow>(kept[1])};
    const double middle_s = (rows.front().from_s + rows.back().to_s) / 2;
    two[0].from_s = rows.front().from_s;
    two[0].to_s = two[1].from_s = middle_s;
    two[1].to_s = rows.back().to_s;
    return two;
}

double stretch_of(double t_s, double stretch_s) {
    return std::floor(t_s / stretch_s + 1e-9);
}

/// Calls `visit(first, last)` for each group of consecutive items that lie in one stretch.
template <typename Items, typename Time, typename Visit>
void for_stretches(const Items& items, double stretch_s, Time time, Visit visit) {
    std::size_t first = 0;
    for (std::size_t i = 1; i <= items.size(); ++i) {
        if (i == items.size() ||
            stretch_of(time(items[i]), stretch_s) != stretch_of(time(items[first]), stretch_s)) {
            visit(first, i);
            first = i;
        }
    }
}

std::string key_of(const Value& value) {
    std::string key = std::to_string(value.metric);
    for (const std::string& label : value.labels) {
        key += '\0' + label;
    }
    return key;
}

template <typename T>
void keep_latest(std::vector<T>& all, std::size_t most) {
    if (all.size() > most) {
        all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(all.size() - most));
    }
}

}  // namespace

LiveData::LiveData(const RunInfo& info, std::span<const ProbeInfo> probes)
    : start_(info.start.mono), info_(info), tick_stretch_s_(to_seconds(info.tick)) {
    for (const ProbeInfo& probe : probes) {
        Track track;
        track.info = probe;
        for (const MetricDescriptor& metric : probe.descriptors) {
            track.charted.push_back(report::charted_metrics().contains(metric.name));
        }
        tracks_.push_back(std::move(track));
    }
    data_.finished = false;
    data_.totals.resize(1);
}

double LiveData::seconds(Clock::time_point at) const {
    return to_seconds(at - start_);
}

void LiveData::add_tick(const Snapshot& snapshot, const EndpointStats& merged_delta) {
    const auto row = report::tick_row(
        info_, {seconds(snapshot.from), seconds(snapshot.to), merged_delta, snapshot.delta_counts,
                snapshot.state, snapshot.shards, snapshot.executors});
    if (row) {
        data_.ticks.push_back(*row);
        thin_ticks();
    }
}

void LiveData::add_empty_tick(double from_s, double to_s) {
    TickRow row;
    row.from_s = from_s;
    row.to_s = to_s;
    data_.ticks.push_back(row);
    thin_ticks();
}

/// To three quarters, so that it is seldom done; as fine as that allows.
void LiveData::thin_ticks() {
    if (data_.ticks.size() <= kMostTicks) {
        return;
    }
    while (data_.ticks.size() > kMostTicks * 3 / 4) {
        std::vector<TickRow> thin;
        for_stretches(
            data_.ticks, 2 * tick_stretch_s_, [](const TickRow& row) { return row.from_s; },
            [&](std::size_t first, std::size_t last) {
                const std::span<const TickRow> rows(data_.ticks.data() + first, last - first);
                if (rows.size() < 3) {
                    thin.insert(thin.end(), rows.begin(), rows.end());
                } else {
                    const auto two = two_of(rows);
                    thin.insert(thin.end(), two.begin(), two.end());
                }
            });
        const bool enough = thin.size() <= kMostTicks * 3 / 4;
        data_.ticks = std::move(thin);
        tick_stretch_s_ *= enough ? 1 : 2;
    }
}

void LiveData::add_reading(std::size_t probe, const Reading& reading) {
    const double t_s = seconds(reading.at);
    if (probe >= tracks_.size() || t_s < 0) {
        return;
    }
    Track& track = tracks_[probe];
    if (!track.readings.empty() && t_s <= track.readings.back().t_s) {
        return;
    }
    double weight = 0;
    for (const Value& value : reading.values) {
        if (value.metric >= track.charted.size() || !track.charted[value.metric]) {
            continue;
        }
        weight += std::isfinite(value.value) ? value.value : 0;
        auto found = track.series.find(key_of(value));
        if (found == track.series.end()) {
            if (track.series.size() >= kMostSeries) {
                continue;
            }
            const MetricDescriptor& metric = track.info.descriptors[value.metric];
            StoredSeries series{track.info.name, metric.name, metric.type, {}, {}};
            for (std::size_t i = 0; i < metric.labels.size() && i < value.labels.size(); ++i) {
                series.labels.emplace_back(metric.labels[i], value.labels[i]);
            }
            found = track.series.emplace(key_of(value), data_.series.size()).first;
            data_.series.push_back(std::move(series));
        }
        data_.series[found->second].points.push_back({t_s, value.value});
    }
    track.readings.push_back({t_s, weight});
    if (track.readings.size() > kMostReadings) {
        thin_readings(track);
    }
}

/// Whole readings go, so that series that are added up stay those of the same moments.
void LiveData::thin_readings(Track& track) {
    std::vector<Reads> thin = track.readings;
    while (thin.size() > kMostReadings * 3 / 4) {
        std::vector<Reads> kept;
        for_stretches(
            thin, 2 * track.stretch_s, [](const Reads& each) { return each.t_s; },
            [&](std::size_t first, std::size_t last) {
                const auto from = thin.begin() + static_cast<std::ptrdiff_t>(first);
                const auto to = thin.begin() + static_cast<std::ptrdiff_t>(last);
                const auto by_weight = [](const Reads& a, const Reads& b) {
                    return a.weight < b.weight;
                };
                const auto [least, most] = std::minmax_element(from, to, by_weight);
                const auto [one, other] = std::minmax(least, most);
                kept.push_back(*one);
                if (other != one) {
                    kept.push_back(*other);
                }
            });
        thin = std::move(kept);
        track.stretch_s *= thin.size() > kMostReadings * 3 / 4 ? 2 : 1;
    }
    for (const auto& [key, index] : track.series) {
        auto& points = data_.series[index].points;
        auto kept = thin.begin();
        std::erase_if(points, [&](const StoredSeries::Point& point) {
            while (kept != thin.end() && kept->t_s < point.t_s) {
                ++kept;
            }
            return kept == thin.end() || kept->t_s != point.t_s;
        });
    }
    track.readings = std::move(thin);
}

void LiveData::add_gap(std::size_t probe, const Gap& gap) {
    if (probe >= tracks_.size()) {
        return;
    }
    const StoredGap stored{gap.probe, gap.reason, std::max(0.0, seconds(gap.from)),
                           std::max(0.0, seconds(gap.to)), gap.open};
    const auto open = std::find_if(data_.gaps.begin(), data_.gaps.end(), [&](const StoredGap& one) {
        return one.open && one.probe == gap.probe;
    });
    if (open != data_.gaps.end()) {
        *open = stored;
    } else {
        data_.gaps.push_back(stored);
        keep_latest(data_.gaps, kMostGaps);
    }
}

void LiveData::add_event(const Event& event) {
    data_.events.push_back({seconds(event.at), event.kind, event.text});
    keep_latest(data_.events, kMostEvents);
}

void LiveData::set_total(EndpointStats total) {
    data_.totals.front() = std::move(total);
}

}  // namespace plimsoll
