#include "probes/postgres/deadline_io.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <utility>

namespace plimsoll {
namespace {

std::vector<std::string> numeric_addresses(const addrinfo* list) {
    std::vector<std::string> addresses;
    for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
        std::array<char, NI_MAXHOST> text{};
        if (getnameinfo(entry->ai_addr, entry->ai_addrlen, text.data(), text.size(), nullptr, 0,
                        NI_NUMERICHOST) == 0) {
            addresses.emplace_back(text.data());
        }
    }
    return addresses;
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
    std::string host;
    addrinfo hints{};
    gaicb block{};
};

HostLookup::HostLookup(std::string host) : host_(std::move(host)) {}
HostLookup::HostLookup(HostLookup&&) noexcept = default;
HostLookup& HostLookup::operator=(HostLookup&&) noexcept = default;

HostLookup::~HostLookup() {
    if (request_ != nullptr && gai_cancel(&request_->block) == EAI_NOTCANCELED) {
        // The resolver's thread still writes to the block; it has to outlive us.
        static_cast<void>(request_.release());
    }
}

Result<std::vector<std::string>> HostLookup::wait(Clock::time_point deadline) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    if (request_ == nullptr) {
        addrinfo* found = nullptr;
        hints.ai_flags = AI_NUMERICHOST;
        if (getaddrinfo(host_.c_str(), nullptr, &hints, &found) == 0) {
            std::vector<std::string> addresses = numeric_addresses(found);
            freeaddrinfo(found);
            return addresses;
        }
        request_ = std::make_unique<Request>();
        request_->host = host_;
        request_->hints.ai_socktype = SOCK_STREAM;
        request_->block.ar_name = request_->host.c_str();
        request_->block.ar_request = &request_->hints;
        std::array<gaicb*, 1> list{&request_->block};
        if (const int code = getaddrinfo_a(GAI_NOWAIT, list.data(), 1, nullptr); code != 0) {
            request_.reset();
            return Error{"cannot look up host \"" + host_ + "\": " + gai_strerror(code)};
        }
    }
    const std::array<const gaicb*, 1> list{&request_->block};
    while (gai_error(&request_->block) == EAI_INPROGRESS) {
        const Nanoseconds left = deadline - Clock::now();
        if (left <= Nanoseconds::zero()) {
            return Error{"host \"" + host_ + "\" is still being looked up"};
        }
        const timespec limit{static_cast<time_t>(left.count() / 1'000'000'000),
                             static_cast<long>(left.count() % 1'000'000'000)};
        static_cast<void>(gai_suspend(list.data(), 1, &limit));
    }
    const std::unique_ptr<Request> done = std::move(request_);
    if (const int code = gai_error(&done->block); code != 0) {
        return Error{"cannot look up host \"" + host_ + "\": " + gai_strerror(code)};
    }
    std::vector<std::string> addresses = numeric_addresses(done->block.ar_result);
    freeaddrinfo(done->block.ar_result);
    if (addresses.empty()) {
        return Error{"host \"" + host_ + "\" has no address"};
    }
    return addresses;
}

}  // namespace plimsoll
