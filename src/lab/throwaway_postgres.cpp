#include "lab/throwaway_postgres.hpp"

#include "base/random_key.hpp"
#include "lab/database_connection.hpp"
#include "lab/program_lookup.hpp"
#include "lab/server_files.hpp"

#include <charconv>
#include <chrono>
#include <filesystem>
#include <optional>
#include <system_error>
#include <thread>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr std::string_view kPostgresHint =
    "install it with: apt-get install postgresql (on Debian; set create_main_cluster = false in "
    "/etc/postgresql-common/createcluster.conf first if no system cluster is wanted)";

constexpr auto kFastShutdown = 5s;
constexpr auto kImmediateShutdown = 3s;

bool has_programs(const fs::path& folder) {
    std::error_code ignored;
    return fs::exists(folder / "initdb", ignored) && fs::exists(folder / "postgres", ignored);
}

/// Debian keeps every major version in a folder of its own; elsewhere the programs are in PATH.
Result<std::string> find_bin_folder(const std::string& wanted) {
    if (!wanted.empty()) {
        if (has_programs(wanted)) {
            return wanted;
        }
        return Error{"there is no initdb and postgres in this folder", wanted, {}};
    }
    int newest = -1;
    std::string found;
    std::error_code problem;
    for (fs::directory_iterator entry("/usr/lib/postgresql", problem), end;
         !problem && entry != end; entry.increment(problem)) {
        const std::string name = entry->path().filename().string();
        int version = -1;
        std::from_chars(name.data(), name.data() + name.size(), version);
        if (version > newest && has_programs(entry->path() / "bin")) {
            newest = version;
            found = (entry->path() / "bin").string();
        }
    }
    if (found.empty()) {
        const auto initdb = find_program("initdb");
        const fs::path folder = initdb ? fs::path(*initdb).parent_path() : fs::path{};
        if (!initdb || !has_programs(folder)) {
            return Error{"PostgreSQL is not installed: no initdb and postgres were found",
                         "/usr/lib/postgresql/*/bin, PATH", std::string(kPostgresHint)};
        }
        found = folder.string();
    }
    return found;
}

}  // namespace

struct ThrowawayPostgres::State {
    explicit State(TempFolder temp) : folder(std::move(temp)) {}
    ~State() { stop(); }

    Status prepare(const ThrowawayPostgresOptions& options, Clock::time_point deadline);
    Status run_initdb(Clock::time_point deadline);
    Status configure(const ThrowawayPostgresOptions& options);
    Status launch(Clock::time_point deadline);
    Status await_ready(Clock::time_point deadline);
    Status create_roles(Clock::time_point deadline);
    Error failure(std::string what) const;
    std::string dsn(const std::string& role, const std::string& database) const;
    std::string tcp_dsn(const std::string& role, const std::string& password) const;
    void end_server(int signal);
    void stop();

    TempFolder folder;
    std::string bin;
    std::string user;  // to become; empty to stay who we are
    std::string data;
    std::string log;
    std::string superuser_password = random_key();
    std::string app_password = random_key();
    std::uint16_t port = 0;
    std::optional<ChildProcess> server;
};

Error ThrowawayPostgres::State::failure(std::string what) const {
    const std::string tail = last_lines(log, 800);
    if (!tail.empty()) {
        what += "; its log ends with:\n" + tail;
    }
    return Error{std::move(what), "PostgreSQL", {}};
}

Status ThrowawayPostgres::State::run_initdb(Clock::time_point deadline) {
    ChildOptions child;
    child.argv = {bin + "/initdb",    "-D", data,   "-U",          "postgres",
                  "--auth=trust",     "-E", "UTF8", "--no-locale", "--no-sync",
                  "--no-instructions"};
    child.user = user;
    child.working_directory = folder.path();
    // Otherwise initdb tries every known time zone to find the machine's.
    child.environment = {{"TZ", "UTC"}};
    child.out = child.err = ChildOutput::file(log);
    auto initdb = ChildProcess::spawn(child);
    if (!initdb) {
        Error error = initdb.error();
        error.hint = "the user " + (user.empty() ? std::string("you are") : user) +
                     " must be able to enter the folder for temporary files; see TMPDIR";
        return error;
    }
    const auto status = initdb->wait(deadline);
    if (!status) {
        return failure("initdb did not finish in time");
    }
    return status->clean() ? Status{} : Status{failure("initdb " + status->to_string())};
}

