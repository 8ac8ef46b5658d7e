#include "store/run_stream.hpp"

#include "base/utf8.hpp"

#include <bit>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace plimsoll {
namespace {

// A row: the table's number, how many cells, and each as its type and value; numbers as varints,
// signed ones folded so that small ones stay short, reals as their eight bytes.
constexpr std::size_t kMostCells = 64;

void put_number(std::string& out, std::uint64_t value) {
    while (value >= 0x80U) {
        out += static_cast<char>(value | 0x80U);
        value >>= 7U;
    }
    out += static_cast<char>(value);
}

std::uint64_t folded(std::int64_t value) {
    return (static_cast<std::uint64_t>(value) << 1U) ^ static_cast<std::uint64_t>(value >> 63);
}
std::int64_t unfolded(std::uint64_t value) {
    return static_cast<std::int64_t>(value >> 1U) ^ -static_cast<std::int64_t>(value & 1U);
}

void put_type(std::string& out, StreamRow::Type type) {
    out += static_cast<char>(type);
}

void put_cell(std::string& out, const sqlite::Statement& row, int column) {
    if (row.is_null(column)) {
        put_type(out, StreamRow::Type::Null);
    } else if (row.is_integer(column)) {
        put_type(out, StreamRow::Type::Integer);
        put_number(out, folded(row.integer(column)));
    } else if (row.is_number(column)) {
        put_type(out, StreamRow::Type::Real);
        const auto bits = std::bit_cast<std::uint64_t>(row.real(column));
        for (unsigned shift = 0; shift < 64; shift += 8) {
            out += static_cast<char>((bits >> shift) & 0xffU);
        }
    } else if (row.is_text(column)) {
        put_type(out, StreamRow::Type::Text);
        const std::string text = row.text(column);
        put_number(out, text.size());
        out += text;
    } else {
        put_type(out, StreamRow::Type::Bytes);
        const auto bytes = row.bytes(column);
        put_number(out, bytes.size());
        out.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    }
}

void put_row(std::string& out, std::size_t table, const sqlite::Statement& row, int first_column) {
    put_number(out, table);
    put_number(out, static_cast<std::uint64_t>(row.columns() - first_column));
    for (int column = first_column; column < row.columns(); ++column) {
        put_cell(out, row, column);
    }
}

/// Takes a stream's bytes off its front; nothing where they end too early.
class Taker {
public:
    explicit Taker(std::string_view bytes) : rest_(bytes) {}
    [[nodiscard]] bool done() const { return rest_.empty(); }

    std::optional<std::uint64_t> number() {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
            const auto byte = static_cast<unsigned char>(rest_.front());
            rest_.remove_prefix(1);
            value |= std::uint64_t{byte & 0x7fU} << shift;
            if ((byte & 0x80U) == 0) {
                return value;
            }
        }
        return std::nullopt;
    }
    std::optional<std::string_view> bytes(std::uint64_t size) {
        if (size > rest_.size()) {
            return std::nullopt;
        }
        const auto taken = rest_.substr(0, static_cast<std::size_t>(size));
        rest_.remove_prefix(taken.size());
        return taken;
    }

    bool cell(StreamRow::Cell& cell) {
        const auto type = number();
        if (!type || *type > static_cast<std::uint64_t>(StreamRow::Type::Bytes)) {
            return false;
        }
        cell.type = static_cast<StreamRow::Type>(*type);
        switch (cell.type) {
            case StreamRow::Type::Null:
                return true;
            case StreamRow::Type::Integer: {
                const auto value = number();
                cell.integer = unfolded(value.value_or(0));
                return value.has_value();
            }
            case StreamRow::Type::Real: {
                const auto eight = bytes(8);
                std::uint64_t bits = 0;
                for (unsigned i = 0; eight && i < 8; ++i) {
                    bits |= std::uint64_t{static_cast<unsigned char>((*eight)[i])} << (8 * i);
                }
                cell.real = std::bit_cast<double>(bits);
                return eight.has_value();
            }
            default: {
                const auto size = number();
                const auto taken = size ? bytes(*size) : std::nullopt;
                cell.bytes = taken.value_or(std::string_view());
                return taken.has_value();
            }
        }
    }

private:
    std::string_view rest_;
};

