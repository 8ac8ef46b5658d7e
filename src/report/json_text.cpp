#include "report/json_text.hpp"

#include "report/text.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

namespace plimsoll::report {
namespace {

namespace json = boost::json;

std::string number_text(double value, bool pretty) {
    if (!std::isfinite(value)) {
        return "null";
    }
    std::string text = fmt::format("{}", value);
    if (pretty && text.find_first_of(".e") == std::string::npos) {
        text += ".0";
    }
    return text;
}

class Writer {
public:
    explicit Writer(bool pretty) : pretty_(pretty) {}

    void write(const json::value& value, std::size_t depth) {
        if (const auto* object = value.if_object()) {
            write_object(*object, depth);
        } else if (const auto* array = value.if_array()) {
            write_array(*array, depth);
        } else if (const auto* number = value.if_double()) {
            text_ += number_text(*number, pretty_);
        } else if (const auto* text = value.if_string()) {
            write_string({text->data(), text->size()});
        } else {
            text_ += json::serialize(value);
        }
    }
    [[nodiscard]] std::string take() { return std::move(text_); }

private:
    void newline(std::size_t depth) {
        if (pretty_) {
            text_ += '\n';
            text_.append(2 * depth, ' ');
        }
    }
    void write_string(std::string_view text) {
        text_ += json::serialize(json::string(clean_text(text)));
    }
    void write_object(const json::object& object, std::size_t depth) {
        text_ += '{';
        bool first = true;
        for (const auto& member : object) {
            if (!first) {
                text_ += ',';
            }
            first = false;
            newline(depth + 1);
            write_string(member.key());
            text_ += pretty_ ? ": " : ":";
            write(member.value(), depth + 1);
        }
        if (!first) {
            newline(depth);
        }
        text_ += '}';
    }
    void write_array(const json::array& array, std::size_t depth) {
        const bool spread = std::any_of(array.begin(), array.end(), [](const json::value& item) {
            return item.is_object() || item.is_string();
        });
        text_ += '[';
        for (std::size_t i = 0; i < array.size(); ++i) {
            if (i > 0) {
                text_ += pretty_ && !spread ? ", " : ",";
            }
            if (spread) {
                newline(depth + 1);
            }
            write(array[i], depth + 1);
        }
        if (spread) {
            newline(depth);
        }
        text_ += ']';
    }

    bool pretty_;
    std::string text_;
};

}  // namespace

std::string pretty_json(const json::value& value) {
    Writer writer(true);
    writer.write(value, 0);
    return writer.take() + "\n";
}

json::array texts_of(const std::vector<std::string>& texts) {
    json::array array;
    for (const std::string& text : texts) {
        array.push_back(json::value(text));
    }
    return array;
}

std::string script_json(const json::value& value) {
    Writer writer(false);
    writer.write(value, 0);
    std::string safe;
    for (const char c : writer.take()) {
        // These occur only inside strings, where an escape means the same.
        switch (c) {
            case '<':
                safe += "\\u003c";
                break;
            case '>':
                safe += "\\u003e";
                break;
            case '&':
                safe += "\\u0026";
                break;
            default:
                safe += c;
        }
    }
    return safe;
}

}  // namespace plimsoll::report
