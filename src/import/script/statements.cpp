// Statements: what is certain is followed, what only a run decides becomes `if` or a remark.
#include "import/script/level.hpp"
#include "import/script/step_yaml.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace plimsoll::import::script {

Interpreter::~Interpreter() {
    for (const ScopePtr& scope : scopes_) {
        scope->values.clear();
        scope->parent.reset();
    }
}

ScopePtr Interpreter::inner(const ScopePtr& parent) {
    auto scope = std::make_shared<Scope>();
    scope->parent = parent;
    scopes_.push_back(scope);
    return scope;
}

void Interpreter::emit(std::shared_ptr<Step> step) {
    constexpr std::size_t kMostSteps = 2'000;
    if (out_ == nullptr) {
        return;
    }
    if (++emitted_ > kMostSteps) {
        plan_.note(0, fmt::format("more than {} steps: the rest is left out", kMostSteps));
        return;
    }
    out_->push_back(std::move(step));
}

void Interpreter::remark(int line, const std::string& text) {
    plan_.note(line, text);
    auto step = std::make_shared<Step>();
    step->line = line;
    step->remarks.push_back(fmt::format("line {}: {}", line, text));
    emit(std::move(step));
}

Steps Interpreter::collect(const std::function<void()>& work) {
    Steps steps;
    Steps* const before = out_;
    out_ = &steps;
    work();
    out_ = before;
    return steps;
}

std::size_t Interpreter::requests_in(const Node& node) const {
    std::size_t count = node.kind == Kind::Call && is_request(node) ? 1 : 0;
    for (const NodePtr& child : node.children) {
        count += child ? requests_in(*child) : 0;
    }
    return count;
}

bool Interpreter::has_kind(const Node& node, Kind kind) {
    return node.kind == kind ||
           std::any_of(node.children.begin(), node.children.end(), [&](const NodePtr& child) {
               return child && child->kind != Kind::Function && has_kind(*child, kind);
           });
}

void Interpreter::leave_out(const Node& node, const std::string& why) {
    const std::size_t requests = requests_in(node);
    if (requests > 0) {
        remark(node.line, fmt::format("left out: {}, with {} request{}", why, requests,
                                      requests == 1 ? "" : "s"));
    }
}

void Interpreter::assigned_in(const Node& node, std::set<std::string>& names) {
    const auto base = [](const Node* at) {
        while (at != nullptr && (at->kind == Kind::Member || at->kind == Kind::Index)) {
            const Node* const inner = at->child(0).get();
            const bool own = at->kind == Kind::Member && inner != nullptr &&
                             inner->kind == Kind::Name && inner->text == "self";
            if (own) {
                return "self." + at->text;
            }
            at = inner;
        }
        return at != nullptr && at->kind == Kind::Name ? at->text : std::string();
    };
    const bool counts = node.kind == Kind::Unary && (node.text == "++" || node.text == "--");
    if (node.kind == Kind::Assign || counts) {
        names.insert(base(node.child(0).get()));
    }
    if (node.kind == Kind::Call && node.child(0) && node.child(0)->kind == Kind::Member) {
        const std::string& method = node.child(0)->text;
        for (const char* const changes : {"push", "append", "pop", "shift", "unshift", "splice",
                                          "remove", "extend", "insert", "update", "clear", "add"}) {
            if (method == changes) {
                names.insert(base(node.child(0)->child(0).get()));
            }
        }
    }
    for (const NodePtr& child : node.children) {
        const bool own = child && node.kind == Kind::Declare;  // a name of this block alone
        if (const Node* const inner_node = own ? child->child(1).get() : child.get()) {
            assigned_in(*inner_node, names);
        }
    }
}

void Interpreter::forget(const std::set<std::string>& names, const ScopePtr& scope) {
    for (const std::string& name : names) {
        if (name.starts_with("self.")) {
            Value* const self = scope->find("self");
            Value* const attribute = self != nullptr ? self->member(name.substr(5)) : nullptr;
            if (attribute != nullptr) {
                *attribute = Value::unknown(name);
            }
        } else if (Value* const value = scope->find(name)) {
            if (!value->is(Type::Function) && !value->is(Type::Builtin)) {
                *value = Value::unknown(name);
            }
        }
    }
}

