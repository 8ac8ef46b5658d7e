// What `plimsoll run URL` sends, said as curl has it.
#pragma once

#include "base/result.hpp"
#include "scenario/parse.hpp"

#include <string>
#include <vector>

namespace plimsoll {

class Command;

struct RequestFlags {
    std::vector<std::string> headers;
    std::string method;
    std::vector<std::string> data;
    std::string data_binary;
    std::string json;

    void add_to(Command& command);
    /// The name of a flag that was given; nullptr: none. With a scenario file none may be.
    [[nodiscard]] const char* first() const;
    /// Error: a flag's value is not what it should be, or two cannot stand together.
    [[nodiscard]] Result<QuickRequest> request() const;
};

}  // namespace plimsoll
