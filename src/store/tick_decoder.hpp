// Ticks from a stream's rows.
#pragma once

#include "base/result.hpp"
#include "record/run_info.hpp"
#include "store/run_reader.hpp"
#include "store/run_stream.hpp"

#include <vector>

namespace plimsoll {

/// Fed the rows of a stream in order; those of tables that have no ticks it leaves alone.
class TickDecoder {
public:
    explicit TickDecoder(const RunInfo& info) : info_(&info) {}

    /// Error: a row that no run of `info` writes, or that is of no tick before it.
    [[nodiscard]] Status take(const StreamRow& row);
    [[nodiscard]] std::vector<StoredTick> ticks() && { return std::move(ticks_); }

private:
    [[nodiscard]] Status begin_tick(const StreamRow& row);
    [[nodiscard]] Status fill(const StreamRow& row, StoredTick& tick) const;
    const RunInfo* info_;
    std::vector<StoredTick> ticks_;
};

}  // namespace plimsoll
