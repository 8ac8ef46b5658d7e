#include "engine/transport/connection.hpp"

#include <algorithm>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

namespace plimsoll {

std::ptrdiff_t Connection::receive(std::span<char> into) noexcept {
    return tls ? tls->read(into.data(), into.size()) : ::recv(socket, into.data(), into.size(), 0);
}

std::ptrdiff_t Connection::send(std::string_view bytes) noexcept {
    return tls ? tls->write(bytes.data(), bytes.size())
               : ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
}

std::ptrdiff_t Connection::send_file(int file, std::uint64_t offset, std::uint64_t size,
                                     std::span<char> scratch) noexcept {
    auto from = static_cast<off_t>(offset);
    if (!tls) {
        constexpr std::uint64_t kMost = 1U << 30;
        return ::sendfile(socket, file, &from, std::min(size, kMost));
    }
    // The same bytes are read and offered again after EAGAIN, as TLS demands.
    const ssize_t n =
        ::pread(file, scratch.data(), std::min<std::uint64_t>(size, scratch.size()), from);
    return n <= 0 ? n : tls->write(scratch.data(), static_cast<std::size_t>(n));
}

}  // namespace plimsoll
