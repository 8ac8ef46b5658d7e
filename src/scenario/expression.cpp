#include "scenario/expression.hpp"

#include "scenario/digest.hpp"
#include "scenario/functions.hpp"
#include "scenario/secret_file.hpp"
#include "scenario/wording.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>

namespace plimsoll {
namespace {

using Op = Expression::Op;
using Node = Expression::Node;

struct Builtin {
    std::string_view name;
    Op op;
};
constexpr std::array kBuiltins{Builtin{"user", Op::User}, Builtin{"iteration", Op::Iteration},
                               Builtin{"executor", Op::Executor}};
constexpr std::array<std::string_view, 4> kReserved{"env", "secret", "scenario", "not"};
constexpr int kDeepest = 64;
// Evaluation descends from a sum into its first terms, one after the other.
constexpr std::size_t kMostValues = 1000;
constexpr std::size_t kLongestText = 64U << 10U;

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

const FunctionInfo* function_named(std::string_view name) {
    const auto* const found = std::find_if(kFunctions.begin(), kFunctions.end(),
                                           [&](const FunctionInfo& f) { return f.name == name; });
    return found == kFunctions.end() ? nullptr : found;
}

// Everything that may stand where `scope` holds, as it is written.
std::vector<std::string> known_names(const TemplateScope& scope) {
    std::vector<std::string> names;
    for (const Builtin& builtin : kBuiltins) {
        names.emplace_back(builtin.name);
    }
    names.emplace_back("scenario");
    for (std::size_t id = 0; id < scope.variables.size(); ++id) {
        if (scope.visible.empty() || (id < scope.visible.size() && scope.visible[id] != 0)) {
            names.push_back(scope.variables[id]);
        }
    }
    for (const auto& source : scope.data) {
        for (const std::string& column : source->columns()) {
            names.push_back(fmt::format("{}.{}", source->name(), column));
        }
    }
    return names;
}

// What people write in the tools they come from.
std::string foreign_hint(std::string_view name) {
    if (name.starts_with("__ENV.")) {
        return fmt::format("did you mean ${{env.{}}}?", name.substr(6));
    }
    if (name == "__VU") {
        return "did you mean ${user}? It counts from 0";
    }
    if (name == "__ITER") {
        return "did you mean ${iteration}?";
    }
    return {};
}

std::string hint_for(std::string_view name, const TemplateScope& scope, bool called = false) {
    if (std::string foreign = foreign_hint(name); !foreign.empty()) {
        return foreign;
    }
    const auto names = known_names(scope);
    std::vector<std::string_view> candidates;
    if (!called) {
        candidates.assign(names.begin(), names.end());
    }
    for (const FunctionInfo& function : kFunctions) {
        candidates.push_back(function.name);
    }
    if (const auto near = nearest(name, candidates); !near.empty()) {
        const FunctionInfo* const function = function_named(near);
        return fmt::format("did you mean {}?", function != nullptr ? std::string(function->example)
                                                                   : fmt::format("${{{}}}", near));
    }
    const auto elsewhere = std::find(scope.variables.begin(), scope.variables.end(), name);
    if (elsewhere != scope.variables.end()) {
        return fmt::format("{} is captured or set in another user class only", name);
    }
    const bool shell_like =
        is_identifier(name) &&
        std::none_of(name.begin(), name.end(), [](char c) { return c >= 'a' && c <= 'z'; });
    if (shell_like) {
        return fmt::format("for an environment variable write ${{env.{}}}", name);
    }
    constexpr std::size_t kMostShown = 12;
    std::string list;
    for (std::size_t i = 0; i < std::min(names.size(), kMostShown); ++i) {
        list += fmt::format("${{{}}}, ", names[i]);
    }
    return fmt::format(
        "known are {}${{env.NAME}} and functions such as ${{uuid()}}; a variable "
        "comes from capture or set, a column from data",
        list);
}

}  // namespace

/// Reads one expression by recursive descent: sums of products of values.
class ExpressionParser {
public:
    ExpressionParser(std::string_view text, const TemplateScope& scope, Expression& expression,
                     Expression::Notes& notes)
        : text_(text), scope_(scope), expression_(expression), notes_(notes) {}

