#include "app/stop_request.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cassert>
#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <system_error>
#include <unistd.h>

namespace plimsoll {
namespace {

constexpr std::array kSignals{SIGINT, SIGTERM, SIGHUP};

// A handler can reach nothing but globals.
std::atomic<int> g_requests{0};
std::array<int, 2> g_pipe{-1, -1};

extern "C" void on_stop_signal(int /*signal*/) {
    const int saved = errno;
    g_requests.fetch_add(1, std::memory_order_relaxed);
    const char byte = 1;
    [[maybe_unused]] const ssize_t n = ::write(g_pipe[1], &byte, 1);
    errno = saved;
}

}  // namespace

StopRequest::StopRequest() {
    assert(g_pipe[0] < 0);
    g_requests = 0;
    if (::pipe2(g_pipe.data(), O_CLOEXEC | O_NONBLOCK) != 0) {
        throw std::system_error(errno, std::generic_category(), "a pipe cannot be made");
    }
    struct sigaction action {};
    action.sa_handler = on_stop_signal;
    action.sa_flags = SA_RESTART;
    for (const int signal : kSignals) {
        ::sigaction(signal, &action, nullptr);
    }
}

StopRequest::~StopRequest() {
    for (const int signal : kSignals) {
        ::signal(signal, SIG_DFL);
    }
    ::close(g_pipe[0]);
    ::close(g_pipe[1]);
    g_pipe = {-1, -1};
}

int StopRequest::count() const noexcept {
    return g_requests.load(std::memory_order_relaxed);
}

bool StopRequest::wait_until(Clock::time_point deadline) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd waiting{g_pipe[0], POLLIN, 0};
    if (::poll(&waiting, 1, static_cast<int>(std::clamp<long>(left, 0, 60'000))) <= 0) {
        return false;
    }
    std::array<char, 16> bytes{};
    return ::read(g_pipe[0], bytes.data(), bytes.size()) > 0;
}

}  // namespace plimsoll
