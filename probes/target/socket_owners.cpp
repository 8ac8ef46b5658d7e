#include "probes/target/socket_owners.hpp"

#include "probes/container/system_files.hpp"

#include <array>
#include <charconv>
#include <string>
#include <string_view>
#include <unistd.h>

namespace plimsoll {
namespace {

/// "socket:[4711]": 4711; 0 for anything else.
std::uint32_t inode_in(std::string_view link) {
    constexpr std::string_view kBegin = "socket:[";
    std::uint32_t inode = 0;
    if (link.starts_with(kBegin)) {
        std::from_chars(link.data() + kBegin.size(), link.data() + link.size(), inode);
    }
    return inode;
}

}  // namespace

std::vector<ProcessSockets> sockets_of(const std::filesystem::path& proc,
                                       const std::vector<pid_t>& pids) {
    std::vector<ProcessSockets> all;
    for (const pid_t pid : pids) {
        ProcessSockets& found = all.emplace_back();
        found.pid = pid;
        const std::string folder = (proc / std::to_string(pid) / "fd").string();
        for (const pid_t descriptor : numeric_entries(folder)) {
            std::array<char, 64> link{};
            const ssize_t size = ::readlink((folder + "/" + std::to_string(descriptor)).c_str(),
                                            link.data(), link.size());
            const std::uint32_t inode =
                size > 0 ? inode_in({link.data(), static_cast<std::size_t>(size)}) : 0;
            if (inode != 0) {
                found.inodes.push_back(inode);
            }
        }
    }
    return all;
}

}  // namespace plimsoll
