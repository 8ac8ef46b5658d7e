// Python as a child that reads one text and writes one, within limits.
#include "import/locust/tree.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <string>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace plimsoll::import::locust {
namespace {

constexpr std::size_t kMostOutput = 256U << 20U;

// In the child: only what may be called between fork and exec.
[[noreturn]] void become_python(int end, const char* const* argv) {
    const auto limit = [](auto what, rlim_t value) {
        const rlimit both{value, value};
        static_cast<void>(::setrlimit(what, &both));
    };
    limit(RLIMIT_CPU, 20);
    limit(RLIMIT_AS, rlim_t{1} << 30U);
    limit(RLIMIT_CORE, 0);
    const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (::dup2(end, 0) >= 0 && ::dup2(end, 1) >= 0 && nowhere >= 0 && ::dup2(nowhere, 2) >= 0) {
        ::execvp(argv[0], const_cast<char* const*>(argv));
    }
    ::_exit(127);
}

// Writes all and reads all, whichever is possible; false where it takes too long.
bool exchange(int fd, std::string_view input, std::string& output) {
    using Clock = std::chrono::steady_clock;
    const auto deadline = Clock::now() + std::chrono::seconds(60);
    bool writing = true;
    std::array<char, 65536> buffer{};
    while (Clock::now() < deadline && output.size() < kMostOutput) {
        if (writing && input.empty()) {
            static_cast<void>(::shutdown(fd, SHUT_WR));
            writing = false;
        }
        pollfd one{fd, static_cast<short>(POLLIN | (writing ? POLLOUT : 0)), 0};
        if (::poll(&one, 1, 1000) < 0 && errno != EINTR) {
            return false;
        }
        if ((one.revents & POLLOUT) != 0) {
            const ssize_t sent =
                ::send(fd, input.data(), std::min<std::size_t>(input.size(), 65536),
                       MSG_NOSIGNAL | MSG_DONTWAIT);
            input = sent > 0 ? input.substr(static_cast<std::size_t>(sent))
                    : sent < 0 && errno != EAGAIN && errno != EINTR ? std::string_view{}
                                                                    : input;
        }
        if ((one.revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
            const ssize_t got = ::recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
            if (got == 0) {
                return true;
            }
            if (got > 0) {
                output.append(buffer.data(), static_cast<std::size_t>(got));
            } else if (errno != EAGAIN && errno != EINTR) {
                return true;
            }
        }
    }
    return false;
}

}  // namespace

Result<std::string> run_python(std::string_view program, std::string_view input) {
    std::array<int, 2> ends{-1, -1};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
        return Error{"python3 could not be started: no descriptor is left", {}, {}};
    }
    const std::string script(program);
    const std::array<const char*, 6> argv{"python3", "-I", "-S", "-c", script.c_str(), nullptr};
    const pid_t child = ::fork();
    if (child == 0) {
        become_python(ends[1], argv.data());
    }
    static_cast<void>(::close(ends[1]));
    std::string output;
    const bool whole = child > 0 && exchange(ends[0], input, output);
    static_cast<void>(::close(ends[0]));
    int status = 0;
    if (child > 0) {
        if (!whole) {
            static_cast<void>(::kill(child, SIGKILL));
        }
        while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
        }
    }
    const int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    if (child < 0 || code == 127) {
        return Error{"python3 is needed to read Python, and was not found on PATH",
                     {},
                     "apt-get install python3, or set PATH"};
    }
    if (!whole || code != 0) {
        return Error{"python3 could not read it within 20 s and 1 GiB", {}, {}};
    }
    return output;
}

}  // namespace plimsoll::import::locust