    Result<std::uint32_t> whole() {
        auto root = sum(0);
        skip_spaces();
        if (root && at_ != text_.size()) {
            return wrong(fmt::format("cannot go on with {}", in_quotes(text_.substr(at_))));
        }
        return root;
    }

private:
    using Reading = Result<std::uint32_t>;

    void skip_spaces() {
        while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) {
            ++at_;
        }
    }
    char peek() {
        skip_spaces();
        return at_ < text_.size() ? text_[at_] : '\0';
    }
    bool take(char c) {
        const bool there = peek() == c;
        at_ += there ? 1 : 0;
        return there;
    }
    [[nodiscard]] std::string shown() const { return in_quotes(fmt::format("${{{}}}", text_)); }
    [[nodiscard]] Error wrong(std::string_view what, std::string hint = {}) const {
        return {fmt::format("{}: {}", shown(), what), {}, std::move(hint)};
    }
    [[nodiscard]] static Error too_long() {
        return {fmt::format("${{...}} has more than {} values", kMostValues),
                {},
                "split it: set variables with its parts"};
    }
    std::uint32_t add(Node node) {
        expression_.nodes_.push_back(std::move(node));
        return static_cast<std::uint32_t>(expression_.nodes_.size() - 1);
    }
    [[nodiscard]] const Node& node(std::uint32_t index) const { return expression_.nodes_[index]; }

    Reading binary(Op op, std::uint32_t left, std::uint32_t right) {
        for (const std::uint32_t side : {left, right}) {
            if (node(side).op == Op::Text) {
                return wrong("arithmetic needs numbers",
                             "to join text write concat(a, b), or one expression beside the other");
            }
        }
        Node made;
        made.op = op;
        made.arguments = {left, right};
        return add(std::move(made));
    }

    Reading sum(int depth) {
        auto left = product(depth);
        while (left && (peek() == '+' || peek() == '-')) {
            if (expression_.nodes_.size() > kMostValues) {
                return too_long();
            }
            const Op op = text_[at_++] == '+' ? Op::Add : Op::Subtract;
            const auto right = product(depth);
            left = right ? binary(op, *left, *right) : right;
        }
        return left;
    }

    Reading product(int depth) {
        auto left = unary(depth);
        while (left && (peek() == '*' || peek() == '/' || peek() == '%')) {
            if (expression_.nodes_.size() > kMostValues) {
                return too_long();
            }
            const char sign = text_[at_++];
            const Op op = sign == '*' ? Op::Multiply : sign == '/' ? Op::Divide : Op::Remainder;
            const auto right = unary(depth);
            left = right ? binary(op, *left, *right) : right;
        }
        return left;
    }

    Reading unary(int depth) {
        if (depth > kDeepest) {
            return wrong("is nested too deeply");
        }
        if (!take('-')) {
            return primary(depth);
        }
        const auto operand = unary(depth + 1);
        if (!operand) {
            return operand;
        }
        Node& inner = expression_.nodes_[*operand];
        if (inner.op == Op::Number && inner.text.front() != '-') {
            inner.text.insert(inner.text.begin(), '-');
            inner.number.integer = -inner.number.integer;
            inner.number.real = -inner.number.real;
            return operand;
        }
        Node made;
        made.op = Op::Negate;
        made.arguments = {*operand};
        return add(std::move(made));
    }

    Reading primary(int depth) {
        const char next = peek();
        if (next == '(') {
            ++at_;
            auto inner = sum(depth + 1);
            if (inner && !take(')')) {
                return wrong("a ) is missing");
            }
            return inner;
        }
        if (next == '\'' || next == '"') {
            return quoted(next);
        }
        if (is_digit(next)) {
            return number();
        }
        if (is_letter(next)) {
            return name(depth);
        }
        return next == '\0'
                   ? wrong("a value is missing")
                   : wrong(fmt::format("cannot go on with {}", in_quotes(text_.substr(at_))));
    }

    Reading quoted(char quote) {
        ++at_;
        Node made;
        made.op = Op::Text;
        for (; at_ < text_.size() && text_[at_] != quote; ++at_) {
            if (text_[at_] == '\\' && at_ + 1 < text_.size()) {
                ++at_;
            }
            made.text += text_[at_];
        }
        if (at_ == text_.size()) {
            return wrong(fmt::format("the quote {} is not closed", quote));
        }
        ++at_;
        return add(std::move(made));
    }

