// Private to lab: what requests meet at this moment, from all planted faults together.
#pragma once

#include "base/clock.hpp"
#include "lab/fault_catalogue.hpp"
#include "lab/rate_limiter.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

namespace plimsoll {

/// Immutable once in use; a change of faults makes a new one.
struct Behaviour {
    struct RowLock {
        int rows;
        Nanoseconds hold;
    };
    struct LoopBlock {
        Nanoseconds length;
        int every;
        bool spin;
    };
    /// Everything stands still for `pause` once in so many requests.
    struct Collector {
        int every;
        Nanoseconds pause;
    };
    Nanoseconds hold{0};                          // of a connection by a request
    int leak_every = 0;                           // 0: never
    std::optional<Nanoseconds> transaction_call;  // outside call between BEGIN and COMMIT
    std::optional<RowLock> row_lock;
    int slow_sql_rows = 0;
    int database_work = 0;
    int commits = 0;
    std::size_t commit_bytes = 0;
    Nanoseconds app_cpu{0};
    bool one_core = false;  // all computing on one thread
    std::optional<LoopBlock> loop_block;
    int extra_hash_iterations = 0;
    std::size_t memory_per_request = 0;
    std::shared_ptr<RateLimiter> rate_limit;
    Nanoseconds upstream_delay{0};
    int workers = 0;             // that a request needs one of until it is answered; 0: no limit
    Nanoseconds thread_hold{0};  // of a thread of an inner pool
    std::optional<Collector> collector;
};

/// Of the faults given; `hold` where none of them says otherwise.
[[nodiscard]] Behaviour behaviour_of(const std::vector<const LabFault*>& faults, Nanoseconds hold);

}  // namespace plimsoll
