// What a compiled expression gives for one request.
#include "scenario/digest.hpp"
#include "scenario/expression.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <limits>

#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr std::size_t kLongestValue = std::size_t{16} << 20U;
constexpr std::string_view kTooLong = "the text is longer than 16777216 bytes";

template <typename Integer>
void append_integer(Integer value, std::string& out) {
    std::array<char, 20> digits;  // of 2^64 - 1, or of -2^63
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    out.append(digits.data(), end);
}

void append_real(double value, std::string& out) {
    constexpr double kExact = 9007199254740992.0;  // 2^53: below it every whole number is exact
    if (std::trunc(value) == value && std::fabs(value) < kExact) {
        append_integer(static_cast<std::int64_t>(value), out);
        return;
    }
    std::array<char, 32> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    out.append(digits.data(), end);
}

void append_number(const Number& number, std::string& out) {
    number.whole ? append_integer(number.integer, out) : append_real(number.real, out);
}

std::optional<Number> parse_number(std::string_view text) {
    while (text.starts_with(' ')) {
        text.remove_prefix(1);
    }
    while (text.ends_with(' ')) {
        text.remove_suffix(1);
    }
    Number number;
    const char* const last = text.data() + text.size();
    const auto integer = std::from_chars(text.data(), last, number.integer);
    if (integer.ec == std::errc{} && integer.ptr == last && !text.empty()) {
        return number;
    }
    if (integer.ec == std::errc::result_out_of_range && integer.ptr == last) {
        return std::nullopt;  // as a double it would silently be another number
    }
    number.whole = false;
    const auto real = std::from_chars(text.data(), last, number.real);
    const bool read = real.ec == std::errc{} && real.ptr == last && !text.empty();
    return read && std::isfinite(number.real) ? std::optional(number) : std::nullopt;
}

Number whole(std::int64_t value) {
    return {true, value, 0};
}

Number from_real(double value) {
    constexpr double kLimit = 9.2e18;
    if (std::trunc(value) == value && std::fabs(value) < kLimit) {
        return whole(static_cast<std::int64_t>(value));
    }
    return {false, 0, value};
}

// RFC 9562, section 5.4: version 4, variant 10, all else random.
void append_uuid(Random& random, std::string& out) {
    constexpr std::string_view kHex = "0123456789abcdef";
    const std::uint64_t high = (random() & 0xFFFFFFFFFFFF0FFFULL) | 0x4000ULL;
    const std::uint64_t low = (random() & 0x3FFFFFFFFFFFFFFFULL) | 0x8000000000000000ULL;
    std::array<char, 36> text;
    std::size_t at = 0;
    for (unsigned digit = 0; digit < 32; ++digit) {
        if (digit == 8 || digit == 12 || digit == 16 || digit == 20) {
            text[at++] = '-';
        }
        const std::uint64_t word = digit < 16 ? high : low;
        text[at++] = kHex[(word >> (60 - 4 * (digit % 16))) & 0xFU];
    }
    out.append(text.data(), text.size());
}

void append_time(std::int64_t unix_ns, std::uint16_t form, std::string& out) {
    constexpr std::int64_t kMilli = 1'000'000;
    constexpr std::int64_t kSecond = 1'000'000'000;
    switch (form) {
        case 0:
            append_integer(unix_ns / kSecond, out);
            return;
        case 1:
            append_integer(unix_ns / kMilli, out);
            return;
        case 3:
            append_integer(unix_ns, out);
            return;
        default:
            break;
    }
    using std::chrono::days;
    const std::chrono::sys_time<std::chrono::milliseconds> time{
        std::chrono::milliseconds(unix_ns / kMilli)};
    const auto day = std::chrono::floor<days>(time);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss clock(time - day);
    std::array<char, 40> text;
    const auto end = fmt::format_to_n(
        text.data(), text.size(), "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
        static_cast<unsigned>(date.day()), clock.hours().count(), clock.minutes().count(),
        clock.seconds().count(), clock.subseconds().count());
    out.append(text.data(), end.size);
}

