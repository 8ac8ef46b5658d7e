// A scenario file before it is text: a tree with comments, written in block style.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace plimsoll::import::script {

struct Yaml {
    enum class Kind { Nothing, Scalar, List, Map, FlowMap, FlowList };
    Kind kind = Kind::Nothing;
    std::string text;  // of a scalar: as it is written, quotes included
    std::vector<std::pair<std::string, Yaml>> entries;  // a list's have no keys
    std::vector<std::string> comments;                  // lines ahead of it
    int mark = 0;                                       // 0: none

    /// Plain where that reads back the same, else in quotes.
    [[nodiscard]] static Yaml text_of(std::string_view text);
    /// Always in quotes.
    [[nodiscard]] static Yaml quoted(std::string_view text);
    /// As it stands: a number, a duration, flow style that is known to be right.
    [[nodiscard]] static Yaml plain(std::string text);
    /// What reads as a value of its own type: an expression without quotes where YAML allows that.
    [[nodiscard]] static Yaml expression(const std::string& inner);
    [[nodiscard]] static Yaml list(std::vector<Yaml> items = {}, bool flow = false);
    [[nodiscard]] static Yaml map(std::vector<std::pair<std::string, Yaml>> entries = {},
                                  bool flow = false);

    /// Of a map.
    Yaml& add(std::string key, Yaml value);
    /// Of a list.
    Yaml& add(Yaml value);
    [[nodiscard]] bool empty() const { return kind == Kind::Nothing; }
};

/// The tree's text, and on which line each mark begins.
struct YamlText {
    std::string text;
    std::vector<std::pair<int, int>> marks;  // line, mark; in order
};
/// A map; `text` is what stands ahead of it.
[[nodiscard]] YamlText print(const Yaml& map, std::string text);

}  // namespace plimsoll::import::script
