#include "probes/container/port_owner.hpp"

#include "probes/container/process_tree.hpp"
#include "probes/container/system_files.hpp"

#include <array>
#include <charconv>
#include <map>
#include <set>
#include <string>
#include <unistd.h>

namespace plimsoll {
namespace {

/// Link texts ("socket:[4711]") of the sockets that listen on `port`, from one of
/// /proc/net/tcp{,6}.
void add_sockets(const std::filesystem::path& table, std::uint16_t port,
                 std::set<std::string, std::less<>>& sockets) {
    const std::optional<std::string> text = read_small_file(table);
    std::string_view rest = text ? std::string_view(*text) : std::string_view();
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find('\n'), rest.size() - 1);
        // sl local_address rem_address st queues timer retransmits uid timeout inode ...
        const std::vector<std::string_view> fields = split_words(rest.substr(0, end));
        rest.remove_prefix(end + 1);
        if (fields.size() < 10 || fields[3] != "0A") {  // 0A: LISTEN
            continue;
        }
        const std::string_view address = fields[1];
        const std::string_view hex = address.substr(std::min(address.rfind(':'), address.size()));
        unsigned number = 0;
        if (hex.size() > 1) {
            std::from_chars(hex.data() + 1, hex.data() + hex.size(), number, 16);
        }
        if (number == port) {
            sockets.insert("socket:[" + std::string(fields[9]) + "]");
        }
    }
}

bool holds(const std::filesystem::path& process,
           const std::set<std::string, std::less<>>& sockets) {
    const std::filesystem::path folder = process / "fd";
    for (const pid_t descriptor : numeric_entries(folder)) {
        std::array<char, 64> link{};
        const ssize_t size =
            readlink((folder / std::to_string(descriptor)).c_str(), link.data(), link.size());
        if (size > 0 &&
            sockets.contains(std::string_view(link.data(), static_cast<std::size_t>(size)))) {
            return true;
        }
    }
    return false;
}

}  // namespace

Result<pid_t> find_listener(std::uint16_t port, const std::filesystem::path& proc) {
    std::set<std::string, std::less<>> sockets;
    add_sockets(proc / "net/tcp", port, sockets);
    add_sockets(proc / "net/tcp6", port, sockets);
    if (sockets.empty()) {
        return Error{"nobody listens on port " + std::to_string(port) + " of this machine"};
    }
    std::map<pid_t, ProcessStat> holders;
    for (const pid_t pid : numeric_entries(proc)) {
        if (holds(proc / std::to_string(pid), sockets)) {
            if (auto stat = read_stat(proc, pid)) {
                holders.emplace(pid, std::move(*stat));
            }
        }
    }
    if (holders.empty()) {
        return Error{
            "the process that listens on port " + std::to_string(port) + " cannot be looked into",
            "", "run as its user or as root, or name its pid or cgroup"};
    }
    const pid_t* oldest = nullptr;
    for (const auto& [pid, stat] : holders) {
        const bool has_parent_among_them = holders.contains(stat.parent);
        if (!has_parent_among_them &&
            (oldest == nullptr || stat.start_ticks < holders.at(*oldest).start_ticks)) {
            oldest = &pid;
        }
    }
    return *oldest;
}

}  // namespace plimsoll
