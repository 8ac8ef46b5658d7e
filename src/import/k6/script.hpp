// A k6 script as it is followed.
#pragma once

#include "import/script/interpreter.hpp"
#include "import/script/requests.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace plimsoll::import::k6 {

using script::Call;
using script::Kind;
using script::Map;
using script::Node;
using script::NodePtr;
using script::Plan;
using script::ScopePtr;
using script::Type;
using script::Value;
using script::Yaml;

/// A function of the script with what an executor gives it: one user class.
struct Role {
    std::string function;  // "default", or what `exec` names
    std::map<std::string, std::string> environment;
    std::vector<std::pair<std::string, std::string>> tags;
    std::string user;  // the class's name

    [[nodiscard]] bool same(const Role& other) const {
        return function == other.function && environment == other.environment && tags == other.tags;
    }
};

class Script final : public script::Interpreter {
public:
    Script(Plan& plan, std::string folder)
        : Interpreter(plan, false), folder_(std::move(folder)), root_(inner(nullptr)) {}

    /// The whole file; what it exports is then there.
    void load(const NodePtr& file);
    /// options: load, thresholds and how requests travel; then the functions.
    void follow();

private:
    std::optional<Value> builtin(Call& call) override;
    std::optional<Value> builtin_member(const Value& object, const std::string& name) override;
    void import(const Node& node, const ScopePtr& scope) override;
    [[nodiscard]] bool is_request(const Node& call) const override;
    bool special_branch(const Node& node, const Value& test, const ScopePtr& scope) override;

    // library.cpp
    std::optional<Value> of_k6(Call& call);
    std::optional<Value> of_utils(Call& call);
    std::optional<Value> of_response(Call& call);
    std::optional<Value> made_new(Call& call);
    Value check(Call& call);
    Value group(Call& call);
    // data.cpp
    std::optional<Value> of_files(Call& call);
    Value data_source(const std::string& file, bool csv);
    ScopePtr module(const std::string& path, int line);
    // http.cpp
    std::optional<Value> of_http(Call& call);
    Value send(const std::string& method, const Value& url, const Value& body, const Value& params,
               const Node& at);
    bool apply_params(const Value& params, script::Request& request, int line);
    Value batch(Call& call);
    Value batched(const Value& one, const Node& at);
    // options.cpp
    void read_load(const Value& options);
    void read_scenario(const std::string& name, const Value& scenario);
    void read_settings(const Value& options);
    std::string role_of(Role role);
    script::Value setup();
    void add_user(const Role& role, const Value& data);

    std::string folder_;
    ScopePtr root_;
    std::set<std::string> http_names_;
    std::map<std::string, ScopePtr> modules_;
    std::vector<Role> roles_;
    const Role* role_ = nullptr;         // while its function is followed
    std::vector<std::string> statuses_;  // of setResponseCallback
    script::Steps init_;
    int depth_ = 0;  // of modules
};

/// thresholds.cpp. `users` are classes by k6's scenario names.
void read_thresholds(Plan& plan, const Value& thresholds,
                     const std::map<std::string, std::string>& users, int line);
/// A k6 duration: '30s', or a number of milliseconds; nullopt where it is none.
[[nodiscard]] std::optional<Yaml> duration_of(const Value& value);
/// A whole number, or an environment variable with one as its default.
[[nodiscard]] std::optional<Yaml> whole_of(const Value& value);

}  // namespace plimsoll::import::k6
