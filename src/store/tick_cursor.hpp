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

    /// The next one's; nullopt after the last.
    [[nodiscard]] std::optional<std::uint64_t> number() const;
    /// The next one, which must be there, without its load: that is added to `sum`. So ticks of
    /// many runs add up without each being made first.
    [[nodiscard]] Result<StoredTick> next_onto(TickLoad& sum);

private:
    struct Tables;
    TickCursor(std::unique_ptr<Tables> tables, const RunInfo& info);
    void resize(TickLoad& load) const;
    Status take(StoredTick& tick, TickLoad& load);
    std::unique_ptr<Tables> tables_;
    std::size_t endpoints_;  // how many of each a tick tells of
    std::size_t groups_;
    std::size_t checks_;
};

}  // namespace plimsoll
