#include "lab/throwaway_pgbouncer.hpp"

#include "base/random_key.hpp"
#include "lab/child_process.hpp"
#include "lab/database_connection.hpp"
#include "lab/program_lookup.hpp"
#include "lab/server_files.hpp"
#include "lab/temp_folder.hpp"

#include <optional>
#include <thread>
#include <unistd.h>

#include <fmt/format.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kPgbouncerHint =
    "install it with: apt-get install pgbouncer (on Debian; systemctl disable --now pgbouncer if "
    "no "
    "system service is wanted)";

Result<std::string> find_pgbouncer(const std::string& wanted) {
    if (!wanted.empty()) {
        return find_program(wanted);
    }
    // Debian installs it in /usr/sbin, which ordinary users do not have in PATH.
    for (const char* candidate : {"/usr/sbin/pgbouncer", "/usr/local/sbin/pgbouncer"}) {
        if (::access(candidate, X_OK) == 0) {
            return std::string(candidate);
        }
    }
    auto found = find_program("pgbouncer");
    if (!found) {
        return Error{"PgBouncer is not installed", "/usr/sbin, PATH", std::string(kPgbouncerHint)};
    }
    return found;
}

}  // namespace

struct ThrowawayPgbouncer::State {
    explicit State(TempFolder temp) : folder(std::move(temp)) {}
    ~State() { stop(); }

    Status prepare(const ThrowawayPgbouncerOptions& options, const ThrowawayPostgres& server,
                   Clock::time_point deadline);
    Status configure(const ThrowawayPgbouncerOptions& options, const ThrowawayPostgres& server);
    Status launch(Clock::time_point deadline);
    Error failure(std::string what) const;
    std::string dsn(std::string_view user, std::string_view database) const;
    void stop();

    TempFolder folder;
    std::string program;
    std::string user;
    std::string password = random_key();
    std::uint16_t port = 0;
    std::optional<ChildProcess> process;
};

Error ThrowawayPgbouncer::State::failure(std::string what) const {
    const std::string tail = last_lines(folder / "log", 800);
    if (!tail.empty()) {
        what += "; its log ends with:\n" + tail;
    }
    return Error{std::move(what), "PgBouncer", {}};
}

std::string ThrowawayPgbouncer::State::dsn(std::string_view role, std::string_view database) const {
    return fmt::format("host={} port={} user={} dbname={}", quoted(folder.path()), port, role,
                       database);
}

Status ThrowawayPgbouncer::State::configure(const ThrowawayPgbouncerOptions& options,
                                            const ThrowawayPostgres& server) {
    const std::string settings = fmt::format(
        R"([databases]
lab = host={server_folder} port={server_port} dbname=lab
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir = {folder}
unix_socket_mode = 0700
auth_type = hba
auth_hba_file = {folder}/hba
auth_file = {folder}/users
admin_users = pgbouncer
stats_users = stats
pool_mode = {mode}
default_pool_size = {size}
max_client_conn = {clients}
query_wait_timeout = {wait}
server_reset_query_always = 0
ignore_startup_parameters = extra_float_digits
log_connections = 0
log_disconnections = 0
)",
        fmt::arg("server_folder", server.folder()), fmt::arg("server_port", server.port()),
        fmt::arg("port", port), fmt::arg("folder", folder.path()),
        fmt::arg("mode", options.pool_mode), fmt::arg("size", options.pool_size),
        fmt::arg("clients", options.max_clients),
        fmt::arg("wait", static_cast<long>(to_seconds(options.query_wait))));
    const std::string users =
        fmt::format("\"app\" \"{0}\"\n\"pgbouncer\" \"{0}\"\n\"stats\" \"{0}\"\n", password);
    const std::string access =
        "local all all trust\n"  // the folder is closed to others
        "host all all 127.0.0.1/32 scram-sha-256\n";
    for (const auto& [name, text] :
         {std::pair{"settings", settings}, std::pair{"users", users}, std::pair{"hba", access}}) {
        ::unlink((folder / name).c_str());  // from an attempt on another port
        if (const auto status = create_for(folder / name, text, user); !status) {
            return status;
        }
    }
    return {};
}

