#include "lab/fault.hpp"

#include "base/units.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace plimsoll {

std::string FaultSpec::to_string() const {
    std::string text = "none";
    std::string separator = ":";
    if (kind == Kind::AppPool) {
        text = "app-pool:size=" + std::to_string(pool_size);
        separator = ",";
    } else if (kind == Kind::MaxConnections) {
        text = "max-connections:limit=" + std::to_string(limit);
        separator = ",";
    }
    return hold ? text + separator + "hold=" + format_duration(*hold) : text;
}

int FaultSpec::max_connections() const {
    // 3 reserved slots, probes and canaries, and some room to look in by hand.
    return kind == Kind::MaxConnections ? limit : std::max(100, pool_size + 20);
}

Result<FaultSpec> parse_fault(std::string_view text) {
    const auto parsed = LabFault::parse(text);
    if (!parsed) {
        return parsed.error();
    }
    FaultSpec fault;
    if (parsed->name() == "app-pool") {
        fault.kind = FaultSpec::Kind::AppPool;
        fault.pool_size = parsed->count("size");
    } else if (parsed->name() == "max-connections") {
        fault.kind = FaultSpec::Kind::MaxConnections;
        fault.limit = parsed->count("limit");
    } else if (parsed->name() != "none") {
        return Error{fmt::format("{} is planted by plimsoll lab only", parsed->name()), "fault",
                     "here: none, app-pool, max-connections"};
    }
    if (const auto hold = parsed->find("hold")) {
        fault.hold = from_seconds(*hold);
    }
    return fault;
}

}  // namespace plimsoll
