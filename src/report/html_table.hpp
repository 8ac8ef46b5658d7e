// One table of a page. Inside src/report.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::report {

enum class Align { Text, Number };
struct Column {
    std::string_view name;
    Align align = Align::Text;
};

/// A table with a caption that scrolls by itself where it is wider than the page. Cells are HTML:
/// the caller escapes them.
class Table {
public:
    /// `id`: the caption's, which names the table; `css`: its class.
    Table(std::string_view id, std::string_view caption, std::vector<Column> columns,
          std::string_view css = {});
    /// Named by a heading instead, whose id is given; `css`: its class.
    [[nodiscard]] static Table under(std::string_view heading_id, std::string_view caption,
                                     std::string_view css, std::vector<Column> columns);

    /// The first cell heads the row.
    void row(const std::vector<std::string>& cells);
    [[nodiscard]] std::string end();

private:
    explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
    void begin(std::string_view name_id, std::string_view table, std::string_view caption);

    std::vector<Column> columns_;
    std::string text_;
};

}  // namespace plimsoll::report
