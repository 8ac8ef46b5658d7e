#include "probes/postgres/deadline_io.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <netdb.h>
#include <optional>
#include <poll.h>
#include <sys/socket.h>
#include <thread>
#include <utility>

namespace plimsoll {
namespace {

struct Found {
    int code = 0;  // getaddrinfo's
    std::vector<std::string> addresses;
};

Found look_up(const std::string& host, int flags) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = flags;
    addrinfo* list = nullptr;
    Found found;
    found.code = getaddrinfo(host.c_str(), nullptr, &hints, &list);
    if (found.code != 0) {
        return found;
    }
    for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
        std::array<char, NI_MAXHOST> text{};
        if (getnameinfo(entry->ai_addr, entry->ai_addrlen, text.data(), text.size(), nullptr, 0,
                        NI_NUMERICHOST) == 0) {
            found.addresses.emplace_back(text.data());
        }
    }
    freeaddrinfo(list);
    return found;
}

}  // namespace

bool wait_ready(int fd, short events, Clock::time_point deadline) {
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
        const int timeout = static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
        pollfd entry{fd, events, 0};
        const int ready = poll(&entry, 1, timeout);
        if (ready > 0) {
            return true;
        }
        if (ready < 0 && errno != EINTR) {
            return true;  // the caller's next read or write finds out why
        }
        if (Clock::now() >= deadline) {
            return false;
        }
    }
}

struct HostLookup::Request {
    std::mutex mutex;  // guards what follows
    std::condition_variable changed;
    std::optional<Found> found;
};

Result<std::vector<std::string>> HostLookup::wait(Clock::time_point deadline) {
    if (request_ == nullptr) {
        if (Found numeric = look_up(host_, AI_NUMERICHOST); numeric.code == 0) {
            return std::move(numeric.addresses);
        }
        request_ = std::make_shared<Request>();
        // glibc's own getaddrinfo_a would do, but its threads crash under the thread sanitizer.
        std::thread([request = request_, host = host_] {
            Found found = look_up(host, 0);
            const std::lock_guard lock(request->mutex);
            request->found = std::move(found);
            request->changed.notify_all();
        }).detach();
    }
    Found found;
    {
        std::unique_lock lock(request_->mutex);
        if (!request_->changed.wait_until(lock, deadline,
                                          [this] { return request_->found.has_value(); })) {
            return Error{"host \"" + host_ + "\" is still being looked up"};
        }
        found = std::move(*request_->found);
    }
    request_.reset();
    if (found.code != 0) {
        return Error{"cannot look up host \"" + host_ + "\": " + gai_strerror(found.code)};
    }
    if (found.addresses.empty()) {
        return Error{"host \"" + host_ + "\" has no address"};
    }
    return std::move(found.addresses);
}

}  // namespace plimsoll
