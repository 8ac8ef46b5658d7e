// JSON files: an array of objects with the same keys. The text stays where it is; a row is where
// its object begins.
#include "scenario/data.hpp"
#include "scenario/data_text.hpp"
#include "scenario/wording.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/string.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

namespace plimsoll {
namespace {

namespace json = boost::json;

/// Takes every event and keeps nothing: only whether the text is JSON matters.
struct Nothing {
    static constexpr std::size_t max_array_size = SIZE_MAX;
    static constexpr std::size_t max_object_size = SIZE_MAX;
    static constexpr std::size_t max_string_size = SIZE_MAX;
    static constexpr std::size_t max_key_size = SIZE_MAX;
    using Code = json::error_code;
    static bool on_document_begin(Code& /*code*/) { return true; }
    static bool on_document_end(Code& /*code*/) { return true; }
    static bool on_array_begin(Code& /*code*/) { return true; }
    static bool on_array_end(std::size_t /*n*/, Code& /*code*/) { return true; }
    static bool on_object_begin(Code& /*code*/) { return true; }
    static bool on_object_end(std::size_t /*n*/, Code& /*code*/) { return true; }
    static bool on_string_part(json::string_view /*s*/, std::size_t /*n*/, Code& /*code*/) {
        return true;
    }
    static bool on_string(json::string_view /*s*/, std::size_t /*n*/, Code& /*code*/) {
        return true;
    }
    static bool on_key_part(json::string_view /*s*/, std::size_t /*n*/, Code& /*code*/) {
        return true;
    }
    static bool on_key(json::string_view /*s*/, std::size_t /*n*/, Code& /*code*/) { return true; }
    static bool on_number_part(json::string_view /*s*/, Code& /*code*/) { return true; }
    static bool on_int64(std::int64_t /*i*/, json::string_view /*s*/, Code& /*code*/) {
        return true;
    }
    static bool on_uint64(std::uint64_t /*u*/, json::string_view /*s*/, Code& /*code*/) {
        return true;
    }
    static bool on_double(double /*d*/, json::string_view /*s*/, Code& /*code*/) { return true; }
    static bool on_bool(bool /*b*/, Code& /*code*/) { return true; }
    static bool on_null(Code& /*code*/) { return true; }
    static bool on_comment_part(json::string_view /*s*/, Code& /*code*/) { return true; }
    static bool on_comment(json::string_view /*s*/, Code& /*code*/) { return true; }
};

std::uint64_t line_at(std::string_view text, std::size_t at) {
    const std::string_view before = text.substr(0, at);
    return 1 + static_cast<std::uint64_t>(std::count(before.begin(), before.end(), '\n'));
}

/// Walks over text that is known to be JSON.
class JsonCursor {
public:
    JsonCursor(std::string_view text, std::size_t at) : text_(text), at_(at) { skip_spaces(); }

    [[nodiscard]] std::size_t at() const { return at_; }
    [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
    /// Takes one character and the blanks behind it.
    void step() {
        ++at_;
        skip_spaces();
    }
    /// The text of the value that begins here; goes behind it.
    std::string_view value() {
        const std::size_t begin = at_;
        std::size_t depth = 0;
        do {
            const char c = peek();
            if (c == '"') {
                pass_string();
            } else if (c == '{' || c == '[') {
                ++depth;
                ++at_;
            } else if (c == '}' || c == ']') {
                --depth;
                ++at_;
            } else if (depth == 0) {
                at_ = std::min(text_.find_first_of(",]} \t\r\n", at_), text_.size());
            } else {
                ++at_;
            }
        } while (depth > 0 && at_ < text_.size());
        const std::string_view found = text_.substr(begin, at_ - begin);
        skip_spaces();
        return found;
    }

private:
    void pass_string() {
        for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
            at_ += text_[at_] == '\\' ? 1U : 0U;
        }
        ++at_;
    }
    void skip_spaces() { at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size()); }