Jump Interpreter::exec_block(const Node& node, const ScopePtr& scope, std::size_t from) {
    for (std::size_t at = from; at < node.children.size(); ++at) {
        const NodePtr& child = node.children[at];
        bool rest_taken = false;
        const Jump jump = child && child->kind == Kind::If
                              ? branch(*child, scope, &node, at + 1, rest_taken)
                              : exec(child, scope);
        if (jump != Jump::None || rest_taken) {
            return jump;
        }
    }
    return Jump::None;
}

Jump Interpreter::exec(const NodePtr& node, const ScopePtr& scope) {
    const Level level(*this);
    if (!node || level.too_far()) {
        return Jump::None;
    }
    switch (node->kind) {
        case Kind::Block: {
            const ScopePtr own = python_ ? scope : inner(scope);
            for (const NodePtr& child : node->children) {
                if (child && child->kind == Kind::Function && !child->text.empty() && !python_) {
                    own->values[child->text] = eval(child, own);  // known before its line
                }
            }
            return exec_block(*node, own, 0);
        }
        case Kind::Declare:
            for (const NodePtr& one : node->children) {
                bind(one->child(0), eval(one->child(1), scope), scope, true);
            }
            break;
        case Kind::Function:
            scope->values[node->text] = eval(node, scope);
            break;
        case Kind::Class: {
            Value made = Value::builtin("class " + node->text);
            made.function = node;
            made.scope = scope;
            scope->values[node->text] = std::move(made);
            break;
        }
        case Kind::Import:
            import(*node, scope);
            break;
        case Kind::Default:
            scope->values["default"] = eval(node->child(0), scope);
            break;
        case Kind::If: {
            bool rest_taken = false;
            return branch(*node, scope, nullptr, 0, rest_taken);
        }
        case Kind::For:
            return loop_for(*node, scope);
        case Kind::ForEach:
            return loop_each(*node, scope);
        case Kind::While:
            return loop_while(*node, scope);
        case Kind::Switch:
            return exec_switch(*node, scope);
        case Kind::Try:
            return exec_try(*node, scope);
        case Kind::With:
            return with(*node, scope);
        case Kind::Return:
            returned_ = eval(node->child(0), scope);
            return thrown_ ? (thrown_ = false, Jump::Throw) : Jump::Return;
        case Kind::Break:
            return Jump::Break;
        case Kind::Continue:
            return Jump::Continue;
        case Kind::Throw:
            return Jump::Throw;
        default:
            static_cast<void>(eval(node, scope));
            break;
    }
    if (thrown_) {
        thrown_ = false;
        return Jump::Throw;
    }
    return Jump::None;
}

Jump Interpreter::branch(const Node& node, const ScopePtr& scope, const Node* block,
                         std::size_t rest, bool& rest_taken) {
    const Value test = eval(node.child(0), scope);
    if (const auto known = truth(test)) {
        return exec(node.child(*known ? 1 : 2), scope);
    }
    if (test.inner().starts_with("env.")) {
        plan_.note(node.line, fmt::format("{} is read as not set", words(node.child(0))));
        return exec(node.child(2), scope);
    }
    if (special_branch(node, test, scope)) {
        return Jump::None;
    }
    return unknown_branch(node, test, scope, block, rest, rest_taken);
}

namespace {

std::shared_ptr<Step> nested_if(const std::vector<std::string>& conditions, std::size_t at,
                                bool any, const Steps& then, const Steps& otherwise, int line) {
    auto step = std::make_shared<Step>();
    step->kind = Step::Kind::If;
    step->line = line;
    step->text = conditions[at];
    const bool last = at + 1 == conditions.size();
    const Steps further =
        last ? Steps{} : Steps{nested_if(conditions, at + 1, any, then, otherwise, line)};
    step->branches.push_back(last || any ? then : further);
    step->branches.push_back(last || !any ? otherwise : further);
    return step;
}

}  // namespace

// One condition is an `if`; of several the result is kept in a variable, so that neither branch is
// written twice.
void Interpreter::emit_if(const std::vector<std::string>& conditions, bool any, const Steps& then,
                          const Steps& otherwise, int line) {
    const bool twice = conditions.size() > 1 && does_something(any ? then : otherwise);
    if (!twice) {
        emit(nested_if(conditions, 0, any, then, otherwise, line));
        return;
    }
    const std::string variable = free_name("holds");
    const auto set = [&](const char* to) {
        auto step = std::make_shared<Step>();
        step->kind = Step::Kind::Set;
        step->line = line;
        step->values.emplace_back(variable, Yaml::quoted(to));
        return step;
    };
    emit(nested_if(conditions, 0, any, {set("yes")}, {set("no")}, line));
    emit(nested_if({"${" + variable + "} == yes"}, 0, any, then, otherwise, line));
}

