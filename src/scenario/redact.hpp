// Cuts passwords out of a scenario's text before it is kept in files.
#pragma once

#include "scenario/yaml_tree.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

/// A scalar that may hold a secret.
struct Secret {
    enum class Kind { Dsn, HeaderValue };
    Kind kind;
    YamlNodePtr node;
};

/// Whether a header of this name usually carries a credential.
[[nodiscard]] bool is_secret_header(std::string_view name);

/// A request target whose query's secret values (api_key=..., token=...) are ***.
[[nodiscard]] std::string mask_query(std::string_view target);

/// `text` with the secrets replaced by ***. What comes from ${env.NAME} is no secret in the text,
/// a default is. Where a secret cannot be found as it stands (escapes, folded lines), the whole
/// text is replaced by a remark. `file`: which of the scenario's files `text` is, as in YamlNode.
[[nodiscard]] std::string redact(std::string_view text, const std::vector<Secret>& secrets,
                                 std::uint16_t file = 0);

}  // namespace plimsoll
