#include "store/tick_rows.hpp"

#include "store/histogram_pack.hpp"
#include "store/schema.hpp"
#include "store/status_list.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace plimsoll {
namespace {

/// A histogram's parts, where they tell of as many values and as long a time as a run can have.
Result<Histogram::Parts> read_histogram(std::span<const std::uint8_t> bytes) {
    constexpr std::uint64_t kMostCount = std::uint64_t{1} << 50;
    constexpr std::uint64_t kLongest_ns =
        static_cast<std::uint64_t>(Nanoseconds(std::chrono::hours(24 * 366)).count());
    auto read = unpack_parts(bytes);
    if (read && (read->count > kMostCount || read->max_ns > kLongest_ns)) {
        return Error{"holds absurd times"};
    }
    return read;
}

Error damaged(const char* table, const sqlite::Row& row, const char* what) {
    return {fmt::format("is damaged: {}: tick {} holds {}", table, row.integer(0), what),
            {},
            "it was cut short, or changed since"};
}

}  // namespace

ShardState read_state(const sqlite::Row& row, int first) {
    ShardState state;
    state.in_flight = row.small(first);
    state.users = row.small(first + 1);
    state.users_max = row.small(first + 2);
    state.connections_open = row.small(first + 3);
    state.in_flight_mean = row.real(first + 4);
    state.cpu_ratio = row.real(first + 5);
    state.loop_lag_max = Nanoseconds(row.integer(first + 6));
    state.late_sends = row.unsigned_integer(first + 7);
    return state;
}

StoredTick read_tick(const sqlite::Row& row) {
    StoredTick tick;
    tick.tick = row.unsigned_integer(0);
    tick.from = Nanoseconds(row.integer(1));
    tick.to = Nanoseconds(row.integer(2));
    int column = 3;
    for (std::size_t i = 0; i < schema::kCountsInTick; ++i) {
        tick.counts.*kLoadCounts[i].value = row.unsigned_integer(column++);
    }
    tick.state = read_state(row, 14);
    tick.state.sockets_left = row.unsigned_integer(22);
    return tick;
}

Status read_endpoint(const sqlite::Row& row, TickLoad& load) {
    const auto index = static_cast<std::size_t>(row.integer(1));
    auto statuses = decode_statuses(row.text(6));
    const auto response = read_histogram(row.bytes(7));
    const auto service = read_histogram(row.bytes(8));
    const auto send_lag = read_histogram(row.bytes(9));
    if (index < load.endpoints.size() && statuses && response && service && send_lag) {
        EndpointStats counts;
        counts.requests = row.unsigned_integer(2);
        counts.failed = row.unsigned_integer(3);
        counts.bytes_sent = row.unsigned_integer(4);
        counts.bytes_received = row.unsigned_integer(5);
        counts.statuses = std::move(statuses).value();
        EndpointStats& stats = load.endpoints[index];
        stats.merge(counts);
        if (stats.response.add(*response) && stats.service.add(*service) &&
            stats.send_lag.add(*send_lag)) {
            return {};
        }
    }
    return damaged("endpoint_tick", row, "an endpoint's counts that cannot be read");
}

Status read_censored(const sqlite::Row& row, TickLoad& load) {
    const auto index = static_cast<std::size_t>(row.integer(1));
    auto response = unpack_histogram(row.bytes(2));
    auto service = unpack_histogram(row.bytes(3));
    auto cut_off = unpack_histogram(row.bytes(4));
    if (index >= load.endpoints.size() || !response || !service || !cut_off ||
        response->count() > load.endpoints[index].response.count() ||
        service->count() != response->count() || cut_off->count() > response->count()) {
        return Error{"holds an endpoint's censored times that cannot be read", "censored_tick",
                     "the run file may be damaged"};
    }
    EndpointStats& stats = load.endpoints[index];
    stats.censored.merge(RareHistogram(std::move(response).value()));
    stats.censored_service.merge(RareHistogram(std::move(service).value()));
    stats.cut_off.merge(RareHistogram(std::move(cut_off).value()));
    return {};
}

Status read_censored_group(const sqlite::Row& row, TickLoad& load) {
    const auto index = static_cast<std::size_t>(row.integer(1));
    auto duration = unpack_histogram(row.bytes(2));
    if (index >= load.groups.size() || !duration ||
        duration->count() > load.groups[index].duration.count()) {
        return Error{"holds a group's censored times that cannot be read", "censored_group_tick",
                     "the run file may be damaged"};
    }
    load.groups[index].censored.merge(RareHistogram(std::move(duration).value()));
    return {};
}

/// Schema 3 says how many requests ran into their timeout, not after how long: they are taken as
/// the slowest of their tick.
void guess_censored(TickLoad& tick) {
    for (EndpointStats& stats : tick.endpoints) {
        std::uint64_t timeouts = 0;
        for (const StatusCount& entry : stats.statuses) {
            timeouts += is_timeout(entry.outcome) ? entry.count : 0U;
        }
        if (timeouts > 0) {
            stats.censored = RareHistogram(stats.response.largest(timeouts));
            stats.censored_service = RareHistogram(stats.service.largest(timeouts));
        }
    }
}

/// Of a name that a later program counts, nothing is known here.
void read_count(const sqlite::Row& row, LoadCounts& counts) {
    const std::string name = row.text(1);
    for (const LoadCount& count : kLoadCounts) {
        if (count.name == name) {
            counts.*count.value = row.unsigned_integer(2);
        }
    }
}

/// Up to schema 5.
void read_flow(const sqlite::Row& row, LoadCounts& counts) {
    counts.iterations_cut_short = row.unsigned_integer(1);
    counts.steps_unrendered = row.unsigned_integer(2);
    counts.starts_failed = row.unsigned_integer(3);
    counts.users_stopped = row.unsigned_integer(4);
    counts.out_of_data = row.unsigned_integer(5);
}

Status read_group(const sqlite::Row& row, TickLoad& load) {
    const auto index = static_cast<std::size_t>(row.integer(1));
    const auto duration = read_histogram(row.bytes(5));
    if (index >= load.groups.size() || !duration || !load.groups[index].duration.add(*duration)) {
        return damaged("group_tick", row, "a group's counts that cannot be read");
    }
    GroupStats& stats = load.groups[index];
    stats.count += row.unsigned_integer(2);
    stats.failed += row.unsigned_integer(3);
    stats.broken_off += row.unsigned_integer(4);
    return {};
}

Status read_check(const sqlite::Row& row, TickLoad& load) {
    const auto index = static_cast<std::size_t>(row.integer(1));
    if (index >= load.checks.size()) {
        return damaged("check_tick", row, "the counts of a check that it does not name");
    }
    load.checks[index].merge({row.unsigned_integer(2), row.unsigned_integer(3), 0});
    return {};
}

Status read_cut_check(const sqlite::Row& row, TickLoad& load) {
    const auto index = static_cast<std::size_t>(row.integer(1));
    if (index >= load.checks.size()) {
        return damaged("cut_check_tick", row, "the counts of a check that it does not name");
    }
    load.checks[index].merge({0, 0, row.unsigned_integer(2)});
    return {};
}

Status read_phase(const sqlite::Row& row, TickLoad& load) {
    const auto index = row.unsigned_integer(1);
    const auto times = read_histogram(row.bytes(2));
    if (index >= kRequestPhaseCount || !times || !load.phases.times[index].add(*times)) {
        return damaged("phase_tick", row, "a phase's times that cannot be read");
    }
    return {};
}

}  // namespace plimsoll
