// The flags of a capacity search. Shared by find and demo.
#pragma once

#include "app/find_setup.hpp"
#include "app/run_session.hpp"

#include <string>

namespace plimsoll {

class Command;

struct FindFlags {
    std::string start, most, at_least, precision, budget, window;
    bool users = false;
    std::uint32_t max_vus = 0;  // 0: not said

    void add_to(Command& command);
    /// Error: a flag's value is not what it should be.
    [[nodiscard]] Result<FindRequest> to_request(std::uint64_t seed) const;
};

/// Searches, prints the answer, and returns the exit status.
int run_find(Scenario scenario, const FindRequest& request, SessionOptions options,
             StopRequest& stop);

}  // namespace plimsoll
