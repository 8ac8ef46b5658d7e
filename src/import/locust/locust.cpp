// A locustfile to a scenario.
#include "import/locust/file.hpp"
#include "import/locust/tree.hpp"

#include <fmt/format.h>

namespace plimsoll {
namespace import::locust {

void File::load(const NodePtr& file) {
    const Steps unused = collect([&] {
        for (const NodePtr& child : file->children) {
            static_cast<void>(exec(child, root_));
            if (child && child->kind == Kind::Class) {
                if (Value* const made = root_->find(child->text)) {
                    classes_.push_back(*made);
                }
            }
        }
    });
}

void File::follow() {
    bool shaped = false;
    for (const Value& made : classes_) {
        if (is_a(made, "LoadTestShape")) {
            shaped = add_shape(made) || shaped;
            continue;
        }
        const Value object = object_of(made);
        const Value* const abstract = object.member("abstract");
        const bool user =
            is_a(made, "HttpUser") || is_a(made, "FastHttpUser") || is_a(made, "HttpLocust");
        if (user && !(abstract != nullptr && abstract->flag)) {
            add_user(made);
        }
    }
    plan().http.emplace_back("cookies", Yaml::plain("user"));
    if (!shaped) {
        plan().note(0, "how many users come is not in the script: 10 for a minute here");
        script::PlanExecutor executor;
        executor.keys = {{"executor", Yaml::plain("constant-vus")},
                         {"vus", Yaml::plain("10")},
                         {"duration", Yaml::plain("1m")}};
        plan().load.push_back(std::move(executor));
    }
}

}  // namespace import::locust

Result<Imported> import_locust(std::string_view text, const ImportOptions& options) {
    constexpr std::size_t kLargest = 4U << 20U;
    if (text.size() > kLargest) {
        return Error{"must be a script of at most 4 MiB", {}, {}};
    }
    const auto tree = import::locust::parse_python(text);
    if (!tree) {
        const Error& error = tree.error();
        return Error{
            error.where.empty() ? error.what : error.where + ": " + error.what, {}, error.hint};
    }
    import::script::Plan plan;
    plan.origin = fmt::format("a locustfile, {}", options.source);
    plan.folder = options.into;
    {
        import::locust::File file(plan);
        file.load(*tree);
        file.follow();
    }
    return import::script::write(std::move(plan));
}

}  // namespace plimsoll
