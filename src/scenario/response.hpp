// What a step takes from a response (captures) and asks of it (checks).
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "scenario/template.hpp"
#include "scenario/variable.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace boost::json {
class value;
}

namespace plimsoll {

/// A complete response as captures and checks see it. Views: valid while they are evaluated.
struct ResponseView {
    std::uint16_t status = 0;
    std::string_view header_block;  // from behind the status line to the empty line, as received;
                                    // empty where the step does not keep headers
    std::string_view body;          // decoded; empty where the step does not keep the body
    std::uint64_t body_bytes = 0;   // as it came over the wire
    Nanoseconds service{};          // sent → last byte
};

/// Reads one response at a time. Parses its body as JSON at most once, and only when asked to, into
/// memory that is reused. Threading: one per shard.
class ResponseReader {
public:
    ResponseReader();
    ~ResponseReader();
    ResponseReader(const ResponseReader&) = delete;
    ResponseReader& operator=(const ResponseReader&) = delete;

    /// The response to read from now on.
    void reset(const ResponseView& view);
    [[nodiscard]] const ResponseView& view() const noexcept { return view_; }

    struct Json;  // the parsed body and its memory; defined where it is used
    [[nodiscard]] Json& json() noexcept { return *json_; }

private:
    ResponseView view_;
    std::unique_ptr<Json> json_;
};

/// Where in a response a value stands: a JSON pointer or JSONPath, a regular expression's group, a
/// header, a cookie that was set, or the status. Compiled once, immutable, shared by all shards.
class Selector {
public:
    enum class Kind : std::uint8_t {
        JsonPointer,
        JsonPath,
        Regex,
        Header,
        Cookie,
        StatusCode,
        Body
    };
    /// Error: `text` is not one of `kind`; says where and what it should be.
    [[nodiscard]] static Result<Selector> compile(Kind kind, std::string_view text);

    [[nodiscard]] Kind kind() const noexcept { return kind_; }
    [[nodiscard]] const std::string& text() const noexcept { return text_; }
    [[nodiscard]] bool needs_body() const noexcept;
    [[nodiscard]] bool needs_headers() const noexcept;

    /// The value into `out`. False where there is none; then `why` says what was missing, e.g. "no
    /// /id in the response's JSON" or "the body is not JSON: ... at byte 12". Allocates only where
    /// `out` must grow or `why` is written.
    [[nodiscard]] bool select(ResponseReader& response, Variable& out, std::string& why) const;
    /// Regex: whether it matches anywhere in `text`.
    [[nodiscard]] bool matches(std::string_view text) const;
    /// JSON pointer and JSONPath: where the value stands, until the next reset(). nullptr (and
    /// `why`) where there is none.
    [[nodiscard]] const boost::json::value* find_json(ResponseReader& response,
                                                      std::string& why) const;

private:
    struct Compiled;
    Kind kind_ = Kind::StatusCode;
    std::string text_;
    std::shared_ptr<const Compiled> compiled_;  // the regular expression, the path's parts
};

struct Capture {
    VariableId variable = 0;
    std::string name;
    Selector selector;
};

/// Index into RunInfo::checks.
using CheckId = std::uint32_t;

/// Of a condition that only steers (`until`): it is in no count.
inline constexpr CheckId kUncounted = UINT32_MAX;

/// One thing that a response must be, beyond its status.
class Check {
public:
    enum class Op : std::uint8_t {
        Exists,
        Absent,
        Type,
        Equals,
        NotEquals,
        Less,
        LessOrEqual,
        Greater,
        GreaterOrEqual,
        Matches,   // regular expression, anywhere in the value
        Contains,  // text
        Size,      // of the body, in bytes, within [low, high]
        Time       // service time within [0, high] nanoseconds
    };
    CheckId id = 0;     // counted under
    Selector selector;  // of the value (not for Size and Time)
    Op op = Op::Exists;
    Template operand;                         // for comparisons and Contains
    std::string written;                      // the operand as written: what `why` shows
    ValueType type = ValueType::Unset;        // for Type; for Equals and NotEquals the operand's,
                                              // Unset: whatever the response's value has
    bool array = false;                       // for Type: an array (Json: an object)
    std::shared_ptr<const Selector> pattern;  // for Matches
    double low = 0;                           // for Size
    double high = 0;                          // for Size and Time

    [[nodiscard]] bool needs_body() const noexcept;
    [[nodiscard]] bool needs_headers() const noexcept;
    /// Whether it holds; else `why` says what was found and what it should be, in one line without
    /// secrets.
    [[nodiscard]] bool holds(ResponseReader& response, const RenderContext& context,
                             std::string& why) const;
};

}  // namespace plimsoll
