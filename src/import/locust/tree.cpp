#include "import/locust/tree.hpp"

#include "import/json_access.hpp"
#include "import/locust/embedded.hpp"

#include <array>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <fmt/format.h>

namespace plimsoll::import::locust {
namespace {

using script::Kind;
using script::Node;
using script::NodePtr;

constexpr std::array<std::pair<std::string_view, Kind>, 36> kKinds{
    {{"Nothing", Kind::Nothing},   {"Bool", Kind::Bool},
     {"Number", Kind::Number},     {"String", Kind::String},
     {"Template", Kind::Template}, {"Name", Kind::Name},
     {"List", Kind::List},         {"Object", Kind::Object},
     {"Property", Kind::Property}, {"Spread", Kind::Spread},
     {"Member", Kind::Member},     {"Index", Kind::Index},
     {"Call", Kind::Call},         {"Keyword", Kind::Keyword},
     {"Unary", Kind::Unary},       {"Binary", Kind::Binary},
     {"Choice", Kind::Choice},     {"Assign", Kind::Assign},
     {"Function", Kind::Function}, {"Parameter", Kind::Parameter},
     {"Block", Kind::Block},       {"If", Kind::If},
     {"ForEach", Kind::ForEach},   {"While", Kind::While},
     {"Return", Kind::Return},     {"Break", Kind::Break},
     {"Continue", Kind::Continue}, {"Throw", Kind::Throw},
     {"Try", Kind::Try},           {"Class", Kind::Class},
     {"Import", Kind::Import},     {"ImportName", Kind::ImportName},
     {"With", Kind::With},         {"Other", Kind::Other},
     {"Regex", Kind::Regex},       {"Declare", Kind::Declare}}};

NodePtr node_of(const boost::json::value& json, int depth) {
    const auto* const parts = json.if_array();
    if (parts == nullptr || parts->size() < 7 || depth > script::kDeepest) {
        return nullptr;
    }
    auto node = std::make_shared<Node>();
    const std::string kind = text_at(&(*parts)[0]);
    for (const auto& [name, one] : kKinds) {
        node->kind = name == kind ? one : node->kind;
    }
    node->line = static_cast<int>(number_at(&(*parts)[1]).value_or(0));
    node->column = static_cast<int>(number_at(&(*parts)[2]).value_or(0));
    node->text = text_at(&(*parts)[3]);
    node->number = number_at(&(*parts)[4]).value_or(0);
    for (const auto& child : items_at(&(*parts)[5])) {
        node->add(node_of(child, depth + 1));
    }
    for (const auto& decorator : items_at(&(*parts)[6])) {
        if (auto made = node_of(decorator, depth + 1)) {
            node->decorators.push_back(std::move(made));
        }
    }
    return node;
}

}  // namespace

Result<NodePtr> parse_python(std::string_view text) {
    const auto output = run_python(embedded::locust_tree_py, text);
    if (!output) {
        return output.error();
    }
    boost::json::parse_options options;
    options.max_depth = 2 * script::kDeepest + 10;
    boost::system::error_code failed;
    const auto json = boost::json::parse(*output, failed, {}, options);
    if (failed) {
        return Error{"could not be read by python3", {}, {}};
    }
    if (const std::string wrong = text_at(&json, "error"); !wrong.empty()) {
        return Error{wrong,
                     fmt::format("line {}, column {}", number_at(&json, "line").value_or(0),
                                 number_at(&json, "column").value_or(0)),
                     {}};
    }
    const auto* const tree = find(&json, "tree");
    auto made = tree != nullptr ? node_of(*tree, 0) : nullptr;
    return made ? Result<NodePtr>(std::move(made)) : Error{"is nested too deeply", {}, {}};
}

}  // namespace plimsoll::import::locust
