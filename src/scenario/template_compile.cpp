// From text with ${...} to a template.
#include "scenario/expression.hpp"
#include "scenario/secret_file.hpp"
#include "scenario/template.hpp"
#include "scenario/trimmed.hpp"
#include "scenario/wording.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace plimsoll {
namespace {

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
    } else if (const std::size_t close = expression_end(rest, 0); close != std::string_view::npos) {
        token = {Token::Kind::Expression, rest.substr(2, close - 2)};
        length = close + 1;
    } else {
        token = {Token::Kind::Unclosed, rest};
        length = rest.size();
    }
    rest.remove_prefix(length);
    return token;
}

// ${env.NAME} and ${env.NAME:-default}, as opposed to env.NAME within an expression.
bool is_environment_alone(std::string_view inner) {
    return inner.starts_with("env.") &&
           inner.substr(0, inner.find(":-")).find_first_of(" \t()+*/%,") == std::string_view::npos;
}

Result<std::string> env_value(std::string_view inner, Template::EnvLookup env) {
    const std::string_view body = inner.substr(std::string_view("env.").size());
    const std::size_t mark = body.find(":-");
    const std::string name(trimmed(body.substr(0, mark)));
    if (!is_identifier(name)) {
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

}  // namespace

Result<Template> Template::compile(std::string_view text, EnvLookup env) {
    TemplateScope scope;
    scope.env = env;
    return compile(text, scope);
}

Result<Template> Template::compile(std::string_view text, const TemplateScope& scope) {
    constexpr std::string_view kSecret = "secret.file:";
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
        const std::string_view inner = trimmed(token.text);
        const bool secret = inner.starts_with(kSecret);
        if (secret || is_environment_alone(inner)) {
            const auto value =
                secret ? read_secret_file(trimmed(inner.substr(kSecret.size())), scope.folder)
                       : env_value(inner, scope.env);
            if (!value) {
                return value.error();
            }
            compiled.add_literal(*value);
            compiled.sensitive_ = true;
            compiled.secret_ = compiled.secret_ || secret;
            continue;
        }
        Expression::Notes notes;
        auto expression = Expression::compile(inner, scope, notes);
        if (!expression) {
            return expression.error();
        }
        compiled.sensitive_ = compiled.sensitive_ || notes.sensitive;
        compiled.secret_ = compiled.secret_ || notes.secret;
        if (!expression->is_constant()) {
            compiled.add_expression(
                {{}, std::make_shared<const Expression>(*std::move(expression)), {}, {}});
            continue;
        }
        std::string missing;
        RenderContext context;
        context.missing = &missing;
        Random random(0, 0, 0);
        std::string value;
        if (!expression->append(context, random, value)) {
            return Error{fmt::format("{} has no value", missing)};
        }
        compiled.add_literal(value);
    }
    return compiled;
}

}  // namespace plimsoll
