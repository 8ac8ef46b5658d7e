// Credentials of the input, replaced by references to the environment, or to the response that they
// came with.
#pragma once

#include "import/json_tree.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace plimsoll::import {

/// `text` such that it renders as itself: ${ becomes $${.
[[nodiscard]] std::string as_literal(std::string_view text);

/// Whether a field, header or query key of this name usually holds a credential.
[[nodiscard]] bool is_secret_name(std::string_view name);
/// The same for a query key: `key` and `code` too.
[[nodiscard]] bool is_secret_query_key(std::string_view name);

class Secrets {
public:
    /// "${env.API_KEY}" for a secret found under `name`. The same value always has the same
    /// reference; another value under the same name gets a number.
    [[nodiscard]] std::string reference(std::string_view name, std::string_view value);

    /// A header's value as template text: Authorization keeps its scheme and loses the rest; other
    /// credentials become references, all else stays.
    [[nodiscard]] std::string header(std::string_view name, std::string_view value);
    /// The value of a form field or JSON member.
    [[nodiscard]] std::string field(std::string_view name, std::string_view value);
    /// A body's fields, at any depth; strings become template text.
    [[nodiscard]] JsonTree json(const JsonTree& value, std::string_view name = {});
    /// Text that means to be JSON and is not quite: what stands in quotes behind a secret's name is
    /// replaced.
    [[nodiscard]] std::string json_like(std::string_view text);
    /// A path with query; values of secret keys are replaced.
    [[nodiscard]] std::string path(std::string_view path);
    /// Other text, in which known secrets and JSON Web Tokens are replaced.
    [[nodiscard]] std::string text(std::string_view text);

    /// From here on `value` is what a response gave: where it stands in a request it becomes
    /// ${name}, in a path also where it is a segment. `offer` is handed back by `taken`.
    void offer(std::string_view name, std::string_view value, std::size_t offer);
    /// The offers that were used, and the variables that they became.
    [[nodiscard]] std::vector<std::pair<std::size_t, std::string>> taken() const;

    /// Names of the environment variables, in order of appearance.
    [[nodiscard]] std::vector<std::string> names() const;

private:
    struct Known {
        std::string name;
        std::string value;
        bool captured = false;
        std::size_t offer = 0;
        bool used = true;
        [[nodiscard]] std::string expression() const;
    };
    [[nodiscard]] std::string free_name(const std::string& base) const;
    [[nodiscard]] std::string segments(std::string_view path);
    std::vector<Known> known_;
};

}  // namespace plimsoll::import
