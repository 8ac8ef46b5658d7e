#include "report/run_data.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace plimsoll::report {
namespace {

double ms(Nanoseconds duration) {
    return to_seconds(duration) * 1e3;
}

double unless_empty(const Histogram& histogram, double q) {
    return histogram.empty() ? kNoValue : to_seconds(histogram.quantile(q));
}

/// A part of a RunReader's content into `to`, or why it could not be read.
template <typename T>
Status take(Result<T> result, T& to) {
    if (!result) {
        return result.error();
    }
    to = std::move(result).value();
    return {};
}

std::array<std::uint64_t, kHeatRows> heat_counts(const Histogram& times) {
    std::array<Nanoseconds, kHeatRows> bounds{};
    for (std::size_t i = 0; i < kHeatRows; ++i) {
        bounds[i] = from_seconds(heat_edges()[i + 1]);
    }
    std::array<std::uint64_t, kHeatRows> up_to{};
    times.counts_at_most(bounds, up_to);
    auto counts = up_to;
    for (std::size_t i = 1; i < kHeatRows; ++i) {
        counts[i] = up_to[i] - up_to[i - 1];
    }
    return counts;
}

}  // namespace

EndpointStats RunData::merged() const {
    EndpointStats all;
    for (const auto& stats : totals) {
        all.merge(stats);
    }
    return all;
}

const std::array<double, kHeatRows + 1>& heat_edges() {
    static const auto kEdges = [] {
        constexpr double kLeast_s = 0.25e-3;
        std::array<double, kHeatRows + 1> edges{};  // the first is 0
        for (std::size_t i = 1; i <= kHeatRows; ++i) {
            edges[i] = kLeast_s * std::exp2(static_cast<double>(i - 1) / 2);
        }
        edges.back() = std::exp2(42) * 1e-9;  // no histogram goes further
        return edges;
    }();
    return kEdges;
}

std::optional<TickRow> tick_row(const RunInfo& info, const TickParts& tick) {
    const EndpointStats& merged = tick.merged;
    TickRow row;
    row.from_s = tick.from_s;
    row.to_s = tick.to_s;
    const double span_s = row.to_s - row.from_s;
    if (span_s <= 0) {
        return std::nullopt;
    }
    const auto rate = [&](std::uint64_t count) { return static_cast<double>(count) / span_s; };
    row.offered_rate = rate(tick.counts.arrivals_due);
    row.request_rate = rate(merged.requests - merged.cut_off.count());
    row.iteration_rate = rate(tick.counts.iterations_completed);
    for (const auto& status : merged.statuses) {
        row.outcome_rate[static_cast<std::size_t>(status.outcome)] += rate(status.count);
    }
    row.p50 = unless_empty(merged.response, 0.5);
    row.p95 = unless_empty(merged.response, 0.95);
    row.p99 = unless_empty(merged.response, 0.99);
    row.service_p50 = unless_empty(merged.service, 0.5);
    row.in_flight = tick.state.in_flight_mean;
    row.users = tick.state.users;
    for (std::size_t i = 0; i < tick.executors.size() && i < info.executors.size(); ++i) {
        (info.executors[i].open ? row.asked : row.asked_users) += tick.executors[i].offered;
    }
    for (const auto& shard : tick.shards) {
        row.generator_cpu += shard.cpu_ratio;
        row.hottest_shard = std::max(row.hottest_shard, shard.cpu_ratio);
    }
    const auto counts = heat_counts(merged.response);
    for (std::size_t i = 0; i < kHeatRows; ++i) {
        row.heat_rate[i] = rate(counts[i]);
    }
    return row;
}

TickCollector::TickCollector(const RunInfo& info, RunData& into) : info_(info), data_(into) {
    data_.totals.resize(info.endpoints.size());
}

void TickCollector::add(const StoredTick& tick) {
    EndpointStats merged;
    for (std::size_t id = 0; id < tick.endpoints.size(); ++id) {
        merged.merge(tick.endpoints[id]);
        if (id < data_.totals.size()) {
            data_.totals[id].merge(tick.endpoints[id]);
        }
    }
    if (const auto row = tick_row(info_, {to_seconds(tick.from), to_seconds(tick.to), merged,
                                          tick.counts, tick.state, tick.shards, tick.executors})) {
        data_.ticks.push_back(*row);
    }
    add_seen(tick);

    // A tick belongs to the second in which it begins: ticks divide a second, or span several.
    const double from_s = to_seconds(tick.from);
    if (open_ && std::floor(from_s + 1e-9) > std::floor(second_from_s_ + 1e-9)) {
        close_second();
    }
    if (!open_) {
        open_ = true;
        second_from_s_ = from_s;
    }
    second_to_s_ = to_seconds(tick.to);
    second_.merge(merged);
    users_ = tick.state.users;
}

void TickCollector::finish() {
    if (open_) {
        close_second();
    }
}

void TickCollector::add_seen(const StoredTick& tick) {
    const double from_s = to_seconds(tick.from);
    const double to_s = to_seconds(tick.to);
    for (std::size_t id = 0; id < tick.endpoints.size(); ++id) {
        for (const auto& status : tick.endpoints[id].statuses) {
            const auto key = std::pair{static_cast<EndpointId>(id), status.outcome};
            auto [entry, added] = data_.seen.try_emplace(key, FirstLast{from_s, to_s});
            entry->second.last_s = to_s;
        }
    }
}

void TickCollector::close_second() {
    all_.merge(second_);
    SecondRow row;
    // From the second's number, not from where its last tick ended: a short last tick would give
    // the same time stamp twice.
    const auto start =
        std::chrono::floor<std::chrono::seconds>(info_.start.wall.time_since_epoch());
    row.unix_s = start.count() + static_cast<std::int64_t>(std::floor(second_from_s_ + 1e-9)) + 1;
    row.users = users_;
    row.span_s = second_to_s_ - second_from_s_;
    row.requests = second_.requests;
    row.failed = second_.failed;
    if (second_.requests > 0) {
        for (const double q : kLocustQuantiles) {
            row.quantiles_ms.push_back(ms(second_.response.quantile(q)));
        }
    }
    row.requests_all = all_.requests;
    row.failed_all = all_.failed;
    row.median_all_ms = ms(all_.response.quantile(0.5));
    row.mean_all_ms = ms(all_.response.mean());
    row.min_all_ms = ms(all_.response.min());
    row.max_all_ms = ms(all_.response.max());
    if (all_.requests > 0) {
        row.bytes_received_mean_all =
            static_cast<double>(all_.bytes_received) / static_cast<double>(all_.requests);
    }
    data_.seconds.push_back(std::move(row));
    second_.clear();
    open_ = false;
}

Result<RunData> read_run(const RunReader& reader) {
    RunData data;
    data.finished = reader.finished();
    TickCollector collector(reader.info(), data);
    if (auto read = reader.for_each_tick([&](const StoredTick& tick) { collector.add(tick); });
        !read) {
        return read.error();
    }
    collector.finish();
    for (const auto& status :
         {take(reader.series(), data.series), take(reader.probes(), data.probes),
          take(reader.events(), data.events), take(reader.gaps(), data.gaps),
          take(reader.facts(), data.facts)}) {
        if (!status) {
            return status.error();
        }
    }
    return data;
}

}  // namespace plimsoll::report
