#include "scenario/template.hpp"

#include "scenario/wording.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr std::array<std::string_view, 4> kKnown{"${user}", "${iteration}", "${uuid()}",
                                                 "${random_int(1,100)}"};

struct Token {
    enum class Kind { Literal, Escape, Expression, Unclosed } kind = Kind::Literal;
    std::string_view text;  // literal: the text; expression: what stands between ${ and }
};

// Takes the next token off `rest`, which is not empty.
Token take_token(std::string_view& rest) {
    const std::size_t open = rest.find("${");
    const bool escaped = open != std::string_view::npos && open > 0 && rest[open - 1] == '$';
    const std::size_t literal = escaped ? open - 1 : std::min(open, rest.size());
    Token token;
    std::size_t length = literal;
    if (literal > 0) {
        token = {Token::Kind::Literal, rest.substr(0, literal)};
    } else if (escaped) {
        token = {Token::Kind::Escape, "${"};
        length = 3;
    } else if (const std::size_t close = rest.find('}'); close != std::string_view::npos) {
        token = {Token::Kind::Expression, rest.substr(2, close - 2)};
        length = close + 1;
    } else {
        token = {Token::Kind::Unclosed, rest};
        length = rest.size();
    }
    rest.remove_prefix(length);
    return token;
}

std::string_view trim(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool is_variable_name(std::string_view name) {
    const auto letter = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    };
    return !name.empty() && letter(name.front()) &&
           std::all_of(name.begin(), name.end(),
                       [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

// What people write in the tools they come from.
std::string hint_for(std::string_view inner) {
    if (inner.starts_with("__ENV.")) {
        return fmt::format("did you mean ${{env.{}}}?", inner.substr(6));
    }
    if (inner == "__VU") {
        return "did you mean ${user}? It counts from 0";
    }
    if (inner == "__ITER") {
        return "did you mean ${iteration}?";
    }
    constexpr std::array<std::string_view, 4> kNames{"user", "iteration", "uuid", "random_int"};
    const std::string_view name = trim(inner.substr(0, inner.find('(')));
    if (const auto near = nearest(name, kNames); !near.empty()) {
        const auto index = std::find(kNames.begin(), kNames.end(), near) - kNames.begin();
        return fmt::format("did you mean {}?", kKnown[static_cast<std::size_t>(index)]);
    }
    const bool shell_like =
        is_variable_name(inner) &&
        std::none_of(inner.begin(), inner.end(), [](char c) { return c >= 'a' && c <= 'z'; });
    if (shell_like) {
        return fmt::format("for an environment variable write ${{env.{}}}", inner);
    }
    return fmt::format(
        "known are {}, ${{env.NAME}} and ${{env.NAME:-default}}; captured values and data columns "
        "are "
        "not supported yet",
        fmt::join(kKnown, ", "));
}

Result<std::string> env_value(std::string_view inner, Template::EnvLookup env) {
    const std::string_view body = inner.substr(std::string_view("env.").size());
    const std::size_t mark = body.find(":-");
    const std::string name(trim(body.substr(0, mark)));
    if (!is_variable_name(name)) {
        return Error{fmt::format("{} is not the name of an environment variable", in_quotes(name)),
                     {},
                     "write ${env.NAME} or ${env.NAME:-default}"};
    }
    const char* const value = env != nullptr ? env(name.c_str()) : nullptr;
    if (mark == std::string_view::npos) {
        if (value == nullptr) {
            return Error{fmt::format("the environment variable {} is not set", name),
                         {},
                         fmt::format("set it, or give a default: ${{env.{}:-default}}", name)};
        }
        return std::string(value);
    }
    const std::string_view fallback = body.substr(mark + 2);
    if (fallback.find("${") != std::string_view::npos) {
        return Error{"a default must be plain text, without ${...} of its own",
                     {},
                     fmt::format("write ${{env.{}:-text}}", name)};
    }
    return value != nullptr && *value != '\0' ? std::string(value) : std::string(fallback);
}

std::optional<std::uint64_t> whole_number(std::string_view text) {
    text = trim(text);
    std::uint64_t value = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = code == std::errc{} && end == text.data() + text.size() && !text.empty();
    return whole ? std::optional(value) : std::nullopt;
}

void append_number(std::uint64_t value, std::string& out) {
    std::array<char, 20> digits;  // of 2^64 - 1
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    out.append(digits.data(), end);
}

// RFC 9562, section 5.4: version 4, variant 10, all else random.
void append_uuid(Random& random, std::string& out) {
    constexpr std::string_view kHex = "0123456789abcdef";
    const std::uint64_t high = (random() & 0xFFFFFFFFFFFF0FFFULL) | 0x4000ULL;
    const std::uint64_t low = (random() & 0x3FFFFFFFFFFFFFFFULL) | 0x8000000000000000ULL;
    for (unsigned digit = 0; digit < 32; ++digit) {
        if (digit == 8 || digit == 12 || digit == 16 || digit == 20) {
            out += '-';
        }
        const std::uint64_t word = digit < 16 ? high : low;
        out += kHex[(word >> (60 - 4 * (digit % 16))) & 0xFU];
    }
}

}  // namespace

Result<Template::Part> Template::expression(std::string_view inner) {
    if (inner == "user") {
        return Part{Op::User};
    }
    if (inner == "iteration") {
        return Part{Op::Iteration};
    }
    if (inner == "uuid()") {
        return Part{Op::Uuid};
    }
    constexpr std::string_view kRandomInt = "random_int(";
    if (inner.starts_with(kRandomInt) && inner.ends_with(')')) {
        const auto arguments =
            inner.substr(kRandomInt.size(), inner.size() - kRandomInt.size() - 1);
        const std::size_t comma = arguments.find(',');
        const auto low = whole_number(arguments.substr(0, comma));
        const auto high = comma == std::string_view::npos
                              ? std::nullopt
                              : whole_number(arguments.substr(comma + 1));
        if (!low || !high || *low > *high) {
            return Error{
                fmt::format("random_int needs two whole numbers from 0 on, the lower first, "
                            "got {}",
                            in_quotes(arguments)),
                {},
                "e.g. ${random_int(1,100)}"};
        }
        return Part{Op::RandomInt, {}, *low, *high};
    }
    return Error{fmt::format("unknown expression {}", in_quotes(fmt::format("${{{}}}", inner))),
                 {},
                 hint_for(inner)};
}

void Template::add_literal(std::string_view text) {
    if (parts_.empty()) {
        text_ += text;
        return;
    }
    if (parts_.back().op != Op::Literal) {
        parts_.push_back(Part{});
    }
    parts_.back().literal += text;
}

void Template::add_expression(const Part& part) {
    if (!text_.empty()) {
        parts_.push_back(Part{Op::Literal, std::move(text_)});
        text_.clear();
    }
    parts_.push_back(part);
}

Result<Template> Template::compile(std::string_view text, EnvLookup env) {
    Template compiled;
    while (!text.empty()) {
        const Token token = take_token(text);
        if (token.kind == Token::Kind::Unclosed) {
            return Error{
                "\"${\" is not closed", {}, "close it with }, or write $${ for a literal ${"};
        }
        if (token.kind != Token::Kind::Expression) {
            compiled.add_literal(token.text);
            continue;
        }
        const std::string_view inner = trim(token.text);
        if (inner.starts_with("env.")) {
            const auto value = env_value(inner, env);
            if (!value) {
                return value.error();
            }
            compiled.add_literal(*value);
            continue;
        }
        const auto part = expression(inner);
        if (!part) {
            return part.error();
        }
        compiled.add_expression(*part);
    }
    return compiled;
}

Template Template::literal(std::string text) {
    Template constant;
    constant.text_ = std::move(text);
    return constant;
}

void Template::append(const Template& other) {
    add_literal(other.text_);
    for (const Part& part : other.parts_) {
        if (part.op == Op::Literal) {
            add_literal(part.literal);
        } else {
            add_expression(part);
        }
    }
}

Template Template::with_literals(std::string (*rewrite)(std::string_view)) const {
    Template rewritten = *this;
    if (!text_.empty()) {
        rewritten.text_ = rewrite(text_);
    }
    for (Part& part : rewritten.parts_) {
        if (part.op == Op::Literal) {
            part.literal = rewrite(part.literal);
        }
    }
    return rewritten;
}

std::string Template::literals() const {
    std::string text = text_;
    for (const Part& part : parts_) {
        text += part.literal;
    }
    return text;
}

void Template::render(const RenderContext& context, std::string& out) const {
    if (is_constant()) {
        out += text_;
        return;
    }
    Random own(0, context.user, context.iteration);
    Random& random = context.random != nullptr ? *context.random : own;
    for (const Part& part : parts_) {
        switch (part.op) {
            case Op::Literal:
                out += part.literal;
                break;
            case Op::User:
                append_number(context.user, out);
                break;
            case Op::Iteration:
                append_number(context.iteration, out);
                break;
            case Op::Uuid:
                append_uuid(random, out);
                break;
            case Op::RandomInt:
                append_number(random.between(part.low, part.high), out);
                break;
        }
    }
}

}  // namespace plimsoll
