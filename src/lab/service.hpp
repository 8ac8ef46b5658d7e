// Private to lab: takes requests through routes, workers and pool, as the faults of the moment say.
#pragma once

#include "lab/behaviour.hpp"
#include "lab/database_pool.hpp"
#include "lab/few_ports.hpp"
#include "lab/pool_metrics.hpp"
#include "lab/route_table.hpp"
#include "lab/slot_queue.hpp"
#include "lab/worker_pool.hpp"
#include "net/http_server.hpp"

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <vector>

namespace plimsoll {

/// Threading: handle from the HTTP threads; the rest from the thread that changes faults.
class Service {
public:
    Service(RouteTable routes, int workers, PoolMetrics metrics);

    /// Answers now or later. Blocks only where a fault says so.
    void handle(HttpRequest request, Responder responder);

    void set_behaviour(Behaviour next);
    /// Puts a pool to work and ends the one before: what waits there goes to the new one, what runs
    /// may finish within a few seconds.
    void replace_pool(std::unique_ptr<DatabasePool> next);
    [[nodiscard]] DatabasePoolState pool_state() const;
    [[nodiscard]] bool has_pool() const;
    [[nodiscard]] bool pool_per_request() const;
    void release_leaks();
    /// How many requests may be worked on at once, and how many threads an inner pool has; 0: all.
    void set_workers(int count) { worker_slots_.set_size(count); }
    void set_threads(int count) { thread_slots_.set_size(count); }
    /// Each API request then first connects from there; null: no more.
    void use_few_ports(std::shared_ptr<FewPorts> ports);
    /// Frees what memory-growth has kept.
    void release_memory();
    [[nodiscard]] std::uint64_t requests() const { return requests_.load(); }
    [[nodiscard]] std::uint64_t kept_bytes() const;
    [[nodiscard]] std::string metrics() const;
    /// The server must have stopped calling handle.
    void stop();

private:
    using Snapshot = std::shared_ptr<const Behaviour>;
    [[nodiscard]] Snapshot behaviour() const;
    void block_loop(const Behaviour& now);
    void serve(const HttpRequest& request, Responder responder, Snapshot now);
    void collect(const Behaviour::Collector& collector);
    /// Returns once the world goes on.
    void wait_for_collector();
    /// The plan with the processor time that each request is to burn before it.
    [[nodiscard]] RoutePlan burning(RoutePlan plan, const Behaviour& now, bool api);
    [[nodiscard]] RoutePlan connecting(RoutePlan plan, std::shared_ptr<FewPorts> ports);
    void keep_memory(std::size_t bytes);
    [[nodiscard]] bool refused(const Behaviour& now, Responder& responder);
    void carry_out(RoutePlan plan, Snapshot now, Responder responder);
    void submit(DbJob job);

    const RouteTable routes_;
    const PoolMetrics metrics_;
    std::atomic<std::uint64_t> requests_{0};
    std::atomic<std::uint64_t> blocks_{0};
    std::atomic<std::uint64_t> queries_{0};
    mutable std::mutex behaviour_mutex_;
    Snapshot behaviour_;
    mutable std::mutex memory_mutex_;
    std::deque<std::vector<char>> memory_;
    std::uint64_t kept_bytes_ = 0;
    mutable std::shared_mutex pool_mutex_;
    std::unique_ptr<DatabasePool> pool_;
    std::shared_ptr<FewPorts> few_ports_;  // guarded by behaviour_mutex_
    std::shared_mutex world_;              // held alone by the collector
    std::atomic<std::uint64_t> collectable_{0};
    std::atomic<std::uint64_t> collections_{0};
    std::atomic<double> collecting_s_{0};
    WorkerPool workers_;     // computing
    WorkerPool one_thread_;  // the same, where a fault leaves only one to compute
    WorkerPool timer_;       // only passes plans on when their delay is over
    WorkerPool collector_;   // one thread, which stops all others
    SlotQueue worker_slots_{timer_};
    SlotQueue thread_slots_{timer_};
};

/// Spends processor time of the calling thread.
void burn_cpu(Nanoseconds length);

}  // namespace plimsoll
