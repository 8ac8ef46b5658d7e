// A locustfile as it is followed.
#pragma once

#include "import/script/interpreter.hpp"
#include "import/script/requests.hpp"

#include <string>
#include <vector>

namespace plimsoll::import::locust {

using script::Call;
using script::Kind;
using script::Map;
using script::Node;
using script::NodePtr;
using script::Plan;
using script::ScopePtr;
using script::Steps;
using script::Type;
using script::Value;
using script::Yaml;

/// A task of a class: a method, or another class of tasks.
struct Task {
    Value value;
    std::uint32_t weight = 1;
    int line = 0;
};

class File final : public script::Interpreter {
public:
    explicit File(Plan& plan) : Interpreter(plan, true), root_(inner(nullptr)) {}
    void load(const NodePtr& file);
    void follow();

private:
    std::optional<Value> builtin(Call& call) override;
    std::optional<Value> builtin_member(const Value& object, const std::string& name) override;
    void import(const Node& node, const ScopePtr& scope) override;
    [[nodiscard]] bool is_request(const Node& call) const override;
    script::Jump with(const Node& node, const ScopePtr& scope) override;

    // calls.cpp
    std::optional<Value> send(Call& call, const std::string& method, bool rest);
    std::optional<Value> random(Call& call);
    void judge(const Node& node, const ScopePtr& scope, const std::string& target);
    // users.cpp
    [[nodiscard]] bool is_a(const Value& made, std::string_view base, int depth = 0) const;
    [[nodiscard]] std::vector<Value> bases(const Value& made) const;
    [[nodiscard]] Value object_of(const Value& made);
    void members(const Value& made, const ScopePtr& scope, Value& object, int depth);
    void add_user(const Value& made);
    [[nodiscard]] std::vector<Task> tasks_of(const Value& made, const Value& object, int depth = 0);
    void add_listed(const Value& made, const Value& object, std::vector<Task>& tasks);
    void run_tasks(const Value& made, Value& object, const Value& wait, int depth, int line);
    void pause(const Value& wait, int line);
    void call_method(const Value& object, const std::string& name);
    void forget_changes(const Value& made, Value& object);
    // shape.cpp
    bool add_shape(const Value& made);

    ScopePtr root_;
    std::vector<Value> classes_;
    std::string base_;  // the host of the class that is followed
    Value client_;      // what all its requests carry
    bool interrupted_ = false;
};

}  // namespace plimsoll::import::locust