    Reading number() {
        const std::size_t begin = at_;
        while (at_ < text_.size() && (is_digit(text_[at_]) || text_[at_] == '.')) {
            ++at_;
        }
        Node made;
        made.op = Op::Number;
        made.text = text_.substr(begin, at_ - begin);
        const char* const first = made.text.data();
        const char* const last = first + made.text.size();
        const auto integer = std::from_chars(first, last, made.number.integer);
        made.number.whole = integer.ec == std::errc{} && integer.ptr == last;
        if (!made.number.whole) {
            const auto real = std::from_chars(first, last, made.number.real);
            if (real.ec != std::errc{} || real.ptr != last || made.text.back() == '.') {
                return wrong(fmt::format("{} is not a number", in_quotes(made.text)));
            }
        }
        return add(std::move(made));
    }

    std::string_view word() {
        const std::size_t begin = at_;
        while (at_ < text_.size() && (is_letter(text_[at_]) || is_digit(text_[at_]))) {
            ++at_;
        }
        return text_.substr(begin, at_ - begin);
    }

    Reading name(int depth) {
        const std::size_t begin = at_;
        const std::string_view first = word();
        if (peek() == '(') {
            return call(first, depth);
        }
        const auto source = std::find_if(scope_.data.begin(), scope_.data.end(),
                                         [&](const auto& each) { return each->name() == first; });
        if (source != scope_.data.end()) {
            return column(static_cast<DataId>(source - scope_.data.begin()), **source);
        }
        while (at_ < text_.size() &&
               (text_[at_] == '.' || is_letter(text_[at_]) || is_digit(text_[at_]))) {
            ++at_;
        }
        std::string_view full = text_.substr(begin, at_ - begin);
        while (full.ends_with(' ') || full.ends_with('\t')) {
            full.remove_suffix(1);
        }
        if (first == "env" && full.size() > first.size()) {
            return environment(full.substr(first.size() + 1));
        }
        if (full == "secret.file" && peek() == '(') {
            return secret();
        }
        return plain(full);
    }

    Reading environment(std::string_view variable) {
        if (!is_identifier(variable)) {
            return Error{
                fmt::format("{} is not the name of an environment variable", in_quotes(variable)),
                {},
                "write ${env.NAME} or ${env.NAME:-default}"};
        }
        const char* const value =
            scope_.env != nullptr ? scope_.env(std::string(variable).c_str()) : nullptr;
        if (value == nullptr) {
            return Error{fmt::format("the environment variable {} is not set", variable),
                         {},
                         fmt::format("set it, or give a default: ${{env.{}:-default}}", variable)};
        }
        notes_.sensitive = true;
        Node made;
        made.op = Op::Text;
        made.text = value;
        if (json_type(made.text) == ValueType::Number) {
            return number_or_text(std::move(made));
        }
        return add(std::move(made));
    }

    // A number of the environment may stand in arithmetic; as text it stays as it is.
    Reading number_or_text(Node made) {
        const char* const last = made.text.data() + made.text.size();
        const auto integer = std::from_chars(made.text.data(), last, made.number.integer);
        made.number.whole = integer.ec == std::errc{} && integer.ptr == last;
        if (!made.number.whole) {
            std::from_chars(made.text.data(), last, made.number.real);
        }
        made.op = Op::Number;
        return add(std::move(made));
    }

    Reading secret() {
        ++at_;
        const char quote = peek();
        if (quote != '\'' && quote != '"') {
            return wrong("secret.file needs a path in quotes", "e.g. secret.file('token.txt')");
        }
        auto path = quoted(quote);
        if (!path) {
            return path;
        }
        if (!take(')')) {
            return wrong("a ) is missing");
        }
        auto text = read_secret_file(node(*path).text, scope_.folder);
        if (!text) {
            return text.error();
        }
        notes_.secret = true;
        notes_.sensitive = true;
        expression_.nodes_[*path].text = *std::move(text);
        return path;
    }

