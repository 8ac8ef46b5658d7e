// Private to lab: what the throwaway servers have in common.
#pragma once

#include "base/result.hpp"
#include "lab/temp_folder.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace plimsoll {

/// A port of 127.0.0.1 nobody listens on now. Somebody may take it before our server does; then try
/// another.
[[nodiscard]] Result<std::uint16_t> free_port();

/// Overwrites a file that exists, so that its owner stays.
[[nodiscard]] Status overwrite(const std::string& path, std::string_view text);

/// Makes a file with mode 0600 for `user` (empty: ourselves). Error: it exists, or cannot be made.
[[nodiscard]] Status create_for(const std::string& path, std::string_view text,
                                const std::string& user);

/// In quotes, as both postgresql.conf and libpq's connection strings read them.
[[nodiscard]] std::string quoted(const std::string& value);

/// The end of a log file, from a line's beginning.
[[nodiscard]] std::string last_lines(const std::string& path, std::size_t most_bytes);

/// PostgreSQL and PgBouncer must not run as root: gives the folder to the user `postgres` when we
/// are root. Returns the user to run the server as, empty to stay who we are. Error: no such user.
[[nodiscard]] Result<std::string> hand_over(const TempFolder& folder,
                                            std::string_view install_hint);

}  // namespace plimsoll
