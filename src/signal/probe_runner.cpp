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
    if (probes_.empty() || !lanes_.empty()) {
        return;
    }
    Nanoseconds shortest = Nanoseconds::max();
    for (const ProbePtr& probe : probes_) {
        shortest = std::min(shortest, probe->period());
    }
    const Clock::time_point now = Clock::now();
    const Nanoseconds apart = shortest / static_cast<std::int64_t>(probes_.size());
    Lane quick;
    tracks_.clear();
    for (std::size_t i = 0; i < probes_.size(); ++i) {
        tracks_.emplace_back(probes_[i]->name(), probes_[i]->period(),
                             now + apart * static_cast<std::int64_t>(i));
        if (probes_[i]->waits_on_target()) {
            lanes_.emplace_back().members.push_back(i);
        } else {
            quick.members.push_back(i);
        }
    }
    if (!quick.members.empty()) {
        lanes_.push_back(std::move(quick));
    }
    stopping_ = false;
    for (Lane& lane : lanes_) {
        lane.thread = std::thread([this, &lane] { loop(lane); });
    }
}

void ProbeRunner::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
    for (Lane& lane : lanes_) {
        lane.thread.join();
    }
    if (lanes_.empty()) {
        return;
    }
    lanes_.clear();
    const Clock::time_point now = Clock::now();
    for (const ProbePtr& probe : probes_) {
        probe->finish(Clock::now() + kLongestRead);
    }
    for (std::size_t i = 0; i < tracks_.size(); ++i) {
        const std::optional<Gap> gap = tracks_[i].finish(now);
        {
            const std::lock_guard lock(mutex_);
            health_[i] = tracks_[i].health();
        }
        if (gap) {
            report(i, *gap);
        }
    }
}

std::vector<ProbeHealth> ProbeRunner::health() const {
    const std::lock_guard lock(mutex_);
    return health_;
}

std::size_t ProbeRunner::next_probe(const Lane& lane) const {
    return *std::min_element(lane.members.begin(), lane.members.end(),
                             [this](std::size_t a, std::size_t b) {
                                 return tracks_[a].next_due() < tracks_[b].next_due();
                             });
}

void ProbeRunner::loop(Lane& lane) {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        const std::size_t probe = next_probe(lane);
        const Clock::time_point due = tracks_[probe].next_due();
        if (Clock::now() < due) {
            wake_.wait_until(lock, due, [this] { return stopping_; });
            continue;
        }
        lock.unlock();
        read(lane, probe, Clock::now());
        lock.lock();
        health_[probe] = tracks_[probe].health();
    }
}

void ProbeRunner::report(std::size_t probe, const Gap& gap) {
    const std::lock_guard lock(sink_mutex_);
    sink_.on_gap(probe, gap, tracks_[probe].health());
}

void ProbeRunner::read(Lane& lane, std::size_t probe, Clock::time_point now) {
    Probe& source = *probes_[probe];
    ProbeTrack& track = tracks_[probe];
    track.take(now, lane.slowest == source.name() ? std::string() : lane.slowest);
    const Nanoseconds limit = std::min(source.period(), kLongestRead);
    const Result<Reading> reading = source.read(now + limit);
    const Clock::time_point end = Clock::now();
    const Nanoseconds took = end - now;
    // Remembered until a longer one comes or it is quick again: the name in others' gaps.
    if (took >= lane.slowest_took || lane.slowest == source.name()) {
        lane.slowest = source.name();
        lane.slowest_took = took;
    }
    if (reading) {
        if (const std::optional<Gap> ended = track.succeed(*reading)) {
            report(probe, *ended);
        }
        const std::lock_guard lock(sink_mutex_);
        sink_.on_reading(probe, *reading, track.health());
        return;
    }
    const bool timed_out = took * 10 >= limit * 9;
    if (const std::optional<Gap> opened = track.fail(end, took, timed_out, lane.members.size() > 1,
                                                     reading.error().to_string())) {
        report(probe, *opened);
    }
}

}  // namespace plimsoll
