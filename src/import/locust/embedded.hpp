// The script that reads Python. Defined by cmake/EmbedFile.cmake.
#pragma once

#include <string_view>

namespace plimsoll::embedded {

extern const std::string_view locust_tree_py;

}  // namespace plimsoll::embedded
