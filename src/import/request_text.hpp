// What HAR recordings, curl lines and collections have in common: URLs, headers and bodies.
#pragma once

#include "import/draft.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace plimsoll::import {

/// An http or https URL, taken apart; nothing is decoded.
struct UrlParts {
    std::string origin;     // http://host[:port], lower case
    std::string host;       // host[:port]
    std::string user_info;  // user:password
    std::string target;     // path and query, at least "/"; never the fragment
};
/// nullopt: neither http nor https, or no host and port that a target can have. `lenient` takes a
/// missing scheme for http.
[[nodiscard]] std::optional<UrlParts> split_url(std::string_view url, bool lenient = false);

/// `target` such that it may stand as a step's path: what HTTP or a scenario forbids there is
/// percent-encoded.
[[nodiscard]] std::string clean_target(std::string_view target);

/// Whether the engine writes this header by itself, from the connection and the body.
[[nodiscard]] bool is_engine_header(std::string_view name);
enum class HeaderFate { Taken, Joined, Engine, NoText };
/// Adds a header; secrets become references. One whose name is there already stands behind it, but
/// cookies are joined. Left out is what the engine writes by itself, and what is not text.
HeaderFate add_header(DraftStep& step, Secrets& secrets, std::string_view name,
                      std::string_view value);
[[nodiscard]] bool has_header(const DraftStep& step, std::string_view name);

/// Takes path and name from `target`. A GraphQL operation's name is added to the endpoint's.
void set_target(DraftStep& step, Secrets& secrets, std::string_view target);
void name_graphql(DraftStep& step);

[[nodiscard]] std::string lower_case(std::string_view text);
/// One of the methods that a step has, in lower case; nullopt for another.
[[nodiscard]] std::optional<std::string> step_method(std::string_view method);

}  // namespace plimsoll::import
