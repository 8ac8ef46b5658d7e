// One ${...}: parsed while the file is read, evaluated for every request.
#pragma once

#include "scenario/template.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

/// What an expression computes with. A whole number as long as it fits.
struct Number {
    bool whole = true;
    std::int64_t integer = 0;
    double real = 0;
    [[nodiscard]] double as_real() const noexcept {
        return whole ? static_cast<double>(integer) : real;
    }
};

/// A compiled expression. Immutable, shared by all users. Evaluation appends to the caller's text,
/// whose end serves as the stack: arguments are appended, then replaced by the result.
class Expression {
public:
    enum class Op : std::uint8_t {
        Text,
        Number,
        User,
        Iteration,
        Executor,
        Variable,
        Column,
        Add,
        Subtract,
        Multiply,
        Divide,
        Remainder,
        Negate,
        Uuid,
        RandomInt,
        RandomChoice,
        RandomText,
        Now,
        Base64,
        Base64Url,
        Sha256,
        Hmac,
        UrlEncode,
        Upper,
        Lower,
        Trim,
        Substr,
        Replace,
        Concat,
        Length,
        Int,
        Round,
        Min,
        Max,
        Default
    };
    struct Node {
        Op op = Op::Text;
        std::uint16_t id = 0;      // of a variable or data source; a digest's or a time's form
        std::uint32_t column = 0;  // of a data source
        std::string text;          // a literal, a name, a number as written
        Number number;
        std::vector<std::uint32_t> arguments;  // into nodes
    };
    struct Notes {
        bool sensitive = false;  // reads the environment
        bool secret = false;     // reads a secret's file
    };

    /// `inner` is what stands between ${ and }.
    [[nodiscard]] static Result<Expression> compile(std::string_view inner,
                                                    const TemplateScope& scope, Notes& notes);

    /// As it was written, without ${ and }.
    [[nodiscard]] const std::string& source() const noexcept { return source_; }
    /// Always the same text.
    [[nodiscard]] bool is_constant() const noexcept;
    /// Gives a number or nothing.
    [[nodiscard]] bool is_number() const noexcept { return gives_number(nodes_[root_]); }
    /// It is one variable and nothing else.
    [[nodiscard]] std::optional<VariableId> variable() const noexcept;
    /// Appends the value; false (and `context.missing`) where there is none.
    [[nodiscard]] bool append(const RenderContext& context, Random& random, std::string& out) const;

    /// The variable as this user sees it; nullptr where it is not set.
    [[nodiscard]] static const Variable* find(const RenderContext& context, VariableId id) noexcept;

private:
    friend class ExpressionParser;
    friend class Evaluation;
    [[nodiscard]] static bool gives_number(const Node& node) noexcept;

    std::vector<Node> nodes_;
    std::uint32_t root_ = 0;
    std::string source_;
};

/// Where the expression that begins at `open` (the place of `${`) ends: the place of its `}`, or
/// npos. Braces in quotes do not count.
[[nodiscard]] std::size_t expression_end(std::string_view text, std::size_t open);

/// A word that may name a variable or a data source.
[[nodiscard]] bool is_identifier(std::string_view name);

/// What expressions call by name, without braces and parentheses; a variable cannot have one of
/// these.
[[nodiscard]] bool is_builtin_name(std::string_view name);

}  // namespace plimsoll