Status ThrowawayPgbouncer::State::launch(Clock::time_point deadline) {
    ChildOptions child;
    child.argv = {program, folder / "settings"};
    child.user = user;
    child.working_directory = folder.path();
    child.out = child.err = ChildOutput::file(folder / "log");
    auto spawned = ChildProcess::spawn(child);
    if (!spawned) {
        return spawned.error();
    }
    process.emplace(std::move(spawned).value());
    Status last;
    while (Clock::now() < deadline) {
        if (const auto ended = process->wait(Clock::now())) {
            return failure(ended->to_string() + " while starting");
        }
        DatabaseConnection connection;
        last = connection.connect(dsn("app", "lab"), deadline);
        if (last) {
            return {};
        }
        std::this_thread::sleep_for(10ms);
    }
    return failure("did not answer in time" + (last ? std::string{} : ": " + last.error().what));
}

Status ThrowawayPgbouncer::State::prepare(const ThrowawayPgbouncerOptions& options,
                                          const ThrowawayPostgres& server,
                                          Clock::time_point deadline) {
    auto found = find_pgbouncer(options.program);
    if (!found) {
        return found.error();
    }
    program = std::move(found).value();
    auto run_as = hand_over(folder, kPgbouncerHint);
    if (!run_as) {
        return run_as.error();
    }
    user = std::move(run_as).value();
    Status launched;
    for (int attempt = 0; attempt < 3; ++attempt) {
        const auto chosen = free_port();
        if (!chosen) {
            return chosen.error();
        }
        port = *chosen;
        if (const auto status = configure(options, server); !status) {
            return status;
        }
        launched = launch(deadline);
        if (launched ||
            last_lines(folder / "log", 2000).find("Address already in use") == std::string::npos) {
            break;
        }
    }
    return launched;
}

void ThrowawayPgbouncer::State::stop() {
    if (process) {
        process->terminate(SIGTERM, 2s);  // immediate shutdown
        process.reset();
    }
    static_cast<void>(folder.remove());
}

ThrowawayPgbouncer::ThrowawayPgbouncer(std::unique_ptr<State> state) : state_(std::move(state)) {}
ThrowawayPgbouncer::~ThrowawayPgbouncer() = default;
ThrowawayPgbouncer::ThrowawayPgbouncer(ThrowawayPgbouncer&&) noexcept = default;
ThrowawayPgbouncer& ThrowawayPgbouncer::operator=(ThrowawayPgbouncer&&) noexcept = default;

Result<ThrowawayPgbouncer> ThrowawayPgbouncer::start(const ThrowawayPgbouncerOptions& options,
                                                     const ThrowawayPostgres& server,
                                                     Clock::time_point deadline) {
    auto folder = TempFolder::create(options.parent_folder);
    if (!folder) {
        return folder.error();
    }
    auto state = std::make_unique<State>(std::move(folder).value());
    if (const auto status = state->prepare(options, server, deadline); !status) {
        return status.error();
    }
    return ThrowawayPgbouncer(std::move(state));
}

std::string ThrowawayPgbouncer::app_dsn() const {
    return state_->dsn("app", "lab");
}
std::string ThrowawayPgbouncer::admin_dsn() const {
    return state_->dsn("pgbouncer", "pgbouncer");
}
std::string ThrowawayPgbouncer::stats_dsn() const {
    return state_->dsn("stats", "pgbouncer");
}
std::string ThrowawayPgbouncer::app_tcp_dsn() const {
    return fmt::format("host=127.0.0.1 port={} user=app dbname=lab password={}", state_->port,
                       state_->password);
}
std::uint16_t ThrowawayPgbouncer::port() const {
    return state_->port;
}
pid_t ThrowawayPgbouncer::pid() const {
    return state_->process ? state_->process->pid() : -1;
}
bool ThrowawayPgbouncer::running() {
    return state_->process && state_->process->running();
}
void ThrowawayPgbouncer::kill() {
    if (state_->process) {
        state_->process->terminate(SIGKILL, 2s);
    }
}
Status ThrowawayPgbouncer::restart(Clock::time_point deadline) {
    if (running()) {
        return Error{"it is still running", "PgBouncer", {}};
    }
    return state_->launch(deadline);
}
void ThrowawayPgbouncer::stop() {
    state_->stop();
}

}  // namespace plimsoll
