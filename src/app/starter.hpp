// What `plimsoll new` writes. Defined by cmake/EmbedFile.cmake.
#pragma once

#include <string_view>

namespace plimsoll::embedded {

extern const std::string_view starter_yaml;

}  // namespace plimsoll::embedded