Error no_stream() {
    return Error{"is no stream of a run file's rows", {}, "it was cut short, or made by another"};
}

/// A statement that stands on its next row, if there is one.
struct Rows {
    std::size_t table;
    sqlite::Statement statement;
    bool more = false;

    Status advance() {
        const auto stepped = statement.step();
        more = stepped && *stepped;
        return stepped ? Status() : Status(stepped.error());
    }
};

}  // namespace

std::int64_t StreamRow::integer(int column) const {
    const Cell& cell = cells.at(static_cast<std::size_t>(column));
    return cell.type == Type::Real ? static_cast<std::int64_t>(cell.real) : cell.integer;
}
double StreamRow::real(int column) const {
    const Cell& cell = cells.at(static_cast<std::size_t>(column));
    return cell.type == Type::Integer ? static_cast<double>(cell.integer) : cell.real;
}
std::string StreamRow::text(int column) const {
    return valid_utf8(cells.at(static_cast<std::size_t>(column)).bytes);
}
std::span<const std::uint8_t> StreamRow::bytes(int column) const {
    const std::string_view bytes = cells.at(static_cast<std::size_t>(column)).bytes;
    return {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
}

void StreamRow::bind(sqlite::Statement& statement) const {
    for (int column = 0; column < columns(); ++column) {
        const Cell& cell = cells[static_cast<std::size_t>(column)];
        switch (cell.type) {
            case Type::Null:
                break;  // as a parameter is that was not bound
            case Type::Integer:
                statement.bind(column + 1, cell.integer);
                break;
            case Type::Real:
                statement.bind(column + 1, cell.real);
                break;
            case Type::Text:
                statement.bind(column + 1, cell.bytes);
                break;
            case Type::Bytes:
                statement.bind(column + 1, bytes(column));
                break;
        }
    }
}

Status for_stream_rows(std::string_view bytes,
                       const std::function<Status(const StreamRow&)>& visit) {
    Taker taker(bytes);
    StreamRow row;
    while (!taker.done()) {
        const auto table = taker.number();
        const auto cells = taker.number();
        if (!table || *table >= kStreamTables.size() || !cells || *cells == 0 ||
            *cells > kMostCells) {
            return no_stream();
        }
        row.table = static_cast<std::size_t>(*table);
        row.cells.assign(static_cast<std::size_t>(*cells), {});
        for (StreamRow::Cell& cell : row.cells) {
            if (!taker.cell(cell)) {
                return no_stream();
            }
        }
        if (Status visited = visit(row); !visited.ok()) {
            return visited;
        }
    }
    return {};
}

Result<RunStream> RunStream::open(const std::filesystem::path& file) {
    auto database = sqlite::Database::open(file, sqlite::Database::Mode::Read);
    if (!database) {
        return database.error();
    }
    return RunStream(std::move(*database));
}

Result<std::string> RunStream::fixed() const {
    std::string out;
    for (std::size_t table = 0; table < kStreamTables.size(); ++table) {
        if (kStreamTables[table].kind != StreamKind::Fixed) {
            continue;
        }
        auto rows = database_.prepare(fmt::format("SELECT * FROM {}", kStreamTables[table].name));
        if (!rows) {
            return rows.error();
        }
        for (;;) {
            const auto more = rows->step();
            if (!more) {
                return more.error();
            }
            if (!*more) {
                break;
            }
            put_row(out, table, *rows, 0);
        }
    }
    return out;
}

/// Where the rows after a tick begin, which the other side has and we did not read to it.
Status RunStream::seek(StreamPosition& position) const {
    for (std::size_t table = 0; table < kStreamTables.size(); ++table) {
        if (kStreamTables[table].kind != StreamKind::Ticked) {
            continue;
        }
        const auto last =
            database_.integer(fmt::format("SELECT max(rowid) FROM {} WHERE tick <= {}",
                                          kStreamTables[table].name, position.tick));
        if (!last) {
            return last.error();
        }
        position.rows[table] = position.tick < 0 ? -1 : *last;
    }
    position.sought = true;
    return {};
}

Status RunStream::read_ticks(StreamPosition& position, std::size_t most_bytes,
                             std::string& out) const {
    std::vector<Rows> tables;
    for (std::size_t table = 0; table < kStreamTables.size(); ++table) {
        if (kStreamTables[table].kind != StreamKind::Ticked) {
            continue;
        }
        auto statement = database_.prepare(fmt::format(
            "SELECT rowid, * FROM {} WHERE rowid > ? ORDER BY rowid", kStreamTables[table].name));
        if (!statement) {
            return statement.error();
        }
        tables.push_back({table, std::move(*statement)});
        tables.back().statement.bind(1, position.rows[table]);
        if (Status stepped = tables.back().advance(); !stepped.ok()) {
            return stepped;
        }
    }
    while (tables.front().more && (out.empty() || out.size() < most_bytes)) {
        const std::int64_t tick = tables.front().statement.integer(1);
        for (Rows& rows : tables) {
            while (rows.more && rows.statement.integer(1) <= tick) {
                put_row(out, rows.table, rows.statement, 1);
                position.rows[rows.table] = rows.statement.integer(0);
                if (Status stepped = rows.advance(); !stepped.ok()) {
                    return stepped;
                }
            }
        }
        position.tick = tick;
    }
    return {};
}

Status RunStream::read_rest(std::int64_t first_tick, StreamPosition& position,
                            std::string& out) const {
    const auto put = [&](std::size_t table, const std::string& sql, std::int64_t* number) {
        auto rows = database_.prepare(sql);
        if (!rows) {
            return Status(rows.error());
        }
        for (;;) {
            const auto more = rows->step();
            if (!more) {
                return Status(more.error());
            }
            if (!*more) {
                return Status();
            }
            put_row(out, table, *rows, 0);
            if (number != nullptr) {
                *number = rows->integer(0);
            }
        }
    };
    for (std::size_t table = 0; table < kStreamTables.size(); ++table) {
        Status status;
        if (kStreamTables[table].kind == StreamKind::Grown) {
            status = put(table,
                         fmt::format("SELECT rowid, * FROM {} WHERE rowid > {} ORDER BY rowid",
                                     kStreamTables[table].name, position.event),
                         &position.event);
        } else if (kStreamTables[table].kind == StreamKind::Replaced) {
            // A tick's errors are stamped within it; one tick more, for clocks read at its edge.
            status = put(table,
                         fmt::format("SELECT * FROM {} WHERE last_ns >= (SELECT 2 * from_ns - "
                                     "to_ns FROM tick WHERE tick = {})",
                                     kStreamTables[table].name, first_tick),
                         nullptr);
        }
        if (!status.ok()) {
            return status;
        }
    }
    return {};
}

Result<std::string> RunStream::rest(StreamPosition& position) const {
    auto out = fixed();
    const auto first = database_.integer("SELECT min(tick) FROM tick");
    if (!out || !first) {
        return out ? first.error() : out.error();
    }
    if (const Status read = read_rest(*first, position, *out); !read.ok()) {
        return read.error();
    }
    return out;
}

Result<std::string> RunStream::next(StreamPosition& position, std::size_t most_bytes) {
    std::string out;
    StreamPosition at = position;
    const auto before = at.tick;
    // One point in time for all tables, while the run goes on writing.
    Status status = database_.exec("BEGIN");
    if (status.ok() && !at.sought) {
        status = seek(at);
    }
    if (status.ok()) {
        status = read_ticks(at, most_bytes, out);
    }
    if (status.ok() && at.tick != before) {
        const auto first =
            database_.integer(fmt::format("SELECT min(tick) FROM tick WHERE tick > {}", before));
        status = first ? read_rest(*first, at, out) : Status(first.error());
    }
    static_cast<void>(database_.exec("COMMIT"));
    if (!status.ok()) {
        return status.error();
    }
    position = at;
    return out;
}

}  // namespace plimsoll
