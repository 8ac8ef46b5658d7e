#include "report/html_table.hpp"

#include <utility>

#include <fmt/format.h>

namespace plimsoll::report {
namespace {

std::string_view css_of(const Column& column) {
    return column.align == Align::Number ? " class=\"n\"" : "";
}

}  // namespace

Table::Table(std::string_view id, std::string_view caption, std::vector<Column> columns,
             std::string_view css)
    : columns_(std::move(columns)) {
    begin(id, css.empty() ? "<table>" : fmt::format("<table class=\"{}\">", css),
          fmt::format("<caption id=\"{}\">{}</caption>", id, caption));
}

Table Table::under(std::string_view heading_id, std::string_view caption, std::string_view css,
                   std::vector<Column> columns) {
    Table table(std::move(columns));
    table.begin(heading_id, fmt::format("<table class=\"{}\">", css),
                fmt::format("<caption>{}</caption>", caption));
    return table;
}

void Table::begin(std::string_view name_id, std::string_view table, std::string_view caption) {
    text_ = fmt::format(
        "<div class=\"table\" tabindex=\"0\" role=\"region\" aria-labelledby=\"{}\">\n{}\n{}\n"
        "<thead><tr>",
        name_id, table, caption);
    for (const auto& column : columns_) {
        text_ += fmt::format("<th scope=\"col\"{}>{}</th>", css_of(column), column.name);
    }
    text_ += "</tr></thead>\n<tbody>\n";
}

void Table::row(const std::vector<std::string>& cells) {
    text_ += "<tr>";
    for (std::size_t i = 0; i < cells.size() && i < columns_.size(); ++i) {
        text_ += i == 0 ? fmt::format("<th scope=\"row\"{}>{}</th>", css_of(columns_[i]), cells[i])
                        : fmt::format("<td{}>{}</td>", css_of(columns_[i]), cells[i]);
    }
    text_ += "</tr>\n";
}

std::string Table::end() {
    return std::move(text_) + "</tbody>\n</table>\n</div>\n";
}

}  // namespace plimsoll::report
