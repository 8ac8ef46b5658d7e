// JSON pointers (RFC 6901) and the part of JSONPath (RFC 9535) that picks one value.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace boost::json {
class value;
}

namespace plimsoll {

/// One step into a document.
struct PathStep {
    enum class Kind : std::uint8_t { Key, Index, Either, All, Filter };
    enum class Compare : std::uint8_t {
        Exists,
        Equal,
        NotEqual,
        Less,
        LessEqual,
        Greater,
        GreaterEqual
    };
    enum class Literal : std::uint8_t { Text, Number, True, False, Null };
    Kind kind =
        Kind::Key;  // Either: a pointer's number, an index of an array or a key of an object
    std::string key;
    std::int64_t index = 0;  // negative: from the end
    // Filter: [?(@.key.key op literal)]
    std::vector<std::string> keys;
    Compare compare = Compare::Exists;
    Literal literal = Literal::Text;
    std::string text;
    double number = 0;
};

/// Immutable.
class JsonPath {
public:
    /// "" or "/a/0/b~1c". Error: does not start with /, or a ~ that is neither ~0 nor ~1.
    [[nodiscard]] static Result<JsonPath> pointer(std::string_view text);
    /// $ .key ['key'] [0] [-1] [*] .* [?(@.key == 'value')]. Error: says at which character, and
    /// what may stand there.
    [[nodiscard]] static Result<JsonPath> path(std::string_view text);

    /// The first match in document order; nullptr: none. Allocates nothing.
    [[nodiscard]] const boost::json::value* find(const boost::json::value& root) const;

private:
    std::vector<PathStep> steps_;
};

}  // namespace plimsoll
