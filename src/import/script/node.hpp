// A script's syntax as importers look at it: what JavaScript and Python have in common.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll::import::script {

/// In brackets the children, in order; `?` may be nullptr.
enum class Kind : std::uint8_t {
    Nothing,  // null, None, undefined: as written in `text`
    Bool,     // number: 0 or 1
    Number,
    String,     // text
    Template,   // [parts]: String, or an expression
    Regex,      // text: between the slashes
    Name,       // text
    List,       // [items]
    Object,     // [Property or Spread]
    Property,   // text: key [value], or [value, computed key]
    Spread,     // [value]
    Member,     // text: name [object]
    Index,      // [object, index]
    Call,       // [callee, arguments]: an argument may be Spread or Keyword
    Keyword,    // text: name [value]
    New,        // as Call
    Unary,      // text: operator [operand]
    Binary,     // text: operator [left, right]
    Choice,     // [test, then, else]
    Assign,     // text: = += ... [target, value?]
    Function,   // text: name; number 1: the body is an expression [body, Parameter ...]
    Parameter,  // [target, default?]
    Block,      // [statements]
    Declare,    // text: const, let, var [Assign ...]
    If,         // [test, then, else?]
    For,        // [begin?, test?, step?, body]
    ForEach,    // text: of, in [target, iterable, body]
    While,      // [test, body]
    Return,     // [value?]
    Break,
    Continue,
    Throw,       // [value?]
    Try,         // [block, handler?, last?]
    Switch,      // [value, Case ...]
    Case,        // [test?, statements ...]
    Class,       // text: name [body, bases ...]
    Import,      // text: module [ImportName ...]
    ImportName,  // text: what the module calls it, "*" or "default" [Name: what it is here]
    Default,     // `export default` [expression]
    With,        // [context, target?, body]
    Other        // text: a construct that is not looked into [what may hold calls]
};

struct Node;
using NodePtr = std::shared_ptr<const Node>;

/// Immutable once its parser hands it out. Trees are at most kDeepest deep, so they may be walked
/// by recursion.
struct Node {
    Kind kind = Kind::Other;
    int line = 0;
    int column = 0;
    int depth = 1;
    double number = 0;
    std::string text;
    std::vector<NodePtr> children;
    std::vector<NodePtr> decorators;

    [[nodiscard]] NodePtr child(std::size_t at) const {
        return at < children.size() ? children[at] : nullptr;
    }
    void add(NodePtr node) {
        depth = std::max(depth, node ? node->depth + 1 : 0);
        children.push_back(std::move(node));
    }
};

inline constexpr int kDeepest = 400;

}  // namespace plimsoll::import::script
