#include "gather/segment_roll.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace plimsoll {
namespace {

// One that waits for the start asks some times a second.
constexpr std::chrono::seconds kStillReady{5};

}  // namespace

std::string segment_name(std::uint32_t number, std::uint32_t count) {
    return fmt::format("segment {}/{}", number, count);
}

Status SegmentRoll::same_run(const Hello& hello) const {
    const std::string name = segment_name(hello.segment.number, hello.segment.count);
    if (hello.protocol != kGatherProtocol) {
        return Error{fmt::format("speaks version {} of the protocol; this gather speaks {}",
                                 hello.protocol, kGatherProtocol),
                     "segment", "run the same version of Plimsoll everywhere"};
    }
    if (hello.version != call_.version) {
        return Error{fmt::format("is Plimsoll {}; this gather is {}", hello.version, call_.version),
                     name, "run the same version of Plimsoll everywhere"};
    }
    if (hello.segment.count != call_.segments) {
        return Error{fmt::format("is not one of {}", call_.segments), name,
                     "--segments of the gather and --segment i/n must agree"};
    }
    if (hello.scenario_sha256 != call_.scenario_sha256) {
        return Error{fmt::format("is of another scenario ({:.12} instead of {:.12})",
                                 hello.scenario_sha256, call_.scenario_sha256),
                     name, "give both the same file"};
    }
    if (hello.seed != call_.seed) {
        return Error{fmt::format("has seed {} instead of {}", hello.seed, call_.seed), name,
                     "give both the same --seed"};
    }
    if (hello.load != call_.load) {
        return Error{"has another load, though of the same scenario", name,
                     "give both the same flags and the same ${env...}"};
    }
    return {};
}

Status SegmentRoll::hello(const Hello& hello, Clock::time_point now) {
    if (Status same = same_run(hello); !same) {
        return same;
    }
    const std::string name = segment_name(hello.segment.number, hello.segment.count);
    Entry& entry = at(hello.segment.number);
    if (entry.state != State::Absent && entry.run_id == hello.run_id) {
        entry.heard = now;
        if (entry.state == State::Lost) {
            entry.state = State::Running;
            found_.push_back(hello.segment.number);
        }
        return {};
    }
    if (begun_) {
        return Error{entry.state == State::Absent
                         ? "comes too late: the run has begun without it"
                         : fmt::format("is there already, as run {} on {}: a part of a run cannot "
                                       "be begun again",
                                       entry.run_id, entry.host),
                     name, ""};
    }
    if (entry.state == State::Ready && now - entry.heard < kStillReady) {
        return Error{fmt::format("is there already, as run {} on {}", entry.run_id, entry.host),
                     name, "start each segment once"};
    }
    entry = {State::Ready, hello.run_id, hello.shards, hello.host, now};
    return {};
}

Status SegmentRoll::rows(std::uint32_t number, const std::string& run_id, Clock::time_point now) {
    const std::string name = segment_name(number, call_.segments);
    if (number < 1 || number > call_.segments) {
        return Error{fmt::format("is not one of {}", call_.segments), name, ""};
    }
    Entry& entry = at(number);
    if (entry.state == State::Absent || entry.state == State::Ready) {
        return Error{"has not been let in", name, "it must say hello first"};
    }
    if (entry.run_id != run_id) {
        return Error{fmt::format("is there already, as run {}", entry.run_id), name,
                     "start each segment once"};
    }
    entry.heard = now;
    if (entry.state == State::Lost) {
        entry.state = State::Running;
        found_.push_back(number);
    }
    return {};
}

void SegmentRoll::restore(std::uint32_t number, const std::string& run_id, std::uint32_t shards,
                          bool ended, Clock::time_point now) {
    at(number) = {ended ? State::Ended : State::Running, run_id, shards, "", now};
    begun_ = true;
}

void SegmentRoll::begin(Clock::time_point now) {
    begun_ = true;
    for (Entry& entry : entries_) {
        if (entry.state == State::Ready) {
            entry.state = State::Running;
            entry.heard = std::max(entry.heard, now);
        }
    }
}

std::vector<std::uint32_t> SegmentRoll::lose(Clock::time_point now, Nanoseconds silence) {
    std::vector<std::uint32_t> lost;
    for (std::uint32_t number = 1; number <= call_.segments; ++number) {
        Entry& entry = at(number);
        if (entry.state == State::Running && now - entry.heard > silence) {
            entry.state = State::Lost;
            lost.push_back(number);
        }
    }
    return lost;
}

std::vector<std::uint32_t> SegmentRoll::found() {
    return std::exchange(found_, {});
}

std::vector<std::uint32_t> SegmentRoll::not_ready(Clock::time_point now) const {
    std::vector<std::uint32_t> missing;
    for (std::uint32_t number = 1; number <= call_.segments; ++number) {
        const Entry& each = entry(number);
        if (each.state != State::Ready || now - each.heard >= kStillReady) {
            missing.push_back(number);
        }
    }
    return missing;
}

std::uint32_t SegmentRoll::shards() const {
    std::uint32_t sum = 0;
    for (const Entry& each : entries_) {
        sum += each.shards;
    }
    return sum;
}

bool SegmentRoll::all_over() const {
    return std::none_of(entries_.begin(), entries_.end(), [](const Entry& each) {
        return each.state == State::Running || each.state == State::Ready;
    });
}

}  // namespace plimsoll
