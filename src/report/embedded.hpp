// The parts of report.html that the program carries inside. Defined by cmake/EmbedFile.cmake.
#pragma once

#include <string_view>

namespace plimsoll::embedded {

extern const std::string_view report_html;  // the page, with {{slots}}
extern const std::string_view report_css;
extern const std::string_view report_js;
extern const std::string_view uplot_js;
extern const std::string_view uplot_css;
extern const std::string_view uplot_licence;

}  // namespace plimsoll::embedded
