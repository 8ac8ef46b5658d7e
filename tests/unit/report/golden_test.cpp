// What each format looks like. After a wanted change: PLIMSOLL_UPDATE_GOLDEN=1 ctest -R Golden,
// then read the difference.
#include "support/report/golden.hpp"

#include "report/renderers.hpp"
#include "report/report.hpp"
#include "support/report/sample.hpp"

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using golden::expect_golden;

TEST(ReportGolden, SummaryJson) {
    const auto sample = sample::broken_pool();
    expect_golden("report/summary.json", render_json(sample.info, sample.analysis));
}

TEST(ReportGolden, Markdown) {
    const auto sample = sample::broken_pool();
    expect_golden("report/report.md", render_markdown(sample.info, sample.analysis));
    const auto held = sample::held();
    expect_golden("report/held.md", render_markdown(held.info, held.analysis, false));
}

TEST(ReportGolden, JUnit) {
    const auto sample = sample::broken_pool();
    expect_golden("report/junit.xml", render_junit(sample.info, sample.analysis));
}

TEST(ReportGolden, Csv) {
    const auto sample = sample::broken_pool();
    for (const auto& [suffix, content] :
         report::csv_files(sample.info, sample.data, sample.analysis)) {
        expect_golden("report/locust" + suffix, content);
    }
}

/// The page without the chart library and the data, which other tests look at.
TEST(ReportGolden, HtmlText) {
    const auto sample = sample::broken_pool();
    const auto page = report::html_page(sample.info, sample.data, sample.analysis);
    const auto from = page.find("<header class=\"page\">");
    const auto to = page.find("<script type=\"application/json\"");
    ASSERT_NE(from, std::string::npos);
    ASSERT_LT(from, to);
    expect_golden("report/report.html", page.substr(from, to - from));
}

}  // namespace
}  // namespace plimsoll