// Bytes of a UTF-8 character that begins with `lead`.
std::size_t character_length(char lead) {
    const auto byte = static_cast<unsigned char>(lead);
    return byte < 0x80U ? 1 : byte < 0xE0U ? 2 : byte < 0xF0U ? 3 : 4;
}

std::size_t characters_in(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    }));
}

// The part of `text` from character `from` on, of at most `count` characters.
std::string_view slice(std::string_view text, std::size_t from, std::size_t count) {
    std::size_t begin = 0;
    for (; from > 0 && begin < text.size(); --from) {
        begin += character_length(text[begin]);
    }
    begin = std::min(begin, text.size());
    std::size_t end = begin;
    for (; count > 0 && end < text.size(); --count) {
        end += character_length(text[end]);
    }
    return text.substr(begin, std::min(end, text.size()) - begin);
}

}  // namespace

/// Walks an expression's nodes. Lives for one rendering.
class Evaluation {
public:
    /// `base`: where in the text the expression's own begins.
    Evaluation(const Expression& expression, const RenderContext& context, Random& random,
               std::size_t base)
        : expression_(expression), context_(context), random_(random), base_(base) {}

    bool append(std::uint32_t index, std::string& out) {
        return append_node(index, out) && (out.size() - base_ <= kLongestValue || fails(kTooLong));
    }

private:
    using Op = Expression::Op;
    using Node = Expression::Node;

    bool append_node(std::uint32_t index, std::string& out) {
        const Node& node = expression_.nodes_[index];
        switch (node.op) {
            case Op::Text:
            case Op::Number:
                out += node.text;
                return true;
            case Op::User:
                append_integer(context_.user, out);
                return true;
            case Op::Iteration:
                append_integer(context_.iteration, out);
                return true;
            case Op::Variable:
                return append_variable(node, out);
            case Op::Column:
                return append_column(node, out);
            case Op::Uuid:
                append_uuid(random_, out);
                return true;
            case Op::Default:
                return append_default(node, out);
            case Op::RandomChoice:
                return append(node.arguments[random_.between(0, node.arguments.size() - 1)], out);
            case Op::RandomText:
                return append_random_text(node, out);
            case Op::Now:
                append_time(now(), node.id, out);
                return true;
            case Op::Concat:
                return append_all(node, out);
            default:
                break;
        }
        if (Expression::gives_number(node)) {
            Number value;
            if (!number(index, value, out)) {
                return false;
            }
            append_number(value, out);
            return true;
        }
        return append_text_function(node, out);
    }

    bool lacks(std::string_view what) {
        if (context_.missing != nullptr && context_.missing->empty()) {
            context_.missing->assign(what);
        }
        return false;
    }

    bool fails(std::string_view why) {
        if (context_.missing != nullptr && context_.missing->empty()) {
            *context_.missing = fmt::format("${{{}}} ({})", expression_.source_, why);
        }
        return false;
    }

    bool append_variable(const Node& node, std::string& out) {
        const Variable* const variable = Expression::find(context_, node.id);
        if (variable == nullptr) {
            return lacks(node.text);
        }
        out += variable->text;
        return true;
    }

    bool append_column(const Node& node, std::string& out) {
        const bool there = node.id < context_.data.size() && node.id < context_.rows.size() &&
                           context_.data[node.id] != nullptr &&
                           context_.rows[node.id] < context_.data[node.id]->rows();
        if (!there) {
            return lacks(node.text);
        }
        context_.data[node.id]->append(context_.rows[node.id], node.column, out);
        return true;
    }

    bool append_default(const Node& node, std::string& out) {
        const std::size_t begin = out.size();
        RenderContext quiet = context_;
        quiet.missing = nullptr;
        Evaluation first(expression_, quiet, random_, base_);
        if (first.append(node.arguments[0], out) && out.size() > begin) {
            return true;
        }
        out.resize(begin);
        return append(node.arguments[1], out);
    }

