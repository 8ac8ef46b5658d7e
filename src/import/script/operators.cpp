// Operators: on what is known they compute, on what is not they build expressions and conditions.
#include "import/script/interpreter.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

namespace plimsoll::import::script {
namespace {

constexpr std::size_t kLongestText = 1U << 16U;

bool is_symbolic(const Value& value) {
    return value.is(Type::Captured) || value.is(Type::Uniform) ||
           (value.is(Type::Row) && !value.path.empty()) ||
           (value.is(Type::Text) && !value.literal());
}

std::string mirrored(const std::string& op) {
    if (op == "<" || op == "<=") {
        return op == "<" ? ">" : ">=";
    }
    return op == ">" ? "<" : op == ">=" ? "<=" : op;
}

bool holds(const std::string& op, double a, double b) {
    return op == "=="   ? a == b
           : op == "!=" ? a != b
           : op == "<"  ? a < b
           : op == "<=" ? a <= b
           : op == ">"  ? a > b
                        : a >= b;
}

}  // namespace

Value Interpreter::eval_binary(const Node& node, const ScopePtr& scope) {
    std::string op = node.text;
    if (op == "&&" || op == "||" || op == "??" || op == "and" || op == "or") {
        return logical(node, scope);
    }
    const Value left = eval(node.child(0), scope);
    const Value right = eval(node.child(1), scope);
    constexpr std::array<std::string_view, 6> kComparisons{"==", "!=", "<", "<=", ">", ">="};
    if (op == "===" || op == "!==") {
        op.pop_back();
    }
    if (op == "is" || op == "is not") {
        op = op == "is" ? "==" : "!=";
    }
    if (std::find(kComparisons.begin(), kComparisons.end(), op) != kComparisons.end()) {
        return compare(op, left, right);
    }
    if (op == "in" || op == "not in") {
        return compare(op, left, right);
    }
    return op == "+" ? add(left, right, node) : arithmetic(op, left, right, node);
}

Value Interpreter::logical(const Node& node, const ScopePtr& scope) {
    const bool both = node.text == "&&" || node.text == "and";
    const Value left = eval(node.child(0), scope);
    const auto known = truth(left);
    if (node.text == "??" && known) {
        const bool nothing = left.is(Type::Null) || left.is(Type::Undefined);
        return nothing ? eval(node.child(1), scope) : left;
    }
    if (known) {
        return *known == both ? eval(node.child(1), scope) : left;
    }
    const Value right = eval(node.child(1), scope);
    if (!both && left.is(Type::Text) && left.inner().starts_with("env.")) {
        if (const auto fallback = right.plain();
            fallback && fallback->find_first_of("}\n\r") == std::string::npos) {
            return Value::environment(left.pieces.front().text, fallback);
        }
        if (right.is(Type::Text) && right.pieces.size() == 1 &&
            right.pieces.front().kind == Piece::Kind::Environment) {
            return right;  // of two variables the one with a default
        }
    }
    const auto truthy = [](const Value& value) {
        return value.is(Type::Condition) ? value : Value::condition({value, "exists", Value{}});
    };
    const bool conditions = (left.is(Type::Condition) || is_symbolic(left)) &&
                            (right.is(Type::Condition) || is_symbolic(right) || truth(right));
    if (!conditions) {
        return Value::unknown(words(std::make_shared<Node>(node)));
    }
    if (const auto second = truth(right)) {
        return *second == both ? truthy(left) : Value::boolean(!both);
    }
    Value whole = truthy(left);
    const Value other = truthy(right);
    const bool simple = (whole.comparisons->size() == 1 || whole.flag == !both) &&
                        (other.comparisons->size() == 1 || other.flag == !both);
    if (!simple) {
        return Value::unknown(words(std::make_shared<Node>(node)));
    }
    whole.comparisons = std::make_shared<std::vector<Comparison>>(*whole.comparisons);
    whole.comparisons->insert(whole.comparisons->end(), other.comparisons->begin(),
                              other.comparisons->end());
    whole.flag = !both;
    return whole;
}

Value Interpreter::compare(const std::string& op, const Value& left, const Value& right) {
    if (op == "in" || op == "not in") {
        if (is_symbolic(right)) {
            return Value::condition({right, op == "in" ? "contains" : "not contains", left});
        }
        const bool list = right.is(Type::List) && left.is(Type::Captured) && op == "in";
        if (list) {
            return Value::condition({left, "in", right});
        }
        if (const auto needle = left.plain()) {
            if (right.is(Type::Map)) {
                return Value::boolean((right.member(*needle) != nullptr) == (op == "in"));
            }
            if (const auto text = right.literal()) {
                return Value::boolean((text->find(*needle) != std::string::npos) == (op == "in"));
            }
        }
        return Value::unknown("in");
    }
    for (const Value* const side : {&left, &right}) {
        if (side->is(Type::Condition) && !(left.is(Type::Condition) && right.is(Type::Bool))) {
            return Value::unknown("a comparison");
        }
    }
    const auto nothing = [](const Value& value) {
        return value.is(Type::Null) || value.is(Type::Undefined);
    };
    if (left.is(Type::Captured) && nothing(right) && (op == "==" || op == "!=")) {
        return Value::condition({left, op == "==" ? "not exists" : "exists", Value{}});
    }
    if (is_symbolic(left) && !right.is(Type::Unknown)) {
        return Value::condition({left, op, right});
    }
    if (is_symbolic(right) && !left.is(Type::Unknown)) {
        return Value::condition({right, mirrored(op), left});
    }
    if (left.is(Type::Number) && right.is(Type::Number)) {
        return Value::boolean(holds(op, left.number, right.number));
    }
    const auto a = left.literal();
    const auto b = right.literal();
    if (a && b) {
        return Value::boolean(holds(op, a->compare(*b), 0));
    }
    const bool equality = op == "==" || op == "!=";
    if (left.is(Type::Bool) && right.is(Type::Bool) && equality) {
        return Value::boolean((left.flag == right.flag) == (op == "=="));
    }
    if ((left.is(Type::Condition) && right.is(Type::Bool)) && equality) {
        return right.flag == (op == "==") ? left : negate(left);
    }
    const auto fixed = [](const Value& value) {
        return value.type <= Type::Builtin && (!value.is(Type::Text) || value.literal());
    };
    if (fixed(left) && fixed(right) && equality && left.type != right.type) {
        const bool same = nothing(left) && nothing(right);
        return Value::boolean(same == (op == "=="));
    }
    return Value::unknown("a comparison");
}

Value Interpreter::negate(const Value& condition) {
    if (const auto known = truth(condition)) {
        return Value::boolean(!*known);
    }
    if (is_symbolic(condition)) {
        return Value::condition({condition, "not exists", Value{}});
    }
    if (!condition.is(Type::Condition)) {
        return Value::unknown("not");
    }
    constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kOpposites{
        {{"==", "!="},
         {"<", ">="},
         {">", "<="},
         {"contains", "not contains"},
         {"exists", "not exists"},
         {"passed", "failed"}}};
    Value result = condition;
    result.comparisons = std::make_shared<std::vector<Comparison>>(*condition.comparisons);
    result.flag = condition.comparisons->size() > 1 && !condition.flag;
    for (Comparison& one : *result.comparisons) {
        const auto* const found = std::find_if(
            kOpposites.begin(), kOpposites.end(),
            [&](const auto& pair) { return pair.first == one.op || pair.second == one.op; });
        if (found == kOpposites.end()) {
            return Value::unknown("not");
        }
        one.op = found->first == one.op ? found->second : found->first;
    }
    return result;
}

std::optional<bool> Interpreter::truth(const Value& value) const {
    switch (value.type) {
        case Type::Undefined:
        case Type::Null:
            return false;
        case Type::Bool:
            return value.flag;
        case Type::Number:
            return value.number != 0;
        case Type::Text: {
            const auto text = value.literal();
            if (text) {
                return !text->empty();
            }
            const Piece& first = value.pieces.front();
            const bool known = first.kind == Piece::Kind::Environment && first.fallback &&
                               value.pieces.size() == 1;
            return known ? std::optional(!first.fallback->empty()) : std::nullopt;
        }
        case Type::List:
            return python_ ? !value.list->empty() : true;
        case Type::Map:
            return python_ ? !value.map->empty() : true;
        case Type::Function:
        case Type::Builtin:
        case Type::Response:
            return true;
        default:
            return std::nullopt;
    }
}

Value Interpreter::eval_unary(const Node& node, const ScopePtr& scope) {
    const std::string& op = node.text;
    if (op == "++" || op == "--") {
        const Value before = eval(node.child(0), scope);
        Value after = arithmetic(op == "++" ? "plus" : "-", before, Value::of(1), node);
        bind(node.child(0), after, scope, false);
        return before;
    }
    const Value value = eval(node.child(0), scope);
    if (op == "!" || op == "not") {
        return negate(value);
    }
    if (op == "-") {
        return arithmetic("-", Value::of(0), value, node);
    }
    if (op == "+") {
        const auto number = value.as_number();
        return number && !value.is(Type::Text)                     ? Value::of(*number)
               : value.is(Type::Text) && value.literal() && number ? Value::of(*number)
                                                                   : value;
    }
    if (op == "typeof") {
        return Value::unknown("typeof");
    }
    return op == "void" ? Value{} : Value::unknown(words(std::make_shared<Node>(node)));
}

// Of a uniform number with a known one: the range moves along.
Value Interpreter::on_random(const std::string& op, const Value& left, const Value& right) {
    const bool first = left.is(Type::Uniform);
    const Value& random = first ? left : right;
    const double other = first ? right.number : left.number;
    Value result = random;
    const auto each = [&](const auto& change) {
        result.number = change(random.number);
        result.high = change(random.high);
        if (result.number > result.high) {
            std::swap(result.number, result.high);
        }
    };
    if (op == "+" || op == "plus") {
        each([&](double x) { return x + other; });
    } else if (op == "*") {
        each([&](double x) { return x * other; });
    } else if (op == "-") {
        each([&](double x) { return first ? x - other : other - x; });
    } else if (op == "/" && first && other != 0) {
        each([&](double x) { return x / other; });
    } else {
        return Value::unknown("a random number");
    }
    return result;
}

Value Interpreter::arithmetic(const std::string& op, const Value& left, const Value& right,
                              const Node& at) {
    const auto a = left.fixed_number();
    const auto b = right.fixed_number();
    if (a && b) {
        if (op == "+" || op == "plus") {
            return Value::of(*a + *b);
        }
        if (op == "-" || op == "*") {
            return Value::of(op == "-" ? *a - *b : *a * *b);
        }
        if (op == "**") {
            return Value::of(std::pow(*a, *b));
        }
        if (*b != 0 && (op == "/" || op == "//" || op == "%")) {
            const double floor = std::floor(*a / *b);
            return Value::of(op == "/"    ? *a / *b
                             : op == "//" ? floor
                             : python_    ? *a - *b * floor
                                          : std::fmod(*a, *b));
        }
        return Value::unknown(words(std::make_shared<Node>(at)));
    }
    const bool random = (left.is(Type::Uniform) && right.is(Type::Number)) ||
                        (right.is(Type::Uniform) && left.is(Type::Number));
    if (random) {
        return on_random(op, left, right);
    }
    if (op == "%" && python_ && left.is(Type::Text)) {
        return formatted(left, right, at);
    }
    constexpr std::array<std::string_view, 5> kOurs{"plus", "-", "*", "/", "%"};
    const std::string one = expression_of(left);
    const std::string two = expression_of(right);
    const bool ours = std::find(kOurs.begin(), kOurs.end(), op) != kOurs.end();
    constexpr std::size_t kLongestExpression = 500;
    if (!ours || one.empty() || two.empty() || one.size() + two.size() > kLongestExpression) {
        return Value::unknown(words(std::make_shared<Node>(at)));
    }
    const auto wrapped = [](const std::string& text) {
        int depth = 0;
        const bool sum = std::any_of(text.begin(), text.end(), [&](char c) {
            depth += c == '(' ? 1 : c == ')' ? -1 : 0;
            return c == ' ' && depth == 0;
        });
        return sum ? "(" + text + ")" : text;
    };
    Value made = Value::expression(
        fmt::format("{} {} {}", wrapped(one), op == "plus" ? "+" : op, wrapped(two)), true,
        left.fresh || right.fresh);
    const bool shift = (op == "plus" || op == "-") && left.ranged && right.is(Type::Number);
    if (shift) {
        const double by = op == "-" ? -right.number : right.number;
        made.ranged = true;
        made.number = left.number + by;
        made.high = left.high + by;
    }
    return made;
}

Value Interpreter::add(const Value& left, const Value& right, const Node& at) {
    const auto numeric = [](const Value& value) {
        return value.is(Type::Number) || value.is(Type::Uniform) ||
               (value.is(Type::Text) && value.flag);
    };
    if ((numeric(left) && numeric(right)) ||
        (left.is(Type::Captured) && right.is(Type::Number) && at.kind != Kind::String)) {
        if (at.kind == Kind::Binary || at.kind == Kind::Assign) {
            return arithmetic("plus", left, right, at);
        }
    }
    if (left.is(Type::List) && right.is(Type::List)) {
        List all = *left.list;
        all.insert(all.end(), right.list->begin(), right.list->end());
        return all.size() > 10'000 ? Value::unknown("a long list") : Value::list_of(std::move(all));
    }
    if (left.is(Type::Unknown) && right.is(Type::Unknown)) {
        return left;
    }
    Value whole = Value::text("");
    std::size_t length = 0;
    for (const Value* const side : {&left, &right}) {
        for (Piece& piece : pieces_of(*side, side->name, at.line)) {
            length += piece.text.size();
            const bool joins = piece.kind == Piece::Kind::Literal && !whole.pieces.empty() &&
                               whole.pieces.back().kind == Piece::Kind::Literal;
            if (joins) {
                whole.pieces.back().text += piece.text;
            } else {
                whole.pieces.push_back(std::move(piece));
            }
        }
        whole.fresh = whole.fresh || side->fresh || side->is(Type::Uniform);
    }
    work_ += length / 16;
    return length > kLongestText ? Value::unknown("a long text") : whole;
}

}  // namespace plimsoll::import::script
