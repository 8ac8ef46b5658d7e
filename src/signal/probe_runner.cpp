#include "signal/probe_runner.hpp"

#include <algorithm>
#include <utility>

namespace plimsoll {

ProbeRunner::ProbeRunner(std::vector<ProbePtr> probes, ProbeSink sink)
    : probes_(std::move(probes)), sink_(std::move(sink)), health_(probes_.size()) {}

ProbeRunner::~ProbeRunner() {
    stop();
}

std::vector<Status> ProbeRunner::start(Nanoseconds limit) {
    std::vector<Status> statuses;
    statuses.reserve(probes_.size());
    for (const ProbePtr& probe : probes_) {
        statuses.push_back(probe->start(Clock::now() + limit));
    }
    return statuses;
}

std::vector<ProbeInfo> ProbeRunner::infos() const {
    std::vector<ProbeInfo> infos;
    infos.reserve(probes_.size());
    for (const ProbePtr& probe : probes_) {
        const auto descriptors = probe->descriptors();
        infos.push_back({probe->name(), {descriptors.begin(), descriptors.end()}, probe->facts()});
    }
    return infos;
}

void ProbeRunner::begin() {
    if (probes_.empty() || thread_.joinable()) {
        return;
    }
    Nanoseconds shortest = Nanoseconds::max();
    for (const ProbePtr& probe : probes_) {
        shortest = std::min(shortest, probe->period());
    }
    const Clock::time_point now = Clock::now();
    const Nanoseconds apart = shortest / static_cast<std::int64_t>(probes_.size());
    tracks_.clear();
    for (std::size_t i = 0; i < probes_.size(); ++i) {
        tracks_.emplace_back(probes_[i]->name(), probes_[i]->period(),
                             now + apart * static_cast<std::int64_t>(i));
    }
    stopping_ = false;
    thread_ = std::thread([this] { loop(); });
}

void ProbeRunner::stop() {
    if (!thread_.joinable()) {
        return;
    }
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
    thread_.join();
    const Clock::time_point now = Clock::now();
    for (std::size_t i = 0; i < tracks_.size(); ++i) {
        const std::optional<Gap> gap = tracks_[i].finish(now);
        {
            const std::lock_guard lock(mutex_);
            health_[i] = tracks_[i].health();
        }
        if (gap) {
            sink_.on_gap(i, *gap, tracks_[i].health());
        }
    }
}

std::vector<ProbeHealth> ProbeRunner::health() const {
    const std::lock_guard lock(mutex_);
    return health_;
}

std::size_t ProbeRunner::next_probe() const {
    const auto earliest =
        std::min_element(tracks_.begin(), tracks_.end(),
                         [](const auto& a, const auto& b) { return a.next_due() < b.next_due(); });
    return static_cast<std::size_t>(earliest - tracks_.begin());
}

void ProbeRunner::loop() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        const std::size_t probe = next_probe();
        const Clock::time_point due = tracks_[probe].next_due();
        if (Clock::now() < due) {
            wake_.wait_until(lock, due, [this] { return stopping_; });
            continue;
        }
        lock.unlock();
        read(probe, Clock::now());
        lock.lock();
        health_[probe] = tracks_[probe].health();
    }
}

void ProbeRunner::read(std::size_t probe, Clock::time_point now) {
    Probe& source = *probes_[probe];
    ProbeTrack& track = tracks_[probe];
    track.take(now, slowest_ == source.name() ? std::string() : slowest_);
    const Nanoseconds limit = std::min(source.period(), kLongestRead);
    const Result<Reading> reading = source.read(now + limit);
    const Clock::time_point end = Clock::now();
    const Nanoseconds took = end - now;
    // Remembered until a longer one comes or it is quick again: the name in others' gaps.
    if (took >= slowest_took_ || slowest_ == source.name()) {
        slowest_ = source.name();
        slowest_took_ = took;
    }
    if (reading) {
        if (const std::optional<Gap> ended = track.succeed(*reading)) {
            sink_.on_gap(probe, *ended, track.health());
        }
        sink_.on_reading(probe, *reading, track.health());
        return;
    }
    const bool timed_out = took * 10 >= limit * 9;
    if (const std::optional<Gap> opened =
            track.fail(end, took, timed_out, probes_.size() > 1, reading.error().to_string())) {
        sink_.on_gap(probe, *opened, track.health());
    }
}

}  // namespace plimsoll