    bool append_random_text(const Node& node, std::string& out) {
        constexpr std::string_view kLetters =
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        constexpr std::int64_t kLongest = 1 << 20;
        std::int64_t length = 0;
        if (!integer(node.arguments[0], length, out)) {
            return false;
        }
        if (length < 0 || length > kLongest) {
            return fails("the length must be from 0 to 1048576");
        }
        for (; length > 0; --length) {
            out += kLetters[random_.between(0, kLetters.size() - 1)];
        }
        return true;
    }

    [[nodiscard]] std::int64_t now() const {
        if (context_.now_unix_ns != 0) {
            return context_.now_unix_ns;
        }
        return std::chrono::duration_cast<std::chrono::nanoseconds>(
                   std::chrono::system_clock::now().time_since_epoch())
            .count();
    }

    bool append_all(const Node& node, std::string& out) {
        return std::all_of(node.arguments.begin(), node.arguments.end(),
                           [&](std::uint32_t argument) { return append(argument, out); });
    }

    // Functions of one text and, some of them, more. The first argument begins at `begin`.
    bool append_text_function(const Node& node, std::string& out) {
        const std::size_t begin = out.size();
        if (!append(node.arguments[0], out)) {
            return false;
        }
        switch (node.op) {
            case Op::Base64:
            case Op::Base64Url:
                append_base64(begin, node.op == Op::Base64Url, out);
                return true;
            case Op::Sha256: {
                const std::size_t end = out.size();
                append_digest(Digest::Sha256, std::string_view(out).substr(begin), out);
                out.erase(begin, end - begin);
                return true;
            }
            case Op::Hmac:
                return hmac(node, begin, out);
            case Op::UrlEncode:
                percent_encode(begin, &is_unreserved, out);
                return true;
            case Op::Upper:
            case Op::Lower:
                change_case(begin, node.op == Op::Upper, out);
                return true;
            case Op::Trim:
                trim(begin, out);
                return true;
            case Op::Substr:
                return substr(node, begin, out);
            case Op::Replace:
                return replace(node, begin, out);
            default:
                break;
        }
        return fails("is not known");
    }

    bool hmac(const Node& node, std::size_t begin, std::string& out) {
        const std::size_t text = out.size();
        if (!append(node.arguments[1], out)) {
            return false;
        }
        const std::size_t end = out.size();
        const std::string_view all = out;
        append_hmac(static_cast<Digest>(node.id), all.substr(begin, text - begin), all.substr(text),
                    out);
        out.erase(begin, end - begin);
        return true;
    }

    static void change_case(std::size_t begin, bool upper, std::string& out) {
        for (std::size_t at = begin; at < out.size(); ++at) {
            const char c = out[at];
            const char low = upper ? 'a' : 'A';
            if (c >= low && c <= low + 25) {
                out[at] = static_cast<char>(upper ? c - 32 : c + 32);
            }
        }
    }

    static void trim(std::size_t begin, std::string& out) {
        constexpr std::string_view kBlank = " \t\r\n";
        while (out.size() > begin && kBlank.find(out.back()) != std::string_view::npos) {
            out.pop_back();
        }
        const std::size_t first = out.find_first_not_of(kBlank, begin);
        out.erase(begin, std::min(first, out.size()) - begin);
    }

    bool substr(const Node& node, std::size_t begin, std::string& out) {
        std::int64_t from = 0;
        std::int64_t count = std::numeric_limits<std::int64_t>::max();
        if (!integer(node.arguments[1], from, out) ||
            (node.arguments.size() > 2 && !integer(node.arguments[2], count, out))) {
            return false;
        }
        const std::string_view text = std::string_view(out).substr(begin);
        if (from < 0) {  // from the end
            from = std::max<std::int64_t>(0, static_cast<std::int64_t>(characters_in(text)) +
                                                 std::max<std::int64_t>(from, -(1LL << 60)));
        }
        const std::string_view kept =
            slice(text, static_cast<std::size_t>(from),
                  static_cast<std::size_t>(std::max<std::int64_t>(0, count)));
        const auto offset = static_cast<std::size_t>(kept.data() - out.data());
        const std::size_t length = kept.size();
        out.resize(offset + length);
        out.erase(begin, offset - begin);
        return true;
    }

