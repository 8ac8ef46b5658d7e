#include "scenario/exact_json.hpp"

#include "scenario/comparison.hpp"

#include <array>
#include <charconv>
#include <cstdint>

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/serializer.hpp>
#include <boost/json/value_stack.hpp>

namespace plimsoll {
namespace {

namespace json = boost::json;

constexpr char kNumberMark = '\xFF';
constexpr std::string_view kQuotedMark = "\"\xFF";

template <typename T>
std::string_view written(T value, std::array<char, 32>& digits) {
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    return {digits.data(), static_cast<std::size_t>(end - digits.data())};
}

/// Builds values as Boost.JSON's own handler does, but for numbers.
struct Handler {
    static constexpr std::size_t max_array_size = json::array::max_size();
    static constexpr std::size_t max_object_size = json::object::max_size();
    static constexpr std::size_t max_string_size = json::string::max_size();
    static constexpr std::size_t max_key_size = json::string::max_size();
    using Code = json::error_code;

    Handler(unsigned char* buffer, std::size_t size) : stack(json::storage_ptr{}, buffer, size) {}

    static bool on_document_begin(Code& /*code*/) { return true; }
    static bool on_document_end(Code& /*code*/) { return true; }
    static bool on_array_begin(Code& /*code*/) { return true; }
    static bool on_object_begin(Code& /*code*/) { return true; }
    bool on_array_end(std::size_t n, Code& /*code*/) {
        stack.push_array(n);
        return true;
    }
    bool on_object_end(std::size_t n, Code& /*code*/) {
        stack.push_object(n);
        return true;
    }
    bool on_string_part(json::string_view s, std::size_t /*n*/, Code& /*code*/) {
        stack.push_chars(s);
        return true;
    }
    bool on_string(json::string_view s, std::size_t /*n*/, Code& /*code*/) {
        stack.push_string(s);
        return true;
    }
    bool on_key_part(json::string_view s, std::size_t /*n*/, Code& /*code*/) {
        stack.push_chars(s);
        return true;
    }
    bool on_key(json::string_view s, std::size_t /*n*/, Code& /*code*/) {
        stack.push_key(s);
        return true;
    }
    // The document comes in one piece, so that a number does too.
    static bool on_number_part(json::string_view /*s*/, Code& /*code*/) { return true; }
    bool on_int64(std::int64_t i, json::string_view s, Code& /*code*/) {
        written(i, digits) == std::string_view(s) ? stack.push_int64(i) : push_text(s);
        return true;
    }
    bool on_uint64(std::uint64_t u, json::string_view s, Code& /*code*/) {
        written(u, digits) == std::string_view(s) ? stack.push_uint64(u) : push_text(s);
        return true;
    }
    bool on_double(double /*d*/, json::string_view s, Code& /*code*/) {
        push_text(s);
        return true;
    }
    bool on_bool(bool b, Code& /*code*/) {
        stack.push_bool(b);
        return true;
    }
    bool on_null(Code& /*code*/) {
        stack.push_null();
        return true;
    }
    static bool on_comment_part(json::string_view /*s*/, Code& /*code*/) { return true; }
    static bool on_comment(json::string_view /*s*/, Code& /*code*/) { return true; }

    void push_text(json::string_view number) {
        stack.push_chars({&kNumberMark, 1});
        stack.push_string(number);
    }

    json::value_stack stack;
    std::array<char, 32> digits{};
};

json::parse_options options_for(std::size_t max_depth) {
    json::parse_options options;
    options.max_depth = max_depth;
    return options;
}

}  // namespace

struct ExactJsonParser::Impl {
    Impl(unsigned char* stack, std::size_t size, std::size_t max_depth)
        : parser(options_for(max_depth), stack, size) {}
    json::basic_parser<Handler> parser;
};

ExactJsonParser::ExactJsonParser(unsigned char* stack, std::size_t stack_size,
                                 std::size_t max_depth)
    : impl_(std::make_unique<Impl>(stack, stack_size, max_depth)) {}
ExactJsonParser::~ExactJsonParser() = default;

void ExactJsonParser::forget() {
    impl_->parser.reset();
    impl_->parser.handler().stack.reset();
}

json::value ExactJsonParser::parse(std::string_view text, const json::storage_ptr& storage,
                                   json::error_code& error, std::size_t& at) {
    const std::size_t mark = text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
    text.remove_prefix(mark);
    auto& parser = impl_->parser;
    parser.reset();
    parser.handler().stack.reset(storage);
    at = mark + parser.write_some(false, text.data(), text.size(), error);
    if (!error && at < mark + text.size()) {
        error = json::error::extra_data;
    }
    return error ? json::value() : parser.handler().stack.release();
}

bool is_json_number(const json::value& value) noexcept {
    return value.is_number() || (value.is_string() && !value.get_string().empty() &&
                                 value.get_string().front() == kNumberMark);
}

bool is_json_string(const json::value& value) noexcept {
    return value.is_string() && !is_json_number(value);
}

double json_number(const json::value& number) {
    switch (number.kind()) {
        case json::kind::int64:
            return static_cast<double>(number.get_int64());
        case json::kind::uint64:
            return static_cast<double>(number.get_uint64());
        case json::kind::double_:
            return number.get_double();
        case json::kind::string:
            return number_in(std::string_view(number.get_string()).substr(1));
        default:
            return 0;
    }
}

void append_json_number(const json::value& number, std::string& out) {
    std::array<char, 32> digits;
    switch (number.kind()) {
        case json::kind::int64:
            out += written(number.get_int64(), digits);
            return;
        case json::kind::uint64:
            out += written(number.get_uint64(), digits);
            return;
        case json::kind::double_:
            out += written(number.get_double(), digits);
            return;
        case json::kind::string:
            out += std::string_view(number.get_string()).substr(1);
            return;
        default:
            return;
    }
}

void append_json(const json::value& value, std::string& out) {
    if (is_json_number(value)) {
        append_json_number(value, out);
        return;
    }
    const std::size_t begin = out.size();
    json::serializer writer;
    writer.reset(&value);
    std::array<char, 4096> piece;
    while (!writer.done()) {
        out += writer.read(piece.data(), piece.size());
    }
    // A marked number stands in quotes, and nothing in it is escaped.
    std::size_t from = out.find(kQuotedMark, begin);
    if (from == std::string::npos) {
        return;
    }
    std::size_t to = from;
    while (from < out.size()) {
        if (std::string_view(out).substr(from).starts_with(kQuotedMark)) {
            for (from += kQuotedMark.size(); out[from] != '"'; ++from) {
                out[to++] = out[from];
            }
            ++from;
        } else {
            out[to++] = out[from++];
        }
    }
    out.resize(to);
}

}  // namespace plimsoll
