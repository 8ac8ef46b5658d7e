// The kernel's small text files.
#pragma once

#include <concepts>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace plimsoll {

/// The whole of a small file; nothing when it cannot be read.
[[nodiscard]] std::optional<std::string> read_small_file(const std::filesystem::path& path);

/// The number that `text` begins with; nothing for "max" and other words.
[[nodiscard]] std::optional<double> parse_number(std::string_view text);

/// The number that a file begins with; nothing for "max" and other words.
[[nodiscard]] std::optional<double> read_number(const std::filesystem::path& path);

/// The number after `key` in lines of "key number"; nothing when there is no such line.
[[nodiscard]] std::optional<double> find_number(std::string_view text, std::string_view key);

[[nodiscard]] std::vector<std::string_view> split_words(std::string_view text);
template <std::same_as<std::string> Temporary>
std::vector<std::string_view> split_words(Temporary&& text) = delete;  // they would point into it
[[nodiscard]] std::vector<std::string_view> split_lines(std::string_view text);

/// The entries of `folder` that are numbers: pids in /proc, descriptors in /proc/PID/fd.
[[nodiscard]] std::vector<pid_t> numeric_entries(const std::filesystem::path& folder);

}  // namespace plimsoll
