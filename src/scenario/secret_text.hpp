// Credentials that stand within a text: in URLs, queries, forms, JSON, GraphQL and XML.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

/// The parts of `text` that are credentials by what stands before them: the user info of a URL, the
/// value behind name=, "name": or <name> where is_secret_field or is_secret_query says so, what
/// follows Bearer and Basic, JSON Web Tokens. They point into `text`, in no order; some may
/// overlap. A value that is nothing but ${...} is none: it says nothing itself, unless by its
/// default.
[[nodiscard]] std::vector<std::string_view> secrets_in(std::string_view text);

/// `text` holds ${...} and nothing else but the scheme of an Authorization header, the names of
/// cookies and marks between them.
[[nodiscard]] bool is_expressions_alone(std::string_view text);

/// Puts *** in place of each of `parts`, which point into `text`.
[[nodiscard]] std::string masked(std::string_view text, const std::vector<std::string_view>& parts);

/// `text` with what secrets_in finds in it as ***.
[[nodiscard]] std::string mask_secrets(std::string_view text);

}  // namespace plimsoll
