// The threads that read the probes.
#pragma once

#include "base/result.hpp"
#include "signal/exporter.hpp"
#include "signal/probe.hpp"
#include "signal/probe_track.hpp"

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace plimsoll {

/// Where readings and gaps go. Called from the probe threads (and, for gaps still open at the end,
/// from the one that calls `stop`), never from two at once; must not block: hand over and return.
struct ProbeSink {
    std::function<void(std::size_t probe, const Reading&, const ProbeHealth&)> on_reading;
    /// A gap opened (`gap.open`) or closed. Closed without having opened: readings that were due
    /// while the thread was late.
    std::function<void(std::size_t probe, const Gap&, const ProbeHealth&)> on_gap;
};

/// Reads every probe on its own period, from one thread, so that probes need no locks and share no
/// core with the load but this thread's. Each probe that waits on the target
/// (Probe::waits_on_target) has a thread of its own: several of them wait together when the target
/// is in trouble, and none may cost another its turn.
///
/// A read may take min(period, 500 ms). While one probe waits, the others of its thread wait too: a
/// probe that hangs delays them by at most its own limit, and is left alone for longer and longer
/// (ProbeTrack::rest_after) until it takes no more than a tenth of the time. Slots that are lost so
/// are counted as missing and reported as a gap that names the culprit. All that share the thread
/// are due at the same instants, those with the shortest period first: to wake costs CPU, and what
/// is read at one moment can be compared.
///
/// An Error from a probe opens a gap; further ones extend it; the next reading closes it. The
/// gap's reason is the first error's text.
///
/// Order of calls: start, infos, begin, stop. All from one thread.
class ProbeRunner {
public:
    ProbeRunner(std::vector<ProbePtr> probes, ProbeSink sink);
    ~ProbeRunner();  // stops
    ProbeRunner(const ProbeRunner&) = delete;
    ProbeRunner& operator=(const ProbeRunner&) = delete;

    /// Starts all probes before the load begins: those that do not wait on the target at once, then
    /// the others, within `limit` each time. One Status per probe, in order. A probe that failed is
    /// read all the same (it may come up later): until then it shows as one gap.
    [[nodiscard]] std::vector<Status> start(Nanoseconds limit);

    /// What exporters must know of the probes; call after `start`, since facts are known then.
    [[nodiscard]] std::vector<ProbeInfo> infos() const;

    /// Begins to read, on threads of its own.
    void begin();

    /// Ends the threads (after the reads in progress, at most 500 ms), lets each probe finish
    /// (another 500 ms at most), counts the slots that are over and closes open gaps. `infos` may
    /// have more facts then. May be called again.
    void stop();

    /// By probe; at any time, from any thread.
    [[nodiscard]] std::vector<ProbeHealth> health() const;

    [[nodiscard]] std::size_t size() const noexcept { return probes_.size(); }

    /// The longest any read may take.
    static constexpr Nanoseconds kLongestRead = std::chrono::milliseconds(500);

private:
    /// One thread and the probes it reads, by index.
    struct Lane {
        std::vector<std::size_t> members;
        std::optional<std::size_t> slowest;  // by its read of late: whom to blame
        Nanoseconds slowest_took{};
        std::thread thread;
    };
    void loop(Lane& lane);
    void read(Lane& lane, std::size_t probe, Clock::time_point now);
    [[nodiscard]] std::size_t next_probe(const Lane& lane) const;
    void report(std::size_t probe, const Gap& gap);

    std::vector<ProbePtr> probes_;
    ProbeSink sink_;
    std::mutex sink_mutex_;           // held while the sink is called
    std::vector<ProbeTrack> tracks_;  // each its lane's thread's, from begin to stop
    std::vector<Lane> lanes_;

    mutable std::mutex mutex_;  // guards what follows
    std::condition_variable wake_;
    bool stopping_ = false;
    std::vector<ProbeHealth> health_;
};

}  // namespace plimsoll
