// Waiting that ends: sockets and host names, each with a deadline.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"

#include <memory>
#include <string>
#include <vector>

namespace plimsoll {

/// Waits until `fd` is ready for `events` (POLLIN, POLLOUT) or has failed; false at `deadline`.
/// With a deadline in the past it only looks.
[[nodiscard]] bool wait_ready(int fd, short events, Clock::time_point deadline);

/// Turns a host name into numeric addresses without ever blocking longer than asked: the system's
/// resolver has no time limit of its own. Names that are addresses already take no lookup.
/// Not thread-safe.
class HostLookup {
public:
    explicit HostLookup(std::string host);
    ~HostLookup();
    HostLookup(HostLookup&&) noexcept;
    HostLookup& operator=(HostLookup&&) noexcept;

    /// The addresses, in the system's order of preference; at least one. An Error with
    /// `still_waiting()` means that the deadline came first: ask again later.
    [[nodiscard]] Result<std::vector<std::string>> wait(Clock::time_point deadline);
    [[nodiscard]] bool still_waiting() const noexcept { return request_ != nullptr; }

private:
    struct Request;
    std::string host_;
    std::unique_ptr<Request> request_;
};

}  // namespace plimsoll
