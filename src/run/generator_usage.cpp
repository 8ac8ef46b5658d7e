#include "run/generator_usage.hpp"

#include <sys/resource.h>

namespace plimsoll {

GeneratorUsage generator_usage() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return {seconds(usage.ru_utime) + seconds(usage.ru_stime),
            static_cast<std::uint64_t>(usage.ru_maxrss) * 1024};
}

}  // namespace plimsoll
