#include "lab/behaviour.hpp"

namespace plimsoll {
namespace {

void add_database_part(Behaviour& now, const LabFault& fault) {
    const std::string_view name = fault.name();
    if (name == "connection-leak") {
        now.leak_every = fault.count("every");
    } else if (name == "idle-in-transaction") {
        now.transaction_call = fault.duration("call");
    } else if (name == "lock-contention") {
        now.row_lock = {fault.count("rows"), fault.duration("hold")};
    } else if (name == "slow-sql") {
        now.slow_sql_rows = fault.count("rows");
    } else if (name == "database-cpu") {
        now.database_work = fault.count("work");
    } else if (name == "database-io") {
        now.commits = fault.count("commits");
        now.commit_bytes = static_cast<std::size_t>(fault.number("bytes"));
    } else if (const auto hold = fault.find("hold")) {
        now.hold = from_seconds(*hold);  // none, app-pool, max-connections
    }
}

void add_service_part(Behaviour& now, const LabFault& fault) {
    const std::string_view name = fault.name();
    if (name == "app-cpu") {
        now.app_cpu = fault.duration("burn");
        now.one_core = fault.flag("single");
    } else if (name == "event-loop") {
        now.loop_block = {fault.duration("block"), fault.count("every"), fault.flag("spin")};
    } else if (name == "password-hashing") {
        now.extra_hash_iterations = fault.count("iterations");
    } else if (name == "memory-growth") {
        now.memory_per_request = static_cast<std::size_t>(fault.number("per_request"));
    } else if (name == "rate-limit") {
        now.rate_limit = std::make_shared<RateLimiter>(fault.number("rate"), fault.number("burst"));
    } else if (name == "slow-upstream") {
        now.upstream_delay = fault.duration("delay");
    } else if (name == "worker-pool") {
        now.workers = fault.count("size");
    } else if (name == "thread-pool") {
        now.thread_hold = fault.duration("hold");
    } else if (name == "gc-pause") {
        now.collector = {fault.count("every"), fault.duration("pause")};
    }
}

}  // namespace

Behaviour behaviour_of(const std::vector<const LabFault*>& faults, Nanoseconds hold) {
    Behaviour now;
    now.hold = hold;
    for (const LabFault* fault : faults) {
        add_database_part(now, *fault);
        add_service_part(now, *fault);
    }
    return now;
}

}  // namespace plimsoll
