// What a segment and its gatherer say to each other, as HTTP bodies.
//
//   POST /v1/hello   a Hello; asked again until the answer says when to begin
//   GET  /v1/clock   the gatherer's wall clock, in nanoseconds since 1970, as text
//   POST /v1/rows?segment=I&run=ID&kind=begin|ticks|end[&over=K][&early=WHY]   rows of the run file
//
// Answers are Orders, or with another status than 200 {"error": "a sentence"}.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "record/run_info.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

/// Raised whenever the two ends of different versions would misunderstand each other.
inline constexpr int kGatherProtocol = 1;
inline constexpr const char* kHelloPath = "/v1/hello";
inline constexpr const char* kClockPath = "/v1/clock";
inline constexpr const char* kRowsPath = "/v1/rows";
/// More than that is never sent at once, but for a single tick that is larger.
inline constexpr std::size_t kMostBatch_bytes = 1U << 20U;
inline constexpr std::size_t kMostBody_bytes = 32U << 20U;

struct Hello {
    int protocol = kGatherProtocol;
    std::string version;  // of the program
    Segment segment;
    std::string run_id;
    std::string scenario_sha256;
    std::uint64_t seed = 1;
    std::string load;  // see load_digest
    std::uint32_t shards = 1;
    std::string host;  // for people
};
[[nodiscard]] std::string to_json(const Hello& hello);
[[nodiscard]] Result<Hello> read_hello(const std::string& body);

/// A level of an externally controlled executor, of the whole run. `number` counts the settings of
/// the run: each is carried out once.
struct LevelOrder {
    std::uint32_t executor = 0;
    std::uint64_t number = 0;
    bool open = true;  // arrivals per second; else users
    double level = 0;
    WallClock::time_point at;  // by the gatherer's clock
};

struct Orders {
    std::optional<WallClock::time_point> start;  // by the gatherer's clock
    std::int64_t have = kNoFile;                 // the last tick that it keeps; -1: none
    bool stop = false;
    bool abort = false;
    std::string why;  // of a stop
    std::vector<LevelOrder> levels;

    static constexpr std::int64_t kNoFile = -2;  // nothing of the segment: it must begin anew
};
[[nodiscard]] std::string to_json(const Orders& orders);
[[nodiscard]] Result<Orders> read_orders(const std::string& body);

/// {"error": SENTENCE}, and back; the body itself where it is something else.
[[nodiscard]] std::string error_json(std::string_view sentence);
[[nodiscard]] std::string read_error(const std::string& body);

/// What two programs agree on that put the same load on: executors with their stages and levels,
/// endpoints, groups, checks, the tick. `whole` is of the whole run, not of a segment.
[[nodiscard]] std::string load_digest(const RunInfo& whole);

}  // namespace plimsoll
