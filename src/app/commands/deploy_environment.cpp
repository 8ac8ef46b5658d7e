#include "app/commands/deploy_environment.hpp"

#include "app/commands/flag_text.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>

#include <fmt/format.h>

namespace plimsoll {
namespace {

bool is_variable_name(const std::string& name) {
    return !name.empty() && std::isdigit(static_cast<unsigned char>(name[0])) == 0 &&
           std::all_of(name.begin(), name.end(), [](unsigned char c) {
               return (c < 0x80 && std::isalnum(c) != 0) || c == '_';
           });
}

}  // namespace

Result<std::vector<std::string>> given_variables(const std::vector<std::string>& flags) {
    std::vector<std::string> names;
    for (const std::string& flag : flags) {
        const auto lines = flag_lines(flag, "-e/--env");
        if (!lines) {
            return lines.error();
        }
        for (const std::string& line : *lines) {
            if (!line.starts_with('#')) {
                names.push_back(line.substr(0, line.find('=')));
            }
        }
    }
    return names;
}

Result<Environment> values_of(const std::vector<std::string>& names) {
    Environment environment;
    for (const std::string& name : names) {
        const char* const value = std::getenv(name.c_str());
        if (!is_variable_name(name)) {
            return Error{fmt::format("\"{}\" is no name that an environment can have", name),
                         "-e/--env", "letters, digits and _, no digit first"};
        }
        if (value != nullptr) {
            environment.emplace_back(name, value);
        }
    }
    return environment;
}

}  // namespace plimsoll
