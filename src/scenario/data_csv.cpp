// CSV files (RFC 4180): fields in quotes may hold commas, line ends and doubled quotes.
#include "scenario/data.hpp"
#include "scenario/data_text.hpp"
#include "scenario/wording.hpp"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace plimsoll {
namespace {

struct Field {
    std::string_view text;  // without its quotes
    bool quoted = false;    // "" in it stands for "
};

/// Steps through records. `at` is where the next field begins.
class CsvCursor {
public:
    CsvCursor(std::string_view text, std::size_t at) : text_(text), at_(at) {}

    /// The next field of the record; nullopt: a quote is not closed, or text follows one.
    std::optional<Field> next() {
        Field field;
        const bool good = at_ < text_.size() && text_[at_] == '"' ? quoted(field) : plain(field);
        return good ? std::optional(field) : std::nullopt;
    }
    /// After next(): whether that was the record's last field; then the cursor is at the next one.
    [[nodiscard]] bool record_over() const { return over_; }
    [[nodiscard]] std::size_t at() const { return at_; }
    [[nodiscard]] bool done() const { return at_ >= text_.size(); }

private:
    bool plain(Field& field) {
        const std::size_t begin = at_;
        while (at_ < text_.size() && text_[at_] != ',' && text_[at_] != '\n') {
            ++at_;
        }
        std::size_t end = at_;
        if (end > begin && text_[end - 1] == '\r' && (at_ >= text_.size() || text_[at_] == '\n')) {
            --end;
        }
        field.text = text_.substr(begin, end - begin);
        pass_separator();
        return true;
    }

    bool quoted(Field& field) {
        const std::size_t begin = ++at_;
        field.quoted = true;
        while (true) {
            at_ = text_.find('"', at_);
            if (at_ == std::string_view::npos) {
                at_ = text_.size();
                return false;
            }
            if (at_ + 1 < text_.size() && text_[at_ + 1] == '"') {
                at_ += 2;
                continue;
            }
            break;
        }
        field.text = text_.substr(begin, at_ - begin);
        ++at_;
        if (at_ < text_.size() && text_[at_] == '\r') {
            ++at_;
        }
        const bool good = at_ >= text_.size() || text_[at_] == ',' || text_[at_] == '\n';
        pass_separator();
        return good;
    }

    void pass_separator() {
        over_ = at_ >= text_.size() || text_[at_] == '\n';
        at_ = std::min(at_ + 1, text_.size());
    }

    std::string_view text_;
    std::size_t at_;
    bool over_ = false;
};

void append_field(const Field& field, std::string& out) {
    if (!field.quoted) {
        out += field.text;
        return;
    }
    for (std::size_t i = 0; i < field.text.size(); ++i) {
        out += field.text[i];
        i += field.text[i] == '"' ? 1U : 0U;  // the second of a doubled quote
    }
}

class CsvSource final : public DataSource {
public:
    CsvSource(std::string name, DataPick pick, DataText text) : text_(std::move(text)) {
        name_ = std::move(name);
        pick_ = pick;
    }

    Status index(const std::string& path) {
        const std::string_view text = text_.view();
        std::size_t at = 0;
        if (Status header = read_header(text, at); !header) {
            return Error{header.error().what, path, header.error().hint};
        }
        std::uint64_t line = 2;
        while (at < text.size()) {
            if (text[at] == '\n' || text.substr(at, 2) == "\r\n") {
                at += text[at] == '\n' ? 1U : 2U;  // an empty line is no row
                ++line;
                continue;
            }
            if (Status row = read_row(text, at, line, path); !row) {
                return row;
            }
        }
        return rows_.empty() ? Status(Error{"has a header and no rows", path}) : Status();
    }

    [[nodiscard]] std::uint64_t rows() const noexcept override { return rows_.size(); }

    void append(std::uint64_t row, std::uint32_t column, std::string& out) const override {
        CsvCursor cursor(text_.view(), rows_[row]);
        std::optional<Field> field = cursor.next();
        for (; column > 0 && field; --column) {
            field = cursor.next();
        }
        if (field) {
            append_field(*field, out);
        }
    }

private:
    Status read_header(std::string_view text, std::size_t& at) {
        CsvCursor cursor(text, at);
        bool over = cursor.done();
        while (!over) {
            const auto field = cursor.next();
            if (!field) {
                return Error{"has a header with a quote that is not closed"};
            }
            std::string name;
            append_field(*field, name);
            const std::size_t first = name.find_first_not_of(' ');
            name = first == std::string::npos
                       ? std::string()
                       : name.substr(first, name.find_last_not_of(' ') - first + 1);
            if (name.empty()) {
                return Error{
                    "must begin with a header: a line of column names", {}, "e.g. email,password"};
            }
            if (std::find(columns_.begin(), columns_.end(), name) != columns_.end()) {
                return Error{fmt::format("has two columns named {}", in_quotes(name))};
            }
            columns_.push_back(std::move(name));
            over = cursor.record_over();
        }
        at = cursor.at();
        return columns_.empty()
                   ? Status(
                         Error{"is empty; it must begin with a header", {}, "e.g. email,password"})
                   : Status();
    }

    Status read_row(std::string_view text, std::size_t& at, std::uint64_t& line,
                    const std::string& path) {
        CsvCursor cursor(text, at);
        std::size_t fields = 0;
        bool over = false;
        bool has_quotes = false;
        while (!over) {
            const auto field = cursor.next();
            if (!field) {
                return Error{"a quote is not closed, or text follows one",
                             fmt::format("{}:{}", path, line)};
            }
            has_quotes = has_quotes || field->quoted;
            ++fields;
            over = cursor.record_over();
        }
        if (fields != columns_.size()) {
            return Error{fmt::format("has {} fields, the header has {}", fields, columns_.size()),
                         fmt::format("{}:{}", path, line),
                         "put a field that holds a comma in double quotes"};
        }
        rows_.push_back(at);
        const std::string_view record = text.substr(at, cursor.at() - at);
        line += has_quotes
                    ? static_cast<std::uint64_t>(std::count(record.begin(), record.end(), '\n'))
                    : 1;
        at = cursor.at();
        return {};
    }

    DataText text_;
    std::vector<std::uint64_t> rows_;  // where each begins
};

}  // namespace

Result<std::shared_ptr<const DataSource>> DataSource::open_csv(std::string name,
                                                               const std::string& path,
                                                               DataPick pick,
                                                               const std::string& encoding) {
    auto text = DataText::open(path, encoding);
    if (!text) {
        return text.error();
    }
    auto source = std::make_shared<CsvSource>(std::move(name), pick, *std::move(text));
    if (Status indexed = source->index(path); !indexed) {
        return indexed.error();
    }
    return std::shared_ptr<const DataSource>(std::move(source));
}

}  // namespace plimsoll
