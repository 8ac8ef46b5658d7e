// The JSON Schema of experiments, as text. Defined by cmake/EmbedFile.cmake.
#pragma once

#include <string_view>

namespace plimsoll::embedded {

extern const std::string_view experiment_schema;  // draft 07, which editors' YAML servers use

}  // namespace plimsoll::embedded
