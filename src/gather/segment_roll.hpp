// Who of a run's segments is there.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "gather/gather_wire.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace plimsoll {

/// What a segment must be to be one of this run.
struct RollCall {
    std::uint32_t segments = 1;
    std::string version;
    std::string scenario_sha256;
    std::uint64_t seed = 1;
    std::string load;
};

/// "segment 2/4", as everybody is told.
[[nodiscard]] std::string segment_name(std::uint32_t number, std::uint32_t count);

/// Pure: told what time it is. Segments count from 1.
class SegmentRoll {
public:
    enum class State : std::uint8_t { Absent, Ready, Running, Ended, Lost };
    struct Entry {
        State state = State::Absent;
        std::string run_id;
        std::uint32_t shards = 0;
        std::string host;
        Clock::time_point heard;  // the last word of it
    };

    explicit SegmentRoll(RollCall call) : call_(std::move(call)), entries_(call_.segments) {}

    /// Before the start: it is ready. After it: it is still there. Error: why it is none of this
    /// run's segments, in a sentence for its user.
    [[nodiscard]] Status hello(const Hello& hello, Clock::time_point now);
    /// It sends rows of its run. Error: it is not the one that is known.
    [[nodiscard]] Status rows(std::uint32_t number, const std::string& run_id,
                              Clock::time_point now);
    /// It is there, as a process that kept the run before this one knew.
    void restore(std::uint32_t number, const std::string& run_id, std::uint32_t shards, bool ended,
                 Clock::time_point now);
    /// From now on those that are ready run, and nobody else may come.
    void begin(Clock::time_point now);
    void end(std::uint32_t number) { at(number).state = State::Ended; }
    /// Those that run and have not said a word for `silence`; they are Lost from now on.
    [[nodiscard]] std::vector<std::uint32_t> lose(Clock::time_point now, Nanoseconds silence);
    /// Whether one that was lost has been heard of again; asked once, it is Running.
    [[nodiscard]] std::vector<std::uint32_t> found();

    [[nodiscard]] const Entry& entry(std::uint32_t number) const { return entries_[number - 1]; }
    [[nodiscard]] std::uint32_t count() const { return call_.segments; }
    /// Those that are not ready, or have not said so lately.
    [[nodiscard]] std::vector<std::uint32_t> not_ready(Clock::time_point now) const;
    [[nodiscard]] std::uint32_t shards() const;
    /// Whether all that ran have ended, or are lost.
    [[nodiscard]] bool all_over() const;

private:
    [[nodiscard]] Status same_run(const Hello& hello) const;
    Entry& at(std::uint32_t number) { return entries_[number - 1]; }
    RollCall call_;
    std::vector<Entry> entries_;
    std::vector<std::uint32_t> found_;
    bool begun_ = false;
};

}  // namespace plimsoll
