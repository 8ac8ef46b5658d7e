// What expressions come to.
#include "import/script/level.hpp"

#include <fmt/format.h>

namespace plimsoll::import::script {

const Value& Call::argument(std::size_t place) const {
    static const Value kNone;
    return place < arguments.size() ? arguments[place] : kNone;
}

const Value& Call::argument(std::string_view wanted, std::size_t place) const {
    for (const auto& [key, value] : named) {
        if (key == wanted) {
            return value;
        }
    }
    return argument(place);
}

Value Interpreter::eval(const NodePtr& node, const ScopePtr& scope) {
    if (!node) {
        return {};
    }
    const Level level(*this);
    if (level.too_far()) {
        return Value::unknown(words(node));
    }
    switch (node->kind) {
        case Kind::Nothing: {
            Value value;
            value.type = node->text == "undefined" ? Type::Undefined : Type::Null;
            return value;
        }
        case Kind::Bool:
            return Value::boolean(node->number != 0);
        case Kind::Number:
            return Value::of(node->number);
        case Kind::String:
            return Value::text(node->text);
        case Kind::Template:
            return eval_template(*node, scope);
        case Kind::Regex: {
            Value value = Value::builtin("regex");
            value.path = node->text;
            return value;
        }
        case Kind::Name:
            return eval_name(*node, scope);
        case Kind::List:
            return eval_list(*node, scope);
        case Kind::Object:
            return eval_object(*node, scope);
        case Kind::Member:
            return member(eval(node->child(0), scope), node->text, *node);
        case Kind::Index: {
            const Value object = eval(node->child(0), scope);
            return index(object, eval(node->child(1), scope), *node);
        }
        case Kind::Call:
            return eval_call(*node, scope);
        case Kind::New:
            return eval_new(*node, scope);
        case Kind::Unary:
            return eval_unary(*node, scope);
        case Kind::Binary:
            return eval_binary(*node, scope);
        case Kind::Choice:
            return eval_choice(*node, scope);
        case Kind::Assign:
            return eval_assign(*node, scope);
        case Kind::Function: {
            Value value;
            value.type = Type::Function;
            value.function = node;
            value.scope = scope;
            value.name = node->text;
            return value;
        }
        default:
            for (const NodePtr& child : node->children) {
                static_cast<void>(eval(child, scope));
            }
            return Value::unknown(words(node));
    }
}

Value Interpreter::eval_name(const Node& node, const ScopePtr& scope) {
    if (Value* const value = scope->find(node.text)) {
        return *value;
    }
    if (auto value = builtin_member({}, node.text)) {
        return *std::move(value);
    }
    if (python_ && node.text == "__name__") {
        return Value::text("locustfile");  // it is imported, not run
    }
    return Value::builtin(node.text);
}

Value Interpreter::eval_template(const Node& node, const ScopePtr& scope) {
    Value whole = Value::text("");
    for (const NodePtr& part : node.children) {
        const Value value =
            part->kind == Kind::String ? Value::text(part->text) : eval(part, scope);
        if (node.children.size() == 1 && value.is(Type::Unknown)) {
            return value;
        }
        whole = add(whole, value, *part);
    }
    return whole;
}

Value Interpreter::eval_list(const Node& node, const ScopePtr& scope) {
    constexpr std::size_t kMost = 10'000;
    List items;
    for (const NodePtr& child : node.children) {
        if (child->kind != Kind::Spread) {
            items.push_back(eval(child, scope));
            continue;
        }
        const Value inner = eval(child->child(0), scope);
        if (!inner.is(Type::List) || items.size() + inner.list->size() > kMost) {
            return Value::unknown(words(child->child(0)));
        }
        const List copy = *inner.list;
        items.insert(items.end(), copy.begin(), copy.end());
    }
    Value made = Value::list_of(std::move(items));
    return fits(made) ? made : Value::unknown("a large list");
}

Value Interpreter::eval_object(const Node& node, const ScopePtr& scope) {
    Value object = Value::map_of({});
    const auto put = [&object](const std::string& key, Value value) {
        if (Value* const there = object.member(key)) {
            *there = std::move(value);
        } else {
            object.map->emplace_back(key, std::move(value));
        }
    };
    for (const NodePtr& child : node.children) {
        if (child->kind == Kind::Spread) {
            const Value inner = eval(child->child(0), scope);
            if (inner.is(Type::Map)) {
                for (const auto& [key, value] : Map(*inner.map)) {
                    put(key, value);
                }
            } else if (!inner.is(Type::Undefined) && !inner.is(Type::Null)) {
                return Value::unknown(words(child->child(0)));
            }
            continue;
        }
        std::string key = child->text;
        if (child->child(1)) {
            const auto computed = eval(child->child(1), scope).plain();
            if (!computed) {
                return Value::unknown(words(child->child(1)));
            }
            key = *computed;
        }
        put(key, eval(child->child(0), scope));
    }
    return fits(object) ? object : Value::unknown("a large object");
}

Value Interpreter::eval_choice(const Node& node, const ScopePtr& scope) {
    const Value test = eval(node.child(0), scope);
    const auto known = truth(test);
    if (known) {
        return eval(node.child(*known ? 1 : 2), scope);
    }
    if (test.is(Type::Text) && test.inner().starts_with("env.")) {
        // `__ENV.X ? __ENV.X : 'default'`, in whatever wrapping
        const Value then = eval(node.child(1), scope);
        const auto otherwise = eval(node.child(2), scope);
        const auto fallback = otherwise.plain();
        if (then.inner() == test.inner() && fallback) {
            return Value::environment(test.pieces.front().text, fallback);
        }
        plan_.note(node.line, fmt::format("{} is read as not set", words(node.child(0))));
        return otherwise;
    }
    return Value::unknown(words(node.child(0)) + " ? :");
}

void Interpreter::arguments_of(const Node& node, const ScopePtr& scope, List& arguments,
                               Map& named) {
    for (std::size_t at = 1; at < node.children.size(); ++at) {
        const NodePtr& child = node.children[at];
        if (child->kind == Kind::Keyword) {
            named.emplace_back(child->text, eval(child->child(0), scope));
        } else if (child->kind == Kind::Spread) {
            const Value inner = eval(child->child(0), scope);
            if (inner.is(Type::List)) {
                const List copy = *inner.list;
                arguments.insert(arguments.end(), copy.begin(), copy.end());
            } else if (inner.is(Type::Map)) {  // Python's **
                named.insert(named.end(), inner.map->begin(), inner.map->end());
            } else {
                arguments.push_back(Value::unknown(words(child->child(0))));
            }
        } else {
            arguments.push_back(eval(child, scope));
        }
    }
}

Value Interpreter::eval_call(const Node& node, const ScopePtr& scope) {
    const NodePtr callee = node.child(0);
    Call one;
    one.at = &node;
    one.scope = scope;
    Value target;
    if (callee->kind == Kind::Member) {
        one.self = eval(callee->child(0), scope);
        one.name = callee->text;
        arguments_of(node, scope, one.arguments, one.named);
        if (auto made = method(one)) {
            return *std::move(made);
        }
        target = member(one.self, callee->text, *callee);
        if (python_ && one.self.is(Type::Map) && target.is(Type::Function) && !target.self) {
            target.self = std::make_shared<Value>(one.self);
        }
    } else {
        target = eval(callee, scope);
        arguments_of(node, scope, one.arguments, one.named);
    }
    return call(target, std::move(one.arguments), std::move(one.named), node, scope);
}

Value Interpreter::call(const Value& callee, List arguments, Map named, const Node& at,
                        const ScopePtr& scope) {
    if (callee.is(Type::Function)) {
        return invoke(callee, std::move(arguments), std::move(named), at);
    }
    if (callee.is(Type::Builtin)) {
        Call one{callee.name,
                 callee.self ? *callee.self : Value{},
                 std::move(arguments),
                 std::move(named),
                 &at,
                 scope};
        if (auto made = builtin(one)) {
            return *std::move(made);
        }
        if (auto made = global(one)) {
            return *std::move(made);
        }
        arguments = std::move(one.arguments);
    }
    for (const Value& argument : arguments) {
        if (argument.is(Type::Function)) {
            leave_out(*argument.function, fmt::format("what {} calls", words(at.child(0))));
        }
    }
    if (callee.is(Type::Unknown) && callee.name.starts_with("module ")) {
        remark(at.line,
               fmt::format("{} is not read: it comes from {}", words(at.child(0)), callee.name));
    }
    return Value::unknown(words(at.child(0)) + "()");
}

Value Interpreter::invoke(const Value& function, List arguments, Map named, const Node& at) {
    constexpr int kMostCalls = 24;
    const Node& node = *function.function;
    if (calls_ >= kMostCalls) {
        remark(at.line, fmt::format("{} calls itself, or goes too deep: not followed further",
                                    words(at.child(0))));
        return Value::unknown(words(at.child(0)) + "()");
    }
    ++calls_;
    const ScopePtr scope = inner(function.scope);
    scope->of_function = true;
    std::size_t place = 0;
    if (function.self) {
        arguments.insert(arguments.begin(), *function.self);
    }
    for (std::size_t n = 1; n < node.children.size(); ++n) {
        const Node& parameter = *node.children[n];
        Value value;
        if (parameter.text == "...") {
            List rest(
                arguments.begin() + static_cast<std::ptrdiff_t>(std::min(place, arguments.size())),
                arguments.end());
            value = Value::list_of(std::move(rest));
            place = arguments.size();
        } else {
            const std::string name = parameter.child(0) ? parameter.child(0)->text : "";
            const auto by_name = std::find_if(named.begin(), named.end(),
                                              [&](const auto& one) { return one.first == name; });
            value = place < arguments.size() ? arguments[place]
                    : by_name != named.end() ? by_name->second
                                             : Value{};
            ++place;
        }
        if (value.is(Type::Undefined) && parameter.child(1)) {
            value = eval(parameter.child(1), function.scope);
        }
        bind(parameter.child(0), std::move(value), scope, true);
    }
    Value result;
    if (node.number != 0) {
        result = eval(node.child(0), scope);
    } else {
        returned_ = {};
        if (exec(node.child(0), scope) == Jump::Throw) {
            thrown_ = true;
        }
        result = std::move(returned_);
        returned_ = {};
    }
    --calls_;
    return result;
}

Value Interpreter::eval_new(const Node& node, const ScopePtr& scope) {
    const Value made = eval(node.child(0), scope);
    List arguments;
    Map named;
    arguments_of(node, scope, arguments, named);
    if (!made.is(Type::Builtin) || !made.function) {
        return call(made.is(Type::Builtin) ? Value::builtin("new " + made.name) : made,
                    std::move(arguments), std::move(named), node, scope);
    }
    Value object = Value::map_of({});  // of a class of the script
    const ScopePtr own = inner(made.scope);
    own->values["this"] = object;
    for (const NodePtr& one : made.function->child(0)->children) {
        if (one->kind == Kind::Function) {
            object.map->emplace_back(one->text, eval(one, own));
        } else if (one->kind == Kind::Assign) {
            object.map->emplace_back(one->child(0)->text, eval(one->child(1), own));
        }
    }
    if (const Value* const constructor = object.member("constructor")) {
        static_cast<void>(
            invoke(Value(*constructor), std::move(arguments), std::move(named), node));
    }
    return object;
}

}  // namespace plimsoll::import::script
