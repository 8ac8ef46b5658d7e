// Files that an input names.
#pragma once

#include "base/result.hpp"

#include <string>

namespace plimsoll::import {

/// The content of a regular file of at most `most` bytes; `name` is relative to `folder`. Error: an
/// empty folder (nothing may be read), or no such file. Errors do not repeat what is in it.
[[nodiscard]] Result<std::string> read_input_file(const std::string& folder,
                                                  const std::string& name, std::size_t most);

}  // namespace plimsoll::import
