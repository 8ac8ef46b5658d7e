// Credentials of the input, replaced by references to the environment.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/value.hpp>

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
    [[nodiscard]] boost::json::value json(const boost::json::value& value,
                                          std::string_view name = {});
    /// A path with query; values of secret keys are replaced.
    [[nodiscard]] std::string path(std::string_view path);
    /// Other text, in which known secrets and JSON Web Tokens are replaced.
    [[nodiscard]] std::string text(std::string_view text);

    /// Names of the environment variables, in order of appearance.
    [[nodiscard]] std::vector<std::string> names() const;

private:
    std::vector<std::pair<std::string, std::string>> known_;  // name, value
};

}  // namespace plimsoll::import
