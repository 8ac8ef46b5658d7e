// A server that does next to nothing, to measure what a request costs the generator alone.
#pragma once

#include "base/result.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>

namespace plimsoll {

/// Answers every HTTP/1.1 request on loopback with 200 and "{}". One thread, from construction to
/// destruction.
class NullServer {
public:
    /// `cpu`: pins the thread there; negative: anywhere. Error: no socket could be had.
    [[nodiscard]] static Result<std::unique_ptr<NullServer>> start(int cpu);
    ~NullServer();
    NullServer(const NullServer&) = delete;
    NullServer& operator=(const NullServer&) = delete;
    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

private:
    NullServer(int listener, std::uint16_t port, int cpu);
    void serve();

    int listener_;
    std::uint16_t port_;
    std::atomic<bool> stopping_ = false;
    std::thread thread_;
};

}  // namespace plimsoll
