// plimsoll report RUN
#include "analysis/analyse.hpp"
#include "analysis/thresholds.hpp"
#include "analysis/verdict_text.hpp"
#include "app/commands/command_line.hpp"
#include "app/commands/commands.hpp"
#include "app/commands/files.hpp"
#include "app/console.hpp"
#include "app/exit_code.hpp"
#include "base/log.hpp"
#include "report/report.hpp"
#include "store/run_reader.hpp"

#include <memory>

#include <fmt/format.h>

namespace plimsoll {
namespace {

struct ReportFlags {
    std::string run;
    std::string format;
    std::string explain;
};

int print_format(const std::string& format, const RunReader& reader, const Analysis& analysis) {
    if (format == "html") {
        const auto page = render_html(reader, analysis);
        if (!page) {
            return refuse(page.error());
        }
        hand_over(*page);
    } else if (format == "md") {
        hand_over(render_markdown(reader.info(), analysis, reader.finished()));
    } else if (format == "json") {
        hand_over(render_json(reader.info(), analysis));
    } else {
        hand_over(render_junit(reader.info(), analysis));
    }
    return to_int(ExitCode::Passed);
}

int render(const ReportFlags& flags) {
    init_logging(Verbosity::Normal);
    const auto reader = RunReader::open(flags.run);
    if (!reader) {
        return refuse(reader.error());
    }
    const auto analysis = analyse(*reader);
    if (!analysis) {
        return refuse(analysis.error());
    }
    if (!flags.explain.empty()) {
        const auto text = render_explanation(*reader, *analysis, flags.explain);
        if (!text) {
            return refuse(text.error());
        }
        hand_over(*text);
        return to_int(ExitCode::Passed);
    }
    if (!flags.format.empty() && flags.format != "csv") {
        return print_format(flags.format, *reader, *analysis);
    }
    std::filesystem::path folder = flags.run;
    if (!std::filesystem::is_directory(folder)) {
        folder = folder.parent_path().empty() ? "." : folder.parent_path();
    }
    if (const Status written = write_reports(folder, *reader, *analysis); !written) {
        return refuse(written.error());
    }
    say("{}\nreport  {}\n", verdict_text(*analysis, reader->info()),
        (folder / "report.html").string());
    return to_int(ExitCode::Passed);
}

}  // namespace

void add_report_command(Command& app, Action& action) {
    auto flags = std::make_shared<ReportFlags>();
    Command* command =
        app.add_subcommand("report", "render a run's reports again, from its run file alone");
    command->add_option("RUN", flags->run, "a run folder, or its run.db")->required();
    command
        ->add_option("--format", flags->format,
                     "print this one to stdout instead of writing all into the run folder")
        ->one_of({"html", "md", "json", "csv", "junit"});
    command
        ->add_option(
            "--explain", flags->explain,
            "print what a finding (its name, or its number from 1) rests on: each sentence "
            "with the SQL over run.db and its rows; writes nothing")
        ->type_name("FINDING")
        ->excludes("--format");
    command->footer(
        "Examples:\n"
        "  plimsoll report results/20260101T120000Z-3fa9-demo --format md | gh pr comment -F -\n"
        "  plimsoll report results/20260101T120000Z-3fa9-demo --explain 1");
    command->callback([flags, &action] { action = [flags] { return render(*flags); }; });
}

}  // namespace plimsoll
