// What one shard has seen in the current tick, and its hand-over when the tick is full.
#pragma once

#include "engine/recording/kept_requests.hpp"
#include "record/interval.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

namespace plimsoll {

/// Where full intervals go. Called on the shard's thread, once per tick; must not block. The
/// receiver may hand a used interval back for reuse as the return value, so that a steady run
/// allocates next to nothing.
using IntervalSink = std::function<std::unique_ptr<Interval>(std::unique_ptr<Interval>)>;

/// Counts samples into the interval of the tick in which they completed. Time moves forward only: a
/// sample that completes after the tick's end closes it first, so a late loop misfiles nothing.
/// Threading: one shard.
class Recorder {
public:
    Recorder(std::uint32_t shard, std::size_t endpoints, Clock::time_point start, Nanoseconds tick,
             IntervalSink sink, std::size_t groups = 0, std::size_t checks = 0,
             std::uint32_t shards = 1);

    /// Texts of errors are kept with each of these as ***; they must outlive this object.
    void mask(const std::vector<std::string>& secrets) { secrets_ = &secrets; }

    /// The running state, whose in-flight level is integrated over time for Little's law.
    struct Levels {
        std::uint32_t users = 0;
        std::uint32_t users_max = 0;
        std::uint32_t connections_open = 0;
    };
    Levels levels;
    std::vector<PartState> parts;  // by executor; goes with each tick

    [[nodiscard]] LoadCounts& counts() noexcept { return interval_->counts; }
    /// A request was sent / came to its end at `now`.
    void request_sent(Clock::time_point now) {
        roll_if_due(now);
        integrate(now);
        ++in_flight_;
    }
    void request_ended(Clock::time_point now) {
        roll_if_due(now);
        integrate(now);
        --in_flight_;
    }
    void record(const Sample& sample) {
        roll_if_due(sample.completed);
        if (is_answer(sample.outcome)) [[likely]] {
            interval_->last_answer = sample.completed;
        }
        interval_->endpoints[sample.endpoint].record(sample);
        interval_->state.late_sends += sample.sent - sample.due > kLateSend ? 1U : 0U;
    }
    /// The parts of a request that came to its end at the time last given.
    void record_phases(const PhaseTimes& times) {
        if (times.wait.count() != 0) [[likely]] {
            interval_->phases[RequestPhase::Wait].record(times.wait);
            ++responses_;
            if (times.send.count() != 0) {
                interval_->phases[RequestPhase::Send].record(times.send);
                ++sends_;
            }
            if (times.receive.count() != 0) {
                interval_->phases[RequestPhase::Receive].record(times.receive);
                ++receives_;
            }
        }
        if (times.connect.count() != 0 || times.dns.count() != 0) [[unlikely]] {
            record_opening(times);
        }
    }
    /// A group ended at `now`; `duration` is of the whole group.
    struct GroupEnd {
        bool failed = false;
        bool censored = false;  // the duration is a lower bound
    };
    void record_group(std::uint32_t group, Nanoseconds duration, GroupEnd how,
                      Clock::time_point now);
    void record_group_broken_off(std::uint32_t group) { ++interval_->groups[group].broken_off; }
    /// Within a request that is recorded at `now`.
    void record_check(std::uint32_t check, bool passed, Clock::time_point now) {
        roll_if_due(now);
        CheckCount& count = interval_->checks[check];
        ++(passed ? count.passed : count.failed);
    }
    /// The same, of a request that was cut off.
    void record_check_cut_off(std::uint32_t check) { ++interval_->checks[check].cut_off; }
    /// Keeps a specimen of a failure; `text` is a body or what the system said.
    void record_error(const Sample& sample, std::string_view text);
    void record_trace(IterationTrace&& trace);
    /// Of the tick in which the request recorded last completed.
    [[nodiscard]] KeptRequests& kept() noexcept { return kept_; }
    void record_loop_lag(Nanoseconds lag) noexcept {
        if (lag > interval_->state.loop_lag_max) {
            interval_->state.loop_lag_max = lag;
        }
    }

    /// Awake and waiting for an arrival to be due: CPU time that the shard took but did not need,
    /// which is left out of the tick's cpu_ratio.
    void polled(Nanoseconds time) noexcept { polled_ += time; }
    /// Over the whole run.
    [[nodiscard]] Nanoseconds polled() const noexcept { return polled_; }

    /// Closes every tick that ended at or before `now`. Call before counting anything at `now`.
    void roll_to(Clock::time_point now);
    /// Closes the current tick early, as the last one: at `now`, or later where something was
    /// counted later. Nothing may be called after it.
    void finish(Clock::time_point now);
    [[nodiscard]] Clock::time_point tick_end() const noexcept { return end_; }

private:
    [[nodiscard]] std::string masked_text(std::string_view text) const;
    void roll_if_due(Clock::time_point now) {
        if (now >= end_) [[unlikely]] {
            roll_to(now);
        }
    }
    void integrate(Clock::time_point now) noexcept {
        in_flight_area_ns_ +=
            static_cast<double>(in_flight_) * static_cast<double>((now - integrated_to_).count());
        integrated_to_ = now;
    }
    void record_opening(const PhaseTimes& times);
    void hand_over(Clock::time_point end, bool last);
    [[nodiscard]] double cpu_ratio(Clock::time_point end, Nanoseconds cpu, bool last) const;
    void fresh_interval(std::unique_ptr<Interval> reused);

    std::uint32_t shard_;
    const std::vector<std::string>* secrets_ = nullptr;
    std::size_t endpoints_;
    std::size_t groups_;
    std::size_t checks_;
    Nanoseconds tick_length_;
    IntervalSink sink_;
    std::unique_ptr<Interval> interval_;
    KeptRequests kept_;
    std::uint64_t tick_ = 0;
    Clock::time_point begin_;
    Clock::time_point end_;
    std::uint32_t in_flight_ = 0;
    std::uint64_t responses_ = 0;  // of this tick; most are sent and received at once, which is
    std::uint64_t sends_ = 0;      // counted and entered at the tick's end: those that were not
    std::uint64_t receives_ = 0;
    double in_flight_area_ns_ = 0;
    Clock::time_point integrated_to_;
    Nanoseconds polled_{};
    Nanoseconds cpu_at_begin_{};  // of the tick; without polled_
    Nanoseconds cpu_before_{};    // likewise, of the tick before it
};

/// FNV-1a over `text` with every run of digits, and every run of eight or more hex digits, folded
/// to one sign: messages that differ only in ids, times and counts get one fingerprint.
[[nodiscard]] std::uint64_t fingerprint(std::string_view text);

}  // namespace plimsoll
