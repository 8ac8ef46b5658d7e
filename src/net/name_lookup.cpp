#include "net/name_lookup.hpp"

#include <arpa/inet.h>
#include <condition_variable>
#include <cstring>
#include <memory>
#include <mutex>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/un.h>
#include <system_error>
#include <thread>

namespace plimsoll::net {
namespace {

struct Lookup {
    std::mutex mutex;
    std::condition_variable finished;
    bool done = false;
    int code = 0;
    std::vector<SocketAddress> addresses;
};

int resolve(const std::string& host, std::uint16_t port, int flags,
            std::vector<SocketAddress>& addresses) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = flags | AI_NUMERICSERV;
    addrinfo* list = nullptr;
    const int code = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list);
    if (code != 0) {
        return code;
    }
    for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
        SocketAddress address;
        std::memcpy(&address.storage, entry->ai_addr, entry->ai_addrlen);
        address.length = entry->ai_addrlen;
        addresses.push_back(address);
    }
    freeaddrinfo(list);
    return 0;
}

Error not_resolved(const std::string& host, const char* reason) {
    return Error{"could not resolve the host name: " + std::string(reason), host, {}};
}

}  // namespace

Result<std::vector<SocketAddress>> look_up(const std::string& host, std::uint16_t port,
                                           Clock::time_point deadline) {
    std::vector<SocketAddress> addresses;
    if (resolve(host, port, AI_NUMERICHOST, addresses) == 0 && !addresses.empty()) {
        return addresses;
    }
    auto lookup = std::make_shared<Lookup>();
    try {
        std::thread([lookup, host, port] {
            std::vector<SocketAddress> found;
            const int code = resolve(host, port, 0, found);
            const std::lock_guard lock(lookup->mutex);
            lookup->code = code;
            lookup->addresses = std::move(found);
            lookup->done = true;
            lookup->finished.notify_all();
        }).detach();
    } catch (const std::system_error&) {
        return not_resolved(host, "no thread could be started for it");
    }
    std::unique_lock lock(lookup->mutex);
    if (!lookup->finished.wait_until(lock, deadline, [&] { return lookup->done; })) {
        return not_resolved(host, "timed out");
    }
    if (lookup->code != 0) {
        return not_resolved(host, gai_strerror(lookup->code));
    }
    if (lookup->addresses.empty()) {
        return not_resolved(host, "it has no address");
    }
    return std::move(lookup->addresses);
}

Result<SocketAddress> unix_address(const std::string& path) {
    sockaddr_un name{};
    if (path.size() >= sizeof(name.sun_path)) {
        return Error{"the path of a unix socket must be shorter than " +
                         std::to_string(sizeof(name.sun_path)) + " bytes",
                     path,
                     {}};
    }
    name.sun_family = AF_UNIX;
    std::memcpy(name.sun_path, path.c_str(), path.size() + 1);
    SocketAddress address;
    std::memcpy(&address.storage, &name, sizeof(name));
    address.length = sizeof(name);
    return address;
}

}  // namespace plimsoll::net