    Reading plain(std::string_view full) {
        Node made;
        for (const Builtin& builtin : kBuiltins) {
            if (full == builtin.name) {
                made.op = builtin.op;
                return add(std::move(made));
            }
        }
        if (full == "scenario") {
            made.op = Op::Text;
            made.text = scope_.scenario;
            return add(std::move(made));
        }
        const auto found = std::find(scope_.variables.begin(), scope_.variables.end(), full);
        const auto id = static_cast<std::size_t>(found - scope_.variables.begin());
        if (found != scope_.variables.end() &&
            (scope_.visible.empty() || (id < scope_.visible.size() && scope_.visible[id] != 0))) {
            made.op = Op::Variable;
            made.id = static_cast<VariableId>(id);
            made.text = full;
            return add(std::move(made));
        }
        return unknown(full, "expression");
    }

    [[nodiscard]] Error unknown(std::string_view name, std::string_view what) const {
        if (name == text_ || what == "expression") {
            return {name == text_ ? fmt::format("unknown expression {}", shown())
                                  : fmt::format("{}: unknown name {}", shown(), in_quotes(name)),
                    {},
                    hint_for(name, scope_)};
        }
        return {fmt::format("{}: unknown {} {}", shown(), what, in_quotes(name)),
                {},
                hint_for(name, scope_, true)};
    }

    Reading column(DataId id, const DataSource& source) {
        std::string name;
        if (take('.')) {
            name = word();
        } else if (take('[')) {
            const char quote = peek();
            if (quote != '\'' && quote != '"') {
                return wrong("a column in [ ] needs quotes",
                             fmt::format("write {}['name']", source.name()));
            }
            const auto text = quoted(quote);
            if (!text) {
                return text;
            }
            name = node(*text).text;
            if (!take(']')) {
                return wrong("a ] is missing");
            }
        } else {
            return wrong(fmt::format("{} is a data source; name one of its columns", source.name()),
                         fmt::format("e.g. ${{{}.{}}}", source.name(), source.columns().front()));
        }
        const auto& columns = source.columns();
        const auto found = std::find(columns.begin(), columns.end(), name);
        if (found == columns.end()) {
            const std::vector<std::string_view> names(columns.begin(), columns.end());
            const auto near = nearest(name, names);
            return wrong(fmt::format("{} has no column {}", source.name(), in_quotes(name)),
                         near.empty()
                             ? fmt::format("it has {}", fmt::join(columns, ", "))
                             : fmt::format("did you mean ${{{}.{}}}?", source.name(), near));
        }
        Node made;
        made.op = Op::Column;
        made.id = id;
        made.column = static_cast<std::uint32_t>(found - columns.begin());
        made.text = fmt::format("{}.{}", source.name(), name);
        return add(std::move(made));
    }

    Reading call(std::string_view name, int depth) {
        const FunctionInfo* const function = function_named(name);
        if (function == nullptr) {
            const bool alone = text_.starts_with(name) && text_.ends_with(')') &&
                               text_.find(')') == text_.size() - 1;
            return alone ? Error{fmt::format("unknown expression {}", shown()),
                                 {},
                                 hint_for(name, scope_, true)}
                         : unknown(name, "function");
        }
        ++at_;
        const std::size_t begin = at_;
        Node made;
        made.op = function->op;
        if (peek() != ')') {
            do {
                if (expression_.nodes_.size() > kMostValues) {
                    return too_long();
                }
                const auto argument = sum(depth + 1);
                if (!argument) {
                    return argument;
                }
                made.arguments.push_back(*argument);
            } while (take(','));
        }
        const std::size_t end = at_;
        if (!take(')')) {
            return wrong("a ) is missing");
        }
        return finish_call(*function, std::move(made), text_.substr(begin, end - begin));
    }

    Reading finish_call(const FunctionInfo& function, Node made, std::string_view written) {
        if (function.op == Op::RandomInt) {
            return random_int(std::move(made), written);
        }
        const std::size_t count = made.arguments.size();
        if (count < function.least || count > function.most) {
            const std::string wanted = function.least == function.most
                                           ? std::to_string(function.least)
                                       : function.most == kAnyNumber
                                           ? fmt::format("at least {}", function.least)
                                           : fmt::format("{} or {}", function.least, function.most);
            return wrong(fmt::format("{} takes {} argument{}, got {}", function.name, wanted,
                                     wanted == "1" ? "" : "s", count),
                         fmt::format("e.g. {}", function.example));
        }
        if (function.op == Op::Now && count == 1) {
            return form(std::move(made), kTimeForms, "now");
        }
        if (function.op == Op::Hmac && count == 3) {
            return form(std::move(made), kDigestNames, "hmac");
        }
        return add(std::move(made));
    }

