// The JSON Schema and the parser say the same of which keys there are.
//
// The parser reports each map with fixed keys while it reads every scenario that the tree has; the
// same place is looked up in the schema. A key that only one of the two knows is a fault, and so is
// a map of the schema that no scenario here has.
#include "scenario/parse.hpp"
#include "scenario/schema/embedded.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

const fs::path kSource{PLIMSOLL_SOURCE_DIR};
using Names = std::set<std::string>;

class Schema {
public:
    Schema() : root_(json::parse(embedded::scenario_schema)) {}

    /// Every object schema that may stand at a path such as users.reader.flow[0].expect.
    [[nodiscard]] std::vector<const json::object*> at(const std::string& path) const {
        std::vector<const json::object*> here = expand(root_);
        for (const std::string& step : steps_of(path)) {
            std::vector<const json::object*> next;
            for (const json::object* schema : here) {
                for (const json::object* one : below(*schema, step)) {
                    if (std::find(next.begin(), next.end(), one) == next.end()) {
                        next.push_back(one);
                    }
                }
            }
            here = std::move(next);
        }
        std::erase_if(here, [](const json::object* one) { return !one->contains("properties"); });
        return here;
    }

    [[nodiscard]] static Names keys_of(const json::object& schema) {
        Names names;
        for (const auto& [name, of] : schema.at("properties").as_object()) {
            names.emplace(name);
        }
        return names;
    }

    /// Every object with "properties", wherever it stands.
    void collect(const json::value& from, std::vector<const json::object*>& into) const {
        if (const auto* const array = from.if_array()) {
            for (const auto& item : *array) {
                collect(item, into);
            }
        } else if (const auto* const object = from.if_object()) {
            if (object->contains("properties") && object->at("properties").is_object()) {
                into.push_back(object);
            }
            for (const auto& [name, member] : *object) {
                collect(member, into);
            }
        }
    }
    [[nodiscard]] const json::value& root() const { return root_; }

private:
    static std::vector<std::string> steps_of(const std::string& path) {
        std::vector<std::string> steps;
        std::size_t at = 0;
        while (at < path.size()) {
            if (path[at] == '[') {
                const bool quoted = path.compare(at, 2, "[\"") == 0;
                const std::size_t end = path.find(quoted ? "\"]" : "]", at);
                steps.push_back(quoted ? path.substr(at + 2, end - at - 2) : "[]");
                at = end + (quoted ? 2 : 1);
            } else {
                at += path[at] == '.' ? 1U : 0U;
                const std::size_t end = std::min(path.find_first_of(".[", at), path.size());
                steps.push_back(path.substr(at, end - at));
                at = end;
            }
        }
        return steps;
    }

    /// A schema and all that it refers to or leaves to choose from.
    [[nodiscard]] std::vector<const json::object*> expand(const json::value& schema) const {
        std::vector<const json::object*> all;
        const auto* const object = schema.if_object();
        if (object == nullptr) {
            return all;
        }
        all.push_back(object);
        if (const auto* const reference = object->if_contains("$ref")) {
            const std::string name(
                reference->as_string().subview(std::string("#/definitions/").size()));
            append(all, expand(root_.at("definitions").at(name)));
        }
        for (const char* const several : {"anyOf", "allOf", "oneOf"}) {
            if (const auto* const list = object->if_contains(several)) {
                for (const json::value& one : list->as_array()) {
                    append(all, expand(one));
                }
            }
        }
        for (const char* const one : {"then", "else"}) {
            if (const auto* const branch = object->if_contains(one)) {
                append(all, expand(*branch));
            }
        }
        return all;
    }

    [[nodiscard]] std::vector<const json::object*> below(const json::object& schema,
                                                         const std::string& step) const {
        if (step == "[]") {
            const auto* const items = schema.if_contains("items");
            return items != nullptr ? expand(*items) : std::vector<const json::object*>{};
        }
        if (const auto* const properties = schema.if_contains("properties")) {
            if (const auto* const property = properties->as_object().if_contains(step)) {
                return expand(*property);
            }
        }
        const auto* const others = schema.if_contains("additionalProperties");
        return others != nullptr ? expand(*others) : std::vector<const json::object*>{};
    }

    static void append(std::vector<const json::object*>& all,
                       const std::vector<const json::object*>& more) {
        all.insert(all.end(), more.begin(), more.end());
    }

    json::value root_;
};

std::vector<fs::path> scenarios() {
    std::vector<fs::path> files{kSource / "src/app/starter.yaml"};
    for (const char* const folder : {"examples", "tests/golden/scenario"}) {
        for (const auto& entry : fs::recursive_directory_iterator(kSource / folder)) {
            if (entry.path().extension() == ".yaml" && entry.path().filename() != "compose.yaml") {
                files.push_back(entry.path());
            }
        }
    }
    return files;
}

/// What the parser knows at each path, over all scenarios of the tree.
std::map<std::string, Names> known_to_the_parser() {
    std::map<std::string, Names> known;
    for (const fs::path& file : scenarios()) {
        std::ifstream in(file, std::ios::binary);
        const std::string text{std::istreambuf_iterator<char>(in), {}};
        ParseOptions options;
        options.file_name = file.string();
        options.env = [](const char*) { return "http://127.0.0.1:8080"; };
        options.on_map = [&](const std::string& path, std::span<const std::string_view> keys) {
            known[path].insert(keys.begin(), keys.end());
        };
        [[maybe_unused]] const ParseOutcome outcome = parse_scenario(text, options);
    }
    return known;
}

std::string list(const Names& names) {
    std::string text;
    for (const std::string& name : names) {
        text += (text.empty() ? "" : ", ") + name;
    }
    return text;
}

Names without(Names names, const Names& others) {
    std::erase_if(names, [&](const std::string& name) { return others.contains(name); });
    return names;
}

TEST(ScenarioSchema, KnowsTheParsersKeysAndNoOthers) {
    const Schema schema;
    std::map<const json::object*, Names> seen;
    std::map<const json::object*, std::string> where;
    const auto known = known_to_the_parser();
    ASSERT_GT(known.size(), 20U);
    for (const auto& [path, keys] : known) {
        Names described;
        const auto places = schema.at(path);
        for (const json::object* const place : places) {
            described.merge(Schema::keys_of(*place));
            seen[place].insert(keys.begin(), keys.end());
            where[place] = path;
        }
        EXPECT_EQ(list(without(keys, described)), "")
            << "missing in the schema, at \"" << path << '"';
    }
    for (const auto& [place, keys] : seen) {
        EXPECT_EQ(list(without(Schema::keys_of(*place), keys)), "")
            << "in the schema but unknown to the parser, at \"" << where[place] << '"';
    }
    std::vector<const json::object*> all;
    schema.collect(schema.root(), all);
    for (const json::object* const place : all) {
        EXPECT_TRUE(seen.contains(place))
            << "no scenario of the tree has a map with " << list(Schema::keys_of(*place))
            << ": add one to tests/golden/scenario";
    }
}

TEST(ScenarioSchema, DescribesEveryKey) {
    const Schema schema;
    std::vector<const json::object*> all;
    schema.collect(schema.root(), all);
    for (const auto& [name, of] : schema.root().at("properties").as_object()) {
        EXPECT_TRUE(of.as_object().contains("description")) << name;
    }
    EXPECT_GT(all.size(), 10U);
}

}  // namespace
}  // namespace plimsoll
