// Which names usually stand before a credential: of headers, of fields and of query keys.
#pragma once

#include <string_view>

namespace plimsoll {

/// Whether a header of this name usually carries a credential.
[[nodiscard]] bool is_secret_header(std::string_view name);

/// Whether a field of a body, a variable or a form input of this name usually holds a credential:
/// by its words, of which the last says what it is. `access_token`, `newPassword`, `user[pin]` and
/// `clientSecret` do; `secret_scanning`, `token_type`, `max_tokens`, `has_password`, `sort_key` and
/// `next_page_token` merely hold such a word.
[[nodiscard]] bool is_secret_field(std::string_view name);

/// The same for the key of a query: a bare `key` too.
[[nodiscard]] bool is_secret_query(std::string_view name);

}  // namespace plimsoll
