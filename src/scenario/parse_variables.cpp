// Which variables there are: a name may stand in an expression ahead of the step that sets it.
#include "scenario/expression.hpp"
#include "scenario/parts.hpp"
#include "scenario/wording.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include <fmt/format.h>

namespace plimsoll {
namespace {

// Keys of a step whose values are no flow: a JSON body may well have a key "set".
constexpr std::array<std::string_view, 10> kNoFlow{
    "json", "body", "form", "multipart", "query", "headers", "auth", "graphql", "expect", "until"};

// Calls `found` with every name under `capture` and `set` in the flows of `node`.
template <typename Found>
void walk(const YamlNode& node, const Found& found, int depth = 0) {
    constexpr int kDeepest = 100;
    if (depth > kDeepest) {
        return;
    }
    for (const YamlNodePtr& child : node.items) {
        walk(*child, found, depth + 1);
    }
    for (const YamlNode::Entry& entry : node.entries) {
        if (entry.key == "capture" || entry.key == "set") {
            for (const YamlNode::Entry& variable : entry.value->entries) {
                found(variable.key);
            }
        } else if (std::find(kNoFlow.begin(), kNoFlow.end(), entry.key) == kNoFlow.end()) {
            walk(*entry.value, found, depth + 1);
        }
    }
}

bool may_name(const ReadContext& context, const std::string& name) {
    const auto same = [&](const auto& source) { return source->name() == name; };
    return is_identifier(name) && !is_builtin_name(name) &&
           std::none_of(context.data.begin(), context.data.end(), same);
}

std::optional<VariableId> find(const ReadContext& context, const std::string& name) {
    const auto found = std::find(context.variables.begin(), context.variables.end(), name);
    return found == context.variables.end()
               ? std::nullopt
               : std::optional(static_cast<VariableId>(found - context.variables.begin()));
}

}  // namespace

void declare_variables(const Item& root) {
    ReadContext& context = root.context();
    const auto declare = [&](const std::string& name) {
        constexpr std::size_t kMost = std::numeric_limits<VariableId>::max();
        if (may_name(context, name) && !find(context, name) && context.variables.size() < kMost) {
            context.variables.push_back(name);
        }
    };
    for (const YamlNode::Entry& entry : root.node().entries) {
        if (entry.key == "setup" || entry.key == "teardown" || entry.key == "users") {
            walk(*entry.value, declare);
        }
    }
}

std::vector<VariableId> variables_below(const Item& item) {
    std::vector<VariableId> ids;
    walk(item.node(), [&](const std::string& name) {
        const auto id = find(item.context(), name);
        if (id && std::find(ids.begin(), ids.end(), *id) == ids.end()) {
            ids.push_back(*id);
        }
    });
    return ids;
}

std::optional<VariableId> variable_named(const Item& at, const std::string& name) {
    const ReadContext& context = at.context();
    if (!is_identifier(name)) {
        at.fault(fmt::format("{} cannot be a variable's name", in_quotes(name)),
                 "use letters, digits and _, not beginning with a digit");
        return std::nullopt;
    }
    if (!may_name(context, name)) {
        at.fault(fmt::format("{} means something else in expressions", in_quotes(name)),
                 "give the variable another name");
        return std::nullopt;
    }
    return find(context, name);
}

}  // namespace plimsoll
