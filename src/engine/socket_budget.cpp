#include "engine/socket_budget.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <sys/resource.h>
#include <unistd.h>

namespace plimsoll {
namespace {

using Text = std::array<char, 1024>;

Text read_text(const char* path) {
    Text text{};
    const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        static_cast<void>(::read(fd, text.data(), text.size() - 1) > 0);
        ::close(fd);
    }
    return text;
}

std::uint64_t open_descriptors() {
    const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir("/proc/self/fd"), &::closedir);
    std::uint64_t count = 0;
    while (folder && ::readdir(folder.get()) != nullptr) {
        ++count;
    }
    return count;  // with ".", "..", and the folder itself: a few on the safe side
}

std::uint64_t less(std::uint64_t from, std::uint64_t taken) {
    return from > taken ? from - taken : 0;
}

}  // namespace

std::uint64_t local_ports(const char* text) {
    char* end = nullptr;
    const unsigned long low = std::strtoul(text, &end, 10);
    const unsigned long high = std::strtoul(end, nullptr, 10);
    return high >= low && high > 0 ? high - low + 1 : 0;
}

std::uint64_t time_wait_sockets(const char* text) {
    const char* const line = std::strstr(text, "TCP: ");
    const char* const found = line == nullptr ? nullptr : std::strstr(line, " tw ");
    return found == nullptr ? 0 : std::strtoul(found + 4, nullptr, 10);
}

SocketBudget::SocketBudget(std::size_t addresses, std::uint64_t reserved)
    : ports_(local_ports(read_text("/proc/sys/net/ipv4/ip_local_port_range").data()) * addresses) {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    descriptors_ = less(limit.rlim_cur, open_descriptors() + reserved);
}

std::uint64_t SocketBudget::left(std::uint32_t connections_open) const {
    const std::uint64_t files = less(descriptors_, connections_open);
    if (ports_ == 0) {
        return files;
    }
    const std::uint64_t waiting = time_wait_sockets(read_text("/proc/net/sockstat").data());
    return std::min(files, less(ports_, connections_open + waiting));
}

}  // namespace plimsoll
