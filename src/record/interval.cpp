#include "record/interval.hpp"

#include <algorithm>

namespace plimsoll {
namespace {

void count_status(std::vector<StatusCount>& statuses, std::uint16_t status, Outcome outcome,
                  std::uint64_t times) {
    for (StatusCount& entry : statuses) {
        if (entry.status == status && entry.outcome == outcome) {
            entry.count += times;
            return;
        }
    }
    statuses.push_back({status, outcome, times});
}

template <typename Stats>
void clear_all(std::vector<Stats>& all) noexcept {
    for (Stats& stats : all) {
        stats.clear();
    }
}

EndpointStats merge_all(const std::vector<EndpointStats>& endpoints) {
    EndpointStats all;
    for (const EndpointStats& stats : endpoints) {
        all.merge(stats);
    }
    return all;
}

}  // namespace

void EndpointStats::record(const Sample& sample) {
    ++requests;
    failed += is_failure(sample.outcome) ? 1U : 0U;
    bytes_sent += sample.bytes_sent;
    bytes_received += sample.bytes_received;
    count_status(statuses, sample.status, sample.outcome, 1);
    response.record(sample.completed - sample.due);
    service.record(sample.completed - sample.sent);
    send_lag.record(sample.sent - sample.due);
    if (sample.is_censored()) [[unlikely]] {
        censored.record(sample.completed - sample.due);
        censored_service.record(sample.completed - sample.sent);
        if (sample.outcome == Outcome::CutOff) {
            cut_off.record(sample.completed - sample.due);
        }
    }
}

void EndpointStats::merge(const EndpointStats& other) {
    requests += other.requests;
    failed += other.failed;
    bytes_sent += other.bytes_sent;
    bytes_received += other.bytes_received;
    for (const StatusCount& entry : other.statuses) {
        count_status(statuses, entry.status, entry.outcome, entry.count);
    }
    response.merge(other.response);
    service.merge(other.service);
    send_lag.merge(other.send_lag);
    censored.merge(other.censored);
    censored_service.merge(other.censored_service);
    cut_off.merge(other.cut_off);
}

void EndpointStats::clear() noexcept {
    requests = failed = bytes_sent = bytes_received = 0;
    statuses.clear();
    response.clear();
    service.clear();
    send_lag.clear();
    censored.clear();
    censored_service.clear();
    cut_off.clear();
}

std::uint64_t EndpointStats::count(Outcome outcome) const noexcept {
    std::uint64_t total = 0;
    for (const StatusCount& entry : statuses) {
        total += entry.outcome == outcome ? entry.count : 0U;
    }
    return total;
}

void GroupStats::merge(const GroupStats& other) {
    count += other.count;
    failed += other.failed;
    broken_off += other.broken_off;
    duration.merge(other.duration);
    censored.merge(other.censored);
}

void GroupStats::clear() noexcept {
    count = failed = broken_off = 0;
    duration.clear();
    censored.clear();
}

void LoadCounts::merge(const LoadCounts& other) {
    for (const LoadCount& count : kLoadCounts) {
        this->*count.value += other.*count.value;
    }
}

void PhaseStats::merge(const PhaseStats& other) {
    for (std::size_t i = 0; i < times.size(); ++i) {
        if (!other.times[i].empty()) {
            times[i].merge(other.times[i]);
        }
    }
}

void PhaseStats::clear() noexcept {
    for (Histogram& histogram : times) {
        histogram.clear();
    }
}

void ShardState::merge(const ShardState& other) noexcept {
    in_flight += other.in_flight;
    users += other.users;
    users_max += other.users_max;
    connections_open += other.connections_open;
    in_flight_mean += other.in_flight_mean;
    cpu_ratio = std::max(cpu_ratio, other.cpu_ratio);
    loop_lag_max = std::max(loop_lag_max, other.loop_lag_max);
    late_sends += other.late_sends;
    sockets_left = std::min(sockets_left, other.sockets_left);
}

void Interval::clear() noexcept {
    last = false;
    phases.clear();
    clear_all(endpoints);
    clear_all(groups);
    std::fill(checks.begin(), checks.end(), CheckCount{});
    counts = {};
    state = {};
    last_answer = {};
    parts.clear();
    errors.clear();
    traces.clear();
}

void add_checks(std::vector<CheckCount>& into, const std::vector<CheckCount>& from) {
    into.resize(std::max(into.size(), from.size()));
    for (std::size_t i = 0; i < from.size(); ++i) {
        into[i].merge(from[i]);
    }
}

void CheckCount::merge(const CheckCount& other) noexcept {
    passed += other.passed;
    failed += other.failed;
    cut_off += other.cut_off;
}

void Snapshot::clear() noexcept {
    tick = 0;
    from = to = {};
    last = false;
    clear_all(delta);
    clear_all(delta_groups);
    std::fill(delta_checks.begin(), delta_checks.end(), CheckCount{});
    delta_phases.clear();
    delta_counts = {};
    state = {};
    last_answer = {};
    shards.clear();
    executors.clear();
    errors.clear();
    traces.clear();
}

void Snapshot::add_up(const Snapshot* before) {
    if (before != nullptr) {
        total = before->total;
        total_groups = before->total_groups;
        total_checks = before->total_checks;
        total_phases = before->total_phases;
        total_counts = before->total_counts;
        total_late_sends = before->total_late_sends;
    } else {
        total.clear();
        total_groups.clear();
        total_checks.clear();
        total_phases.clear();
        total_counts = {};
        total_late_sends = 0;
    }
    total.resize(delta.size());
    for (std::size_t i = 0; i < delta.size(); ++i) {
        if (delta[i].requests != 0) {
            total[i].merge(delta[i]);
        }
    }
    total_groups.resize(delta_groups.size());
    for (std::size_t i = 0; i < delta_groups.size(); ++i) {
        total_groups[i].merge(delta_groups[i]);
    }
    add_checks(total_checks, delta_checks);
    total_phases.merge(delta_phases);
    total_counts.merge(delta_counts);
    total_late_sends += state.late_sends;
}

EndpointStats Snapshot::merged_delta() const {
    return merge_all(delta);
}
EndpointStats Snapshot::merged_total() const {
    return merge_all(total);
}

}  // namespace plimsoll
