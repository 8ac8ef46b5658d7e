// Text with ${...} in it, compiled once when the scenario is read.
#pragma once

#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "scenario/data.hpp"
#include "scenario/variable.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

/// What an expression may refer to while a user runs.
struct RenderContext {
    std::uint64_t user = 0;  // 0-based index of the user within the run
    std::uint64_t iteration =
        0;  // 0-based: the arrival's index (open) or this user's own count (closed)
    Random* random = nullptr;  // of (seed, stream, iteration): same seed, same values
    std::span<const Variable> variables = {};  // this user's, by VariableId
    std::span<const Variable> shared = {};  // made by setup, by VariableId; read where the user's
                                            // own is unset
    std::span<const std::shared_ptr<const DataSource>> data = {};
    std::span<const std::uint64_t> rows =
        {};                        // this iteration's row of each data source, by DataId
    std::int64_t now_unix_ns = 0;  // wall clock, for now(); 0: read it when needed
    /// Takes the name of the first variable without a value, or `source.column` of a data source
    /// whose row is kNoRow, that an expression asks for; the caller clears it. nullptr: not told.
    std::string* missing = nullptr;
};

/// A literal with expressions: `${user}`, `${iteration}`, `${uuid()}`, `${random_int(a,b)}`.
/// `${env.NAME}` and `${env.NAME:-default}` (the default stands in for an unset or empty variable)
/// are resolved while reading and leave plain text; `$${` stands for a literal `${`. Rendering
/// appends to a caller's buffer and allocates only when that must grow. Immutable, safe to share.
class Template {
public:
    Template() = default;
    /// `env` looks up an environment variable (nullptr when unset); where it is nullptr itself, no
    /// variable is set. Error: unknown expression (with
    /// the nearest known one as hint), unclosed `${`, unset variable without a default. `where` is
    /// left to the caller.
    using EnvLookup = const char* (*)(const char* name);
    [[nodiscard]] static Result<Template> compile(std::string_view text, EnvLookup env);
    [[nodiscard]] static Template literal(std::string text);
    /// Both, one after the other.
    void append(const Template& other);
    /// The same with every literal rewritten, e.g. quoted; what expressions give stays as it is.
    [[nodiscard]] Template with_literals(std::string (*rewrite)(std::string_view)) const;
    /// The constant text in it, expressions left out: for checks.
    [[nodiscard]] std::string literals() const;

    [[nodiscard]] bool is_constant() const noexcept { return parts_.empty(); }
    /// The text, when constant.
    [[nodiscard]] const std::string& text() const noexcept { return text_; }
    /// Appends the text for one request. Draws from `context.random` in the order of the
    /// expressions; without one, from a generator of (user, iteration).
    void render(const RenderContext& context, std::string& out) const;

private:
    enum class Op : std::uint8_t { Literal, User, Iteration, Uuid, RandomInt };
    struct Part {
        Op op = Op::Literal;
        std::string literal = {};
        std::uint64_t low = 0;
        std::uint64_t high = 0;
    };
    [[nodiscard]] static Result<Part> expression(std::string_view inner);
    void add_literal(std::string_view text);
    void add_expression(const Part& part);

    std::string text_;         // when constant, else empty
    std::vector<Part> parts_;  // empty when constant
};

}  // namespace plimsoll