Jump Interpreter::unknown_branch(const Node& node, const Value& test, const ScopePtr& scope,
                                 const Node* block, std::size_t rest, bool& rest_taken) {
    const auto notes = plan_.notes;
    const auto environment = plan_.environment;
    std::set<std::string> assigned;
    assigned_in(node, assigned);
    Jump then_jump = Jump::None;
    Jump else_jump = Jump::None;
    const Steps then = collect([&] { then_jump = exec(node.child(1), scope); });
    Steps otherwise = collect([&] { else_jump = exec(node.child(2), scope); });
    const bool nothing = !does_something(then) && !does_something(otherwise);
    if (nothing && then_jump == Jump::None && else_jump == Jump::None) {
        forget(assigned, scope);
        otherwise.insert(otherwise.begin(), then.begin(), then.end());
        for (const auto& step : otherwise) {
            emit(step);  // remarks
        }
        return Jump::None;
    }
    const auto conditions = condition_texts(test);
    if (!conditions) {
        const std::size_t requests = count_requests(then) + count_requests(otherwise);
        const bool jumps = then_jump != Jump::None || else_jump != Jump::None;
        plan_.notes = notes;
        plan_.environment = environment;
        remark(node.line,
               fmt::format("left out: if {}{}{}", words(node.child(0)),
                           requests == 0 ? std::string()
                                         : fmt::format(", with {} request{}", requests,
                                                       requests == 1 ? "" : "s"),
                           jumps ? "; what follows is sent whether or not it holds" : ""));
        forget(assigned, scope);
        return Jump::None;
    }
    const bool guard = then_jump != Jump::None && else_jump == Jump::None && block != nullptr;
    Jump after = Jump::None;
    if (guard) {
        const Steps more = collect([&] { after = exec_block(*block, scope, rest); });
        otherwise.insert(otherwise.end(), more.begin(), more.end());
        rest_taken = true;
    } else {
        forget(assigned, scope);
    }
    if (!does_something(then)) {  // the other way round
        const auto opposite = condition_texts(negate(test));
        if (!opposite && does_something(otherwise)) {
            remark(node.line, fmt::format("left out: if {}, with {} requests", words(node.child(0)),
                                          count_requests(otherwise)));
        } else if (opposite && does_something(otherwise)) {
            emit_if(*opposite, negate(test).flag, otherwise, then, node.line);
        }
        return after;
    }
    emit_if(*conditions, test.flag, then, otherwise, node.line);
    return after;
}

Jump Interpreter::exec_switch(const Node& node, const ScopePtr& scope) {
    const Value value = eval(node.child(0), scope);
    const auto known = value.plain();
    const Node* chosen = nullptr;
    for (std::size_t at = 1; at < node.children.size() && known; ++at) {
        const Node& one = *node.children[at];
        if (one.child(0) && eval(one.child(0), scope).plain() == known) {
            chosen = &one;
            break;
        }
        if (!one.child(0)) {
            chosen = chosen == nullptr ? &one : chosen;
        }
    }
    if (!known) {
        leave_out(node, fmt::format("switch ({})", words(node.child(0))));
        return Jump::None;
    }
    const ScopePtr own = inner(scope);
    bool on = false;
    for (std::size_t at = 1; at < node.children.size(); ++at) {
        const Node& one = *node.children[at];
        on = on || &one == chosen;
        for (std::size_t n = 1; on && n < one.children.size(); ++n) {
            const Jump jump = exec(one.children[n], own);
            if (jump != Jump::None) {
                return jump == Jump::Break ? Jump::None : jump;
            }
        }
    }
    return Jump::None;
}

Jump Interpreter::exec_try(const Node& node, const ScopePtr& scope) {
    Jump jump = exec(node.child(0), scope);
    if (jump == Jump::Throw) {
        jump = exec(node.child(1), scope);
    } else if (node.child(1)) {
        leave_out(*node.child(1), "what is done after an error");
    }
    const Jump last = exec(node.child(2), scope);
    return last == Jump::None ? jump : last;
}

}  // namespace plimsoll::import::script
