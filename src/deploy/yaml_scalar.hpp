// Any text as a YAML scalar that every reader takes for that text.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace plimsoll {

/// UTF-8 without control characters but tab, line feed and carriage return: what a YAML scalar (and
/// a ConfigMap's `data`) can hold as it is. Not where it begins with a tab, or has control
/// characters beyond ASCII, separators of lines or what is no character: go-yaml, with which
/// kustomize writes, makes of these what its own reader refuses.
[[nodiscard]] bool is_plain_text(std::string_view text);

/// `text` on one line, always read as a string: plain where no reader could take it for something
/// else, else in double quotes. `text` must be UTF-8.
[[nodiscard]] std::string yaml_scalar(std::string_view text);

/// In double quotes, whatever it is.
[[nodiscard]] std::string yaml_quoted(std::string_view text);

/// `text` as it stands behind a key that is indented by `indent` blanks: a literal block that keeps
/// every line as a person wrote it, or, where no block could hold it (carriage returns, characters
/// that some readers take for line ends, nothing but line ends), in double quotes. No line end
/// after it. `text` must be UTF-8.
[[nodiscard]] std::string yaml_block(std::string_view text, std::size_t indent);

}  // namespace plimsoll
