// A comparison for the terminal and for a comment on a change.
#include "report/compare_report.hpp"
#include "report/compare_words.hpp"
#include "report/text.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace plimsoll {
namespace {

using namespace report;

/// Characters, not bytes, of text that is valid UTF-8.
std::size_t width_of(const std::string& text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    }));
}

std::string padded(std::string text, std::size_t width, bool right) {
    const std::size_t have = width_of(text);
    const std::string space(have < width ? width - have : 0, ' ');
    return right ? space + text : text + space;
}

std::string text_row(const CompareRow& row) {
    const std::string verdict(verdict_words(row.verdict));
    std::string line = fmt::format(
        "  {} {} {} {} {}", padded(shortened(one_line(row.name), 28), 28, false),
        padded(row_value(row, row.base), 10, true), padded(row_value(row, row.now), 10, true),
        padded(row_change(row), 12, true), padded(row_interval(row), 18, false));
    line += row.verdict == RowVerdict::Worse ? "WORSE" : verdict;
    return line + (row.why.empty() ? "" : ": " + row.why) + "\n";
}

std::string sentences(const std::vector<std::string>& texts) {
    std::string text;
    for (const std::string& each : texts) {
        text += "  " + one_line(each) + "\n";
    }
    return text;
}

std::string markdown_rows(const CompareResult& result, bool worth_reading) {
    std::string rows;
    for (const CompareRow& row : result.rows) {
        const bool changed = row.verdict == RowVerdict::Worse || row.verdict == RowVerdict::Better;
        if (changed != worth_reading) {
            continue;
        }
        const std::string verdict(verdict_words(row.verdict));
        rows += fmt::format("| {} | {} | {} | {} | {} {} | {}{} |\n", escape_markdown(row.group),
                            escape_markdown(row.name), row_value(row, row.base),
                            row_value(row, row.now), row_change(row),
                            escape_markdown(row_interval(row)),
                            row.verdict == RowVerdict::Worse ? "**worse**" : verdict,
                            row.why.empty() ? "" : escape_markdown(": " + row.why));
    }
    return rows.empty()
               ? rows
               : "| | | base | now | change | |\n|---|---|---:|---:|---:|---|\n" + rows + "\n";
}

std::string markdown_list(std::string_view title, const std::vector<std::string>& items) {
    if (items.empty()) {
        return {};
    }
    std::string text = title.empty() ? "" : fmt::format("{}\n\n", title);
    for (const std::string& item : items) {
        text += "- " + escape_markdown(item) + "\n";
    }
    return text + "\n";
}

}  // namespace

std::string compare_text(const CompareResult& result) {
    std::string text = sentences(compared_sides(result)) + "\n";
    std::string group;
    for (const CompareRow& row : result.rows) {
        if (row.group != group) {
            group = row.group;
            text += one_line(group) + "\n";
        }
        text += text_row(row);
    }
    if (!result.changed.empty()) {
        text += "\nWhat else differs\n" + sentences(result.changed);
    }
    if (!result.forced.empty()) {
        text += "\nCompared by --force, though\n" + sentences(result.forced);
    }
    text += "\n" + sentences(result.notes) + "  " + compare_method(result) + "\n\n";
    return text + one_line(compare_headline(result)) + ".\n";
}

std::string compare_markdown(const CompareResult& result) {
    std::string text = fmt::format("### {}\n\n", escape_markdown(compare_headline(result)));
    text += markdown_rows(result, true);
    text += markdown_list("What else differs:", result.changed);
    text += markdown_list("Compared by `--force`, though:", result.forced);
    if (const std::string rest = markdown_rows(result, false); !rest.empty()) {
        text += fmt::format(
            "<details><summary>{} figures that did not change, or cannot be "
            "told</summary>\n\n{}</details>\n\n",
            result.count(RowVerdict::Same) + result.count(RowVerdict::TooLittle), rest);
    }
    text += markdown_list("", compared_sides(result)) + markdown_list("", result.notes);
    return text + compare_method(result) + "\n";
}

}  // namespace plimsoll
