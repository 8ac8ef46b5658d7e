#include "scenario/steered_level.hpp"

#include <fmt/format.h>

namespace plimsoll {

Status check_level(const std::vector<Executor>& load, std::uint32_t executor, double level,
                   bool open) {
    if (executor >= load.size() || !is_steered(load[executor].kind) ||
        is_open(load[executor].kind) != open) {
        return Error{fmt::format("is not an externally-controlled executor with {}",
                                 open ? "a rate" : "users"),
                     executor < load.size() ? load[executor].name : "", ""};
    }
    const Executor& steered = load[executor];
    if (!open && level > steered.max_vus) {
        return Error{
            fmt::format("must be at most its max_vus of {}, got {:.0f}", steered.max_vus, level),
            steered.name, ""};
    }
    return {};
}

}  // namespace plimsoll
