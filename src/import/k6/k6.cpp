// A k6 script to a scenario.
#include "import/k6/parser.hpp"
#include "import/k6/script.hpp"

#include <fmt/format.h>

namespace plimsoll {
namespace import::k6 {

void Script::load(const NodePtr& file) {
    init_ = collect([&] {
        for (const NodePtr& child : file->children) {
            const bool function =
                child->kind == Kind::Function ||
                (child->kind == Kind::Default && child->child(0)->kind == Kind::Function);
            if (function) {
                const NodePtr made = child->kind == Kind::Default ? child->child(0) : child;
                if (!made->text.empty()) {
                    root_->values[made->text] = eval(made, root_);
                }
            }
        }
        for (const NodePtr& child : file->children) {
            static_cast<void>(exec(child, root_));
        }
    });
    // What functions change between iterations is not known within one.
    std::set<std::string> changed;
    for (const NodePtr& child : file->children) {
        const NodePtr inner_node = child->kind == Kind::Default ? child->child(0) : child;
        if (inner_node->kind == Kind::Function) {
            assigned_in(*inner_node, changed);
        }
    }
    for (const std::string& name : changed) {
        const auto found = root_->values.find(name);
        const bool kept_value = found == root_->values.end() || found->second.is(Type::Function) ||
                                found->second.is(Type::Builtin) || found->second.is(Type::Map);
        if (!kept_value) {
            found->second = Value::unknown(name);
        }
    }
}

}  // namespace import::k6

Result<Imported> import_k6(std::string_view text, const ImportOptions& options) {
    constexpr std::size_t kLargest = 4U << 20U;
    if (text.size() > kLargest) {
        return Error{"must be a script of at most 4 MiB", {}, {}};
    }
    const auto tree = import::k6::parse_javascript(text);
    if (!tree) {
        return Error{fmt::format("{}: {}", tree.error().where, tree.error().what), {}, {}};
    }
    import::script::Plan plan;
    plan.origin = fmt::format("a k6 script, {}", options.source);
    plan.folder = options.into;
    {
        import::k6::Script script(plan, options.folder);
        script.load(*tree);
        script.follow();
    }
    return import::script::write(std::move(plan));
}

}  // namespace plimsoll
