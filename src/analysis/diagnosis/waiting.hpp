// What the rules about requests that wait inside the application share.
#pragma once

#include "analysis/diagnosis/case.hpp"
#include "analysis/diagnosis/claim.hpp"
#include "analysis/diagnosis/resources.hpp"

#include <optional>
#include <string>

namespace plimsoll {

/// Below this one thing goes on at a time; two cannot be told from one with short waits in between.
inline constexpr double kOneAtATime = 1.5;

/// Database connections of the application that has most of them, and of these the busy ones:
/// means.
[[nodiscard]] double app_connections(const Case& c, Window window);
[[nodiscard]] double busy_connections(const Case& c, Window window);
/// A good part of these connections lay in their pool around the break.
[[nodiscard]] bool database_is_quiet(const Case& c);
/// A good part of the busy connections sat in open transactions, and for how long was not measured.
[[nodiscard]] bool transactions_unmeasured(const Case& c);
/// The number of busy connections that most readings after the break saw, and hardly any more than
/// that: each belongs to a worker that holds one for most of a request. Of several applications,
/// the one nearest to `about`.
[[nodiscard]] std::optional<double> busy_plateau(const Case& c, double about);

/// How many requests the application can work on, by its own count, or by the kernel's of its
/// processes and of threads that work on one each: nullopt where nobody counted.
struct KnownWorkers {
    double count = 0;
    std::string what;  // "processes", "workers (php-fpm)"
};
[[nodiscard]] std::optional<KnownWorkers> known_workers(const Case& c);

/// Whether everything inside the application was looked at, and has room.
struct Inside {
    AppCpu app;
    DatabaseCpu database;
    bool known = false, full = false;
    bool delay_unknown = false;  // on a machine whose CPU was used up: who waited for it
    bool host_unknown = false;   // and the application uses enough of it that this matters
};
[[nodiscard]] Inside look_inside(const Case& c);

/// Says what has room, and what was not looked at.
void state_room(const Inside& inside, Claim& finding);

/// A claim that stands on two sources: how the target answers a URL without database, and how much
/// it works on at a time.
[[nodiscard]] Claim waiting_claim(const char* cause, const Reach& reach);

}  // namespace plimsoll