Status ThrowawayPostgres::State::configure(const ThrowawayPostgresOptions& options) {
    const std::string access =
        "# TYPE  DATABASE  USER  ADDRESS       METHOD\n"
        "local   all       all                 trust\n"  // the folder is closed to others
        "host    all       all   127.0.0.1/32  scram-sha-256\n";
    std::vector<std::pair<std::string, std::string>> settings = {
        {"listen_addresses", "127.0.0.1"},
        {"unix_socket_directories", folder.path()},
        {"unix_socket_permissions", "0700"},
        {"password_encryption", "scram-sha-256"},
        {"max_connections", std::to_string(options.max_connections)},
        {"superuser_reserved_connections", std::to_string(options.superuser_reserved_connections)},
        {"shared_preload_libraries", options.shared_preload_libraries},
        // Commits still reach the kernel, so that they survive when only the server is killed.
        {"fsync", "off"},
        {"full_page_writes", "off"},
        {"jit", "off"},
        {"max_wal_senders", "0"},
        {"wal_level", "minimal"},
        // In the data folder instead of /dev/shm, where a killed server would leave files behind.
        {"dynamic_shared_memory_type", "mmap"},
        {"logging_collector", "off"},
        {"log_destination", "stderr"},
        {"timezone", "UTC"},
        {"log_timezone", "UTC"},
    };
    settings.insert(settings.end(), options.settings.begin(), options.settings.end());
    std::string text;
    for (const auto& [name, value] : settings) {
        text += name + " = " + quoted(value) + "\n";
    }
    if (const auto status = overwrite(data + "/pg_hba.conf", access); !status) {
        return status;
    }
    return overwrite(data + "/postgresql.conf", text);
}

Status ThrowawayPostgres::State::launch(Clock::time_point deadline) {
    ChildOptions child;
    child.argv = {bin + "/postgres", "-D", data, "-p", std::to_string(port)};
    child.user = user;
    child.working_directory = folder.path();
    child.out = child.err = ChildOutput::file(log);
    child.death_signal = SIGQUIT;  // immediate shutdown: there is nothing to save
    auto spawned = ChildProcess::spawn(child);
    if (!spawned) {
        return spawned.error();
    }
    server.emplace(std::move(spawned).value());
    return await_ready(deadline);
}

Status ThrowawayPostgres::State::await_ready(Clock::time_point deadline) {
    Status last;
    while (Clock::now() < deadline) {
        if (const auto ended = server->wait(Clock::now())) {
            return failure("the server " + ended->to_string() + " while starting");
        }
        DatabaseConnection connection;
        last = connection.connect(dsn("postgres", "postgres"), deadline);
        if (last) {
            return {};
        }
        std::this_thread::sleep_for(15ms);
    }
    return failure("the server did not answer in time" +
                   (last ? std::string{} : ": " + last.error().what));
}

Status ThrowawayPostgres::State::create_roles(Clock::time_point deadline) {
    DatabaseConnection connection;
    if (const auto status = connection.connect(dsn("postgres", "postgres"), deadline); !status) {
        return status;
    }
    // The passwords are hexadecimal, so they need no quoting. If this fails the server logs it, in
    // a folder that is closed to others and about to be removed.
    for (const std::string& sql : {"ALTER ROLE postgres PASSWORD '" + superuser_password +
                                       "'; CREATE ROLE app LOGIN PASSWORD '" + app_password + "'",
                                   std::string("CREATE DATABASE lab OWNER app")}) {
        if (const auto status = connection.run_script(sql, deadline); !status) {
            return status;
        }
    }
    return {};
}

