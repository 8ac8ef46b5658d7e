// The fault proxy as a program of its own, switched over HTTP.
#pragma once

#include "base/result.hpp"
#include "lab/fault_catalogue.hpp"
#include "lab/proxy.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace plimsoll {

/// A FaultProxy with GET, POST and DELETE /lab/faults (the one fault `network`, as plain text) and
/// GET /lab/state (what has passed) at an address of its own.
class ControlledProxy {
public:
    /// Error: as FaultProxy::start, or the control address is taken.
    [[nodiscard]] static Result<ControlledProxy> start(ProxyOptions options,
                                                       const LabFault& network,
                                                       const std::string& control_address,
                                                       std::uint16_t control_port);
    ~ControlledProxy();
    ControlledProxy(ControlledProxy&&) noexcept;
    ControlledProxy& operator=(ControlledProxy&&) noexcept;

    [[nodiscard]] std::uint16_t port() const;
    [[nodiscard]] std::string control_url() const;

private:
    struct State;
    explicit ControlledProxy(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace plimsoll
