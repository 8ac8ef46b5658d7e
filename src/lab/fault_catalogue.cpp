#include "lab/fault_catalogue.hpp"

#include "base/units.hpp"

#include <array>

#include <fmt/format.h>

namespace plimsoll {
namespace {

using enum FaultUnit;

constexpr FaultKey kHold{"hold", Duration, "", 0, 60, "how long a request holds its connection"};

constexpr std::array kNone{kHold};
constexpr std::array kAppPool{
    FaultKey{"size", Count, "", 1, 500, "connections kept open", true},
    FaultKey{"overflow", Count, "0", 0, 500, "connections opened beyond them on demand"},
    FaultKey{"timeout", Duration, "2s", 0.001, 3600, "wait for a connection, then 503"}, kHold};
constexpr std::array kMaxConnections{
    FaultKey{"limit", Count, "15", 6, 1000, "slots that PostgreSQL has in all"}, kHold};
constexpr std::array kPgbouncerPool{
    FaultKey{"size", Count, "5", 1, 500, "PgBouncer's default_pool_size"}};
constexpr std::array kLeak{
    FaultKey{"every", Count, "20", 1, 1e6, "of so many requests one keeps its connection"}};
constexpr std::array kIdleInTransaction{
    FaultKey{"call", Duration, "200ms", 0, 60, "outside call inside the transaction"}};
constexpr std::array kLock{FaultKey{"rows", Count, "1", 1, 1e6, "rows the requests fight for"},
                           FaultKey{"hold", Duration, "20ms", 0, 60, "time under the row lock"}};
constexpr std::array kSlowSql{
    FaultKey{"rows", Count, "200000", 1000, 5e6, "rows of the table without the index"}};
constexpr std::array kDatabaseCpu{
    FaultKey{"work", Count, "20000", 1, 1e8, "values the database hashes per request"}};
constexpr std::array kDatabaseIo{
    FaultKey{"commits", Count, "5", 1, 10000, "commits, each of one row, per request"},
    FaultKey{"bytes", Bytes, "8KiB", 1, 1 << 20, "size of each row"}};
constexpr std::array kAppCpu{
    FaultKey{"burn", Duration, "10ms", 0, 60, "processor time of the service per request"},
    FaultKey{"single", Flag, "no", 0, 1, "on one thread alone, as an event loop does"}};
constexpr std::array kWorkerPool{
    FaultKey{"size", Count, "4", 1, 1000, "requests that are worked on at once, /health too"}};
constexpr std::array kThreadPool{
    FaultKey{"size", Count, "4", 1, 1000, "threads"},
    FaultKey{"hold", Duration, "20ms", 0, 60, "how long an API request holds one of them"}};
constexpr std::array kGcPause{
    FaultKey{"pause", Duration, "200ms", 0, 60, "in which nothing else runs"},
    FaultKey{"every", Count, "40", 1, 1e6, "of so many API requests one brings a pause"}};
constexpr std::array kEphemeralPorts{
    FaultKey{"ports", Count, "100", 2, 10000, "local ports, for a connection per API request"}};
constexpr std::array kCpuQuota{
    FaultKey{"cores", Number, "0.5", 0.02, 1024, "processor time per time the service may use"},
    FaultKey{"period", Duration, "100ms", 0.001, 1, "over which the quota is counted"}};
constexpr std::array kEventLoop{
    FaultKey{"block", Duration, "50ms", 0, 60, "how long the loop stands still"},
    FaultKey{"every", Count, "1", 1, 1e6, "of so many requests one blocks"},
    FaultKey{"spin", Flag, "no", 0, 1, "burn a core meanwhile instead of sleeping"}};
constexpr std::array kHashing{
    FaultKey{"iterations", Count, "300000", 1, 1e8, "rounds of PBKDF2 at login and registration"}};
constexpr std::array kMemory{
    FaultKey{"per_request", Bytes, "256KiB", 1, 1 << 30, "never freed again, per request"},
    FaultKey{"limit", Bytes, "", 1 << 20, 1e13, "memory limit of the service's control group"}};
constexpr std::array kAcceptQueue{
    FaultKey{"backlog", Count, "1", 1, 65535, "connections the kernel may hold for the service"},
    FaultKey{"pause", Duration, "100ms", 0, 60, "between two accepts"}};
constexpr std::array kRateLimit{FaultKey{"rate", Rate, "50/s", 0.1, 1e6, "requests let through"},
                                FaultKey{"burst", Count, "10", 1, 1e6, "let through at once"}};
constexpr std::array kUpstream{
    FaultKey{"delay", Duration, "300ms", 0, 60, "wait for another service, without a connection"}};
constexpr std::array kNetwork{
    FaultKey{"latency", Duration, "0s", 0, 60, "added to each direction"},
    FaultKey{"jitter", Duration, "0s", 0, 60, "up to so much more, at random"},
    FaultKey{"bandwidth", Bytes, "", 1, 1e12, "bytes per second in each direction"},
    FaultKey{"reset_rate", Share, "0%", 0, 1, "of the client's sends answered with a reset"},
    FaultKey{"stall", Flag, "no", 0, 1, "forward nothing"},
    FaultKey{"drop_new", Share, "0%", 0, 1, "of new connections reset at once"}};

constexpr std::array<FaultType, 23> kTypes{{
    {"none", kNone, "nothing; a pool of 64 connections", "no wait for connections", "none"},
    {"app-pool", kAppPool, "a connection pool of this size",
     "backends flat at size + overflow while load rises; 503 \"QueuePool limit\" after the timeout",
     "app-pool:size=5,hold=20ms"},
    {"max-connections", kMaxConnections,
     "no pool: a connection per request, and idle sessions on all slots of PostgreSQL but `limit`",
     "503 with SQLSTATE 53300 (too many clients, or slots are reserved)",
     "max-connections:limit=15"},
    {"pgbouncer-pool", kPgbouncerPool, "a small pool in PgBouncer, which --pgbouncer puts in front",
     "SHOW POOLS: sv_active = size, cl_waiting > 0, maxwait rising", "pgbouncer-pool:size=5"},
    {"connection-leak", kLeak, "some requests never give their connection back",
     "sessions idle in transaction rise with time at constant load and stay after it",
     "connection-leak:every=20"},
    {"idle-in-transaction", kIdleInTransaction, "a slow outside call between BEGIN and COMMIT",
     "most backends `idle in transaction` for as long as the call",
     "idle-in-transaction:call=200ms"},
    {"lock-contention", kLock, "each request updates the same few rows and holds their locks",
     "backends wait on Lock (tuple, transactionid) for one blocker; rate capped at rows / hold",
     "lock-contention:rows=1,hold=20ms"},
    {"slow-sql", kSlowSql, "each request filters a seeded table by a column without an index",
     "Seq Scan in EXPLAIN; seq_tup_read of lab_events grows by `rows` per request",
     "slow-sql:rows=200000"},
    {"database-cpu", kDatabaseCpu, "each request makes the database hash values",
     "active backends without a wait event; the database at its processor limit",
     "database-cpu:work=20000"},
    {"database-io", kDatabaseIo, "each request commits several rows, each flushed to disk",
     "xact_commit and wal_sync rise; waits on WALSync, WALWrite", "database-io:commits=5"},
    {"app-cpu", kAppCpu, "each request burns processor time in the service's workers",
     "the service at its processor limit, also /health slow, the database idle",
     "app-cpu:burn=10ms"},
    {"worker-pool", kWorkerPool, "so many workers, each with one request until it is answered",
     "/health as slow as the rest, processor and database idle, `size` requests at work",
     "worker-pool:size=4"},
    {"thread-pool", kThreadPool, "an inner pool of threads that API requests need for a while",
     "API routes slow, /health fast, processor and database idle", "thread-pool:size=4,hold=20ms"},
    {"gc-pause", kGcPause, "a collector stops the whole service again and again",
     "pauses for everybody; jvm_gc_pause_seconds on /metrics; a thread \"GC Thread#0\" that burns",
     "gc-pause:pause=200ms,every=40"},
    {"ephemeral-ports", kEphemeralPorts,
     "a connection of its own per API request, from few local ports",
     "503 \"Cannot assign requested address\", which is the kernel's own",
     "ephemeral-ports:ports=100"},
    {"cpu-quota", kCpuQuota, "the service in a control group with a processor quota",
     "cpu.stat: nr_throttled rises with nr_periods", "cpu-quota:cores=0.5"},
    {"event-loop", kEventLoop, "requests block the thread that serves all connections",
     "/health as slow as the rest, the processor idle (or one core busy with spin=yes)",
     "event-loop:block=50ms"},
    {"password-hashing", kHashing, "an expensive password hash at /v1/login and /v1/register",
     "only these two routes slow, the service's processor busy, the database quiet",
     "password-hashing:iterations=300000"},
    {"memory-growth", kMemory, "each request keeps memory for ever; with `limit`, to the OOM kill",
     "resident memory rises with requests; oom_kill and SIGKILL at the limit",
     "memory-growth:per_request=256KiB,limit=256MiB"},
    {"accept-queue", kAcceptQueue, "a short listen backlog and slow accepts",
     "ListenOverflows in /proc/net/netstat; connects that take about 1 or 3 s",
     "accept-queue:backlog=1,pause=100ms"},
    {"rate-limit", kRateLimit, "requests above a rate are refused",
     "429 with Retry-After at a flat admitted rate", "rate-limit:rate=50/s,burst=10"},
    {"slow-upstream", kUpstream, "each request first waits for another service",
     "all API routes slower by the delay, nothing of ours busy", "slow-upstream:delay=300ms"},
    {"network", kNetwork, "delay, resets and the like in the proxy that --proxy puts in front",
     "connects and answers slower, connections reset; the service itself unchanged",
     "network:latency=20ms,reset_rate=1%"},
}};

}  // namespace

std::span<const FaultType> fault_types() {
    return kTypes;
}

std::string fault_manual() {
    std::string text;
    for (const FaultType& type : kTypes) {
        text += fmt::format("{}\n  plants    {}\n  expect    {}\n  example   --fault {}\n",
                            type.name, type.plants, type.expect, type.example);
        for (const FaultKey& key : type.keys) {
            const std::string fallback = key.required ? std::string("required")
                                         : key.fallback.empty()
                                             ? std::string("default: off")
                                             : fmt::format("default: {}", key.fallback);
            text += fmt::format("    {:<12} {} ({})\n", key.name, key.meaning, fallback);
        }
        text += '\n';
    }
    return text;
}

}  // namespace plimsoll
