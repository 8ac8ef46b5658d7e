// Python's own view of a file.
#pragma once

#include "base/result.hpp"
#include "import/script/node.hpp"

#include <string>
#include <string_view>

namespace plimsoll::import::locust {

/// A Block of the file's statements. Runs `python3 -I -S`, which parses the text and runs none of
/// it, for at most 20 s of CPU and 1 GiB. Error: no python3, or not Python (with line and column).
[[nodiscard]] Result<script::NodePtr> parse_python(std::string_view text);

/// python_child.cpp: what `python3 -I -S -c program` writes when it reads `input`. Error: it cannot
/// be started, or took too long or too much.
[[nodiscard]] Result<std::string> run_python(std::string_view program, std::string_view input);

}  // namespace plimsoll::import::locust
