// Which scenario, with what load: the flags of those that run one.
#pragma once

#include "app/commands/request_flags.hpp"
#include "scenario/scenario.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace plimsoll {

class Command;

struct ScenarioFlags {
    std::string scenario;  // a file or a URL
    std::optional<std::uint32_t> vus;
    std::optional<std::uint64_t> iterations;
    std::string duration;
    std::string rate;
    std::vector<std::string> stages;
    std::vector<std::string> env;
    RequestFlags request;
    bool replace_load = false;

    void add_to(Command& command);
    /// Nothing where flags or file are at fault (all is printed by then).
    [[nodiscard]] std::optional<Scenario> load() const;
};

}  // namespace plimsoll