Status ThrowawayPostgres::State::prepare(const ThrowawayPostgresOptions& options,
                                         Clock::time_point deadline) {
    data = folder / "data";
    log = folder / "log";
    auto found = find_bin_folder(options.bin_folder);
    if (!found) {
        return found.error();
    }
    bin = std::move(found).value();
    auto run_as = hand_over(folder, kPostgresHint);
    if (!run_as) {
        return run_as.error();
    }
    user = std::move(run_as).value();
    if (const auto status = run_initdb(deadline); !status) {
        return status;
    }
    if (const auto status = configure(options); !status) {
        return status;
    }
    Status launched;
    for (int attempt = 0; attempt < 3; ++attempt) {
        const auto chosen = free_port();
        if (!chosen) {
            return chosen.error();
        }
        port = *chosen;
        launched = launch(deadline);
        if (launched || last_lines(log, 2000).find("Address already in use") == std::string::npos) {
            break;
        }
    }
    return launched ? create_roles(deadline) : launched;
}

std::string ThrowawayPostgres::State::dsn(const std::string& role,
                                          const std::string& database) const {
    return "host=" + quoted(folder.path()) + " port=" + std::to_string(port) + " user=" + role +
           " dbname=" + database;
}

std::string ThrowawayPostgres::State::tcp_dsn(const std::string& role,
                                              const std::string& password) const {
    return "host=127.0.0.1 port=" + std::to_string(port) + " user=" + role +
           " dbname=lab password=" + password;
}

void ThrowawayPostgres::State::end_server(int signal) {
    if (!server) {
        return;
    }
    if (signal == SIGINT) {
        server->signal(SIGINT);
        if (!server->wait(Clock::now() + kFastShutdown)) {
            server->terminate(SIGQUIT, kImmediateShutdown);
        }
    } else {
        server->terminate(signal, kImmediateShutdown);
    }
    remove_orphaned_shared_memory(data);  // a clean end leaves nothing to remove
}

void ThrowawayPostgres::State::stop() {
    end_server(SIGINT);
    server.reset();
    static_cast<void>(folder.remove());
}

ThrowawayPostgres::ThrowawayPostgres(std::unique_ptr<State> state) : state_(std::move(state)) {}
ThrowawayPostgres::~ThrowawayPostgres() = default;
ThrowawayPostgres::ThrowawayPostgres(ThrowawayPostgres&&) noexcept = default;
ThrowawayPostgres& ThrowawayPostgres::operator=(ThrowawayPostgres&&) noexcept = default;

Result<ThrowawayPostgres> ThrowawayPostgres::start(const ThrowawayPostgresOptions& options,
                                                   Clock::time_point deadline) {
    sweep_stale_folders(options.parent_folder);
    auto folder = TempFolder::create(options.parent_folder);
    if (!folder) {
        return folder.error();
    }
    auto state = std::make_unique<State>(std::move(folder).value());
    if (const auto status = state->prepare(options, deadline); !status) {
        return status.error();
    }
    return ThrowawayPostgres(std::move(state));
}

std::string ThrowawayPostgres::superuser_dsn() const {
    return state_->dsn("postgres", "lab");
}
std::string ThrowawayPostgres::app_dsn() const {
    return state_->dsn("app", "lab");
}
std::string ThrowawayPostgres::superuser_tcp_dsn() const {
    return state_->tcp_dsn("postgres", state_->superuser_password);
}
std::string ThrowawayPostgres::app_tcp_dsn() const {
    return state_->tcp_dsn("app", state_->app_password);
}
pid_t ThrowawayPostgres::postmaster_pid() const {
    return state_->server ? state_->server->pid() : -1;
}
std::uint16_t ThrowawayPostgres::port() const {
    return state_->port;
}
std::string ThrowawayPostgres::data_folder() const {
    return state_->data;
}
const std::string& ThrowawayPostgres::folder() const {
    return state_->folder.path();
}
bool ThrowawayPostgres::running() {
    return state_->server && state_->server->running();
}
std::string ThrowawayPostgres::log_tail() const {
    return last_lines(state_->log, 2000);
}

Status ThrowawayPostgres::restart(Clock::time_point deadline) {
    if (state_->folder.path().empty()) {
        return Error{"it was stopped and its folder removed", "PostgreSQL", {}};
    }
    if (running()) {
        return Error{"it is still running", "PostgreSQL", {}};
    }
    return state_->launch(deadline);
}

void ThrowawayPostgres::kill() {
    state_->end_server(SIGKILL);
}
void ThrowawayPostgres::stop() {
    state_->stop();
}

}  // namespace plimsoll
