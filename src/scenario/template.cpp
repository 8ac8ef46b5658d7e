#include "scenario/template.hpp"

#include "scenario/digest.hpp"
#include "scenario/expression.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace plimsoll {
namespace {

// Each user keeps its variables; a loop that doubles one would soon have all memory.
constexpr std::size_t kLongestVariable = std::size_t{1} << 20U;
constexpr std::size_t kLongestOutput = std::size_t{64} << 20U;

// False, for the caller to return.
bool too_long(const RenderContext& context, std::string_view what, std::size_t limit) {
    if (context.missing != nullptr && context.missing->empty()) {
        *context.missing = fmt::format("{} (longer than {} bytes)", what, limit);
    }
    return false;
}

std::string encode_literal(std::string text, Encoding encoding) {
    switch (encoding) {
        case Encoding::JsonText:
            escape_json(0, text);
            break;
        case Encoding::Query:
            percent_encode(0, &is_unreserved, text);
            break;
        case Encoding::JsonValue:
            if (json_type(text) == ValueType::Text) {
                escape_json(0, text);
                text.insert(text.begin(), '"');
                text += '"';
            }
            break;
        case Encoding::None:
        case Encoding::Path:
        case Encoding::Header:
            break;
    }
    return text;
}

// Whether what an expression has appended from `begin` on may stand in a header.
bool fits_header(const Expression& expression, const RenderContext& context, std::size_t begin,
                 std::string_view out) {
    if (is_header_text(out.substr(begin))) {
        return true;
    }
    if (context.missing != nullptr && context.missing->empty()) {
        *context.missing = fmt::format("${{{}}} (a control character must not stand in a header)",
                                       expression.source());
    }
    return false;
}

// Rewrites what an expression has appended from `begin` on.
void encode_value(std::size_t begin, Encoding encoding, std::string& out) {
    switch (encoding) {
        case Encoding::None:
        case Encoding::JsonValue:
            break;
        case Encoding::JsonText:
            escape_json(begin, out);
            break;
        case Encoding::Query:
            percent_encode(begin, &is_unreserved, out);
            break;
        case Encoding::Path:
            percent_encode(begin, &is_target_character, out);
            break;
        case Encoding::Header:  // checked, not rewritten
            break;
    }
}

// Whether the value of `expression` keeps its form in JSON, or needs quotes.
bool is_bare_json(const Expression& expression, const RenderContext& context,
                  std::string_view text) {
    if (const auto id = expression.variable()) {
        const Variable* const variable = Expression::find(context, *id);
        return variable != nullptr && variable->type != ValueType::Text;
    }
    return expression.is_number() || json_type(text) != ValueType::Text;
}

}  // namespace

bool is_header_text(std::string_view text) noexcept {
    return std::none_of(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F;
    });
}

ValueType json_type(std::string_view text) noexcept {
    if (text == "true" || text == "false") {
        return ValueType::Boolean;
    }
    if (text == "null") {
        return ValueType::Null;
    }
    std::size_t at = 0;
    const auto digits = [&] {
        const std::size_t first = at;
        while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
            ++at;
        }
        return at - first;
    };
    const auto take = [&](std::string_view any) {
        const bool there = at < text.size() && any.find(text[at]) != std::string_view::npos;
        at += there ? 1 : 0;
        return there;
    };
    take("-");
    const std::size_t first = at;
    const std::size_t whole = digits();
    if (whole == 0 || (whole > 1 && text[first] == '0')) {
        return ValueType::Text;
    }
    if (take(".") && digits() == 0) {
        return ValueType::Text;
    }
    if (take("eE")) {
        take("+-");
        if (digits() == 0) {
            return ValueType::Text;
        }
    }
    return at == text.size() ? ValueType::Number : ValueType::Text;
}

void Template::add_literal(std::string_view text) {
    if (parts_.empty()) {
        text_ += text;
        return;
    }
    if (!parts_.back().is_literal()) {
        parts_.push_back(Part{});
    }
    parts_.back().literal += text;
}