    // The first argument is one of `words`, fixed when the file is read.
    Reading form(Node made, std::span<const std::string_view> words, std::string_view function) {
        const Node& first = node(made.arguments.front());
        const auto found = std::find(words.begin(), words.end(), first.text);
        if (first.op != Op::Text || found == words.end()) {
            const auto near = nearest(first.text, words);
            return wrong(
                fmt::format("{}'s first argument must be {} in quotes", function, any_of(words)),
                near.empty() ? std::string() : fmt::format("did you mean '{}'?", near));
        }
        made.id = static_cast<std::uint16_t>(found - words.begin());
        made.arguments.erase(made.arguments.begin());
        return add(std::move(made));
    }

    Reading random_int(Node made, std::string_view written) {
        const Error bad{fmt::format("random_int needs two whole numbers, the lower first, got {}",
                                    in_quotes(written)),
                        {},
                        "e.g. ${random_int(1,100)}"};
        if (made.arguments.size() != 2) {
            return bad;
        }
        const Node& low = node(made.arguments[0]);
        const Node& high = node(made.arguments[1]);
        for (const Node* const end : {&low, &high}) {
            if (end->op == Op::Text || (end->op == Op::Number && !end->number.whole)) {
                return bad;
            }
        }
        const bool fixed = low.op == Op::Number && high.op == Op::Number;
        if (fixed && low.number.integer > high.number.integer) {
            return bad;
        }
        return add(std::move(made));
    }

    std::string_view text_;
    const TemplateScope& scope_;
    Expression& expression_;
    Expression::Notes& notes_;
    std::size_t at_ = 0;
};

Result<Expression> Expression::compile(std::string_view inner, const TemplateScope& scope,
                                       Notes& notes) {
    Expression expression;
    expression.source_ = inner;
    if (inner.empty()) {
        return Error{"unknown expression \"${}\"", {}, hint_for(inner, scope)};
    }
    if (inner.size() > kLongestText) {
        return Error{fmt::format("${{...}} is longer than {} bytes", kLongestText)};
    }
    ExpressionParser parser(inner, scope, expression, notes);
    const auto root = parser.whole();
    if (!root) {
        return root.error();
    }
    expression.root_ = *root;
    return expression;
}

std::size_t expression_end(std::string_view text, std::size_t open) {
    const std::string_view inner = text.substr(open + 2);
    const std::size_t first = inner.find('}');
    const std::size_t content = inner.find_first_not_of(" \t");
    const bool plain = content == std::string_view::npos ||
                       (inner.substr(content).starts_with("env.") &&
                        inner.substr(0, first).find(":-") != std::string_view::npos) ||
                       inner.substr(content).starts_with("secret.file:");
    if (plain || first == std::string_view::npos) {
        return first == std::string_view::npos ? first : open + 2 + first;
    }
    char quote = '\0';
    for (std::size_t at = 0; at < inner.size(); ++at) {
        const char c = inner[at];
        if (quote != '\0') {
            if (c == '\\') {
                ++at;
            } else if (c == quote) {
                quote = '\0';
            }
        } else if (c == '\'' || c == '"') {
            quote = c;
        } else if (c == '}') {
            return open + 2 + at;
        }
    }
    return open + 2 + first;  // a quote is not closed: the parser says so
}

bool is_identifier(std::string_view name) {
    return !name.empty() && is_letter(name.front()) &&
           std::all_of(name.begin(), name.end(),
                       [](char c) { return is_letter(c) || is_digit(c); });
}

bool is_builtin_name(std::string_view name) {
    const auto same = [&](const Builtin& builtin) { return builtin.name == name; };
    return std::any_of(kBuiltins.begin(), kBuiltins.end(), same) ||
           std::find(kReserved.begin(), kReserved.end(), name) != kReserved.end();
}

}  // namespace plimsoll
