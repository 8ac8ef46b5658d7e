#include "fault_fixture.hpp"

#include <csignal>
#include <fstream>
#include <netinet/in.h>
#include <sstream>
#include <sys/socket.h>
#include <unistd.h>

namespace plimsoll::test {

Clients::Clients(unsigned short port, HttpAsk ask, int count) {
    for (int i = 0; i < count; ++i) {
        threads_.emplace_back([this, port, ask] {
            while (!stopping_) {
                const auto answer = exchange(port, ask);
                const int status = answer ? answer->status : 0;
                const std::lock_guard lock(mutex_);
                ++counts_[status];
                if (answer) {
                    bodies_[status] = answer->body;
                }
            }
        });
    }
}

void Clients::stop() {
    stopping_ = true;
    for (auto& thread : threads_) {
        if (thread.joinable()) {
            thread.join();
        }
    }
}

int Clients::answered(int status) const {
    const std::lock_guard lock(mutex_);
    const auto found = counts_.find(status);
    return found == counts_.end() ? 0 : found->second;
}

std::string Clients::last_body(int status) const {
    const std::lock_guard lock(mutex_);
    const auto found = bodies_.find(status);
    return found == bodies_.end() ? std::string{} : found->second;
}

unsigned short port_of(const std::string& url) {
    return static_cast<unsigned short>(std::stoi(url.substr(url.rfind(':') + 1)));
}

int open_connection(unsigned short port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::connect(fd, static_cast<sockaddr*>(static_cast<void*>(&address)), sizeof address);
    return fd;
}

double cpu_seconds(pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string line;
    std::getline(file, line);
    std::istringstream rest(line.substr(line.rfind(')') + 1));
    std::string skipped;
    for (int field = 3; field < 14; ++field) {
        rest >> skipped;
    }
    long user = 0;
    long system = 0;
    rest >> user >> system;
    return static_cast<double>(user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

std::int64_t figure_in(const std::string& file, const std::string& key) {
    std::ifstream lines(file);
    std::string word;
    while (lines >> word) {
        if (word == key || word == key + ":") {
            std::int64_t value = -1;
            lines >> value;
            return value;
        }
    }
    return -1;
}

void FaultTest::open(const std::vector<std::string>& faults, Nanoseconds hold, bool pgbouncer) {
    auto started = ThrowawayPostgres::start({}, Clock::now() + kPatience);
    ASSERT_TRUE(started.ok()) << started.error().to_string();
    postgres_.emplace(std::move(started).value());
    eye_.emplace(postgres_->superuser_dsn());
    ASSERT_TRUE(eye_->ok()) << eye_->error();
    LabOptions options;
    options.dsn = postgres_->app_dsn();
    options.admin_dsn = postgres_->superuser_dsn();
    options.hold = hold;
    options.database_wait = kPatience;
    if (pgbouncer) {
        auto front = ThrowawayPgbouncer::start({}, *postgres_, Clock::now() + kPatience);
        ASSERT_TRUE(front.ok()) << front.error().to_string();
        pgbouncer_.emplace(std::move(front).value());
        options.direct_dsn = std::exchange(options.dsn, pgbouncer_->app_dsn());
        options.pgbouncer_admin_dsn = pgbouncer_->admin_dsn();
        options.prepared_statements = false;
    }
    for (const std::string& text : faults) {
        auto fault = LabFault::parse(text);
        ASSERT_TRUE(fault.ok()) << fault.error().to_string();
        options.proxy = options.proxy || fault->name() == "network";
        options.faults.push_back(std::move(*fault));
    }
    auto made = Lab::start(options);
    ASSERT_TRUE(made.ok()) << made.error().to_string();
    lab_.emplace(std::move(made).value());
    port_ = lab_->port();
    control_port_ = port_of(lab_->control_url());
}

HttpAnswer FaultTest::control(const std::string& method, const std::string& target,
                              const std::string& body) const {
    return exchange(control_port_, {method, target, {}, body}).value_or(HttpAnswer{});
}

HttpAnswer FaultTest::ask(const std::string& method, const std::string& target,
                          const std::string& body) const {
    return exchange(port_, {method, target, {}, body}).value_or(HttpAnswer{});
}

void FaultTest::plant(const std::string& fault) const {
    const auto answer = control("POST", "/lab/faults", fault);
    ASSERT_EQ(answer.status, 200) << answer.body;
}

void FaultTest::remove(const std::string& name) const {
    const auto answer = control("DELETE", "/lab/faults/" + name);
    ASSERT_EQ(answer.status, 200) << answer.body;
}

int FaultTest::number(const std::string& sql) {
    const std::string text = eye_->run(sql);
    EXPECT_EQ(text.find("ERROR"), std::string::npos) << text;
    return std::atoi(text.c_str());
}

int FaultTest::backends(const std::string& condition) {
    return number("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'lab' AND " +
                  condition);
}

void FaultTest::report_counts() {
    eye_->run(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = "
        "'lab'");
}

void FaultProcessTest::launch(const std::vector<std::string>& arguments) {
    auto started = ThrowawayPostgres::start({}, Clock::now() + kPatience);
    ASSERT_TRUE(started.ok()) << started.error().to_string();
    postgres_.emplace(std::move(started).value());
    eye_.emplace(postgres_->superuser_dsn());
    ChildOptions options;
    options.argv = {PLIMSOLL_BINARY, "lab", "--listen", "127.0.0.1:0", "--hold", "0s"};
    options.argv.insert(options.argv.end(), arguments.begin(), arguments.end());
    options.environment = {{"PLIMSOLL_LAB_PG_DSN", postgres_->app_dsn()}};
    options.out = ChildOutput::pipe();
    auto child = ChildProcess::spawn(options);
    ASSERT_TRUE(child.ok()) << child.error().to_string();
    process_.emplace(std::move(child).value());
    const auto ready = process_->read_line(Clock::now() + kPatience);
    ASSERT_TRUE(ready.ok()) << ready.error().to_string();
    port_ = port_of(*ready);
    const auto control = process_->read_line(Clock::now() + kPatience);
    ASSERT_TRUE(control.ok()) << control.error().to_string();
    control_port_ = port_of(*control);
}

void FaultProcessTest::TearDown() {
    if (process_) {
        process_->terminate(SIGTERM, kPatience);
    }
}

}  // namespace plimsoll::test
