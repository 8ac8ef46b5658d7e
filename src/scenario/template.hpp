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

class Expression;

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
    /// Takes what the first failing expression asked for and has no value: a variable's name,
    /// `source.column` of a data source whose row is kNoRow, or an expression with the reason. The
    /// caller clears it. nullptr: not told.
    std::string* missing = nullptr;
    std::uint32_t executor = 0;  // into Scenario::load
};

/// What expressions may name, while a file is read. Outlives the compilation only.
struct TemplateScope {
    /// Looks up an environment variable (nullptr when unset); nullptr itself: none is set.
    const char* (*env)(const char* name) = nullptr;
    std::span<const std::string> variables = {};  // every name of the file, by VariableId
    std::span<const std::uint8_t> visible = {};   // which of them this part of the file sees
    std::span<const std::shared_ptr<const DataSource>> data = {};
    std::string_view scenario = {};  // its name, for ${scenario}
    std::string_view folder = {};    // that files of secrets are relative to
};

/// How what an expression gives is written into its surroundings.
enum class Encoding : std::uint8_t {
    None,
    JsonText,   // inside the quotes of a JSON string
    JsonValue,  // as a JSON value of its own type: a number stays one, text gets quotes
    Query,      // percent-encoded: all but unreserved characters (RFC 3986, 2.3)
    Path,       // percent-encoded: only what must not stand in a request target
    Header      // as it is; one with control characters has no value (RFC 9110, 5.5)
};

/// A literal with expressions: `${user}`, `${accounts.email}`, `${upper(token)}`, `${n + 1}`; all
/// of them in docs/scenario.md. `${env.NAME}`, `${env.NAME:-default}` (the default stands in for an
/// unset or empty variable) and `${secret.file:PATH}` are resolved while reading and leave plain
/// text; so does every expression that is always the same. `$${` stands for a literal `${`.
/// Rendering appends to a caller's buffer, uses its end as scratch space, and allocates only when
/// that must grow. Immutable, safe to share.
class Template {
public:
    Template() = default;
    using EnvLookup = const char* (*)(const char* name);
    /// Error: unknown name (with the nearest known one as hint), unclosed `${`, wrong arguments,
    /// unset environment variable without a default, unreadable secret. `where` is left to the
    /// caller.
    [[nodiscard]] static Result<Template> compile(std::string_view text,
                                                  const TemplateScope& scope);
    [[nodiscard]] static Result<Template> compile(std::string_view text, EnvLookup env);
    [[nodiscard]] static Template literal(std::string text);
    /// Both, one after the other.
    void append(const Template& other);
    /// The same with literals and expressions written for their surroundings. Path and Header leave
    /// literals as they are: those were checked when they were read.
    [[nodiscard]] Template encoded(Encoding encoding) const;
    /// All of it, literals and expressions, in base64.
    [[nodiscard]] Template in_base64() const;
    /// The constant text in it, expressions left out: for checks.
    [[nodiscard]] std::string literals() const;

    [[nodiscard]] bool is_constant() const noexcept { return parts_.empty(); }
    /// The text, when constant.
    [[nodiscard]] const std::string& text() const noexcept { return text_; }
    /// Holds a value of the environment or of a secret's file: it must not be shown.
    [[nodiscard]] bool is_sensitive() const noexcept { return sensitive_; }
    /// Holds text of a secret's file.
    [[nodiscard]] bool is_secret() const noexcept { return secret_; }
    /// It is one expression, which gives a number whatever happens.
    [[nodiscard]] bool is_number() const noexcept;

    /// Appends the text for one request. Draws from `context.random` in the order of the
    /// expressions; without one, from a generator of (user, iteration). False where an expression
    /// has no value: a variable that is not set, a row that is not there, text in arithmetic; then
    /// `context.missing` says what, and `out` ends with an incomplete text.
    [[nodiscard]] bool render(const RenderContext& context, std::string& out) const;
    /// Renders into a variable, with its type: a variable alone keeps its own, arithmetic gives a
    /// number, a literal that JSON reads as a number or truth is one, all else is text. `out` may
    /// be a variable that the template reads. False as above; then `out` is as it was.
    [[nodiscard]] bool evaluate(const RenderContext& context, std::string& scratch,
                                Variable& out) const;

private:
    struct Part {
        std::string literal = {};
        std::shared_ptr<const Expression> expression = {};  // nullptr: a literal
        Encoding encoding = Encoding::None;
        std::shared_ptr<const Template> inner = {};  // written in base64

        [[nodiscard]] bool is_literal() const noexcept { return !expression && !inner; }
    };
    void add_literal(std::string_view text);
    void add_expression(Part part);

    std::string text_;         // when constant, else empty
    std::vector<Part> parts_;  // empty when constant
    bool sensitive_ = false;
    bool secret_ = false;
};

/// Whether `text` may stand in a header, of a request or of a part of one: no line end, NUL or
/// other control character but a tab. Whatever becomes a header is asked here: literals when they
/// are read, by read_header_value; values with Encoding::Header.
[[nodiscard]] bool is_header_text(std::string_view text) noexcept;

/// Text as JSON reads it: a number (RFC 8259, section 6), true or false, null; else Text.
[[nodiscard]] ValueType json_type(std::string_view text) noexcept;

}  // namespace plimsoll
