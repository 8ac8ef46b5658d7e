// Names, members and items that take values.
#include "import/script/interpreter.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace plimsoll::import::script {

// Whether `value` may stand within `object`: not too deep, not too wide, and not around itself.
bool Interpreter::fits(const Value& value, const Value* object) {
    constexpr std::size_t kMost = 20'000;
    constexpr int kDeepestValue = 64;
    std::size_t seen = 0;
    const auto walk = [&](const auto& self, const Value& one, int depth) -> bool {
        const bool same = object != nullptr && ((one.map && one.map == object->map) ||
                                                (one.list && one.list == object->list));
        if (++seen > kMost || depth > kDeepestValue || same) {
            return false;
        }
        const auto inner_fits = [&](const Value& item) { return self(self, item, depth + 1); };
        if (one.list && !std::all_of(one.list->begin(), one.list->end(), inner_fits)) {
            return false;
        }
        if (one.map && !std::all_of(one.map->begin(), one.map->end(),
                                    [&](const auto& entry) { return inner_fits(entry.second); })) {
            return false;
        }
        return !one.self || self(self, *one.self, depth + 1);
    };
    const bool good = walk(walk, value, 0);
    work_ += seen / 8;
    return good;
}

Value Interpreter::kept(Value value, const std::string& name) {
    if (value.is(Type::Map) || value.is(Type::List)) {
        const bool any_fresh = [&] {
            if (value.is(Type::Map)) {
                return std::any_of(value.map->begin(), value.map->end(), [](const auto& one) {
                    return one.second.fresh || one.second.is(Type::Map) ||
                           one.second.is(Type::List) || one.second.is(Type::Uniform);
                });
            }
            return false;
        }();
        if (any_fresh && level_ < 60) {
            for (auto& [key, member] : *value.map) {
                member = kept(std::move(member), name + "_" + key);
            }
        }
        return value;
    }
    if (value.is(Type::Captured) && value.name.empty()) {
        value.name = name;
        return value;
    }
    if (!value.fresh || !value.is(Type::Text) || out_ == nullptr) {
        return value;
    }
    const std::string variable = free_name(name.empty() ? "value" : name);
    auto step = std::make_shared<Step>();
    step->kind = Step::Kind::Set;
    step->values.emplace_back(variable, Yaml::quoted(written(value.pieces)));
    Value made = Value::expression(variable, value.flag);
    made.ranged = value.ranged;
    made.number = value.number;
    made.high = value.high;
    emit(std::move(step));
    return made;
}

void Interpreter::bind(const NodePtr& target, Value value, const ScopePtr& scope, bool declare) {
    if (!target) {
        return;
    }
    if (target->kind == Kind::Assign) {  // a pattern's default
        bind(target->child(0), value.is(Type::Undefined) ? eval(target->child(1), scope) : value,
             scope, declare);
    } else if (target->kind == Kind::Name) {
        value = kept(std::move(value), target->text);
        Value* const there = declare ? nullptr : scope->find(target->text);
        (there != nullptr ? *there : scope->values[target->text]) = std::move(value);
    } else if (target->kind == Kind::Object) {
        for (const NodePtr& one : target->children) {
            if (one->kind == Kind::Property) {
                bind(one->child(0), member(value, one->text, *one), scope, declare);
            }
        }
    } else if (target->kind == Kind::List) {
        for (std::size_t at = 0; at < target->children.size(); ++at) {
            bind(target->children[at], index(value, Value::of(static_cast<double>(at)), *target),
                 scope, declare);
        }
    } else if (target->kind == Kind::Member || target->kind == Kind::Index) {
        Value object = eval(target->child(0), scope);
        const auto key = target->kind == Kind::Member ? std::optional(target->text)
                                                      : eval(target->child(1), scope).plain();
        if (!key) {
            return;
        }
        value = kept(std::move(value), *key);
        if (!fits(value, &object)) {
            value = Value::unknown(*key);
        }
        if (Value* const there = object.member(*key)) {
            *there = std::move(value);
        } else if (object.is(Type::Map) && object.map->size() < 10'000) {
            object.map->emplace_back(*key, std::move(value));
        } else if (object.is(Type::List)) {
            const auto number = Value::text(*key).as_number();
            const bool known =
                number && *number >= 0 && *number < static_cast<double>(object.list->size());
            if (known) {
                (*object.list)[static_cast<std::size_t>(*number)] = std::move(value);
            }
        }
    }
}

Value Interpreter::eval_assign(const Node& node, const ScopePtr& scope) {
    Value value = eval(node.child(1), scope);
    if (node.text != "=") {
        const Value before = eval(node.child(0), scope);
        const std::string op = node.text.substr(0, node.text.size() - 1);
        value = op == "+" ? add(before, value, node) : arithmetic(op, before, value, node);
    }
    bind(node.child(0), value, scope, false);
    return value;
}

}  // namespace plimsoll::import::script
