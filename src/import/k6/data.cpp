// Files beside the script: test data, and modules of its own.
#include "scenario/data.hpp"

#include "import/k6/parser.hpp"
#include "import/k6/script.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <fmt/format.h>

namespace plimsoll::import::k6 {
namespace {

constexpr std::uintmax_t kLargest = 1U << 20U;

// "" where it is no file of a size that a script's own files have.
std::string small_file(const std::filesystem::path& path) {
    std::error_code error;
    if (!std::filesystem::is_regular_file(path, error) ||
        std::filesystem::file_size(path, error) > kLargest) {
        return {};
    }
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

// A file of rows as a data source of the scenario; Unknown where it cannot be one.
Value Script::data_source(const std::string& file, bool csv) {
    namespace fs = std::filesystem;
    const fs::path path = fs::path(folder_) / file;
    std::error_code error;
    if (!fs::is_regular_file(path, error)) {
        return Value::unknown("open()");
    }
    const std::string here =
        fs::proximate(path, plan().folder.empty() ? "." : plan().folder, error).string();
    for (const auto& [name, source] : plan().data) {
        if (source.entries.front().second.text == Yaml::quoted(here).text) {
            return Value::unknown("open()");
        }
    }
    const auto source = csv ? DataSource::open_csv("data", path.string(), DataPick::Sequential)
                            : DataSource::open_json("data", path.string(), DataPick::Sequential);
    if (!source) {
        return Value::unknown("open()");
    }
    Value rows;
    rows.type = Type::Row;
    rows.number = static_cast<double>((*source)->rows());
    rows.name = free_name(fs::path(file).stem().string());
    plan().data.emplace_back(
        rows.name, Yaml::map({{csv ? "csv" : "json", Yaml::quoted(as_literal(here))}}, true));
    return rows;
}

std::optional<Value> Script::of_files(Call& call) {
    const Value& first = call.argument(0);
    if (call.name == "open") {
        Value file = Value::builtin("file text");
        file.path = first.literal().value_or("");
        return file;
    }
    const bool of_file = first.is(Type::Builtin) && first.name == "file text";
    if (!of_file) {
        return std::nullopt;
    }
    Value made;
    if (call.name == "papaparse.parse" || call.name == "papaparse.default.parse") {
        Value parsed = Value::builtin("parsed csv");
        made = data_source(first.path, true);
        parsed.self = std::make_shared<Value>(made);
        if (made.is(Type::Row)) {
            return parsed;
        }
    } else if (call.name == "JSON.parse") {
        made = data_source(first.path, false);
        if (made.is(Type::Row)) {
            return made;
        }
        const std::string text = small_file(std::filesystem::path(folder_) / first.path);
        if (auto value = script::value_of_json(text)) {
            return *std::move(value);
        }
    } else {
        return std::nullopt;
    }
    plan().note(call.at->line, fmt::format("left out: the data file {}, which is not there, or is "
                                           "not made of rows",
                                           first.path));
    return Value::unknown("data");
}

// Another file of the project, read once. nullptr where that cannot be.
ScopePtr Script::module(const std::string& path, int line) {
    constexpr int kDeepest = 10;
    const std::filesystem::path whole = (std::filesystem::path(folder_) / path).lexically_normal();
    const auto known = modules_.find(whole.string());
    if (known != modules_.end()) {
        return known->second;
    }
    modules_[whole.string()] = nullptr;
    const std::string text = folder_.empty() || depth_ >= kDeepest ? "" : small_file(whole);
    if (text.empty()) {
        plan().note(line, fmt::format("{} is not read", path));
        return nullptr;
    }
    const auto tree = parse_javascript(text);
    if (!tree) {
        plan().note(line, fmt::format("{} is not read: {}: {}", path, tree.error().where,
                                      tree.error().what));
        return nullptr;
    }
    const ScopePtr scope = inner(nullptr);
    const std::string before = folder_;
    folder_ = whole.parent_path().string();
    ++depth_;
    for (const NodePtr& child : (*tree)->children) {
        if (child->kind == Kind::Function && !child->text.empty()) {
            scope->values[child->text] = eval(child, scope);
        }
    }
    for (const NodePtr& child : (*tree)->children) {
        static_cast<void>(exec(child, scope));
    }
    --depth_;
    folder_ = before;
    modules_[whole.string()] = scope;
    return scope;
}

}  // namespace plimsoll::import::k6
