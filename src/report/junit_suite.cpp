#include "report/junit_suite.hpp"

#include "report/text.hpp"

#include <fmt/format.h>

namespace plimsoll::report {

std::string attribute(std::string_view text) {
    std::string safe;
    for (const char c : escape_markup(text)) {
        if (c == '\n' || c == '\t') {
            safe += c == '\n' ? "&#10;" : "&#9;";
        } else {
            safe += c;
        }
    }
    return safe;
}

void Suite::add(const std::string& class_name, const std::string& name_of_case,
                const std::string& inner) {
    ++tests;
    cases += fmt::format(R"(    <testcase classname="{}" name="{}" time="0")",
                         attribute(class_name), attribute(name_of_case));
    cases += inner.empty() ? "/>\n" : ">\n      " + inner + "\n    </testcase>\n";
}

std::string Suite::text(const std::string& attributes) const {
    return fmt::format(
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\" "
        "{}>\n{}  </testsuite>\n",
        name, tests, failures, skipped, attributes, cases);
}

}  // namespace plimsoll::report
