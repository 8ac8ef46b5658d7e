// Sizes and bandwidths as people write them, and as a report shows them.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace plimsoll {

/// Reads "512B", "4KB", "1.5GB" (steps of 1000), "4KiB", "2GiB" (steps of 1024), and Kubernetes'
/// "512Mi", "2Gi". Error: no unit, another one, negative, or more than 1 EiB; `where` is left to
/// the caller.
[[nodiscard]] Result<std::uint64_t> parse_bytes(std::string_view text);

/// Bits per second: "10Gbit/s", "940Mbit/s"; or bytes: "1.25GB/s". Error as above.
[[nodiscard]] Result<double> parse_bandwidth(std::string_view text);

/// "1.5 GiB", "512 MiB", "28 KiB", "12 B": at most one decimal.
[[nodiscard]] std::string bytes_text(double bytes);

/// "1.2 Gbit/s", "340 Mbit/s", "800 bit/s": three significant digits.
[[nodiscard]] std::string bandwidth_text(double bits_per_s);

/// A count or rate with its thousands apart: "2 000 000"; below a thousand at most one decimal.
[[nodiscard]] std::string count_text(double count);

}  // namespace plimsoll
