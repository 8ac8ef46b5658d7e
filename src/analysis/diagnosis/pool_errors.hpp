// What connection pools say when no connection became free.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

/// A pool's own words for "no connection became free in time", lower case, where its sources say
/// them, and what its size is set by; "" where that is not known.
struct PoolError {
    std::string_view library, text, source, setting = {};
};
[[nodiscard]] const std::vector<PoolError>& pool_error_table();
/// Likewise of a pooler between the application and PostgreSQL; the first is its pool's, the others
/// are its limits of clients.
[[nodiscard]] const std::vector<PoolError>& pooler_error_table();

/// The library or pooler whose words `text` (in any case) carries; nullptr where there are none.
[[nodiscard]] const PoolError* pool_error_in(std::string_view text);

}  // namespace plimsoll
