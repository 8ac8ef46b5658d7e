// What a shell does to find out what comes next; the tables that it goes by are made from the
// commands.
#pragma once

#include <string_view>

namespace plimsoll::embedded {

extern const std::string_view bash_completion;
extern const std::string_view zsh_completion;
extern const std::string_view fish_completion;

}  // namespace plimsoll::embedded
