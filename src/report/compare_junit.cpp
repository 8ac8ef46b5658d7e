#include "report/compare_report.hpp"
#include "report/compare_words.hpp"
#include "report/junit_suite.hpp"

#include <fmt/format.h>

namespace plimsoll {

std::string compare_junit(const CompareResult& result) {
    using namespace report;
    const std::string& scenario = result.now.front().scenario;
    Suite suite{.name = "compare", .cases = {}};
    for (const CompareRow& row : result.rows) {
        std::string message = row.why;
        if (row.change) {
            message = fmt::format("{} to {}, {} {}{}", row_value(row, row.base),
                                  row_value(row, row.now), row_change(row), row_interval(row),
                                  row.why.empty() ? "" : ": " + row.why);
        }
        std::string inner;
        if (row.verdict == RowVerdict::Worse) {
            ++suite.failures;
            inner = fmt::format(R"(<failure type="regression" message="{}"/>)", attribute(message));
        } else if (row.verdict == RowVerdict::TooLittle) {
            ++suite.skipped;
            inner = fmt::format(R"(<skipped message="{}"/>)", attribute(message));
        }
        suite.add(fmt::format("{}.compare.{}", scenario, row.group), row.name, inner);
    }
    const std::string& started = result.now.front().started;
    const std::string attributes =
        fmt::format(R"(time="{:.3f}" timestamp="{}")", result.now.front().duration_s,
                    attribute(started.substr(0, started.find('Z'))));
    return fmt::format(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<testsuites name=\"plimsoll compare {}\" tests=\"{}\" failures=\"{}\" errors=\"0\" "
        "time=\"{:.3f}\">\n{}</testsuites>\n",
        attribute(scenario), suite.tests, suite.failures, result.now.front().duration_s,
        suite.text(attributes));
}

}  // namespace plimsoll
