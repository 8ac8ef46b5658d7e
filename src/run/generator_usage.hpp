// What the process itself has used.
#pragma once

#include <cstdint>

namespace plimsoll {

struct GeneratorUsage {
    double cpu_seconds = 0;
    std::uint64_t max_rss_bytes = 0;
};
/// Of the whole process since it began: with several runs in one process, of them all.
[[nodiscard]] GeneratorUsage generator_usage();

}  // namespace plimsoll
