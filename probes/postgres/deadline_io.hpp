// Waiting that ends: sockets and host names, each with a deadline.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll {

/// Waits until `fd` is ready for `events` (POLLIN, POLLOUT) or has failed; false at `deadline`.
/// With a deadline in the past it only looks.
[[nodiscard]] bool wait_ready(int fd, short events, Clock::time_point deadline);

/// Turns a host name into numeric addresses without ever blocking longer than asked. The system's
/// resolver has no time limit of its own, so it runs in a thread that is left to itself where it
/// takes too long. Names that are addresses already take no lookup. Not thread-safe.
class HostLookup {
public:
    explicit HostLookup(std::string host) : host_(std::move(host)) {}

    /// The addresses, in the system's order of preference; at least one. An Error with
    /// `still_waiting()` means that the deadline came first: ask again later.
    [[nodiscard]] Result<std::vector<std::string>> wait(Clock::time_point deadline);
    [[nodiscard]] bool still_waiting() const noexcept { return request_ != nullptr; }

private:
    struct Request;  // shared with the resolver's thread
    std::string host_;
    std::shared_ptr<Request> request_;
};

}  // namespace plimsoll
