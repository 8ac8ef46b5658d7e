#include "report/junit_suite.hpp"
#include "report/report.hpp"
#include "report/text.hpp"
#include "report/words.hpp"

#include <chrono>
#include <string_view>

#include <fmt/format.h>

namespace plimsoll {
namespace {

using report::attribute;
using report::Suite;

Suite thresholds_suite(const std::string& scenario, const Analysis& analysis) {
    Suite suite{.name = "thresholds", .cases = {}};
    for (const auto& result : analysis.thresholds) {
        const auto& threshold = result.threshold;
        std::string inner;
        if (!result.ok) {
            ++suite.failures;
            inner = fmt::format(
                R"(<failure type="threshold" message="{}"/>)",
                attribute(result.why.empty()
                              ? fmt::format("{} {} does not hold: {}", threshold.key,
                                            threshold.expression, report::threshold_value(result))
                              : fmt::format("{} {}: {}", threshold.key, threshold.expression,
                                            result.why)));
        }
        suite.add(scenario + ".thresholds", threshold.key + ": " + threshold.expression, inner);
    }
    std::string inner;
    if (!analysis.answers.ok) {
        ++suite.failures;
        inner = fmt::format(R"(<failure type="answers" message="{}"/>)",
                            attribute(analysis.answers.why));
    }
    suite.add(scenario + ".thresholds", "requests are answered", inner);
    return suite;
}

/// A decisive check that fails makes the run worthless: a failure. Another one only makes it less
/// certain: skipped, which test reports show without failing.
Suite validity_suite(const std::string& scenario, const Analysis& analysis) {
    Suite suite{.name = "validity", .cases = {}};
    for (const auto& check : analysis.checks) {
        std::string inner;
        if (!check.ok) {
            ++(check.decisive ? suite.failures : suite.skipped);
            const auto why = attribute(check.why);
            inner = check.decisive ? fmt::format(R"(<failure type="validity" message="{}"/>)", why)
                                   : fmt::format(R"(<skipped message="{}"/>)", why);
        }
        suite.add(scenario + ".validity", check.name, inner);
    }
    return suite;
}

}  // namespace

std::string render_junit(const RunInfo& info, const Analysis& analysis) {
    const auto started =
        std::chrono::floor<std::chrono::seconds>(info.start.wall.time_since_epoch());
    const auto time = report::utc_time(started.count());
    const auto attributes = fmt::format(R"(time="{:.3f}" timestamp="{}")", analysis.duration_s,
                                        time.substr(0, time.size() - 1));
    const auto thresholds = thresholds_suite(info.scenario_name, analysis);
    const auto validity = validity_suite(info.scenario_name, analysis);
    return fmt::format(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<testsuites name=\"plimsoll {}\" tests=\"{}\" failures=\"{}\" errors=\"0\" "
        "time=\"{:.3f}\">\n{}{}</testsuites>\n",
        attribute(info.scenario_name), thresholds.tests + validity.tests,
        thresholds.failures + validity.failures, analysis.duration_s, thresholds.text(attributes),
        validity.text(attributes));
}

}  // namespace plimsoll
