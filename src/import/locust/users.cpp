// Users and task sets: who does what, how often.
#include "import/locust/file.hpp"
#include "import/script/step_yaml.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace plimsoll::import::locust {

using script::Step;

namespace {

bool is_class(const Value& value) {
    return value.is(Type::Builtin) && value.function && value.function->kind == Kind::Class;
}

Value part(const Value& object, std::string_view key) {
    const Value* const found = object.member(key);
    return found != nullptr ? *found : Value{};
}

std::uint32_t weight_of(const Value& value) {
    const double number = value.as_number().value_or(1);
    return number >= 1 && number <= 1e6 ? static_cast<std::uint32_t>(number) : 1;
}

}  // namespace

std::vector<Value> File::bases(const Value& made) const {
    std::vector<Value> all;
    for (std::size_t at = 1; is_class(made) && at < made.function->children.size(); ++at) {
        const NodePtr& base = made.function->children[at];
        Value* const found =
            base && base->kind == Kind::Name ? made.scope->find(base->text) : nullptr;
        all.push_back(found != nullptr ? *found
                                       : Value::builtin(base ? words(base) : std::string()));
    }
    return all;
}

bool File::is_a(const Value& made, std::string_view base, int depth) const {
    constexpr int kDeepest = 10;
    const auto all = bases(made);
    return depth < kDeepest && std::any_of(all.begin(), all.end(), [&](const Value& one) {
               return one.name.ends_with(base) || is_a(one, base, depth + 1);
           });
}

// Attributes and methods of a class and those it inherits, as an object's.
void File::members(const Value& made, const ScopePtr& scope, Value& object, int depth) {
    constexpr int kDeepest = 10;
    if (!is_class(made) || depth > kDeepest) {
        return;
    }
    for (const Value& base : bases(made)) {
        members(base, scope, object, depth + 1);
    }
    const auto put = [&object](const std::string& key, Value value) {
        std::erase_if(*object.map, [&](const auto& one) { return one.first == key; });
        object.map->emplace_back(key, std::move(value));
    };
    const ScopePtr own = inner(made.scope);
    for (const NodePtr& one : made.function->child(0)->children) {
        if (!one) {
            continue;
        }
        static_cast<void>(exec(one, own));
        const std::string name =
            one->kind == Kind::Assign && one->child(0) ? one->child(0)->text : one->text;
        const auto found = own->values.find(name);
        if (found != own->values.end()) {
            put(name, found->second);
        }
    }
}

Value File::object_of(const Value& made) {
    Value object = Value::map_of({});
    members(made, root_, object, 0);
    object.map->emplace_back("client", Value::builtin("client"));
    object.map->emplace_back("rest", Value::builtin("self.rest"));
    object.map->emplace_back("interrupt", Value::builtin("self.interrupt"));
    object.map->emplace_back("wait", Value::builtin("self.wait"));
    for (const char* const above : {"user", "parent"}) {
        object.map->emplace_back(above, Value::map_of({{"client", Value::builtin("client")}}));
    }
    return object;
}

std::vector<Task> File::tasks_of(const Value& made, const Value& object, int depth) {
    std::vector<Task> tasks;
    constexpr int kDeepest = 10;
    if (!is_class(made) || depth > kDeepest) {
        return tasks;
    }
    for (const Value& base : bases(made)) {
        for (Task& one : tasks_of(base, object, depth + 1)) {
            tasks.push_back(std::move(one));
        }
    }
    for (const NodePtr& one : made.function->child(0)->children) {
        for (const NodePtr& decorator : one ? one->decorators : std::vector<NodePtr>{}) {
            const bool call = decorator->kind == Kind::Call;
            const std::string name = words(call ? decorator->child(0) : decorator);
            if (name == "task" || name == "locust.task") {
                const Value weight = call ? eval(decorator->child(1), made.scope) : Value::of(1);
                tasks.push_back({part(object, one->text), weight_of(weight), one->line});
            }
        }
    }
    if (depth == 0) {
        add_listed(made, object, tasks);
    }
    return tasks;
}

// tasks = [a, b], or {a: weight, b: weight}, whose names are no texts.
void File::add_listed(const Value& made, const Value& object, std::vector<Task>& tasks) {
    const Value listed = part(object, "tasks");
    if (listed.is(Type::List)) {
        for (const Value& one : *listed.list) {
            tasks.push_back({one, 1, made.function->line});
        }
        return;
    }
    bool known = listed.is(Type::Undefined);
    for (const NodePtr& one : made.function->child(0)->children) {
        const bool weights = one && one->kind == Kind::Assign && one->child(0) &&
                             one->child(0)->text == "tasks" && one->child(1) &&
                             one->child(1)->kind == Kind::Object;
        for (const NodePtr& entry : weights ? one->child(1)->children : std::vector<NodePtr>{}) {
            if (entry->child(1)) {
                const Value task = eval(entry->child(1), made.scope);
                const Value own =
                    task.is(Type::Builtin) ? part(object, entry->child(1)->text) : Value{};
                tasks.push_back({own.is(Type::Function) ? own : task,
                                 weight_of(eval(entry->child(0), made.scope)), one->line});
            }
        }
        known = known || weights;
    }
    if (!known) {
        plan().note(made.function->line, "left out: tasks that are not known before it runs");
    }
}

void File::pause(const Value& wait, int line) {
    if (!wait.is(Type::Builtin) || !wait.list) {
        return;
    }
    const Value& first = wait.list->empty() ? Value{} : wait.list->front();
    if (wait.name == "wait between" && wait.list->size() == 2) {
        Value range;
        range.type = Type::Uniform;
        range.number = first.as_number().value_or(0);
        range.high = (*wait.list)[1].as_number().value_or(0);
        think(range, line);
    } else if (wait.name == "wait constant") {
        think(first, line);
    }
}

