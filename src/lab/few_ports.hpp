// Private to lab: connections to another service from few local ports.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <memory>
#include <stop_token>
#include <thread>

namespace plimsoll {

/// A service on loopback that accepts connections and says nothing, and the means to connect to it
/// from a range of local ports only. The side that closes first keeps its port in TIME_WAIT: for a
/// minute, on loopback for a second. When all are taken connect() fails with EADDRNOTAVAIL, which
/// is the kernel's own. Threading: visit from any thread.
class FewPorts {
public:
    /// Error: the kernel lacks IP_LOCAL_PORT_RANGE (Linux 6.3), or there is no such range.
    [[nodiscard]] static Result<std::shared_ptr<FewPorts>> start(int ports);
    ~FewPorts();
    FewPorts(const FewPorts&) = delete;
    FewPorts& operator=(const FewPorts&) = delete;

    /// Connects and closes. Error: the system's words, as a client of such a service shows them.
    [[nodiscard]] Status visit() const;

private:
    FewPorts() = default;
    void serve(const std::stop_token& stop) const;

    Fd listener_;
    std::uint16_t port_ = 0;
    std::uint16_t first_ = 0, last_ = 0;
    std::jthread thread_;
};

}  // namespace plimsoll
