// The parts of report.html and of the live page that the program carries inside. Made from web/ by
// web/bundle.mjs, defined by cmake/EmbedFile.cmake.
#pragma once

#include <string_view>

namespace plimsoll::embedded {

extern const std::string_view report_html;  // the page, with {{slots}}
extern const std::string_view report_css;
extern const std::string_view report_js;  // with the chart library in it
extern const std::string_view uplot_css;
extern const std::string_view uplot_licence;

extern const std::string_view ui_html;  // the live page, which fetches the other two
extern const std::string_view ui_css;
extern const std::string_view ui_js;

}  // namespace plimsoll::embedded
