#include "signal/probe_runner.hpp"

#include <algorithm>
#include <exception>
#include <system_error>
#include <utility>

namespace plimsoll {
namespace {

constexpr Nanoseconds kCanariesApart = std::chrono::milliseconds(20);

/// Does `work(i)` for each probe of the kind asked for, each on a thread of its own: none waits for
/// another that hangs. Where no thread is to be had it is done here. Throws what the first of them
/// threw.
template <typename Work>
void at_once(const std::vector<ProbePtr>& probes, bool waits_on_target, const Work& work) {
    std::vector<std::exception_ptr> thrown(probes.size());
    const auto guarded = [&](std::size_t i) {
        try {
            work(i);
        } catch (...) {
            thrown[i] = std::current_exception();
        }
    };
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < probes.size(); ++i) {
        if (probes[i]->waits_on_target() == waits_on_target) {
            try {
                threads.emplace_back([&guarded, i] { guarded(i); });
            } catch (const std::system_error&) {
                guarded(i);
            }
        }
    }
    threads.clear();  // they are joined
    for (const std::exception_ptr& each : thrown) {
        if (each) {
            std::rethrow_exception(each);
        }
    }
}

}  // namespace

ProbeRunner::ProbeRunner(std::vector<ProbePtr> probes, ProbeSink sink)
    : probes_(std::move(probes)), sink_(std::move(sink)), health_(probes_.size()) {}

ProbeRunner::~ProbeRunner() {
    stop();
}

std::vector<Status> ProbeRunner::start(Nanoseconds limit) {
    std::vector<Status> statuses(probes_.size());
    // Of a server's last connections its probe's come first.
    for (const bool canaries : {false, true}) {
        at_once(probes_, canaries,
                [&](std::size_t i) { statuses[i] = probes_[i]->start(Clock::now() + limit); });
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
    const Clock::time_point now = Clock::now();
    Lane quick;
    tracks_.clear();
    Clock::time_point first = now;
    for (std::size_t i = 0; i < probes_.size(); ++i) {
        first += probes_[i]->waits_on_target() ? kCanariesApart : Nanoseconds::zero();
        tracks_.emplace_back(probes_[i]->name(), probes_[i]->period(),
                             probes_[i]->waits_on_target() ? first : now);
        if (probes_[i]->waits_on_target()) {
            lanes_.emplace_back().members.push_back(i);
        } else {
            quick.members.push_back(i);
        }
    }
    std::stable_sort(quick.members.begin(), quick.members.end(), [this](auto a, auto b) {
        return probes_[a]->period() < probes_[b]->period();
    });
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
    for (const bool canaries : {false, true}) {
        at_once(probes_, canaries,
                [&](std::size_t i) { probes_[i]->finish(Clock::now() + kLongestRead); });
    }
    for (std::size_t i = 0; i < probes_.size(); ++i) {
        if (std::vector<Event> events = probes_[i]->last_events(); !events.empty()) {
            Reading last;
            last.at = now;
            last.events = std::move(events);
            const std::lock_guard lock(sink_mutex_);
            sink_.on_reading(i, last, tracks_[i].health());
        }
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
    const bool blames_another = lane.slowest && *lane.slowest != probe;
    track.take(now, blames_another ? std::string_view(tracks_[*lane.slowest].probe()) : "");
    const Nanoseconds limit = std::min(source.period(), kLongestRead);
    const Result<Reading> reading = source.read(now + limit);
    const Clock::time_point end = Clock::now();
    const Nanoseconds took = end - now;
    // Remembered until a longer one comes or it is quick again: the name in others' gaps.
    if (took >= lane.slowest_took || lane.slowest == probe) {
        lane.slowest = probe;
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
