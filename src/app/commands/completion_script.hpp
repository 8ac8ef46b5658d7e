// Completions for shells, made from what the commands say of themselves.
#pragma once

#include "app/commands/command_tree.hpp"

#include <array>
#include <string>
#include <string_view>

namespace plimsoll {

struct Shell {
    std::string_view name;
    std::string_view install;  // where packages put its script, below the prefix
    std::string (*script)(const CommandInfo& top);
};

[[nodiscard]] std::string bash_script(const CommandInfo& top);
[[nodiscard]] std::string zsh_script(const CommandInfo& top);
[[nodiscard]] std::string fish_script(const CommandInfo& top);

inline constexpr std::array<Shell, 3> kShells{
    {{"bash", "bash-completion/completions/plimsoll", bash_script},
     {"zsh", "zsh/vendor-completions/_plimsoll", zsh_script},
     {"fish", "fish/vendor_completions.d/plimsoll.fish", fish_script}}};

}  // namespace plimsoll
