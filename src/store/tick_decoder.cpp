#include "store/tick_decoder.hpp"

#include "store/tick_rows.hpp"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

namespace plimsoll {
namespace {

Error wrong(const StreamRow& row, const char* what) {
    return Error{fmt::format("{}: {}", kStreamTables[row.table].name, what),
                 {},
                 "is the segment's program the same version?"};
}

}  // namespace

Status TickDecoder::begin_tick(const StreamRow& row) {
    constexpr int kColumns = 23;
    if (row.columns() != kColumns) {
        return wrong(row, "a row has another number of columns");
    }
    // A run of so many ticks would last for years, also with ticks of an hour.
    constexpr std::int64_t kMostTicks = 100'000'000;
    if (row.integer(0) < 0 || row.integer(0) > kMostTicks) {
        return wrong(row, "a tick has no number that a run has");
    }
    StoredTick tick = read_tick(row);
    if (tick.from != info_->tick * row.integer(0) || tick.to < tick.from ||
        tick.to > tick.from + info_->tick || (!ticks_.empty() && tick.tick <= ticks_.back().tick)) {
        return wrong(row, "a tick is not where its number says");
    }
    tick.endpoints.resize(info_->endpoints.size());
    tick.groups.resize(info_->groups.size());
    tick.checks.resize(info_->checks.size());
    ticks_.push_back(std::move(tick));
    return {};
}

Status TickDecoder::fill(const StreamRow& row, StoredTick& tick) const {
    const std::string_view table = kStreamTables[row.table].name;
    constexpr int kShardColumns = 10;
    if (table == "shard_tick") {
        if (row.columns() != kShardColumns || row.unsigned_integer(1) >= info_->shards) {
            return wrong(row, "a row of no load thread");
        }
        tick.shards.push_back(read_state(row, 2));
    } else if (table == "executor_tick") {
        const auto index = row.unsigned_integer(1);
        if (row.columns() != 4 || index >= info_->executors.size()) {
            return wrong(row, "a row of no executor");
        }
        tick.executors.resize(std::max<std::size_t>(tick.executors.size(), index + 1));
        tick.executors[index] = {row.small(2), row.real(3)};
    } else if (table == "endpoint_tick") {
        return row.columns() == 10 ? read_endpoint(row, tick) : wrong(row, "another form");
    } else if (table == "count_tick") {
        if (row.columns() != 3) {
            return wrong(row, "another form");
        }
        read_count(row, tick.counts);
    } else if (table == "group_tick") {
        return row.columns() == 6 ? read_group(row, tick) : wrong(row, "another form");
    } else if (table == "check_tick") {
        return row.columns() == 4 ? read_check(row, tick) : wrong(row, "another form");
    } else if (table == "phase_tick") {
        return row.columns() == 3 ? read_phase(row, tick) : wrong(row, "another form");
    } else if (table == "censored_tick") {
        return row.columns() == 5 ? read_censored(row, tick) : wrong(row, "another form");
    } else if (table == "cut_check_tick") {
        return row.columns() == 3 ? read_cut_check(row, tick) : wrong(row, "another form");
    } else if (table == "censored_group_tick") {
        return row.columns() == 3 ? read_censored_group(row, tick) : wrong(row, "another form");
    } else if (table == "answer_tick") {
        if (row.columns() != 2) {
            return wrong(row, "another form");
        }
        tick.last_answer = Nanoseconds(row.integer(1));
    }
    return {};
}

Status TickDecoder::take(const StreamRow& row) {
    if (kStreamTables[row.table].kind != StreamKind::Ticked) {
        return {};
    }
    if (row.table == kTickTable) {
        return begin_tick(row);
    }
    if (ticks_.empty() || row.integer(0) < 0 || row.unsigned_integer(0) != ticks_.back().tick) {
        return wrong(row, "a row is of no tick before it");
    }
    return fill(row, ticks_.back());
}

}  // namespace plimsoll