    std::string_view text_;
    std::size_t at_;
};

// A string's text, any other value as it is written.
void append_value(std::string_view value, std::string& out) {
    if (!value.starts_with('"')) {
        out += value;
        return;
    }
    if (value.find('\\') == std::string_view::npos) {
        out += value.substr(1, value.size() - 2);
        return;
    }
    json::error_code code;
    const json::value parsed = json::parse(value, code);
    if (!code && parsed.is_string()) {
        out += parsed.get_string();
    }
}

class JsonSource final : public DataSource {
public:
    JsonSource(std::string name, DataPick pick, DataText text) : text_(std::move(text)) {
        name_ = std::move(name);
        pick_ = pick;
    }

    Status index(const std::string& path) {
        const std::string_view text = text_.view();
        json::parse_options options;
        options.max_depth = 64;
        json::basic_parser<Nothing> parser(options);
        json::error_code code;
        const std::size_t read = parser.write_some(false, text.data(), text.size(), code);
        if (code) {
            return Error{fmt::format("is not JSON: {}", code.message()),
                         fmt::format("{}:{}", path, line_at(text, read))};
        }
        JsonCursor cursor(text, 0);
        if (cursor.peek() != '[') {
            return Error{"must be an array of objects", path, "e.g. [{\"email\": \"a@b.test\"}]"};
        }
        cursor.step();
        while (cursor.peek() != ']') {
            if (Status row = read_row(cursor, path); !row) {
                return row;
            }
            if (cursor.peek() == ',') {
                cursor.step();
            }
        }
        return rows_.empty() ? Status(Error{"has no rows", path}) : Status();
    }

    [[nodiscard]] std::uint64_t rows() const noexcept override { return rows_.size(); }

    void append(std::uint64_t row, std::uint32_t column, std::string& out) const override {
        JsonCursor cursor(text_.view(), rows_[row]);
        std::string key;
        for (cursor.step(); cursor.peek() == '"'; pass_comma(cursor)) {
            key.clear();
            append_value(cursor.value(), key);
            cursor.step();  // the colon
            const std::string_view value = cursor.value();
            if (key == columns_[column]) {
                append_value(value, out);
                return;
            }
        }
    }

private:
    static void pass_comma(JsonCursor& cursor) {
        if (cursor.peek() == ',') {
            cursor.step();
        }
    }

    Status read_row(JsonCursor& cursor, const std::string& path) {
        const std::string_view text = text_.view();
        const auto wrong = [&](std::string what) {
            return Error{std::move(what), fmt::format("{}:{}", path, line_at(text, cursor.at()))};
        };
        if (cursor.peek() != '{') {
            return wrong("must be an object, as every row");
        }
        const bool first = rows_.empty();
        rows_.push_back(cursor.at());
        std::size_t found = 0;
        for (cursor.step(); cursor.peek() == '"'; pass_comma(cursor)) {
            std::string key;
            append_value(cursor.value(), key);
            const bool known = std::find(columns_.begin(), columns_.end(), key) != columns_.end();
            if (first && !known) {
                columns_.push_back(key);
            }
            found += first || known ? 1U : 0U;
            cursor.step();
            static_cast<void>(cursor.value());
        }
        if (found < columns_.size() || columns_.empty()) {
            return wrong("has other keys than the first row");
        }
        cursor.step();
        return {};
    }

    DataText text_;
    std::vector<std::uint64_t> rows_;
};

}  // namespace

Result<std::shared_ptr<const DataSource>> DataSource::open_json(std::string name,
                                                                const std::string& path,
                                                                DataPick pick,
                                                                const std::string& encoding) {
    auto text = DataText::open(path, encoding);
    if (!text) {
        return text.error();
    }
    auto source = std::make_shared<JsonSource>(std::move(name), pick, *std::move(text));
    if (Status indexed = source->index(path); !indexed) {
        return indexed.error();
    }
    return std::shared_ptr<const DataSource>(std::move(source));
}

}  // namespace plimsoll
