// Walks the tables of a run file that grow with time, side by side.
#pragma once

#include "base/result.hpp"
#include "record/run_info.hpp"
#include "store/run_reader.hpp"
#include "store/sqlite.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

namespace plimsoll {

/// The ticks of a run in order, one at a time. The database must outlive it, and must be within one
/// transaction where a run may still be writing.
class TickCursor {
public:
    [[nodiscard]] static Result<TickCursor> open(const sqlite::Database& database,
                                                 const RunInfo& info);
    TickCursor(TickCursor&&) noexcept;
    TickCursor& operator=(TickCursor&&) noexcept;
    ~TickCursor();

    /// nullopt after the last.
    [[nodiscard]] Result<std::optional<StoredTick>> next();

private:
    struct Tables;
    TickCursor(std::unique_ptr<Tables> tables, const RunInfo& info);
    std::unique_ptr<Tables> tables_;
    std::size_t endpoints_;  // how many of each a tick tells of
    std::size_t groups_;
    std::size_t checks_;
};

}  // namespace plimsoll
