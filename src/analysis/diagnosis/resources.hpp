// How full each resource on a request's way was when the target broke.
//
// Requests pass nested resources:
//
//   accept queue ⊃ worker, thread or event loop ⊃ (application CPU | upstream |
//     connection pool ⊃ PgBouncer ⊃ database connection ⊃ (lock | database CPU | disk))
//
// The innermost that is full binds; what stands outside it fills up as its consequence. So a rule
// that blames one of them first looks here at what stands further inside.
#pragma once

#include "analysis/diagnosis/case.hpp"

#include <optional>
#include <string>
#include <vector>

namespace plimsoll {

struct Claim;

enum class Level { Unknown, Room, Full };

/// The application's CPU at the break: its quota, all cores it may use, or, where requests that
/// need nothing else wait, one core for each of its processes, which is all that one thread in each
/// can use. That there is one is known of the runtime by its name, or seen: a thread that uses up a
/// core. On a machine that others use up, what its threads waited for counts as used.
struct AppCpu {
    Level level = Level::Unknown;
    double loops = 0;          // full at a core each, while there are more; 0: it is not that
    bool thread_seen = false;  // to be at its core
    bool starved = false;      // full, since others on its machine had the CPU that it wanted
    double used = 0, cores = 0;
    double onset_s = 0;
    std::string figure;  // "the application used 0.12 of 2 cores"; "" where nobody looked
    std::string query;
};
[[nodiscard]] AppCpu app_cpu_of(const Case& c);
/// What to add so that it is measured.
[[nodiscard]] std::string unmeasured_cpu(const Case& c);

/// The database's CPU: backends that run or want to, against its cores. On a machine that others
/// use up as well it cannot reach its limit: there the machine's being full counts.
struct DatabaseCpu {
    Level level = Level::Unknown;
    bool shared = false;  // full because the machine is
    std::optional<double> cores, used, runnable;
    std::string figure;
    std::string query;
};
[[nodiscard]] DatabaseCpu database_cpu_of(const Case& c);
/// Tells what both used, as what speaks for a cause that is something else; nothing of what nobody
/// looked at.
void rule_out_cpu(const AppCpu& app, const DatabaseCpu& database, Claim& finding);

/// Share of the machine's CPU time that was used, by whomever; nullopt where nobody looked.
[[nodiscard]] std::optional<double> host_cpu_of(const Case& c, Window window);

/// Whether the application took up at once what needs nothing behind it (canary no_database).
struct Reach {
    bool known = false;
    bool slow = false;             // against light load, by a factor and by an amount that matter
    bool by_sockets = false;       // no canary: by requests that lie unread (unread.hpp)
    Level level = Level::Unknown;  // Full: that wait is a good part of what all requests waited
    double onset_s = 0;            // of its being slow
    double light_s = 0, after_s = 0;
    double failed_share = 0;    // of its tries
    double in_flight_fast = 0;  // most requests in flight while it was still fast
    double in_flight_slow = 0;  // in flight when it began to be slow
    std::string text;
    std::string query;
    [[nodiscard]] Sentence said(std::string_view lead = {}, std::string_view tail = {}) const {
        return {std::string(lead) + text + std::string(tail), query};
    }
};
[[nodiscard]] Reach reach_of(const Case& c);

/// Mean response times under light load, by EndpointId; 0 where there were none.
[[nodiscard]] std::vector<double> light_responses(const Case& c);

/// Little's law with the response times of light load: how many requests the target really worked
/// on at once after the break, the others waiting. The size of what was full, if requests hold it
/// for most of their time. nullopt: nothing to compare with.
[[nodiscard]] std::optional<double> worked_at_once(const Case& c);

/// Requests per second that were served just before the break, and whether less than half of that
/// was served after it: what is merely too small goes on at its pace.
[[nodiscard]] bool collapsed(const Case& c);

/// What the process on the target's port is called ("uvicorn"); "" where nobody looked.
[[nodiscard]] std::string server_command(const Case& c);
enum class ServerKind { Unknown, Loop, Workers, Threads, Proxy };
/// By its name alone: whether it takes requests in as they come on one thread, or as many as it has
/// workers; runs on all cores at once; or only passes requests on to somebody else.
[[nodiscard]] ServerKind server_kind(const std::string& command);
/// Whether it can be a runtime that runs one thread at a time; true where nobody looked.
[[nodiscard]] bool may_be_single_threaded(const std::string& command);

/// Something between the application and PostgreSQL lends its connections out: PgBouncer names
/// them by statement ("SET application_name='x'"), drivers do so as they connect.
[[nodiscard]] bool pooler_between(const Case& c);
/// pg_stat_statements was readable, so that pooler_between means something.
[[nodiscard]] bool statements_known(const RunData& data);

}  // namespace plimsoll
