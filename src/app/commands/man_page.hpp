// Manual pages, made from what the commands say of themselves.
#pragma once

#include "app/commands/command_tree.hpp"

#include <string>

namespace plimsoll {

/// "plimsoll-import-har": the page's name, its file less ".1".
[[nodiscard]] std::string page_name(const CommandInfo& command);

/// The page of `command` in roff, for man(7). `top` is the command that all are below: its page
/// lists the exit statuses, the others refer to it.
[[nodiscard]] std::string man_page(const CommandInfo& command, const CommandInfo& top,
                                   const std::string& version);

}  // namespace plimsoll
