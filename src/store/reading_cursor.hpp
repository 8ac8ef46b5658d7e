// Walks the readings of the probes in a run file.
#pragma once

#include "base/result.hpp"
#include "signal/reading.hpp"
#include "store/sqlite.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace plimsoll {

/// A reading as the probe gave it; `reading.at` is the offset from the run's start, on a clock that
/// was 0 then.
struct StoredReading {
    std::size_t probe = 0;
    Reading reading;
};

/// The readings of all probes in the order in which they were written. The database
/// must outlive it, and must be within one transaction where a run may still be writing.
class ReadingCursor {
public:
    [[nodiscard]] static Result<ReadingCursor> open(const sqlite::Database& database);
    [[nodiscard]] Result<std::optional<StoredReading>> next();

private:
    struct Series {
        std::uint32_t metric = 0;  // of its probe's descriptors
        std::vector<std::string> labels;
    };
    [[nodiscard]] Status load_series(const sqlite::Database& database);

    std::unordered_map<std::int64_t, Series> series_;
    sqlite::Statement readings_;
    sqlite::Statement points_;
    bool more_points_ = false;
};

}  // namespace plimsoll
