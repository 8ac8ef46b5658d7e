// A YAML document as a tree in which every key and value knows its place.
#pragma once

#include "scenario/parse.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

struct YamlNode;
using YamlNodePtr = std::shared_ptr<const YamlNode>;

/// One node. Immutable once read; an alias shares the node of its anchor.
struct YamlNode {
    enum class Kind { Null, Scalar, List, Map };
    struct Entry {
        std::string key;
        int line = 1;
        int column = 1;
        std::uint16_t file = 0;
        YamlNodePtr value = {};
    };

    Kind kind = Kind::Null;
    int line = 1;  // 1-based, as in Fault
    int column = 1;
    std::uint16_t file = 0;  // 0: the scenario's own; else one that it includes
    std::string text;        // of a scalar
    bool quoted = false;     // a scalar that is a string by its writing: "5", '5', a block, !!str
    std::vector<YamlNodePtr> items;  // of a list
    std::vector<Entry> entries;      // of a map, in the file's order, duplicate keys included
    std::size_t size = 1;            // nodes in it, aliases expanded
    std::size_t depth = 1;           // of the deepest node in it, aliases expanded
};

struct YamlDocument {
    YamlNodePtr root;  // nullptr: not readable as YAML, and `faults` says why
    std::vector<Fault> faults;
};

/// Reads one document. Anchors and aliases are resolved; a document that is longer than 16 MiB, or
/// would unfold to more than `most_nodes` nodes or to more than 200 levels, is refused as soon as
/// that is seen.
[[nodiscard]] YamlDocument read_yaml(std::string_view text, std::uint16_t file = 0,
                                     std::size_t most_nodes = 100'000);

}  // namespace plimsoll
