#include "app/lab_child.hpp"

#include <filesystem>
#include <string_view>
#include <utility>

namespace plimsoll {
namespace {

constexpr std::string_view kPostgres = "postgres  psql \"";
constexpr std::string_view kPgbouncer = "pgbouncer psql \"";
constexpr std::string_view kReady = "ready ";
constexpr std::string_view kControl = "control ";

/// What stands between the quotes of a line `... psql "DSN"`.
std::string quoted(std::string_view line, std::string_view before) {
    line.remove_prefix(before.size());
    return std::string(line.substr(0, line.rfind('"')));
}

}  // namespace

Result<RunningLab> start_lab(std::vector<std::string> flags, const std::string& dsn,
                             Clock::time_point deadline) {
    ChildOptions options;
    std::error_code error;
    const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
    options.argv = {error ? "/proc/self/exe" : self.string(), "lab", "--listen", "127.0.0.1:0"};
    for (std::string& flag : flags) {
        options.argv.push_back(std::move(flag));
    }
    options.environment = {{"PLIMSOLL_LAB_PG_DSN", dsn}};
    options.out = ChildOutput::pipe();
    auto child = ChildProcess::spawn(options);
    if (!child) {
        return child.error();
    }
    RunningLab lab{std::move(*child), {}, {}, {}, {}};
    // The last line that it prints before it is quiet is where faults are switched.
    while (lab.control.empty()) {
        const auto line = lab.process.read_line(deadline);
        if (!line) {
            const auto ended = lab.process.wait(Clock::now() + std::chrono::seconds(1));
            return Error{
                ended ? "it " + ended->to_string() : std::string("it did not say that it is ready"),
                "lab"};
        }
        if (line->starts_with(kPostgres)) {
            lab.admin_dsn = quoted(*line, kPostgres);
        } else if (line->starts_with(kPgbouncer)) {
            lab.pgbouncer_dsn = quoted(*line, kPgbouncer);
        } else if (line->starts_with(kReady)) {
            lab.url = line->substr(kReady.size());
        } else if (line->starts_with(kControl)) {
            lab.control = line->substr(kControl.size());
        }
    }
    return lab;
}

}  // namespace plimsoll
