#include "tests/support/postgres_fixture.hpp"

#include <arpa/inet.h>
#include <chrono>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace plimsoll::test {
namespace {

namespace fs = std::filesystem;

std::string program(const char* name) {
    for (int version = 17; version >= 13; --version) {
        fs::path path = fs::path("/usr/lib/postgresql") / std::to_string(version) / "bin" / name;
        if (fs::exists(path)) {
            return path;
        }
    }
    return name;
}

std::uint16_t free_port() {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    bind(fd, generic, size);
    getsockname(fd, generic, &size);
    close(fd);
    return ntohs(address.sin_port);
}

const passwd* other_user() {
    return getuid() == 0 ? getpwnam("postgres") : nullptr;
}

/// Runs `words` as `postgres` where we are root; its output goes to `log`.
pid_t spawn(const std::vector<std::string>& words, const std::string& log) {
    std::vector<char*> arguments;
    for (const std::string& word : words) {
        arguments.push_back(const_cast<char*>(word.c_str()));
    }
    arguments.push_back(nullptr);
    const passwd* user = other_user();
    const pid_t pid = fork();
    if (pid != 0) {
        return pid;
    }
    if (user != nullptr &&
        (setgroups(0, nullptr) != 0 || setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0)) {
        _exit(126);
    }
    prctl(PR_SET_PDEATHSIG, SIGQUIT);  // after setuid, which clears it
    const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    if (chdir("/") != 0) {
        _exit(126);
    }
    execvp(arguments[0], arguments.data());
    _exit(127);
}

}  // namespace

std::string PgClient::run(const std::string& sql) {
    const std::unique_ptr<PGresult, void (*)(PGresult*)> result(
        PQexec(connection_.get(), sql.c_str()), &PQclear);
    const ExecStatusType status = PQresultStatus(result.get());
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
        return PQresultErrorMessage(result.get());
    }
    return PQntuples(result.get()) > 0 ? PQgetvalue(result.get(), 0, 0) : "";
}

PgBouncer::PgBouncer(const PostgresServer& server, int pool_size, const std::string& more) {
    std::string pattern = (fs::temp_directory_path() / "plimsoll-bouncer-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) {
        error_ = "no temporary folder";
        return;
    }
    folder_ = pattern;
    if (const passwd* user = other_user();
        user != nullptr && chown(folder_.c_str(), user->pw_uid, user->pw_gid) != 0) {
        error_ = "cannot give the folder to postgres";
        return;
    }
    port_ = free_port();
    const std::string size = std::to_string(pool_size);
    std::ofstream(folder_ + "/users.txt") << "\"postgres\" \"\"\n\"web\" \"\"\n\"stats\" \"\"\n";
    std::ofstream(folder_ + "/pgbouncer.ini")
        << "[databases]\npostgres = host=127.0.0.1 port=" << server.port()
        << " dbname=postgres pool_size=" << size << "\n[pgbouncer]\nlisten_addr = 127.0.0.1\n"
        << "listen_port = " << port_
        << "\nunix_socket_dir =\nauth_type = trust\nauth_file = " << folder_
        << "/users.txt\npool_mode = transaction\nstats_users = stats\n"
        << "ignore_startup_parameters = extra_float_digits\n"
        << more << "\n";
    start();
}

void PgBouncer::start() {
    pid_ = spawn({"/usr/sbin/pgbouncer", folder_ + "/pgbouncer.ini"}, folder_ + "/log");
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    error_ = "pgbouncer did not come up";
    while (std::chrono::steady_clock::now() < limit) {
        if (waitpid(pid_, nullptr, WNOHANG) == pid_) {
            pid_ = -1;
            return;
        }
        if (PgClient(dsn("stats", "pgbouncer")).ok()) {
            error_.clear();
            return;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
}

void PgBouncer::stop() {
    if (pid_ > 0) {
        kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
        pid_ = -1;
    }
}

PgBouncer::~PgBouncer() {
    stop();
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
}

std::string PgBouncer::dsn(const std::string& user, const std::string& database) const {
    return "host=127.0.0.1 port=" + std::to_string(port_) + " user=" + user + " dbname=" + database;
}

PostgresServer::PostgresServer(std::vector<std::string> settings)
    : settings_{"max_connections=20", "superuser_reserved_connections=3", "fsync=off",
                "listen_addresses=127.0.0.1"} {
    settings_.insert(settings_.end(), settings.begin(), settings.end());
    std::string pattern = (fs::temp_directory_path() / "plimsoll-pg-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) {
        error_ = "no temporary folder";
        return;
    }
    folder_ = pattern;
    if (const passwd* user = other_user();
        user != nullptr && chown(folder_.c_str(), user->pw_uid, user->pw_gid) != 0) {
        error_ = "cannot give the folder to postgres";
        return;
    }
    int status = 0;
    waitpid(spawn({program("initdb"), "-D", folder_ + "/data", "-U", "postgres", "-A", "trust",
                   "--no-sync", "--no-locale", "-E", "UTF8"},
                  folder_ + "/log"),
            &status, 0);
    if (status != 0) {
        error_ = "initdb failed";
        return;
    }
    for (int attempt = 0; attempt < 3 && pid_ < 0; ++attempt) {
        port_ = free_port();  // another may take it before the server does
        start();
    }
}

void PostgresServer::start() {
    std::vector<std::string> words{
        program("postgres"), "-D", folder_ + "/data", "-k", folder_, "-p", std::to_string(port_)};
    for (const std::string& setting : settings_) {
        words.emplace_back("-c");
        words.push_back(setting);
    }
    pid_ = spawn(words, folder_ + "/log");
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    error_ = "the server did not come up";
    while (std::chrono::steady_clock::now() < limit) {
        if (waitpid(pid_, nullptr, WNOHANG) == pid_) {
            pid_ = -1;
            return;
        }
        if (PQping(socket_dsn().c_str()) == PQPING_OK) {
            error_.clear();
            return;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
}

void PostgresServer::stop() {
    if (pid_ > 0) {
        kill(pid_, SIGQUIT);
        waitpid(pid_, nullptr, 0);
        pid_ = -1;
    }
}

PostgresServer::~PostgresServer() {
    stop();
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
}

std::string PostgresServer::socket_dsn() const {
    return "host=" + folder_ + " port=" + std::to_string(port_) + " user=postgres dbname=postgres";
}
std::string PostgresServer::dsn(const std::string& user) const {
    return "host=127.0.0.1 port=" + std::to_string(port_) + " user=" + user + " dbname=postgres";
}
std::string PostgresServer::run(const std::string& sql) const {
    return PgClient(socket_dsn()).run(sql);
}

}  // namespace plimsoll::test
