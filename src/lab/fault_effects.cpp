// What each fault changes outside of the service's own behaviour, and how that is undone.
#include "lab/application.hpp"
#include "lab/database_faults.hpp"
#include "lab/fault_control.hpp"

#include <algorithm>
#include <charconv>
#include <thread>

#include <fmt/format.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;

constexpr auto kPatience = 10s;  // for a statement, or for slots to come free
constexpr int kSpareSlots = 5;   // left to probes and people by a pool of default size

int to_int(const PgCell& cell) {
    int value = 0;
    if (cell) {
        std::from_chars(cell->data(), cell->data() + cell->size(), value);
    }
    return value;
}

}  // namespace

Result<PgCell> FaultControl::ask(const std::string& dsn, const std::string& sql) const {
    DatabaseConnection connection;
    const auto deadline = Clock::now() + options_.database_wait;
    if (const auto status = connection.connect(dsn, deadline, "lab-control"); !status) {
        return status.error();
    }
    return connection.run(sql, {}, deadline);
}

Status FaultControl::run_tables(const LabFault& fault) {
    const std::string script = tables_for(fault);
    if (script.empty()) {
        return {};
    }
    DatabaseConnection connection;
    // Seeding millions of rows takes its time.
    const auto deadline = Clock::now() + std::chrono::minutes(2);
    Status status = connection.connect(options_.direct_dsn, deadline, "lab-control");
    if (status) {
        status = connection.run_script(script, deadline);
    }
    return status ? Status{} : Status{Error{status.error().what, std::string(fault.name()), {}}};
}

Status FaultControl::make_pool(const LabFault* pool_fault) {
    DatabasePoolOptions pool;
    pool.dsn = options_.dsn;
    pool.application_name = "lab";
    pool.size = options_.pool_size;
    pool.overflow = options_.pool_overflow;
    pool.wait_limit = options_.pool_timeout;
    if (options_.prepared_statements) {
        pool.statements = options_.application->statements;
    }
    if (pool_fault == nullptr) {
        const auto slots = ask(options_.direct_dsn,
                               "SELECT current_setting('max_connections')::int -"
                               " current_setting('superuser_reserved_connections')::int");
        if (slots) {
            pool.size = std::clamp(to_int(*slots) - kSpareSlots, 1, pool.size);
        }
    } else if (pool_fault->name() == "app-pool") {
        pool.size = pool_fault->count("size");
        pool.overflow = pool_fault->count("overflow");
        if (pool_fault->has("timeout")) {
            pool.wait_limit = pool_fault->duration("timeout");
        }
    } else {
        pool.mode = DatabasePoolOptions::Mode::PerRequest;
        pool.size = options_.per_request_threads;
    }
    // While another pool works, the slots may take a moment to come free.
    const auto until = Clock::now() + (service_.has_pool() ? kPatience : 0s);
    while (true) {
        auto made = DatabasePool::start(pool, Clock::now() + options_.database_wait);
        if (made) {
            service_.replace_pool(std::move(made).value());
            return {};
        }
        if (Clock::now() >= until) {
            return made.error();
        }
        std::this_thread::sleep_for(100ms);
    }
}

/// Idle sessions on all slots but `limit`, so that it need not be PostgreSQL's own setting, which
/// only a restart can change.
Status FaultControl::occupy_slots(int limit, std::string& detail) {
    ballast_.clear();
    const auto most = ask(options_.direct_dsn, "SELECT current_setting('max_connections')");
    if (!most) {
        return most.error();
    }
    const int wanted = to_int(*most) - limit;
    const auto deadline = Clock::now() + kPatience;
    while (static_cast<int>(ballast_.size()) < wanted) {
        auto connection = std::make_unique<DatabaseConnection>();
        const auto status = connection->connect(options_.direct_dsn, deadline, "lab-ballast");
        if (status) {
            ballast_.push_back(std::move(connection));
        } else if (Clock::now() >= deadline) {
            const auto opened = ballast_.size();
            ballast_.clear();
            return Error{fmt::format("only {} of {} slots could be taken: {}", opened, wanted,
                                     status.error().what),
                         "max-connections",
                         {}};
        } else {
            std::this_thread::sleep_for(50ms);
        }
    }
    detail = fmt::format("max_connections {}, of which {} taken by idle sessions of lab-ballast",
                         to_int(*most), ballast_.size());
    return {};
}

Status FaultControl::set_pgbouncer_size(int size) {
    if (options_.pgbouncer_admin_dsn.empty()) {
        return Error{"there is no PgBouncer in front of the database", "pgbouncer-pool",
                     "start the lab with --pgbouncer"};
    }
    DatabaseConnection console;
    const auto deadline = Clock::now() + kPatience;
    if (const auto status = console.connect(options_.pgbouncer_admin_dsn, deadline); !status) {
        return status;
    }
    // The console has no transactions and takes one command at a time. RECONNECT closes server
    // connections as they come back, down to the new size.
    for (const std::string& command :
         {fmt::format("SET default_pool_size = {}", size), std::string("RECONNECT")}) {
        if (const auto status = console.run_script(command, deadline); !status) {
            return status;
        }
    }
    return {};
}

