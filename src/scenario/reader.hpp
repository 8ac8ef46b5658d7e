// Typed reading of a YAML tree. Every fault is collected with its place and path, and reading goes
// on, so that a person sees all of them at once.
#pragma once

#include "base/clock.hpp"
#include "base/units.hpp"
#include "scenario/parse.hpp"
#include "scenario/yaml_tree.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

/// What one reading of a file shares. Outlives every Item.
struct ReadContext {
    Template::EnvLookup env = nullptr;
    std::vector<Fault> faults = {};
    std::string folder = {};                  // of the scenario file; empty: the current one
    std::vector<std::string> files = {};      // by YamlNode::file, from 1 on
    std::string scenario = {};                // its name
    std::vector<std::string> variables = {};  // of the whole file, by VariableId
    std::vector<std::uint8_t> visible = {};   // to the user class that is being read
    std::vector<std::shared_ptr<const DataSource>> data = {};
    KeyObserver on_map = nullptr;
    /// Names of data sources that could not be read: one fault is enough for each.
    std::vector<std::string> broken_data = {};
    /// A file named in the scenario: relative ones are the scenario's neighbours.
    [[nodiscard]] std::string path_of(const std::string& written) const;
    /// What expressions may name now; valid until one of these changes.
    [[nodiscard]] TemplateScope scope() const {
        return {env, variables, visible, data, scenario, folder};
    }
};

/// A value of the file together with its path. The typed readers give nullopt after noting a
/// fault; strings have their ${env...} resolved first. Cheap to copy.
class Item {
public:
    Item(ReadContext& context, YamlNodePtr node, std::string path, int line, int column,
         std::uint16_t file = 0);
    [[nodiscard]] static Item root(ReadContext& context, const YamlNodePtr& node);

    [[nodiscard]] ReadContext& context() const { return *context_; }
    [[nodiscard]] const YamlNode& node() const { return *node_; }
    [[nodiscard]] const YamlNodePtr& shared_node() const { return node_; }
    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] bool is_map() const { return node_->kind == YamlNode::Kind::Map; }
    [[nodiscard]] bool is_list() const { return node_->kind == YamlNode::Kind::List; }
    [[nodiscard]] bool is_scalar() const { return node_->kind == YamlNode::Kind::Scalar; }

    /// The place of this value's key with no value: for faults of the key itself.
    [[nodiscard]] Item at_key() const;

    /// Notes a fault at this value (at its key for maps, lists and nothing).
    void fault(std::string what, std::string hint = {}) const;
    void fault(const Error& error) const { fault(error.what, error.hint); }
    /// Notes "must be <what>, got a list".
    void wrong_type(std::string_view what, std::string hint = {}) const;

    /// A list's items, or a map's values, as Items with their paths. Empty for all else.
    [[nodiscard]] std::vector<Item> items() const;
    struct Named;
    /// A map's entries; later entries of a duplicate key are left out (they are faults already).
    [[nodiscard]] std::vector<Named> named() const;
    /// The items of a list that must not be empty.
    [[nodiscard]] std::vector<Item> list(std::string_view of_what, const std::string& hint) const;
    /// True for a map; else notes a fault.
    [[nodiscard]] bool require_map(std::string_view of_what, const std::string& hint) const;

    /// A scalar as a template, e.g. of a path.
    [[nodiscard]] std::optional<Template> text_template(std::string_view what = "text") const;
    /// A scalar without ${...} but ${env...}.
    [[nodiscard]] std::optional<std::string> text(std::string_view what = "text") const;
    /// The same where ${secret.file:PATH} may stand too: for what no message ever repeats.
    [[nodiscard]] std::optional<std::string> secret_text(std::string_view what = "text") const;
    [[nodiscard]] std::optional<Nanoseconds> duration() const;
    [[nodiscard]] std::optional<Nanoseconds> positive_duration() const;
    [[nodiscard]] std::optional<Rate> rate() const;
    /// A whole number in [low, high].
    [[nodiscard]] std::optional<std::uint64_t> whole(std::uint64_t low, std::uint64_t high,
                                                     const std::string& hint = {}) const;
    [[nodiscard]] std::optional<bool> boolean() const;
    /// A number of bytes, with a unit (10MB) or without.
    [[nodiscard]] std::optional<std::uint64_t> bytes() const;
    /// "1%" or 0.01, in [0, 1].
    [[nodiscard]] std::optional<double> ratio() const;
    /// One of `words`; its index.
    [[nodiscard]] std::optional<std::size_t> choice(std::span<const std::string_view> words) const;

private:
    ReadContext* context_;
    YamlNodePtr node_;
    std::string path_;
    int line_;  // of the key, or of the value itself within a list
    int column_;
    std::uint16_t file_;
};

struct Item::Named {
    std::string name;
    Item item;
};

/// The keys a map may have.
struct Keys {
    std::span<const std::string_view> known;
    std::span<const std::string_view> later = {};  // public, but not in this version
    std::string_view advice = {};                  // hint for a key that resembles nothing
};

/// A map with fixed keys. Unknown keys are noted at construction.
class Fields {
public:
    Fields(const Item& map, const Keys& keys);
    [[nodiscard]] bool has(std::string_view key) const { return get(key).has_value(); }
    [[nodiscard]] std::optional<Item> get(std::string_view key) const;
    /// Notes a missing key, with what to write; not where an unknown key was taken for it already.
    [[nodiscard]] std::optional<Item> require(std::string_view key, std::string_view example) const;
    [[nodiscard]] const Item& map() const { return map_; }
    [[nodiscard]] bool has_unknown() const { return unknown_; }

private:
    Item map_;
    std::vector<Item::Named> entries_;
    std::vector<std::string_view> meant_;  // by the unknown keys
    bool unknown_ = false;
};

/// Notes every key that stands twice in a map, anywhere below `root`.
void note_duplicate_keys(const Item& root);

}  // namespace plimsoll
