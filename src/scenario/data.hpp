// Rows of test data: a CSV or JSON file, in memory once for all shards.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

enum class DataPick : std::uint8_t {
    Sequential,  // row = number of the iteration, from the start again after the last
    Random,      // drawn for each iteration
    Unique       // each row once: row = number of the iteration; past the last the user stops
};

/// Index into Scenario::data.
using DataId = std::uint16_t;

/// In place of a row: the source has none for this iteration.
inline constexpr std::uint64_t kNoRow = UINT64_MAX;

/// Immutable; safe to share. A million rows cost their file's size and eight bytes each.
class DataSource {
public:
    /// `path` is relative to the scenario's folder. Error: not readable, no header, a row with
    /// another number of fields (with its line), not an array of objects, not written in
    /// `encoding` (see DataText::open; empty: UTF-8).
    [[nodiscard]] static Result<std::shared_ptr<const DataSource>> open_csv(
        std::string name, const std::string& path, DataPick pick, const std::string& encoding = {});
    [[nodiscard]] static Result<std::shared_ptr<const DataSource>> open_json(
        std::string name, const std::string& path, DataPick pick, const std::string& encoding = {});
    virtual ~DataSource() = default;

    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    [[nodiscard]] DataPick pick() const noexcept { return pick_; }
    [[nodiscard]] const std::vector<std::string>& columns() const noexcept { return columns_; }
    [[nodiscard]] virtual std::uint64_t rows() const noexcept = 0;
    /// Appends the field's value to `out`, unquoted. `row` < rows(), `column` < columns().size().
    virtual void append(std::uint64_t row, std::uint32_t column, std::string& out) const = 0;

protected:
    std::string name_;
    DataPick pick_ = DataPick::Sequential;
    std::vector<std::string> columns_;
};

}  // namespace plimsoll
