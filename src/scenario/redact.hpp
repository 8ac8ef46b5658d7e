// Cuts secrets out of a scenario's text before it is kept in files.
#pragma once

#include "scenario/secret_names.hpp"
#include "scenario/yaml_tree.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

/// A scalar that may hold a secret: a connection string, one that is a secret itself, or a text in
/// which secrets may stand (see secrets_in).
struct Secret {
    enum class Kind { Dsn, Value, Text };
    Kind kind;
    YamlNodePtr node;
};

/// Adds every scalar below `root`: those that go to the target under a name that says so (see
/// is_secret_field) as values, the others as texts.
void find_secrets(const YamlNodePtr& root, std::vector<Secret>& secrets);

/// What the secrets come to with ${env...} and ${secret.file...} resolved: those that are no plain
/// words, and are known before the run.
[[nodiscard]] std::vector<std::string> secret_values(const std::vector<Secret>& secrets,
                                                     const TemplateScope& scope);

/// `text` with each of `values` as ***, where it stands as a word.
[[nodiscard]] std::string mask_values(std::string text, const std::vector<std::string>& values);

/// `text` with the secrets replaced by ***; those that are no plain words wherever they stand, in
/// comments too. What comes from ${env.NAME} is no secret in the text, a default is. Where a secret
/// cannot be found as it stands (escapes, folded lines), the whole text is replaced by a remark.
/// `file`: which of the scenario's files `text` is, as in YamlNode.
[[nodiscard]] std::string redact(std::string_view text, const std::vector<Secret>& secrets,
                                 std::uint16_t file = 0);

}  // namespace plimsoll