Status FaultControl::set_fsync(bool on, std::string& detail) {
    const auto now = ask(options_.direct_dsn, "SHOW fsync");
    if (!now) {
        return now.error();
    }
    const bool is_on = *now == "on";
    if (is_on == on) {
        return {};
    }
    if (options_.admin_dsn.empty()) {
        return Error{"this PostgreSQL runs with fsync off, so commits cost no disk access",
                     "database-io", "set fsync = on, or let the lab start its own PostgreSQL"};
    }
    for (const char* sql : {on ? "ALTER SYSTEM SET fsync = on" : "ALTER SYSTEM RESET fsync",
                            "SELECT pg_reload_conf()"}) {
        if (const auto done = ask(options_.admin_dsn, sql); !done) {
            return done.error();
        }
    }
    fsync_was_off_ = on;
    detail = on ? "fsync switched on" : "";
    return {};
}

Status FaultControl::limit_cpu(const LabFault& fault, std::string& detail) {
    cpu_cage_.leave();
    auto cage = CgroupCage::limit_cpu(fault.number("cores"), fault.duration("period"));
    if (!cage) {
        return cage.error();
    }
    cpu_cage_ = std::move(cage).value();
    detail = "cgroup " + cpu_cage_.path();
    return {};
}

Status FaultControl::limit_memory(const LabFault& fault, std::string& detail) {
    memory_cage_.leave();
    const auto limit = fault.find("limit");
    if (!limit) {
        return {};
    }
    auto cage = CgroupCage::limit_memory(static_cast<std::uint64_t>(*limit));
    if (!cage) {
        return cage.error();
    }
    memory_cage_ = std::move(cage).value();
    detail = "cgroup " + memory_cage_.path();
    return {};
}

Status FaultControl::shape_network(const LabFault* fault) {
    if (proxy_ == nullptr) {
        return Error{"there is no proxy in front of the service", "network",
                     "start the lab with --proxy"};
    }
    proxy_->set(fault == nullptr ? ProxyFaults{} : ProxyFaults::of(*fault));
    return {};
}

Status FaultControl::start_effect(const LabFault& fault, std::string& detail) {
    const std::string_view name = fault.name();
    if (name == "app-pool") {
        return make_pool(&fault);
    }
    if (name == "max-connections") {
        const auto status = make_pool(&fault);
        return status ? occupy_slots(fault.count("limit"), detail) : status;
    }
    if (name == "pgbouncer-pool") {
        return set_pgbouncer_size(fault.count("size"));
    }
    if (name == "database-io") {
        return set_fsync(true, detail);
    }
    if (name == "cpu-quota") {
        return limit_cpu(fault, detail);
    }
    if (name == "memory-growth") {
        return limit_memory(fault, detail);
    }
    if (name == "worker-pool") {
        service_.set_workers(fault.count("size"));
    }
    if (name == "thread-pool") {
        service_.set_threads(fault.count("size"));
    }
    if (name == "ephemeral-ports") {
        auto ports = FewPorts::start(fault.count("ports"));
        if (!ports) {
            return ports.error();
        }
        service_.use_few_ports(std::move(ports).value());
    }
    if (name == "accept-queue") {
        server_->throttle_accepts(fault.count("backlog"), fault.duration("pause"));
    }
    return name == "network" ? shape_network(&fault) : Status{};
}

Status FaultControl::end_effect(std::string_view name) {
    std::string ignored;
    if (name == "app-pool") {
        return make_pool(nullptr);
    }
    if (name == "max-connections") {
        ballast_.clear();
        return make_pool(nullptr);
    }
    if (name == "connection-leak") {
        service_.release_leaks();
    } else if (name == "pgbouncer-pool") {
        return set_pgbouncer_size(options_.pgbouncer_pool_size);
    } else if (name == "database-io" && fsync_was_off_) {
        return set_fsync(false, ignored);
    } else if (name == "worker-pool") {
        service_.set_workers(0);
    } else if (name == "thread-pool") {
        service_.set_threads(0);
    } else if (name == "ephemeral-ports") {
        service_.use_few_ports(nullptr);
    } else if (name == "cpu-quota") {
        cpu_cage_.leave();
    } else if (name == "memory-growth") {
        service_.release_memory();
        memory_cage_.leave();
    } else if (name == "accept-queue") {
        server_->throttle_accepts(HttpServerOptions().backlog, 0s);
    } else if (name == "network") {
        return shape_network(nullptr);
    }
    return {};
}

}  // namespace plimsoll
