// Follows a script without running it: what it would send becomes steps, what cannot be known
// becomes a remark with its line.
#pragma once

#include "import/script/value.hpp"

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::import::script {

enum class Jump : std::uint8_t { None, Break, Continue, Return, Throw };

/// A call of something that the script did not define itself.
struct Call {
    std::string name;  // "http.get"; of a method "text.includes"
    Value self;        // of a method
    List arguments;
    Map named;
    const Node* at = nullptr;
    ScopePtr scope;

    /// Undefined where there is none.
    [[nodiscard]] const Value& argument(std::size_t place) const;
    /// By name, or else by place.
    [[nodiscard]] const Value& argument(std::string_view wanted, std::size_t place) const;
};

/// One script at a time; not for several threads. Bounded: a script that nests, loops or grows too
/// far is followed up to there, and the rest is noted.
class Interpreter {
public:
    Interpreter(Plan& plan, bool python) : plan_(plan), python_(python) {}
    virtual ~Interpreter();
    Interpreter(const Interpreter&) = delete;
    Interpreter& operator=(const Interpreter&) = delete;

    [[nodiscard]] Value eval(const NodePtr& node, const ScopePtr& scope);
    Jump exec(const NodePtr& node, const ScopePtr& scope);
    /// Calls a Function, a Builtin, or notes that it cannot.
    Value call(const Value& callee, List arguments, Map named, const Node& at,
               const ScopePtr& scope);
    /// What `work` emits.
    [[nodiscard]] Steps collect(const std::function<void()>& work);
    [[nodiscard]] ScopePtr inner(const ScopePtr& parent);

    void emit(std::shared_ptr<Step> step);
    /// A note, and the same as a comment where the script stands now.
    void remark(int line, const std::string& text);
    /// Remarks that `node` is left out, with the number of requests in it; says nothing where it
    /// could send none.
    void leave_out(const Node& node, const std::string& why);

    /// `value` as template text. What is not known becomes an environment variable named after
    /// `hint`, with a note.
    [[nodiscard]] std::string text_of(const Value& value, std::string_view hint, int line);
    [[nodiscard]] Pieces pieces_of(const Value& value, std::string_view hint, int line);
    /// As one expression, for arithmetic; "" where it is none.
    [[nodiscard]] std::string expression_of(const Value& value);
    /// The variable that the place in a response is captured as.
    [[nodiscard]] std::string variable_of(const Value& captured);
    /// `value` as a variable holds it: what would be drawn anew each time is drawn once, here.
    [[nodiscard]] Value kept(Value value, const std::string& name);
    [[nodiscard]] std::string free_name(std::string_view wanted);
    [[nodiscard]] bool fits(const Value& value, const Value* object = nullptr);
    /// Python's "..." % values, and "...".format(values).
    [[nodiscard]] Value formatted(const Value& text, const Value& values, const Node& at,
                                  const Map* named = nullptr);
    void bind(const NodePtr& target, Value value, const ScopePtr& scope, bool declare);

    [[nodiscard]] std::optional<bool> truth(const Value& value) const;
    [[nodiscard]] Value compare(const std::string& op, const Value& left, const Value& right);
    [[nodiscard]] Value negate(const Value& condition);
    [[nodiscard]] Value random_item(const Value& list, const Node& at);
    /// A think time from a number of seconds; nullopt where it is not known.
    [[nodiscard]] std::optional<Yaml> seconds(const Value& value, double scale = 1);
    void think(const Value& seconds, int line);

    /// The script's words for it, without any text in quotes.
    [[nodiscard]] static std::string words(const NodePtr& node);

    [[nodiscard]] Plan& plan() { return plan_; }
    [[nodiscard]] bool python() const { return python_; }

protected:
    /// What the tool's own modules give.
    virtual std::optional<Value> builtin(Call& call) = 0;
    /// A member of a module; nullopt for one that is but a longer name.
    virtual std::optional<Value> builtin_member(const Value& object, const std::string& name) = 0;
    virtual void import(const Node& node, const ScopePtr& scope) = 0;
    /// Whether this call by its look sends a request.
    [[nodiscard]] virtual bool is_request(const Node& call) const = 0;
    /// `with context as target:` of Python.
    virtual Jump with(const Node& /*node*/, const ScopePtr& /*scope*/) { return Jump::None; }
    /// A branch whose test only a response decides; true when it was dealt with.
    virtual bool special_branch(const Node& /*node*/, const Value& /*test*/,
                                const ScopePtr& /*scope*/) {
        return false;
    }
    void throw_here() { thrown_ = true; }
    /// Whether what a function returns from now ends the iteration.
    [[nodiscard]] bool outermost() const { return calls_ <= 1; }
    [[nodiscard]] std::size_t requests_in(const Node& node) const;
    [[nodiscard]] static bool has_kind(const Node& node, Kind kind);
    /// Names that `node` assigns to, or changes through a member or method.
    static void assigned_in(const Node& node, std::set<std::string>& names);
    [[nodiscard]] Value member(const Value& object, const std::string& name, const Node& at);
    [[nodiscard]] Value index(const Value& object, const Value& at_value, const Node& at);
    [[nodiscard]] std::optional<Value> method(Call& call);
    [[nodiscard]] std::optional<Value> global(Call& call);

private:
    // expressions.cpp
    Value eval_call(const Node& node, const ScopePtr& scope);
    Value eval_template(const Node& node, const ScopePtr& scope);
    Value eval_object(const Node& node, const ScopePtr& scope);
    Value eval_list(const Node& node, const ScopePtr& scope);
    Value eval_choice(const Node& node, const ScopePtr& scope);
    Value eval_name(const Node& node, const ScopePtr& scope);
    Value eval_new(const Node& node, const ScopePtr& scope);
    void arguments_of(const Node& node, const ScopePtr& scope, List& arguments, Map& named);
    Value invoke(const Value& function, List arguments, Map named, const Node& at);
    // operators.cpp
    Value eval_binary(const Node& node, const ScopePtr& scope);
    Value eval_unary(const Node& node, const ScopePtr& scope);
    Value logical(const Node& node, const ScopePtr& scope);
    Value arithmetic(const std::string& op, const Value& left, const Value& right, const Node& at);
    Value add(const Value& left, const Value& right, const Node& at);
    Value on_random(const std::string& op, const Value& left, const Value& right);
    // statements.cpp
    Jump exec_block(const Node& node, const ScopePtr& scope, std::size_t from);
    Jump branch(const Node& node, const ScopePtr& scope, const Node* block, std::size_t rest,
                bool& rest_taken);
    Jump unknown_branch(const Node& node, const Value& test, const ScopePtr& scope,
                        const Node* block, std::size_t rest, bool& rest_taken);
    void emit_if(const std::vector<std::string>& conditions, bool any, const Steps& then,
                 const Steps& otherwise, int line);
    Jump loop_for(const Node& node, const ScopePtr& scope);
    Jump loop_each(const Node& node, const ScopePtr& scope);
    Jump loop_while(const Node& node, const ScopePtr& scope);
    Jump exec_switch(const Node& node, const ScopePtr& scope);
    Jump exec_try(const Node& node, const ScopePtr& scope);
    Jump repeat(const Node& body, const std::string& rounds, const ScopePtr& scope);
    void forget(const std::set<std::string>& names, const ScopePtr& scope);
    // conditions.cpp
    std::optional<std::vector<std::string>> condition_texts(const Value& test);
    std::optional<std::string> condition_text(const Comparison& one);
    // methods.cpp, globals.cpp
    std::optional<Value> text_method(Call& call, const std::string& name);
    std::optional<Value> list_method(Call& call, const std::string& name);
    std::optional<Value> captured_method(Call& call, const std::string& name);
    std::optional<Value> math(Call& call, const std::string& name);
    Value each(Call& call, bool map);
    // assignments.cpp
    Value eval_assign(const Node& node, const ScopePtr& scope);
    // members.cpp
    Value item_at(const List& items, const std::string& place, const Node& at);
    std::shared_ptr<Step> set_of(const Value& item, const Map& members, int line);

    class Level;
    Plan& plan_;
    bool python_;
    Steps* out_ = nullptr;
    Value returned_;
    bool thrown_ = false;
    int level_ = 0;
    int calls_ = 0;
    std::size_t work_ = 0;
    std::size_t emitted_ = 0;
    std::set<std::string> names_;   // of variables
    std::vector<ScopePtr> scopes_;  // all: functions within them point back
};

/// A JSON value of the response at `pointer`: as capture and expect write it.
[[nodiscard]] std::string pointer_key(std::string_view key);
/// JSON as the body of a request: typed where that is known.
[[nodiscard]] Yaml json_yaml(Interpreter& interpreter, const Value& value, std::string_view name,
                             int line);
/// JSON text as a value; nullopt where it is none.
[[nodiscard]] std::optional<Value> value_of_json(std::string_view text);
/// API_KEY of apiKey, FAKER_NAME of faker.name().
[[nodiscard]] std::string environment_name(std::string_view words);

}  // namespace plimsoll::import::script
