// Bodies as they were recorded: in the scenario's own form where that sends the same bytes, else as
// text.
#pragma once

#include "import/draft.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace plimsoll::import {

/// Takes a body of this media type, which may be empty. JSON becomes a tree and a form a map where
/// those are sent as the very bytes of `body`, or where a secret in it had to be replaced; all else
/// stays text, or bytes where it is not UTF-8. Sets Content-Type, or leaves it to the scenario.
void set_body(DraftStep& step, Secrets& secrets, std::string_view media_type,
              std::string_view body);

/// The fields of a URL-encoded form, decoded, in order; nullopt where a part of it has no name or
/// no value.
[[nodiscard]] std::optional<Pairs> form_fields(std::string_view text);
/// Fields that are known decoded: a map, or text where a map would change their order.
void set_form(DraftStep& step, const Pairs& template_fields);

/// Parts in the order given: a map, or, where a map cannot hold them, the whole body as text.
void set_parts(DraftStep& step, std::vector<DraftPart> parts);
/// Of a part that has other headers than the scenario can give it: the whole body as text.
struct RawPart {
    DraftPart part;
    Pairs headers;
};
void set_raw_parts(DraftStep& step, const std::vector<RawPart>& parts);

/// All of these once, or the same ones next to each other: what a YAML map of lists keeps in order.
[[nodiscard]] bool keeps_order(const std::vector<std::string>& names);

[[nodiscard]] bool is_utf8(std::string_view text);
[[nodiscard]] std::string to_base64(std::string_view bytes);
/// nullopt: not base64 (RFC 4648, either alphabet, padding or not; blanks are passed over).
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);
/// All but RFC 3986's unreserved characters.
[[nodiscard]] std::string percent_encoded(std::string_view text);
/// "%41+b" is "A b" in a form; without `plus`, "A+b".
[[nodiscard]] std::string percent_decoded(std::string_view text, bool plus);

}  // namespace plimsoll::import
