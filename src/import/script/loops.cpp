// Loops: unrolled where the rounds are known and few or differ, else `repeat`.
#include "import/script/interpreter.hpp"
#include "import/script/step_yaml.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace plimsoll::import::script {
namespace {

constexpr std::size_t kMostUnrolled = 50;

bool mentions(const Node& node, const std::string& name) {
    return (node.kind == Kind::Name && node.text == name) ||
           std::any_of(node.children.begin(), node.children.end(),
                       [&](const NodePtr& child) { return child && mentions(*child, name); });
}

struct Counting {
    std::string name;
    double from = 0;
    double step = 1;
};

}  // namespace

Jump Interpreter::repeat(const Node& body, const std::string& rounds, const ScopePtr& scope) {
    auto step = std::make_shared<Step>();
    step->kind = Step::Kind::Repeat;
    step->line = body.line;
    step->text = rounds;
    Jump jump = Jump::None;
    step->branches.push_back(
        collect([&] { jump = exec(std::make_shared<Node>(body), inner(scope)); }));
    if (count_requests(step->branches.front()) > 0) {
        emit(std::move(step));
    } else {
        for (auto& one : step->branches.front()) {
            if (one->kind == Step::Kind::Remark) {
                emit(std::move(one));
            }
        }
    }
    return jump == Jump::Return || jump == Jump::Throw ? jump : Jump::None;
}

Jump Interpreter::loop_for(const Node& node, const ScopePtr& scope) {
    constexpr double kMostRounds = 1e9;
    const ScopePtr own = inner(scope);
    static_cast<void>(exec(node.child(0), own));
    const NodePtr body = node.child(3);
    Counting counting;
    const bool declares = node.child(0) && !node.child(0)->children.empty() &&
                          node.child(0)->child(0)->kind == Kind::Assign;
    if (declares && node.child(0)->children.size() == 1) {
        counting.name = node.child(0)->child(0)->child(0)->text;
    }
    const NodePtr test = node.child(1);
    const bool plain = test && test->kind == Kind::Binary && !counting.name.empty() &&
                       test->child(0)->kind == Kind::Name &&
                       test->child(0)->text == counting.name && node.child(2) &&
                       node.child(2)->kind == Kind::Unary && node.child(2)->text == "++";
    const bool used = counting.name.empty() || !body || mentions(*body, counting.name);
    if (plain && !used && (test->text == "<" || test->text == "<=")) {
        const Value begin = eval(test->child(0), own);
        const Value end = eval(test->child(1), own);
        const auto from = begin.as_number();
        const auto to = end.as_number();
        const double more = test->text == "<=" ? 1 : 0;
        if (from && to && *to + more - *from <= kMostRounds) {
            const double rounds = std::max(0.0, *to + more - *from);
            return rounds < 1   ? Jump::None
                   : rounds < 2 ? exec(body, own)
                                : repeat(*body, number_text(std::ceil(rounds)), own);
        }
        const std::string inner_text = expression_of(end);
        if (from && *from + more == more && !inner_text.empty() && more == 0) {
            return repeat(*body, "\"${" + inner_text + "}\"", own);
        }
    }
    for (std::size_t round = 0;; ++round) {
        const auto goes_on = test ? truth(eval(test, own)) : std::optional<bool>();
        if (!goes_on) {
            leave_out(node, fmt::format("a loop over {}", words(test)));
            std::set<std::string> assigned;
            assigned_in(node, assigned);
            forget(assigned, scope);
            return Jump::None;
        }
        if (!*goes_on) {
            return Jump::None;
        }
        if (round >= kMostUnrolled) {
            remark(node.line, fmt::format("only the first {} rounds of the loop are kept: each "
                                          "differs from the others",
                                          kMostUnrolled));
            return Jump::None;
        }
        const Jump jump = exec(body, own);
        if (jump == Jump::Return || jump == Jump::Throw) {
            return jump;
        }
        if (jump == Jump::Break) {
            return Jump::None;
        }
        static_cast<void>(eval(node.child(2), own));
    }
}

Jump Interpreter::loop_each(const Node& node, const ScopePtr& scope) {
    const Value over = eval(node.child(1), scope);
    List items;
    if (over.is(Type::List)) {
        items = *over.list;
    } else if (over.is(Type::Map)) {
        for (const auto& [key, value] : *over.map) {
            items.push_back(Value::text(key));
        }
    } else if (over.is(Type::Builtin) && over.name == "range" && over.list) {
        const std::string rounds = expression_of(over.list->front());
        const bool used = node.child(0) && node.child(2) && node.child(0)->kind == Kind::Name &&
                          mentions(*node.child(2), node.child(0)->text);
        if (!used && !rounds.empty() && node.child(2)) {
            const bool known = over.list->front().is(Type::Number);
            return repeat(*node.child(2), known ? rounds : "\"${" + rounds + "}\"", scope);
        }
        for (double at = 0; at < over.list->front().number && at < kMostUnrolled + 1; ++at) {
            items.push_back(Value::of(at));
        }
    } else {
        leave_out(node, fmt::format("a loop over {}", words(node.child(1))));
        std::set<std::string> assigned;
        assigned_in(node, assigned);
        forget(assigned, scope);
        return Jump::None;
    }
    std::size_t round = 0;
    for (const Value& item : items) {
        if (round++ >= kMostUnrolled && requests_in(node) > 0) {
            remark(node.line,
                   fmt::format("only the first {} rounds of the loop are kept", kMostUnrolled));
            break;
        }
        const ScopePtr own = python_ ? scope : inner(scope);
        bind(node.child(0), item, own, true);
        const Jump jump = exec(node.child(2), own);
        if (jump == Jump::Return || jump == Jump::Throw) {
            return jump;
        }
        if (jump == Jump::Break) {
            break;
        }
    }
    return Jump::None;
}

Jump Interpreter::loop_while(const Node& node, const ScopePtr& scope) {
    for (std::size_t round = 0; round < kMostUnrolled; ++round) {
        const auto goes_on = truth(eval(node.child(0), scope));
        const bool first = node.text == "do" && round == 0;
        if (goes_on && !*goes_on && !first) {
            return Jump::None;
        }
        if (!goes_on || (round > 0 && node.child(0)->kind == Kind::Bool)) {
            break;
        }
        const Jump jump = exec(node.child(1), scope);
        if (jump == Jump::Return || jump == Jump::Throw || jump == Jump::Break) {
            return jump == Jump::Break ? Jump::None : jump;
        }
    }
    if (truth(eval(node.child(0), scope)) != std::optional(false)) {
        leave_out(node, fmt::format("while {}", words(node.child(0))));
        std::set<std::string> assigned;
        assigned_in(node, assigned);
        forget(assigned, scope);
    }
    return Jump::None;
}

}  // namespace plimsoll::import::script
