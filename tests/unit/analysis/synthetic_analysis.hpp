// One step from the options of a synthetic run to its analysis.
#pragma once

#include "analysis/analyse.hpp"
#include "analysis/run_data.hpp"
#include "tests/support/synthetic_run.hpp"
#include "tests/support/temp_folder.hpp"

#include <algorithm>

#include <gtest/gtest.h>

namespace plimsoll {

struct Analysed {
    synthetic::Truth truth;
    RunInfo info;
    RunData data;
    Analysis analysis;

    /// The finding of this cause; fails the test where there is none.
    [[nodiscard]] Finding finding(const std::string& cause) const {
        for (const Finding& f : analysis.findings) {
            if (f.cause == cause) {
                return f;
            }
        }
        ADD_FAILURE() << "no finding " << cause << "; found: " << causes();
        return {};
    }
    [[nodiscard]] std::string causes() const {
        std::string all;
        for (const Finding& f : analysis.findings) {
            all += (all.empty() ? "" : ",") + f.cause;
        }
        return all;
    }
    [[nodiscard]] ValidityCheck check(const std::string& name) const {
        const auto found = std::find_if(analysis.checks.begin(), analysis.checks.end(),
                                        [&](const auto& c) { return c.name == name; });
        if (found == analysis.checks.end()) {
            ADD_FAILURE() << "no check " << name;
            return {};
        }
        return *found;
    }
};

inline Analysed analysed(const synthetic::Options& options) {
    const test::TempFolder folder;
    Analysed result;
    const auto written = synthetic::write_run(folder.path() / "run.db", options);
    if (!written) {
        ADD_FAILURE() << written.error().to_string();
        return result;
    }
    result.truth = written.value();
    const auto reader = RunReader::open(folder.path());
    if (!reader) {
        ADD_FAILURE() << reader.error().to_string();
        return result;
    }
    result.info = reader->info();
    auto data = load_run_data(reader.value());
    auto analysis = analyse(reader.value());
    if (!data || !analysis) {
        ADD_FAILURE() << (data ? analysis.error() : data.error()).to_string();
        return result;
    }
    result.data = std::move(data).value();
    result.analysis = std::move(analysis).value();
    return result;
}

/// "cause(confidence) ...", for a failure's message.
inline std::string shown(const std::vector<Finding>& findings) {
    std::string text;
    for (const Finding& finding : findings) {
        text += finding.cause + "(" + finding.confidence + ") ";
    }
    return text;
}

/// Any of the sentences contains `part`.
inline bool mentions(const std::vector<Sentence>& lines, const std::string& part) {
    return std::any_of(lines.begin(), lines.end(), [&](const Sentence& line) {
        return line.text.find(part) != std::string::npos;
    });
}
inline bool mentions(const std::vector<std::string>& lines, const std::string& part) {
    return std::any_of(lines.begin(), lines.end(), [&](const std::string& line) {
        return line.find(part) != std::string::npos;
    });
}

}  // namespace plimsoll
