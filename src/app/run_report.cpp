#include "app/run_report.hpp"

#include "analysis/analyse.hpp"
#include "analysis/verdict_text.hpp"
#include "app/console.hpp"
#include "report/report.hpp"
#include "store/run_reader.hpp"

#include <algorithm>
#include <cstdio>

namespace plimsoll {
namespace {

Status write_copies(const RunReader& reader, const Analysis& analysis,
                    const SessionOptions& options) {
    if (!options.csv_prefix.empty()) {
        if (Status written = write_csv(options.csv_prefix, reader, analysis); !written) {
            return written;
        }
    }
    if (!options.html.empty()) {
        const auto page = render_html(reader, analysis);
        if (!page) {
            return page.error();
        }
        if (Status written = write_file(options.html, *page); !written) {
            return written;
        }
    }
    return options.summary.empty()
               ? Status()
               : write_file(options.summary, render_json(reader.info(), analysis));
}

}  // namespace

ExitCode report_run(const std::filesystem::path& run_dir, const SessionOptions& options) {
    const auto reader = RunReader::open(run_dir);
    if (!reader) {
        complain(reader.error());
        return ExitCode::InternalError;
    }
    const auto analysis = analyse(*reader);
    if (!analysis) {
        complain(analysis.error());
        return ExitCode::InternalError;
    }
    return report_run(run_dir, *reader, *analysis, options, ExitCode::Passed);
}

ExitCode report_run(const std::filesystem::path& run_dir, const RunReader& reader,
                    const Analysis& analysis, const SessionOptions& options, ExitCode code) {
    Status written = write_reports(run_dir, reader, analysis);
    if (written) {
        written = write_copies(reader, analysis, options);
    }
    if (options.view != ViewMode::Off) {
        say("\n{}\n", verdict_text(analysis, reader.info()));
    }
    if (!written) {
        complain(written.error());
        say(stderr,
            "plimsoll: the verdict is above; the report that it names, and those after it, "
            "are missing\n");
        return ExitCode::InternalError;
    }
    if (options.view != ViewMode::Off) {
        say("report    {}\n", (run_dir / "report.html").string());
    }
    if (code != ExitCode::Passed) {
        return code;
    }
    if (analysis.verdict == Verdict::Invalid) {
        return ExitCode::MeasurementInvalid;
    }
    if (analysis.answers.unreachable) {
        return ExitCode::Unreachable;
    }
    // Nothing answered is no pass, whatever was asked for; the rest can be left to one's own eyes.
    const bool judged = options.judge_thresholds && options.judge_answers;
    if (analysis.answers.none || (judged && !analysis.answers.ok)) {
        return ExitCode::ThresholdFailed;
    }
    const bool all_hold = std::all_of(analysis.thresholds.begin(), analysis.thresholds.end(),
                                      [](const ThresholdResult& each) { return each.ok; });
    return all_hold ? ExitCode::Passed : ExitCode::ThresholdFailed;
}

}  // namespace plimsoll
