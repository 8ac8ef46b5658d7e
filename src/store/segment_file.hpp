// A segment's run file, kept by whoever gathers the segments.
#pragma once

#include "base/result.hpp"
#include "record/interval.hpp"
#include "record/run_info.hpp"
#include "store/run_reader.hpp"
#include "store/run_stream.hpp"
#include "store/sqlite.hpp"

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace plimsoll {

/// What of a stream was new. `at` is the offset from the segment's start, on a clock that was 0
/// then.
struct SegmentNews {
    std::vector<StoredTick> ticks;
    std::vector<Event> events;
    std::vector<ErrorSample> errors;  // `count`: how many more
};

/// The same rows as in the file on the segment's machine: a run file like any other, which `merge`
/// takes too. Each stream is kept in one transaction; once `take` has returned, no end of this
/// process loses it. Threading: one caller at a time.
class SegmentFile {
public:
    /// From what RunStream::fixed gave. Error: the file exists, cannot be written, or the rows are
    /// no run's.
    [[nodiscard]] static Result<std::unique_ptr<SegmentFile>> create(
        const std::filesystem::path& path, std::string_view fixed_rows);
    /// One that another process kept.
    [[nodiscard]] static Result<std::unique_ptr<SegmentFile>> open(
        const std::filesystem::path& path);

    [[nodiscard]] const RunInfo& info() const { return info_; }
    /// Whether the segment's run came to its end.
    [[nodiscard]] bool finished() const { return finished_; }
    /// The last tick that is kept; -1: none.
    [[nodiscard]] std::int64_t last_tick() const { return last_tick_; }
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

    /// Keeps what a stream brings that is not there yet; the same may come several times. Error:
    /// no rows of this segment's run, or they cannot be written; then nothing of it was kept.
    [[nodiscard]] Result<SegmentNews> take(std::string_view rows);
    [[nodiscard]] Status write_fact(std::string_view key, std::string_view value);
    /// The ticks that are kept, from `first` on.
    [[nodiscard]] Result<std::vector<StoredTick>> ticks_from(std::uint64_t first) const;

private:
    SegmentFile(std::filesystem::path path, sqlite::Database database)
        : path_(std::move(path)), database_(std::move(database)) {}
    [[nodiscard]] Status load();
    [[nodiscard]] Status insert(const StreamRow& row);
    [[nodiscard]] Status take_row(const StreamRow& row, SegmentNews& news);
    void take_error(const StreamRow& row, SegmentNews& news);

    using ErrorKey = std::tuple<std::int64_t, std::string, std::int64_t, std::int64_t>;
    std::filesystem::path path_;
    sqlite::Database database_;
    std::array<sqlite::Statement, kStreamTables.size()> inserts_;
    RunInfo info_;
    bool finished_ = false;
    std::int64_t last_tick_ = -1;
    std::int64_t last_event_ = 0;
    std::map<ErrorKey, std::uint64_t> errors_;        // how many of each are kept
    std::map<ErrorKey, std::uint64_t> fresh_errors_;  // of the stream that is being taken
    std::int64_t fresh_event_ = 0;
};

}  // namespace plimsoll
