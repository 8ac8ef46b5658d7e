// Requests that the application has not read, by the kernel's word.
#pragma once

#include "analysis/diagnosis/claim.hpp"
#include "analysis/diagnosis/full_pool.hpp"
#include "analysis/diagnosis/resources.hpp"

#include <optional>

namespace plimsoll {

/// A request that waits unread waits for a worker or for the event loop; one that was read waits
/// inside. Whoever reads at once and then waits for a thread of its own is not seen here, so that
/// "all read" says nothing of workers.
struct Unread {
    bool known = false;
    bool most = false;        // half of the requests in flight or more, lastingly
    bool some = false;        // a fifth or more: whoever takes them up does not do so at once
    double waiting = 0;       // not accepted, or accepted and not read; mean after the break
    double not_accepted = 0;  // of these
    double in_flight = 0;
    double in_service = 0;  // taken in: in flight, and not waiting
    double onset_s = 0;
};
[[nodiscard]] Unread unread_of(const Case& c);

/// What reach_of says where no canary does: that requests wait outside, or nothing.
[[nodiscard]] Reach reach_by_sockets(const Case& c);

/// Adds what the sockets say to a claim that rests on `reach`: direct evidence where requests lie
/// unread; for a blocked loop, a contradiction where they do not.
void weigh_unread(const Case& c, const Reach& reach, Claim& finding);

/// Connections with answers of PostgreSQL that lie unread, lastingly: whoever asked did not come
/// back to them, as a loop that is blocked, or a process without CPU, does not. nullopt: they are
/// read.
struct AnswersLeft {
    double unread = 0, connections = 0;  // means after the break
    double onset_s = 0;
};
[[nodiscard]] std::optional<AnswersLeft> answers_left(const Case& c);

/// Processes that accept, where connections pile up that none of them has accepted: whoever accepts
/// one works on it until it is answered, so that there are as many workers. Nothing with a single
/// process, which may be a blocked loop.
[[nodiscard]] std::optional<double> busy_acceptors(const Case& c);
/// Processes of the target that may accept; nullopt where nobody counted them.
[[nodiscard]] std::optional<double> processes_of(const Case& c);
/// How many requests were taken in at once while others lay unread; nullopt where none did.
[[nodiscard]] std::optional<double> taken_in_at_once(const Case& c);
/// Callers' connections that were accepted, while others piled up that were not: a server that
/// accepts one for each thread or process that is free has as many. Median from the break to the
/// end of the load; nullopt where none piled up. A loop, or a server that reads ahead, has many
/// more.
[[nodiscard]] std::optional<double> accepted_at_once(const Case& c);
/// Among how many threads the application's work was shared out after the break; nullopt where
/// nobody looked.
[[nodiscard]] std::optional<double> threads_at_work(const Case& c);
/// Whether each of its threads works on one request at a time, by its name: what Ruby's, Python's
/// and PHP's servers do, and an unknown one may. Other runtimes share few threads out among many.
[[nodiscard]] bool threads_are_workers(const Case& c);
/// Clearly more of them than connections of the pool, those of all the application's processes
/// together: threads wait for one of them. False where nobody looked, and of an event loop.
[[nodiscard]] bool more_threads(const Case& c, const FullPool& pool);
/// Whether the application had more workers than its pool had connections: more threads took turns,
/// or it was still quick with more in flight.
[[nodiscard]] bool workers_to_spare(const Case& c, const Reach& reach, const FullPool& pool);
/// PostgreSQL's answers to the application were looked at, and it had read them.
[[nodiscard]] bool answers_were_read(const Case& c);

}  // namespace plimsoll
