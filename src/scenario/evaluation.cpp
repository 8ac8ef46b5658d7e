#include "scenario/evaluation.hpp"

#include "scenario/number.hpp"
#include "scenario/text_functions.hpp"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

namespace plimsoll {

bool Evaluation::append(std::uint32_t index, std::string& out) {
    return append_node(index, out) && (out.size() - base_ <= kLongestValue || fails(kTooLong));
}

bool Evaluation::append_node(std::uint32_t index, std::string& out) {
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

bool Evaluation::lacks(std::string_view what) {
    if (context_.missing != nullptr && context_.missing->empty()) {
        context_.missing->assign(what);
    }
    return false;
}

bool Evaluation::fails(std::string_view why) {
    if (context_.missing != nullptr && context_.missing->empty()) {
        *context_.missing = fmt::format("${{{}}} ({})", expression_.source_, why);
    }
    return false;
}

bool Evaluation::append_variable(const Node& node, std::string& out) {
    const Variable* const variable = Expression::find(context_, node.id);
    if (variable == nullptr) {
        return lacks(node.text);
    }
    out += variable->text;
    return true;
}

bool Evaluation::append_column(const Node& node, std::string& out) {
    const bool there = node.id < context_.data.size() && node.id < context_.rows.size() &&
                       context_.data[node.id] != nullptr &&
                       context_.rows[node.id] < context_.data[node.id]->rows();
    if (!there) {
        return lacks(node.text);
    }
    context_.data[node.id]->append(context_.rows[node.id], node.column, out);
    return true;
}

bool Evaluation::append_default(const Node& node, std::string& out) {
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

std::int64_t Evaluation::now() const {
    if (context_.now_unix_ns != 0) {
        return context_.now_unix_ns;
    }
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

bool Evaluation::append_all(const Node& node, std::string& out) {
    return std::all_of(node.arguments.begin(), node.arguments.end(),
                       [&](std::uint32_t argument) { return append(argument, out); });
}

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
