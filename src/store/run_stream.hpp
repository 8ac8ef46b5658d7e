// A run file's rows as bytes, for another machine that keeps the same file.
#pragma once

#include "base/result.hpp"
#include "store/sqlite.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace plimsoll {

/// Which tables go along. Fixed: what is known before the first request, and again at the end,
/// where each row replaces the one of its key. Ticked: rows of a tick, which is their first column,
/// in ascending order. Grown: rows that are only ever added. Replaced: rows that change.
enum class StreamKind : std::uint8_t { Fixed, Ticked, Grown, Replaced };
struct StreamTable {
    const char* name;
    StreamKind kind;
};
/// By number, as a stream names them. Readings of probes are not among them: whoever gathers
/// segments has the probes.
inline constexpr std::array<StreamTable, 23> kStreamTables{{
    {"run", StreamKind::Fixed},
    {"fact", StreamKind::Fixed},
    {"endpoint", StreamKind::Fixed},
    {"executor", StreamKind::Fixed},
    {"stage", StreamKind::Fixed},
    {"user_class", StreamKind::Fixed},
    {"check_name", StreamKind::Fixed},
    {"step_group", StreamKind::Fixed},
    {"tag", StreamKind::Fixed},
    {"tick", StreamKind::Ticked},
    {"shard_tick", StreamKind::Ticked},
    {"executor_tick", StreamKind::Ticked},
    {"endpoint_tick", StreamKind::Ticked},
    {"count_tick", StreamKind::Ticked},
    {"group_tick", StreamKind::Ticked},
    {"check_tick", StreamKind::Ticked},
    {"phase_tick", StreamKind::Ticked},
    {"censored_tick", StreamKind::Ticked},
    {"cut_check_tick", StreamKind::Ticked},
    {"censored_group_tick", StreamKind::Ticked},
    {"answer_tick", StreamKind::Ticked},
    {"event", StreamKind::Grown},
    {"error", StreamKind::Replaced},
}};
/// Of the tick itself, which comes first of what a tick has.
inline constexpr std::size_t kTickTable = 9;

/// A row of a stream. A Grown one has its row's number as an additional first column.
class StreamRow final : public sqlite::Row {
public:
    enum class Type : std::uint8_t { Null, Integer, Real, Text, Bytes };
    struct Cell {
        Type type = Type::Null;
        std::int64_t integer = 0;
        double real = 0;
        std::string_view bytes;  // of the stream, which must outlive it
    };
    [[nodiscard]] std::int64_t integer(int column) const override;
    [[nodiscard]] double real(int column) const override;
    [[nodiscard]] std::string text(int column) const override;
    [[nodiscard]] std::span<const std::uint8_t> bytes(int column) const override;
    [[nodiscard]] int columns() const { return static_cast<int>(cells.size()); }
    /// For a statement with as many parameters.
    void bind(sqlite::Statement& statement) const;

    std::size_t table = 0;  // of kStreamTables
    std::vector<Cell> cells;
};

/// Calls `visit` for each row. Error: no stream, or what `visit` says.
[[nodiscard]] Status for_stream_rows(std::string_view bytes,
                                     const std::function<Status(const StreamRow&)>& visit);

/// How far a run file was read, as far as its reader knows.
struct StreamPosition {
    std::int64_t tick = -1;                                 // the last one
    std::int64_t event = 0;                                 // the number of the last one's row
    bool sought = false;                                    // whether `rows` are those of `tick`
    std::array<std::int64_t, kStreamTables.size()> rows{};  // the last row's number
};

/// Reads a run file that a run may still be writing. One at a time of it; short-lived, as a run
/// cannot fold its file into one as long as somebody has it open.
class RunStream {
public:
    [[nodiscard]] static Result<RunStream> open(const std::filesystem::path& file);

    /// All rows of the tables that are Fixed.
    [[nodiscard]] Result<std::string> fixed() const;
    /// Whole ticks that come after `position`, until there are `most_bytes` of them, at least one;
    /// with what happened and what failed meanwhile. Moves `position` behind them. Empty: there
    /// are none yet.
    [[nodiscard]] Result<std::string> next(StreamPosition& position, std::size_t most_bytes);
    /// Once there are no more ticks: all that is Fixed as it is then, what happened after the last
    /// tick, and all that failed.
    [[nodiscard]] Result<std::string> rest(StreamPosition& position) const;

private:
    explicit RunStream(sqlite::Database database) : database_(std::move(database)) {}
    [[nodiscard]] Status seek(StreamPosition& position) const;
    [[nodiscard]] Status read_ticks(StreamPosition& position, std::size_t most_bytes,
                                    std::string& out) const;
    [[nodiscard]] Status read_rest(std::int64_t first_tick, StreamPosition& position,
                                   std::string& out) const;
    sqlite::Database database_;
};

}  // namespace plimsoll
