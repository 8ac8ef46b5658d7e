// Private to scenario: the walk over a compiled expression that gives its value for one request.
#pragma once

#include "scenario/expression.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace plimsoll {

/// Walks an expression's nodes. Lives for one rendering.
class Evaluation {
public:
    /// `base`: where in the text the expression's own begins.
    Evaluation(const Expression& expression, const RenderContext& context, Random& random,
               std::size_t base)
        : expression_(expression), context_(context), random_(random), base_(base) {}

    bool append(std::uint32_t index, std::string& out);

private:
    static constexpr std::size_t kLongestValue = std::size_t{16} << 20U;
    static constexpr std::string_view kTooLong = "the text is longer than 16777216 bytes";

    using Op = Expression::Op;
    using Node = Expression::Node;

    bool append_node(std::uint32_t index, std::string& out);
    bool lacks(std::string_view what);
    bool fails(std::string_view why);
    bool append_variable(const Node& node, std::string& out);
    bool append_column(const Node& node, std::string& out);
    bool append_default(const Node& node, std::string& out);
    [[nodiscard]] std::int64_t now() const;
    bool append_all(const Node& node, std::string& out);

    // evaluation_text.cpp: functions of one text and, some of them, more. The first argument begins
    // at `begin`.
    bool append_text_function(const Node& node, std::string& out);
    bool append_random_text(const Node& node, std::string& out);
    bool hmac(const Node& node, std::size_t begin, std::string& out);
    bool substr(const Node& node, std::size_t begin, std::string& out);
    bool replace(const Node& node, std::size_t begin, std::string& out);

    // evaluation_number.cpp. `out` is scratch space: it ends as it was.
    bool integer(std::uint32_t index, std::int64_t& value, std::string& out);
    bool number(std::uint32_t index, Number& value, std::string& out);
    bool number_in_text(std::uint32_t index, Number& value, std::string& out);
    bool random_int(const Node& node, Number& value, std::string& out);
    bool unary(const Node& node, Number& value, std::string& out);
    bool binary(const Node& node, Number& value, std::string& out);

    const Expression& expression_;
    const RenderContext& context_;
    Random& random_;
    std::size_t base_;
};

}  // namespace plimsoll
