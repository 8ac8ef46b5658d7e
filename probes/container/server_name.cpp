#include "probes/container/server_name.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace plimsoll {
namespace {

constexpr std::array<std::string_view, 10> kServers{
    "gunicorn", "uvicorn", "hypercorn", "daphne", "granian",
    "uwsgi",    "puma",    "unicorn",   "thin",   "waitress-serve"};
constexpr std::array<std::string_view, 3> kInterpreters{"python", "ruby", "pypy"};

std::vector<std::string_view> arguments(std::string_view line) {
    std::vector<std::string_view> list;
    while (!line.empty()) {
        const auto end = line.find('\0');
        list.push_back(line.substr(0, end));
        line = end == std::string_view::npos ? std::string_view() : line.substr(end + 1);
    }
    return list;
}

std::string_view base_name(std::string_view path) {
    return path.substr(path.rfind('/') + 1);
}

/// The program that an interpreter was given: a module after -m, else the first that is no option.
std::string_view program_of(const std::vector<std::string_view>& args) {
    for (std::size_t i = 1; i < args.size(); ++i) {
        if (args[i] == "-m") {
            return i + 1 < args.size() ? args[i + 1] : std::string_view();
        }
        if (!args[i].starts_with('-')) {
            return base_name(args[i]);
        }
    }
    return {};
}

}  // namespace

std::string server_name(const std::string& command, std::string_view command_line) {
    const auto begins = [&](std::string_view name) { return command.starts_with(name); };
    const auto args = arguments(command_line);
    std::string name = command;
    if (std::any_of(kInterpreters.begin(), kInterpreters.end(), begins)) {
        const std::string_view program = program_of(args);
        if (std::find(kServers.begin(), kServers.end(), program) != kServers.end()) {
            name = program;
        }
    }
    const bool loops = std::any_of(args.begin(), args.end(), [](std::string_view argument) {
        return argument.find("uvicorn.workers") != std::string_view::npos ||
               argument.find("uvicorn_worker") != std::string_view::npos;
    });
    return name.starts_with("gunicorn") && loops ? "uvicorn" : name;
}

}  // namespace plimsoll
