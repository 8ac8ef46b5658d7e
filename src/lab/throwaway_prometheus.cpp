#include "lab/throwaway_prometheus.hpp"

#include "lab/program_lookup.hpp"
#include "lab/server_files.hpp"
#include "lab/temp_folder.hpp"
#include "lab/throwaway_postgres.hpp"
#include "net/http_client.hpp"

#include <csignal>
#include <filesystem>
#include <optional>
#include <system_error>
#include <thread>
#include <unistd.h>

#include <fmt/format.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr std::string_view kPrometheusHint =
    "install it with: apt-get install prometheus (on Debian; systemctl disable --now prometheus "
    "if no system service is wanted)";

Result<std::string> find_installed(const std::string& wanted, const std::string& name) {
    auto found = find_program(wanted.empty() ? name : wanted);
    if (!found) {
        return Error{name + " is not installed", "PATH", std::string(kPrometheusHint)};
    }
    return found;
}

}  // namespace

Status run_promtool(const std::string& program, const std::vector<std::string>& arguments,
                    const std::string& log_file, Clock::time_point deadline) {
    auto found = find_installed(program, "promtool");
    if (!found) {
        return found.error();
    }
    ::unlink(log_file.c_str());
    ChildOptions options;
    options.argv = {*found};
    options.argv.insert(options.argv.end(), arguments.begin(), arguments.end());
    options.out = options.err = ChildOutput::file(log_file);
    auto child = ChildProcess::spawn(options);
    if (!child) {
        return child.error();
    }
    const auto ended = child->wait(deadline);
    if (!ended) {
        return Error{"did not end in time", "promtool", {}};
    }
    constexpr std::size_t kMostSaid = 4000;
    if (!ended->clean()) {
        return Error{ended->to_string() + ":\n" + last_lines(log_file, kMostSaid), "promtool", {}};
    }
    return {};
}

struct ThrowawayPrometheus::State {
    explicit State(TempFolder temp) : folder(std::move(temp)) {}
    ~State() {
        end();
        static_cast<void>(folder.remove());
    }
    void end() {
        if (process) {
            process->terminate(SIGKILL, 2s);  // it has nothing to save
            process.reset();
        }
    }
    Status launch(Clock::time_point deadline);
    Status await_ready(Clock::time_point deadline);
    Error failure(std::string what) const;

    TempFolder folder;
    Nanoseconds lookback{};
    std::string prometheus, promtool;
    std::uint16_t port = 0;
    std::optional<ChildProcess> process;
};

Error ThrowawayPrometheus::State::failure(std::string what) const {
    const std::string tail = last_lines(folder / "log", 800);
    if (!tail.empty()) {
        what += "; its log ends with:\n" + tail;
    }
    return Error{std::move(what), "Prometheus", {}};
}

Status ThrowawayPrometheus::State::await_ready(Clock::time_point deadline) {
    auto client = HttpClient::create(fmt::format("http://127.0.0.1:{}", port));
    if (!client) {
        return client.error();
    }
    HttpRequest request;
    request.target = "/-/ready";
    while (Clock::now() < deadline) {
        if (const auto ended = process->wait(Clock::now())) {
            return failure(ended->to_string() + " while starting");
        }
        const auto answer = client->send(request, deadline);
        if (answer && answer->status == 200) {
            return {};
        }
        std::this_thread::sleep_for(10ms);
    }
    return failure("did not get ready in time");
}

Status ThrowawayPrometheus::State::launch(Clock::time_point deadline) {
    ::unlink((folder / "log").c_str());
    ChildOptions options;
    options.argv = {prometheus,
                    "--config.file=" + (folder / "prometheus.yml"),
                    "--storage.tsdb.path=" + (folder / "tsdb"),
                    "--storage.tsdb.retention.time=100y",
                    fmt::format("--web.listen-address=127.0.0.1:{}", port),
                    fmt::format("--query.lookback-delta={}ms",
                                std::chrono::ceil<std::chrono::milliseconds>(lookback).count()),
                    "--log.level=warn"};
    options.out = options.err = ChildOutput::file(folder / "log");
    options.environment = {{"GOMEMLIMIT", "512MiB"}};
    auto spawned = ChildProcess::spawn(options);
    if (!spawned) {
        return spawned.error();
    }
    process.emplace(std::move(spawned).value());
    return await_ready(deadline);
}

ThrowawayPrometheus::ThrowawayPrometheus(std::unique_ptr<State> state) : state_(std::move(state)) {}
ThrowawayPrometheus::~ThrowawayPrometheus() = default;
ThrowawayPrometheus::ThrowawayPrometheus(ThrowawayPrometheus&&) noexcept = default;
ThrowawayPrometheus& ThrowawayPrometheus::operator=(ThrowawayPrometheus&&) noexcept = default;

Result<ThrowawayPrometheus> ThrowawayPrometheus::create(const ThrowawayPrometheusOptions& options) {
    auto prometheus = find_installed(options.prometheus, "prometheus");
    if (!prometheus) {
        return prometheus.error();
    }
    auto promtool = find_installed(options.promtool, "promtool");
    if (!promtool) {
        return promtool.error();
    }
    sweep_stale_folders(options.parent_folder);
    auto folder = TempFolder::create(options.parent_folder);
    if (!folder) {
        return folder.error();
    }
    auto state = std::make_unique<State>(std::move(folder).value());
    state->lookback = options.lookback;
    state->prometheus = std::move(*prometheus);
    state->promtool = std::move(*promtool);
    if (const Status made = create_for(state->folder / "prometheus.yml", "{}\n", {}); !made) {
        return made.error();
    }
    return ThrowawayPrometheus(std::move(state));
}

std::string ThrowawayPrometheus::path(const std::string& name) const {
    return state_->folder / name;
}

Status ThrowawayPrometheus::import_openmetrics(const std::string& file,
                                               Clock::time_point deadline) {
    // One block for all: promtool reads its input once for each block that it makes.
    const Status made = run_promtool(state_->promtool,
                                     {"tsdb", "create-blocks-from", "openmetrics", "-q",
                                      "--max-block-duration=39366h", file, state_->folder / "tsdb"},
                                     state_->folder / "promtool.log", deadline);
    ::unlink(file.c_str());
    return made;
}

Status ThrowawayPrometheus::start(Clock::time_point deadline) {
    stop();
    Status launched;
    for (int attempt = 0; attempt < 3; ++attempt) {
        const auto chosen = free_port();
        if (!chosen) {
            return chosen.error();
        }
        state_->port = *chosen;
        launched = state_->launch(deadline);
        if (launched || last_lines(state_->folder / "log", 2000).find("address already in use") ==
                            std::string::npos) {
            break;
        }
        stop();
    }
    return launched;
}

void ThrowawayPrometheus::stop() {
    state_->end();
}

Status ThrowawayPrometheus::clear() {
    stop();
    std::error_code problem;
    fs::remove_all(state_->folder / "tsdb", problem);
    if (problem) {
        return Error{"could not be emptied: " + problem.message(), state_->folder / "tsdb", {}};
    }
    return {};
}

std::string ThrowawayPrometheus::url() const {
    return fmt::format("http://127.0.0.1:{}", state_->port);
}
const std::string& ThrowawayPrometheus::folder() const {
    return state_->folder.path();
}
pid_t ThrowawayPrometheus::pid() const {
    return state_->process ? state_->process->pid() : -1;
}

}  // namespace plimsoll
