// What a script's expressions come to while it is read: values that are known, values that our
// expressions can make, places in responses, and what nobody knows before it runs.
#pragma once

#include "import/script/node.hpp"
#include "import/script/plan.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace plimsoll::import::script {

/// A part of a text.
struct Piece {
    enum class Kind : std::uint8_t {
        Literal,
        Expression,  // of ours, without ${ }
        Environment  // a variable's name
    };
    Kind kind = Kind::Literal;
    std::string text;
    std::optional<std::string> fallback;  // of an environment variable
};
using Pieces = std::vector<Piece>;

enum class Type : std::uint8_t {
    Undefined,
    Null,
    Bool,      // flag
    Number,    // number
    Text,      // pieces; flag: it is one expression that gives a number
    List,      // list
    Map,       // map; name: of the class that it is an object of
    Function,  // closure
    Builtin,   // name; self where it is a method
    Response,  // request
    Captured,  // request, from, path: a value that a response will give
    Row,       // name: a data source; without path the whole of it, else one row
    Condition,
    Uniform,  // a random number from `number` to `high`
    Unknown   // name: what it is, in the script's words
};

/// Where in a response.
enum class From : std::uint8_t { Json, Status, Header, Body, Cookie, Duration, Length, BodyLength };

struct Value;
struct Scope;
struct Comparison;
using ScopePtr = std::shared_ptr<Scope>;
using List = std::vector<Value>;
using Map = std::vector<std::pair<std::string, Value>>;

struct Value {
    Type type = Type::Undefined;
    bool flag = false;
    bool fresh = false;   // drawn anew each time that it is written
    bool ranged = false;  // an expression of whole numbers from `number` to `high`
    From from = From::Json;
    double number = 0;
    double high = 0;
    Pieces pieces;
    std::shared_ptr<script::List> list;
    std::shared_ptr<script::Map> map;
    NodePtr function;
    ScopePtr scope;
    RequestPtr request;
    std::string name;
    std::string path;
    std::shared_ptr<Value> self;
    /// All of them must hold; with `flag` any.
    std::shared_ptr<std::vector<Comparison>> comparisons;

    [[nodiscard]] static Value boolean(bool value);
    [[nodiscard]] static Value of(double number);
    [[nodiscard]] static Value text(std::string literal);
    [[nodiscard]] static Value expression(std::string inner, bool number, bool fresh = false);
    [[nodiscard]] static Value environment(std::string name, std::optional<std::string> fallback);
    [[nodiscard]] static Value list_of(script::List items);
    [[nodiscard]] static Value map_of(script::Map entries);
    [[nodiscard]] static Value builtin(std::string name);
    [[nodiscard]] static Value unknown(std::string name);
    [[nodiscard]] static Value captured(RequestPtr request, From from, std::string path);
    [[nodiscard]] static Value condition(Comparison one);

    [[nodiscard]] bool is(Type other) const { return type == other; }
    /// The text where it is known in full.
    [[nodiscard]] std::optional<std::string> literal() const;
    /// The same of what may stand for a text: numbers, too; an environment variable's default.
    [[nodiscard]] std::optional<std::string> plain() const;
    /// A number, or a text that is one.
    [[nodiscard]] std::optional<double> as_number() const;
    /// As as_number(), but none where an environment variable decides.
    [[nodiscard]] std::optional<double> fixed_number() const;
    /// Of a Map; nullptr where it has none.
    [[nodiscard]] Value* member(std::string_view key) const;
    /// One expression and nothing else: its inner text; "" otherwise.
    [[nodiscard]] std::string inner() const;
};

/// One condition on a value that is not known yet. Operators: == != < <= > >= contains, "not
/// contains", matches, exists, "not exists", in.
struct Comparison {
    Value left;
    std::string op;
    Value right;
};

struct Scope {
    std::map<std::string, Value> values;
    ScopePtr parent;
    bool of_function = false;

    [[nodiscard]] Value* find(const std::string& name);
};

/// As JavaScript and Python print it: 3, 0.5, 1e+21.
[[nodiscard]] std::string number_text(double number);
/// Pieces as template text: ${...} for what is not literal.
[[nodiscard]] std::string written(const Pieces& pieces);
/// `text` in quotes within an expression.
[[nodiscard]] std::string in_expression(std::string_view text);

}  // namespace plimsoll::import::script
