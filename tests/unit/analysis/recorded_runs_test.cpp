// The rules on what really happened: recorded runs of real services, with and without their probes.
#include "analysis/analyse.hpp"
#include "analysis/diagnosis/claim.hpp"
#include "analysis/diagnosis/diagnose.hpp"
#include "analysis/run_data.hpp"
#include "tests/support/temp_folder.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

namespace fs = std::filesystem;

struct Recording {
    std::string name;
    std::vector<std::string> planted;  // any of; empty: nothing
    std::string value;                 // "pool_size=5", or ""
};

fs::path folder() {
    const char* const other = std::getenv("PLIMSOLL_RECORDINGS");
    return other != nullptr ? fs::path(other) : fs::path(PLIMSOLL_SOURCE_DIR) / "tests/recordings";
}

std::vector<std::string> split(const std::string& text, char by) {
    std::vector<std::string> parts;
    std::istringstream in(text);
    for (std::string part; std::getline(in, part, by);) {
        parts.push_back(part);
    }
    return parts;
}

std::vector<Recording> recordings() {
    std::ifstream file(folder() / "truth.tsv");
    std::vector<Recording> all;
    std::string line;
    std::getline(file, line);  // the heading
    while (std::getline(file, line)) {
        const auto cells = split(line, '\t');
        Recording recording{cells.at(0), {}, cells.size() > 2 ? cells[2] : std::string()};
        if (cells.at(1) != "none") {
            recording.planted = split(cells[1], ',');
        }
        all.push_back(std::move(recording));
    }
    return all;
}

struct Opened {
    RunData data;
    Break found;
    Verdict verdict = Verdict::Valid;
    std::vector<ValidityCheck> checks;
};

Opened open(const Recording& recording) {
    const test::TempFolder temp;
    const fs::path packed = folder() / (recording.name + ".db.xz");
    const std::string command =
        "xz -dc '" + packed.string() + "' > '" + (temp.path() / "run.db").string() + "'";
    Opened opened;
    if (std::system(command.c_str()) != 0) {  // NOLINT(cert-env33-c): paths of our own
        ADD_FAILURE() << "cannot unpack " << packed;
        return opened;
    }
    const auto reader = RunReader::open(temp.path());
    if (!reader) {
        ADD_FAILURE() << reader.error().to_string();
        return opened;
    }
    auto data = load_run_data(reader.value());
    auto analysis = analyse(reader.value());
    if (!data || !analysis) {
        ADD_FAILURE() << (data ? analysis.error() : data.error()).to_string();
        return opened;
    }
    opened.data = std::move(data).value();
    opened.verdict = analysis->verdict;
    opened.checks = analysis->checks;
    opened.found = find_breaking_point(opened.data);
    return opened;
}

std::vector<Finding> findings_of(const Opened& opened, const RunData& data) {
    return diagnose(data, opened.found, opened.verdict, opened.checks);
}

bool is_planted(const Recording& recording, const std::string& cause) {
    return std::find(recording.planted.begin(), recording.planted.end(), cause) !=
           recording.planted.end();
}

/// Nothing said, or said to be unknown.
bool admits(const std::vector<Finding>& findings) {
    return findings.empty() || findings.front().cause == "unknown";
}

std::string shown(const std::vector<Finding>& findings) {
    std::string text;
    for (const Finding& finding : findings) {
        text += finding.cause + "(" + finding.confidence + ") ";
    }
    return text;
}

class RecordedRuns : public testing::TestWithParam<Recording> {};

TEST_P(RecordedRuns, AreDiagnosedAsPlantedOrAdmittedUnknown) {
    const Recording& recording = GetParam();
    const Opened opened = open(recording);
    const auto findings = findings_of(opened, opened.data);
    if (recording.planted.empty()) {
        EXPECT_TRUE(std::all_of(findings.begin(), findings.end(), [](const Finding& f) {
            return f.confidence == "low";
        })) << shown(findings);
        return;
    }
    ASSERT_FALSE(findings.empty());
    EXPECT_TRUE(is_planted(recording, findings[0].cause) || admits(findings)) << shown(findings);
    for (const Finding& finding : findings) {
        EXPECT_TRUE(is_planted(recording, finding.cause) || rank_of(finding) == 2)
            << shown(findings);
    }
    if (!recording.value.empty()) {
        const auto parts = split(recording.value, '=');
        ASSERT_TRUE(findings[0].values.contains(parts.at(0))) << shown(findings);
        EXPECT_DOUBLE_EQ(findings[0].values.at(parts[0]), std::stod(parts.at(1)));
    }
}

/// What a run says without the series that `gone` accepts must not be surer of anything than with
/// them, nor wrong where it was right.
void check_without(const Recording& recording, const Opened& opened,
                   const std::vector<Finding>& with, const std::string& what,
                   const std::function<bool(const StoredSeries&)>& gone, bool facts_too) {
    RunData less = opened.data;
    std::erase_if(less.series, gone);
    for (StoredProbe& probe : less.probes) {
        std::erase_if(probe.info.descriptors, [&](const MetricDescriptor& descriptor) {
            StoredSeries series;
            series.probe = probe.info.name;
            series.metric = descriptor.name;
            return gone(series);
        });
    }
    if (facts_too) {
        std::erase_if(less.facts,
                      [&](const auto& fact) { return fact.first.starts_with(what + "."); });
        std::erase_if(less.probes,
                      [&](const StoredProbe& probe) { return probe.info.name == what; });
    }
    const auto without = findings_of(opened, less);
    const bool right = !with.empty() && is_planted(recording, with[0].cause);
    if (right && !without.empty()) {
        EXPECT_TRUE(is_planted(recording, without[0].cause) || admits(without))
            << recording.name << " without " << what << ": " << shown(without) << "instead of "
            << shown(with);
    }
    for (const Finding& finding : without) {
        const auto same = std::find_if(with.begin(), with.end(),
                                       [&](const Finding& f) { return f.cause == finding.cause; });
        // What was told as a symptom, or not at all, may come to light as a mere guess.
        const int before = same == with.end() ? 2 : rank_of(*same);
        EXPECT_GE(rank_of(finding), before) << recording.name << " without " << what << ": "
                                            << shown(without) << "instead of " << shown(with);
    }
}

TEST_P(RecordedRuns, GetNoSurerAndNotWrongWithoutAProbe) {
    const Recording& recording = GetParam();
    const Opened opened = open(recording);
    const auto with = findings_of(opened, opened.data);
    for (const StoredProbe& probe : opened.data.probes) {
        const std::string& name = probe.info.name;
        const auto of_probe = [&](const StoredSeries& series) { return series.probe == name; };
        check_without(recording, opened, with, name, of_probe, false);
        check_without(recording, opened, with, name, of_probe, true);
    }
}

TEST_P(RecordedRuns, GetNoSurerAndNotWrongWithoutAMetric) {
    const Recording& recording = GetParam();
    const Opened opened = open(recording);
    const auto with = findings_of(opened, opened.data);
    std::set<std::string> metrics;
    for (const StoredSeries& series : opened.data.series) {
        metrics.insert(series.metric);
    }
    for (const std::string& metric : metrics) {
        check_without(
            recording, opened, with, metric,
            [&](const StoredSeries& series) { return series.metric == metric; }, false);
    }
}

std::string test_name(const testing::TestParamInfo<Recording>& run) {
    std::string name = run.param.name;
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
}

INSTANTIATE_TEST_SUITE_P(All, RecordedRuns, testing::ValuesIn(recordings()), test_name);

}  // namespace
}  // namespace plimsoll