void Template::add_expression(Part part) {
    if (!text_.empty()) {
        parts_.push_back(Part{std::move(text_), {}, {}, {}});
        text_.clear();
    }
    parts_.push_back(std::move(part));
}

Template Template::literal(std::string text) {
    Template constant;
    constant.text_ = std::move(text);
    return constant;
}

void Template::append(const Template& other) {
    add_literal(other.text_);
    for (const Part& part : other.parts_) {
        if (!part.is_literal()) {
            add_expression(part);
        } else {
            add_literal(part.literal);
        }
    }
    sensitive_ = sensitive_ || other.sensitive_;
    secret_ = secret_ || other.secret_;
}

Template Template::encoded(Encoding encoding) const {
    Template rewritten = *this;
    rewritten.text_ = is_constant() ? encode_literal(text_, encoding) : text_;
    for (Part& part : rewritten.parts_) {
        if (!part.is_literal()) {
            part.encoding = encoding;
        } else {
            part.literal = encode_literal(std::move(part.literal), encoding);
        }
    }
    return rewritten;
}

Template Template::in_base64() const {
    Template made;
    if (is_constant()) {
        made.text_ = text_;
        append_base64(0, false, made.text_);
    } else {
        Part part;
        part.inner = std::make_shared<const Template>(*this);
        made.parts_.push_back(std::move(part));
    }
    made.sensitive_ = sensitive_;
    made.secret_ = secret_;
    return made;
}

std::string Template::literals() const {
    std::string text = text_;
    for (const Part& part : parts_) {
        text += part.literal;
    }
    return text;
}

bool Template::is_number() const noexcept {
    return parts_.size() == 1 && parts_.front().expression &&
           parts_.front().expression->is_number();
}

bool Template::render(const RenderContext& context, std::string& out) const {
    if (is_constant()) {
        out += text_;
        return true;
    }
    const std::size_t start = out.size();
    Random own(0, context.user, context.iteration);
    Random& random = context.random != nullptr ? *context.random : own;
    for (const Part& part : parts_) {
        if (part.is_literal()) {
            out += part.literal;
            continue;
        }
        const std::size_t begin = out.size();
        if (part.inner) {
            if (!part.inner->render(context, out)) {
                return false;
            }
            append_base64(begin, false, out);
            continue;
        }
        if (!part.expression->append(context, random, out)) {
            return false;
        }
        if (out.size() - start > kLongestOutput) [[unlikely]] {
            return too_long(context, "a text", kLongestOutput);
        }
        if (part.encoding == Encoding::JsonValue) {
            if (!is_bare_json(*part.expression, context, std::string_view(out).substr(begin))) {
                escape_json(begin, out);
                out.insert(begin, 1, '"');
                out += '"';
            }
        } else if (part.encoding == Encoding::Header) {
            if (!fits_header(*part.expression, context, begin, out)) {
                return false;
            }
        } else if (part.encoding != Encoding::None) {
            encode_value(begin, part.encoding, out);
        }
    }
    return true;
}

bool Template::evaluate(const RenderContext& context, std::string& scratch, Variable& out) const {
    scratch.clear();
    if (!render(context, scratch)) {
        return false;
    }
    if (scratch.size() > kLongestVariable) [[unlikely]] {
        return too_long(context, "a variable", kLongestVariable);
    }
    ValueType type = ValueType::Text;
    if (is_constant()) {
        type = json_type(scratch);
    } else if (is_number()) {
        type = ValueType::Number;
    } else if (const auto id = parts_.size() == 1 && parts_.front().expression
                                   ? parts_.front().expression->variable()
                                   : std::nullopt) {
        type = Expression::find(context, *id)->type;
    }
    out.type = type;
    out.text.assign(scratch);
    return true;
}

}  // namespace plimsoll
