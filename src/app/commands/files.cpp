#include "app/commands/files.hpp"

#include "app/commands/flag_text.hpp"
#include "app/console.hpp"
#include "app/exit_code.hpp"
#include "base/user_file.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <unistd.h>

#include <fmt/format.h>

namespace plimsoll {
namespace {

/// Real recordings of browsers have hundreds of megabytes.
constexpr std::uint64_t kLongestInput = std::uint64_t{512} << 20U;

}  // namespace

Status check_writable(const std::string& path, const char* flag) {
    if (path.empty()) {
        return {};
    }
    std::error_code error;
    if (std::filesystem::is_directory(path, error)) {
        return Error{fmt::format("is a folder, and must be a file: \"{}\"", path), flag};
    }
    const bool exists = std::filesystem::exists(path, error);
    std::filesystem::path folder = std::filesystem::path(path).parent_path();
    folder = folder.empty() ? "." : folder;
    if (!exists && !std::filesystem::is_directory(folder, error)) {
        return Error{fmt::format("its folder does not exist: \"{}\"", folder.string()), flag,
                     "make it first"};
    }
    if (::access(exists ? path.c_str() : folder.c_str(), W_OK) != 0) {
        return Error{fmt::format("cannot be written: {}: \"{}\"", std::strerror(errno), path),
                     flag};
    }
    return {};
}

Result<std::string> read_file(const std::string& path) {
    return read_user_file(path, kLongestInput, Pipes::Taken);
}

Status set_environment(const std::vector<std::string>& assignments) {
    constexpr const char* kFlag = "-e/--env";
    for (const std::string& flag : assignments) {
        const bool file = flag.starts_with('@');
        const auto lines = flag_lines(flag, kFlag);
        if (!lines) {
            return lines.error();
        }
        for (const std::string& text : *lines) {
            const auto equals = text.find('=');
            if (file && text.starts_with('#')) {
                continue;
            }
            if (equals == 0 || text.empty() || (file && equals == std::string::npos)) {
                return Error{"must be NAME=VALUE, or NAME of a variable that is set", kFlag};
            }
            const std::string name = text.substr(0, equals);
            if (equals != std::string::npos) {
                ::setenv(name.c_str(), text.substr(equals + 1).c_str(), 1);
            } else if (std::getenv(name.c_str()) == nullptr) {
                return Error{fmt::format("the environment variable {} is not set", name), kFlag,
                             fmt::format("export {0} first, or write -e {0}=VALUE", name)};
            }
        }
    }
    return {};
}

Status write_new_file(const std::string& path, const std::string& text, bool force) {
    std::error_code error;
    if (!force && std::filesystem::exists(path, error)) {
        return Error{"exists already", path, "--force overwrites it"};
    }
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    out << text;
    out.close();
    return out ? Status() : Error{"cannot be written: " + std::string(std::strerror(errno)), path};
}

int refuse(const Error& error) {
    complain(error);
    return to_int(ExitCode::InvalidInput);
}

}  // namespace plimsoll
