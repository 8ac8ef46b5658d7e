// Regular expressions that take time linear in the text, whatever is written (RE2's syntax).
#pragma once

#include "base/result.hpp"

#include <memory>
#include <optional>
#include <string_view>

namespace plimsoll {

/// Immutable; may be used by several threads at once.
class Regex {
public:
    /// Error: not a regular expression, or one that takes too much memory; says what is wrong.
    [[nodiscard]] static Result<Regex> compile(std::string_view text);
    ~Regex();
    Regex(Regex&&) noexcept;
    Regex& operator=(Regex&&) noexcept;

    /// The first match anywhere in `text`: its first group, or where it has none the whole of it.
    [[nodiscard]] std::optional<std::string_view> find(std::string_view text) const;

private:
    struct Program;
    explicit Regex(std::unique_ptr<const Program> program);
    std::unique_ptr<const Program> program_;
};

}  // namespace plimsoll
