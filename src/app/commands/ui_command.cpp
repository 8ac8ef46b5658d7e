// plimsoll ui: the runs there are, and new ones, in a browser.
#include "app/commands/command_line.hpp"
#include "app/commands/commands.hpp"
#include "app/commands/common_flags.hpp"
#include "app/commands/files.hpp"
#include "app/console.hpp"
#include "app/exit_code.hpp"
#include "app/live_page.hpp"
#include "app/run_session.hpp"
#include "app/stop_request.hpp"
#include "app/version.hpp"
#include "base/log.hpp"
#include "ui/page_server.hpp"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace plimsoll {
namespace {

struct UiCommandFlags {
    std::string listen = "127.0.0.1:6565";
    std::string results = "results";
    std::string scenarios = ".";
    std::vector<std::string> env;
    bool readonly = false;
};

/// The one run that may go on: from whoever asks for it to the main thread.
class NextRun {
public:
    /// Error: one goes on already.
    Status ask(const std::filesystem::path& scenario) {
        const std::lock_guard lock(mutex_);
        if (busy_) {
            return Error{"a run is going on", scenario.filename().string(), "stop it first"};
        }
        busy_ = true;
        asked_ = scenario;
        return {};
    }
    std::optional<std::filesystem::path> take() {
        const std::lock_guard lock(mutex_);
        return std::exchange(asked_, std::nullopt);
    }
    void done() {
        const std::lock_guard lock(mutex_);
        busy_ = false;
    }

private:
    std::mutex mutex_;
    bool busy_ = false;
    std::optional<std::filesystem::path> asked_;
};

void run_once(const std::filesystem::path& file, const UiCommandFlags& flags, PageServer& server,
              StopRequest& stop) {
    auto scenario = load_scenario_file(file.string());
    if (!scenario) {
        server.tell_failure({"the file is at fault", file.filename().string(), {}});
        return;
    }
    SessionOptions options;
    options.results = flags.results;
    options.shards = std::max(1U, std::thread::hardware_concurrency() / 2);
    options.page = &server;
    say("run       {} against {}\n", scenario->name, scenario->target.to_string());
    static_cast<void>(run_session(*scenario, std::move(options), stop));
}

Status check_folder(const std::string& path, const char* flag) {
    std::error_code error;
    return std::filesystem::is_directory(path, error)
               ? Status()
               : Status(Error{"must be a folder that exists: \"" + path + "\"", flag});
}

int ui(const UiCommandFlags& flags) {
    init_logging(Verbosity::Normal);
    const auto listen = parse_listen(flags.listen);
    if (!listen) {
        return refuse({listen.error().what, "--listen", listen.error().hint});
    }
    if (const Status there = check_folder(flags.scenarios, "--scenarios"); !there) {
        return refuse(there.error());
    }
    if (const Status set = set_environment(flags.env); !set) {
        return refuse(set.error());
    }
    StopRequest stop;
    NextRun next;
    PageServerOptions options;
    options.address = listen->first;
    options.port = listen->second;
    options.mode = PageMode::Start;
    options.readonly = flags.readonly;
    options.version = version();
    options.results = flags.results;
    options.scenarios = flags.scenarios;
    options.start_run = [&next](const std::filesystem::path& file) { return next.ask(file); };
    const auto server = PageServer::start(std::move(options));
    if (!server) {
        complain(server.error());
        return to_int(ExitCode::PortInUse);
    }
    say("page      {}\n", (*server)->url());
    constexpr std::chrono::milliseconds kLook{100};
    while (stop.count() == 0) {
        stop.wait_until(Clock::now() + kLook);
        if (const auto file = next.take(); file && stop.count() == 0) {
            run_once(*file, flags, **server, stop);
            next.done();
        }
    }
    return to_int(ExitCode::Passed);
}

}  // namespace

void add_ui_command(Command& app, Action& action) {
    auto flags = std::make_shared<UiCommandFlags>();
    Command* command =
        app.add_subcommand("ui", "past runs in a browser: read, compare, and start new ones");
    command->add_option("--listen", flags->listen, "serve the page here")
        ->type_name("ADDR:PORT")
        ->capture_default_str();
    command->add_option("--results", flags->results, "folder of run folders")
        ->capture_default_str();
    command->add_option("--scenarios", flags->scenarios, "folder of scenario files")
        ->capture_default_str();
    command->add_option("-e,--env", flags->env, "set ${env.NAME} of the scenarios")
        ->type_name("K=V")
        ->allow_extra_args(false);
    command->add_flag("--ui-readonly", flags->readonly, "nothing can be started or changed");
    command->footer(
        "The URL that is printed carries a token: whoever has it can start and steer runs.\n"
        "Examples:\n"
        "  plimsoll ui\n"
        "  plimsoll ui --results nightly --scenarios load --listen 127.0.0.1:0");
    command->callback([flags, &action] { action = [flags] { return ui(*flags); }; });
}

}  // namespace plimsoll
