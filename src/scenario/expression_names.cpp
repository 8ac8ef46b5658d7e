#include "scenario/expression_names.hpp"

#include "scenario/expression_parser.hpp"
#include "scenario/secret_file.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <system_error>
#include <vector>

namespace plimsoll {
namespace {

using Operation = Expression::Op;

struct Builtin {
    std::string_view name;
    Operation op;
};
constexpr std::array kBuiltins{Builtin{"user", Operation::User},
                               Builtin{"iteration", Operation::Iteration},
                               Builtin{"executor", Operation::Executor}};
constexpr std::array<std::string_view, 4> kReserved{"env", "secret", "scenario", "not"};

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

}  // namespace

const FunctionInfo* function_named(std::string_view name) {
    const auto* const found = std::find_if(kFunctions.begin(), kFunctions.end(),
                                           [&](const FunctionInfo& f) { return f.name == name; });
    return found == kFunctions.end() ? nullptr : found;
}

std::string hint_for(std::string_view name, const TemplateScope& scope, bool called) {
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

ExpressionParser::Reading ExpressionParser::name(int depth) {
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

ExpressionParser::Reading ExpressionParser::environment(std::string_view variable) {
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
    made.op = Operation::Text;
    made.text = value;
    if (json_type(made.text) == ValueType::Number) {
        return number_or_text(std::move(made));
    }
    return add(std::move(made));
}

ExpressionParser::Reading ExpressionParser::number_or_text(Node made) {
    const char* const last = made.text.data() + made.text.size();
    const auto integer = std::from_chars(made.text.data(), last, made.number.integer);
    made.number.whole = integer.ec == std::errc{} && integer.ptr == last;
    if (!made.number.whole) {
        std::from_chars(made.text.data(), last, made.number.real);
    }
    made.op = Operation::Number;
    return add(std::move(made));
}

ExpressionParser::Reading ExpressionParser::secret() {
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

ExpressionParser::Reading ExpressionParser::plain(std::string_view full) {
    Node made;
    for (const Builtin& builtin : kBuiltins) {
        if (full == builtin.name) {
            made.op = builtin.op;
            return add(std::move(made));
        }
    }
    if (full == "scenario") {
        made.op = Operation::Text;
        made.text = scope_.scenario;
        return add(std::move(made));
    }
    const auto found = std::find(scope_.variables.begin(), scope_.variables.end(), full);
    const auto id = static_cast<std::size_t>(found - scope_.variables.begin());
    if (found != scope_.variables.end() &&
        (scope_.visible.empty() || (id < scope_.visible.size() && scope_.visible[id] != 0))) {
        made.op = Operation::Variable;
        made.id = static_cast<VariableId>(id);
        made.text = full;
        return add(std::move(made));
    }
    return unknown(full, "expression");
}

Error ExpressionParser::unknown(std::string_view name, std::string_view what) const {
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

ExpressionParser::Reading ExpressionParser::column(DataId id, const DataSource& source) {
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
                     near.empty() ? fmt::format("it has {}", fmt::join(columns, ", "))
                                  : fmt::format("did you mean ${{{}.{}}}?", source.name(), near));
    }
    Node made;
    made.op = Operation::Column;
    made.id = id;
    made.column = static_cast<std::uint32_t>(found - columns.begin());
    made.text = fmt::format("{}.{}", source.name(), name);
    return add(std::move(made));
}

bool is_builtin_name(std::string_view name) {
    const auto same = [&](const Builtin& builtin) { return builtin.name == name; };
    return std::any_of(kBuiltins.begin(), kBuiltins.end(), same) ||
           std::find(kReserved.begin(), kReserved.end(), name) != kReserved.end();
}

}  // namespace plimsoll