void File::call_method(const Value& object, const std::string& name) {
    const Value method = part(object, name);
    if (method.is(Type::Function)) {
        Value bound = method;
        bound.self = std::make_shared<Value>(object);
        static_cast<void>(call(bound, {}, {}, *method.function, root_));
    }
}

// What a task changes, another cannot know.
void File::forget_changes(const Value& made, Value& object) {
    std::set<std::string> names;
    for (const NodePtr& one : made.function->child(0)->children) {
        if (one && one->kind == Kind::Function && one->text != "on_start" &&
            one->text != "__init__") {
            assigned_in(*one, names);
        }
    }
    for (const std::string& name : names) {
        Value* const found = name.starts_with("self.") ? object.member(name.substr(5)) : nullptr;
        if (found != nullptr && !found->is(Type::Function) && !found->is(Type::Builtin)) {
            *found = Value::unknown(name);
        }
    }
}

void File::run_tasks(const Value& made, Value& object, const Value& wait, int depth, int line) {
    constexpr int kDeepest = 6;
    const std::vector<Task> tasks = tasks_of(made, object);
    const bool in_order = is_a(made, "SequentialTaskSet");
    auto choice = std::make_shared<Step>();
    choice->kind = Step::Kind::Weighted;
    choice->line = line;
    for (const Task& task : tasks) {
        Steps steps = collect([&] {
            if (is_class(task.value)) {
                if (depth >= kDeepest) {
                    remark(task.line, "left out: tasks nested too deeply");
                    return;
                }
                Value inner_object = object_of(task.value);
                call_method(inner_object, "on_start");
                forget_changes(task.value, inner_object);
                const Value own = part(inner_object, "wait_time");
                run_tasks(task.value, inner_object, own.is(Type::Undefined) ? wait : own, depth + 1,
                          task.line);
                call_method(inner_object, "on_stop");
                if (depth > 0 || tasks.size() > 1) {
                    plan().note(task.line,
                                "a user stays in this set of tasks until it is "
                                "interrupted; here it does one of them and comes back");
                }
            } else if (task.value.is(Type::Function)) {
                Value bound = task.value;
                Value state = Value::map_of(*object.map);
                bound.self = std::make_shared<Value>(in_order ? object : state);
                static_cast<void>(call(bound, {}, {}, *bound.function, root_));
                pause(wait, task.line);
            } else {
                remark(task.line, "left out: a task that is not in this file");
            }
        });
        if (in_order || tasks.size() == 1) {
            for (auto& step : steps) {
                emit(std::move(step));
            }
        } else if (script::does_something(steps)) {
            choice->weights.push_back(task.weight);
            choice->branches.push_back(std::move(steps));
        } else {
            for (auto& step : steps) {
                emit(std::move(step));
            }
        }
    }
    if (!choice->branches.empty()) {
        emit(std::move(choice));
    }
}

void File::add_user(const Value& made) {
    client_ = Value::map_of({});
    Value object = object_of(made);
    const Value host = part(object, "host");
    base_ =
        host.is(Type::Text) ? script::written(pieces_of(host, "host", made.function->line)) : "";
    if (base_.empty()) {
        base_ = "${env.LOCUST_HOST}";
        plan().environment.insert("LOCUST_HOST");
        plan().note(made.function->line, "no host is in the script: set LOCUST_HOST");
    }
    while (base_.ends_with('/')) {
        base_.pop_back();
    }
    script::PlanUser user;
    user.name = made.function->text;
    user.weight = weight_of(part(object, "weight"));
    if (part(object, "fixed_count").as_number().value_or(0) > 0) {
        plan().note(made.function->line, "left out: fixed_count");
    }
    const Value wait = part(object, "wait_time");
    const bool paced =
        wait.name == "wait constant_pacing" || wait.name == "wait constant_throughput";
    if (paced && wait.list && !wait.list->empty()) {
        const auto number = wait.list->front().as_number();
        const bool rate = wait.name == "wait constant_throughput";
        if (number && *number > 0) {
            const auto time = seconds(Value::of(rate ? 1 / *number : *number));
            user.pacing = time.value_or(Yaml{});
        }
    } else if (!wait.is(Type::Undefined) && !wait.list) {
        plan().note(made.function->line, "left out: a wait_time that is not known before it runs");
    }
    const std::vector<Task> tasks = tasks_of(made, object);
    const bool one_set = tasks.size() == 1 && is_class(tasks.front().value);
    user.start = collect([&] { call_method(object, "on_start"); });
    forget_changes(made, object);
    if (one_set) {  // the user does nothing else: its tasks are the user's
        const Value set = tasks.front().value;
        Value inner_object = object_of(set);
        const Value own = part(inner_object, "wait_time");
        Steps more = collect([&] { call_method(inner_object, "on_start"); });
        user.start.insert(user.start.end(), more.begin(), more.end());
        forget_changes(set, inner_object);
        user.flow = collect([&] {
            run_tasks(set, inner_object, own.is(Type::Undefined) ? wait : own, 0,
                      set.function->line);
        });
        user.stop = collect([&] { call_method(inner_object, "on_stop"); });
    } else {
        user.flow = collect([&] { run_tasks(made, object, wait, 0, made.function->line); });
    }
    Steps last = collect([&] { call_method(object, "on_stop"); });
    user.stop.insert(user.stop.end(), last.begin(), last.end());
    plan().users.push_back(std::move(user));
}

}  // namespace plimsoll::import::locust
