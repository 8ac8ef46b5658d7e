#include "lab/server_files.hpp"

#include "lab/program_lookup.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <fcntl.h>
#include <fstream>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace plimsoll {

Result<std::uint16_t> free_port() {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* name = reinterpret_cast<sockaddr*>(&address);
    const bool ok = ::bind(fd, name, size) == 0 && ::getsockname(fd, name, &size) == 0;
    const int code = errno;
    ::close(fd);
    if (!ok) {
        return Error{"no free port: " + std::generic_category().message(code), "127.0.0.1", {}};
    }
    return ntohs(address.sin_port);
}

Status overwrite(const std::string& path, std::string_view text) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOFOLLOW);
    const bool ok =
        fd >= 0 && ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    const int code = errno;
    if (fd >= 0) {
        ::close(fd);
    }
    return ok ? Status{} : Status{Error{std::generic_category().message(code), path, {}}};
}

Status create_for(const std::string& path, std::string_view text, const std::string& user) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool ok = fd >= 0;
    if (ok && !user.empty()) {
        const auto identity = find_user(user);
        ok = identity && ::fchown(fd, identity->uid, identity->gid) == 0;
    }
    ok = ok && ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    const int code = errno;
    if (fd >= 0) {
        ::close(fd);
    }
    return ok ? Status{} : Status{Error{std::generic_category().message(code), path, {}}};
}

std::string quoted(const std::string& value) {
    std::string text = "'";
    for (const char c : value) {
        if (c == '\'' || c == '\\') {
            text += '\\';
        }
        text += c;
    }
    return text + "'";
}

std::string last_lines(const std::string& path, std::size_t most_bytes) {
    std::ifstream file(path, std::ios::binary | std::ios::ate);
    if (!file) {
        return {};
    }
    const auto size = static_cast<std::size_t>(file.tellg());
    const std::size_t from = size > most_bytes ? size - most_bytes : 0;
    file.seekg(static_cast<std::streamoff>(from));
    std::string text(size - from, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(file.gcount()));
    if (from > 0) {
        text.erase(0, text.find('\n') + 1);
    }
    return text;
}

Result<std::string> hand_over(const TempFolder& folder, std::string_view install_hint) {
    if (::geteuid() != 0) {
        return std::string{};
    }
    const std::string user = "postgres";
    const auto identity = find_user(user);
    if (!identity) {
        return Error{"this server must not run as root, and the user to run it as does not exist",
                     user, std::string(install_hint)};
    }
    if (::chown(folder.path().c_str(), identity->uid, identity->gid) != 0) {
        return Error{"the temporary folder could not be handed to the user postgres: " +
                         std::generic_category().message(errno),
                     folder.path(),
                     {}};
    }
    return user;
}

}  // namespace plimsoll
