// What the application itself says of its connection pool: its metrics and its errors.
#pragma once

#include "analysis/diagnosis/case.hpp"
#include "analysis/result.hpp"

#include <optional>

namespace plimsoll {

/// A request that holds its connection for so many times as long as before waits for the database,
/// and the pool is a symptom.
inline constexpr double kSlowerHold = 2.0;
/// Active backends without a wait use a core each; under 70 % of the cores the database is not the
/// limit.
inline constexpr double kIdleDatabase = 0.7;

/// How much heavier the mix of requests after the break is than that before, by what each endpoint
/// takes under light load: closed users shift towards what is slow.
[[nodiscard]] double heavier_mix(const Case& c);

/// Whether requests that hold a connection wait for a second one of the same pool, so that nobody
/// comes to an end: callers got none by the pool's own words, while its connections are idle inside
/// transactions for far longer than under light load, and no other service is waited for and none
/// was forgotten.
[[nodiscard]] bool holders_wait_for_another(const Case& c);

/// Whether PostgreSQL refused a connection for want of a slot.
[[nodiscard]] bool was_refused(const Case& c);

/// What the application's own metrics say, where the database's view shows no full pool: there is
/// no such view, or a pooler stands in between.
[[nodiscard]] std::optional<Finding> pool_by_its_own_metrics(const Case& c);

/// Only what the application's own errors say.
[[nodiscard]] std::optional<Finding> pool_by_errors_alone(const Case& c);

}  // namespace plimsoll
