#include "lab/proxy_address.hpp"

#include <cstring>
#include <netdb.h>
#include <string_view>
#include <sys/un.h>

namespace plimsoll {
namespace {

Error bad_upstream(const std::string& text, std::string what) {
    return Error{std::move(what), text, "write host:port or unix:/path"};
}

Result<SocketAddress> unix_address(const std::string& text, std::string_view path) {
    SocketAddress address;
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof(name.sun_path)) {
        return bad_upstream(text, "not the path of a socket");
    }
    std::memcpy(name.sun_path, path.data(), path.size());
    std::memcpy(&address.storage, &name, sizeof(name));
    address.size = sizeof(name);
    return address;
}

}  // namespace

Result<SocketAddress> resolve_address(const std::string& text, bool numeric) {
    if (text.starts_with("unix:")) {
        return unix_address(text, std::string_view(text).substr(5));
    }
    const auto colon = text.rfind(':');
    if (colon == std::string::npos || colon == 0 || colon + 1 == text.size()) {
        return bad_upstream(text, "not an address with a port");
    }
    std::string host = text.substr(0, colon);
    if (host.front() == '[' && host.back() == ']') {
        host = host.substr(1, host.size() - 2);
    }
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV | (numeric ? AI_NUMERICHOST : 0);
    addrinfo* found = nullptr;
    const std::string service = text.substr(colon + 1);
    if (const int problem = ::getaddrinfo(host.c_str(), service.c_str(), &hints, &found);
        problem != 0) {
        return bad_upstream(text, ::gai_strerror(problem));
    }
    SocketAddress address;
    std::memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
    address.size = found->ai_addrlen;
    ::freeaddrinfo(found);
    return address;
}

}  // namespace plimsoll
