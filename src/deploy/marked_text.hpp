// A whole file that is right as it stands, with marks that say what in it may be other.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

/// How a line holds a value: `key: value` and `- value`, or `name=value`.
enum class MarkedStyle : std::uint8_t { Yaml, Shell };

struct Filling {
    std::map<std::string, std::string, std::less<>> values;                // by {name}
    std::set<std::string, std::less<>> parts;                              // that are wanted
    std::map<std::string, std::vector<std::string>, std::less<>> inserts;  // lines, by name
};

/// `text` filled in. The marks, which are comments to whoever else reads the file:
///   key: 2  #: {name}        the value becomes what {name} stands for, within other text or alone;
///                            in quotes ("{name}"): a string, else a number stays one
///   #: only PART ... #: end  these lines, where PART is wanted
///   #: insert NAME           these lines come here, indented as the mark is
/// Values are quoted as the style needs. A name that `filling` does not have breaks an invariant.
[[nodiscard]] std::string fill_in(std::string_view text, MarkedStyle style, const Filling& filling);

/// `text` as one word of a POSIX shell.
[[nodiscard]] std::string shell_word(std::string_view text);

}  // namespace plimsoll
