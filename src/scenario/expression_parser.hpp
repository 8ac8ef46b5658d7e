// Private to scenario: the parser of one ${...}.
#pragma once

#include "scenario/expression.hpp"
#include "scenario/functions.hpp"
#include "scenario/wording.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace plimsoll {

/// Reads one expression by recursive descent: sums of products of values.
class ExpressionParser {
public:
    // Evaluation descends from a sum into its first terms, one after the other.
    static constexpr std::size_t kMostValues = 1000;

    ExpressionParser(std::string_view text, const TemplateScope& scope, Expression& expression,
                     Expression::Notes& notes)
        : text_(text), scope_(scope), expression_(expression), notes_(notes) {}

    Result<std::uint32_t> whole();

private:
    using Op = Expression::Op;
    using Node = Expression::Node;
    using Reading = Result<std::uint32_t>;

    void skip_spaces();
    char peek();
    bool take(char c);
    [[nodiscard]] std::string shown() const { return in_quotes(fmt::format("${{{}}}", text_)); }
    [[nodiscard]] Error wrong(std::string_view what, std::string hint = {}) const;
    [[nodiscard]] static Error too_long();
    std::uint32_t add(Node node);
    [[nodiscard]] const Node& node(std::uint32_t index) const { return expression_.nodes_[index]; }

    Reading binary(Op op, std::uint32_t left, std::uint32_t right);
    Reading sum(int depth);
    Reading product(int depth);
    Reading unary(int depth);
    Reading primary(int depth);
    Reading quoted(char quote);
    Reading number();
    std::string_view word();

    // expression_names.cpp: a variable, a column, the environment, a secret
    Reading name(int depth);
    Reading environment(std::string_view variable);
    // A number of the environment may stand in arithmetic; as text it stays as it is.
    Reading number_or_text(Node made);
    Reading secret();
    Reading plain(std::string_view full);
    [[nodiscard]] Error unknown(std::string_view name, std::string_view what) const;
    Reading column(DataId id, const DataSource& source);

    // expression_calls.cpp: a function with its arguments
    Reading call(std::string_view name, int depth);
    Reading finish_call(const FunctionInfo& function, Node made, std::string_view written);
    // The first argument is one of `words`, fixed when the file is read.
    Reading form(Node made, std::span<const std::string_view> words, std::string_view function);
    Reading random_int(Node made, std::string_view written);

    std::string_view text_;
    const TemplateScope& scope_;
    Expression& expression_;
    Expression::Notes& notes_;
    std::size_t at_ = 0;
};

}  // namespace plimsoll
