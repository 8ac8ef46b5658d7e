// The parts of the live page that the program carries inside. Defined by cmake/EmbedFile.cmake.
#pragma once

#include <string_view>

namespace plimsoll::live_page {

extern const std::string_view ui_html;
extern const std::string_view ui_css;
extern const std::string_view ui_js;

}  // namespace plimsoll::live_page