    bool replace(const Node& node, std::size_t begin, std::string& out) {
        const std::size_t what = out.size();
        if (!append(node.arguments[1], out)) {
            return false;
        }
        const std::size_t with = out.size();
        if (!append(node.arguments[2], out)) {
            return false;
        }
        const std::size_t end = out.size();
        const std::size_t what_size = with - what;
        std::size_t at = begin;
        while (at < what) {
            if (out.size() - base_ > kLongestValue) {
                return fails(kTooLong);
            }
            const bool hit = what_size > 0 && at + what_size <= what &&
                             out.compare(at, what_size, out, what, what_size) == 0;
            if (hit) {
                out.append(out, with, end - with);
                at += what_size;
            } else {
                out += out[at++];
            }
        }
        out.erase(begin, end - begin);
        return true;
    }

    bool integer(std::uint32_t index, std::int64_t& value, std::string& out) {
        Number read;
        if (!number(index, read, out)) {
            return false;
        }
        if (!read.whole) {
            return fails("a whole number is needed");
        }
        value = read.integer;
        return true;
    }

    // `out` is scratch space: it ends as it was.
    bool number(std::uint32_t index, Number& value, std::string& out) {
        const Node& node = expression_.nodes_[index];
        switch (node.op) {
            case Op::Number:
                value = node.number;
                return true;
            case Op::User:
                value = whole(static_cast<std::int64_t>(context_.user));
                return true;
            case Op::Iteration:
                value = whole(static_cast<std::int64_t>(context_.iteration));
                return true;
            case Op::Executor:
                value = whole(context_.executor);
                return true;
            case Op::RandomInt:
                return random_int(node, value, out);
            case Op::Length: {
                const std::size_t begin = out.size();
                const bool there = append(node.arguments[0], out);
                value = whole(
                    static_cast<std::int64_t>(characters_in(std::string_view(out).substr(begin))));
                out.resize(begin);
                return there;
            }
            case Op::Negate:
            case Op::Int:
            case Op::Round:
                return unary(node, value, out);
            case Op::Add:
            case Op::Subtract:
            case Op::Multiply:
            case Op::Divide:
            case Op::Remainder:
            case Op::Min:
            case Op::Max:
                return binary(node, value, out);
            default:
                return number_in_text(index, value, out);
        }
    }

    bool number_in_text(std::uint32_t index, Number& value, std::string& out) {
        const std::size_t begin = out.size();
        if (!append(index, out)) {
            out.resize(begin);
            return false;
        }
        const std::string_view text = std::string_view(out).substr(begin);
        const auto read = parse_number(text);
        const bool digits = text.find_first_not_of("-0123456789 ") == std::string_view::npos &&
                            json_type(text) == ValueType::Number;
        out.resize(begin);
        if (!read) {
            return fails(digits ? "a whole number beyond 64 bits" : "text that is not a number");
        }
        value = *read;
        return true;
    }

    bool random_int(const Node& node, Number& value, std::string& out) {
        std::int64_t low = 0;
        std::int64_t high = 0;
        if (!integer(node.arguments[0], low, out) || !integer(node.arguments[1], high, out)) {
            return false;
        }
        if (low > high) {
            return fails("the first number is above the second");
        }
        const std::uint64_t span =
            static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
        value = whole(
            static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + random_.between(0, span)));
        return true;
    }

    bool unary(const Node& node, Number& value, std::string& out) {
        if (!number(node.arguments[0], value, out)) {
            return false;
        }
        if (node.op == Op::Negate) {
            const bool fits =
                value.whole && value.integer != std::numeric_limits<std::int64_t>::min();
            value = fits ? whole(-value.integer) : from_real(-value.as_real());
        } else if (!value.whole) {
            value = from_real(node.op == Op::Int ? std::trunc(value.real) : std::round(value.real));
        }
        return true;
    }

    bool binary(const Node& node, Number& value, std::string& out) {
        Number left;
        Number right;
        if (!number(node.arguments[0], left, out) || !number(node.arguments[1], right, out)) {
            return false;
        }
        const bool divides = node.op == Op::Divide || node.op == Op::Remainder;
        if (divides && right.as_real() == 0) {
            return fails("division by zero");
        }
        if (left.whole && right.whole &&
            whole_result(node.op, left.integer, right.integer, value)) {
            return true;
        }
        value = from_real(real_result(node.op, left.as_real(), right.as_real()));
        return value.whole || std::isfinite(value.real) || fails("the result is too large");
    }

    // False where the result is no whole number, or does not fit.
    static bool whole_result(Op op, std::int64_t a, std::int64_t b, Number& value) {
        std::int64_t result = 0;
        switch (op) {
            case Op::Add:
                if (__builtin_add_overflow(a, b, &result)) {
                    return false;
                }
                break;
            case Op::Subtract:
                if (__builtin_sub_overflow(a, b, &result)) {
                    return false;
                }
                break;
            case Op::Multiply:
                if (__builtin_mul_overflow(a, b, &result)) {
                    return false;
                }
                break;
            case Op::Divide:
                if (b == -1 || a % b != 0) {
                    return false;
                }
                result = a / b;
                break;
            case Op::Remainder:
                result = b == -1 ? 0 : a % b;
                break;
            case Op::Min:
                result = std::min(a, b);
                break;
            default:
                result = std::max(a, b);
                break;
        }
        value = whole(result);
        return true;
    }

    static double real_result(Op op, double a, double b) {
        switch (op) {
            case Op::Add:
                return a + b;
            case Op::Subtract:
                return a - b;
            case Op::Multiply:
                return a * b;
            case Op::Divide:
                return a / b;
            case Op::Remainder:
                return std::fmod(a, b);
            case Op::Min:
                return std::min(a, b);
            default:
                return std::max(a, b);
        }
    }

    const Expression& expression_;
    const RenderContext& context_;
    Random& random_;
    std::size_t base_;
};

bool Expression::gives_number(const Node& node) noexcept {
    switch (node.op) {
        case Op::Number:
        case Op::User:
        case Op::Iteration:
        case Op::Executor:
        case Op::Add:
        case Op::Subtract:
        case Op::Multiply:
        case Op::Divide:
        case Op::Remainder:
        case Op::Negate:
        case Op::RandomInt:
        case Op::Length:
        case Op::Int:
        case Op::Round:
        case Op::Min:
        case Op::Max:
            return true;
        case Op::Now:
            return node.id != 2;
        default:
            return false;
    }
}

bool Expression::is_constant() const noexcept {
    return std::none_of(nodes_.begin(), nodes_.end(), [](const Node& node) {
        switch (node.op) {
            case Op::User:
            case Op::Iteration:
            case Op::Executor:
            case Op::Variable:
            case Op::Column:
            case Op::Uuid:
            case Op::RandomInt:
            case Op::RandomChoice:
            case Op::RandomText:
            case Op::Now:
                return true;
            default:
                return false;
        }
    });
}

std::optional<VariableId> Expression::variable() const noexcept {
    const Node& node = nodes_[root_];
    return node.op == Op::Variable ? std::optional(node.id) : std::nullopt;
}

const Variable* Expression::find(const RenderContext& context, VariableId id) noexcept {
    for (const auto& set : {context.variables, context.shared}) {
        if (id < set.size() && set[id].type != ValueType::Unset) {
            return &set[id];
        }
    }
    return nullptr;
}

bool Expression::append(const RenderContext& context, Random& random, std::string& out) const {
    Evaluation evaluation(*this, context, random, out.size());
    return evaluation.append(root_, out);
}

}  // namespace plimsoll
