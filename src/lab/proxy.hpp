// A small TCP proxy that adds network faults, in front of anything.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "lab/fault_catalogue.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace plimsoll {

/// What the proxy does to the bytes that pass, the same in both directions.
struct ProxyFaults {
    Nanoseconds latency{0};
    Nanoseconds jitter{0};                   // up to so much more, uniformly; order is kept
    std::optional<double> bytes_per_second;  // of each direction of each connection
    double reset_share = 0;                  // of the client's sends: both sides are reset
    bool stall = false;                      // nothing moves; what has come waits
    double drop_new_share = 0;               // of new connections: reset at once

    /// From the keys of the fault `network`.
    [[nodiscard]] static ProxyFaults of(const LabFault& network);
};

struct ProxyOptions {
    std::string address = "127.0.0.1";  // numeric
    std::uint16_t port = 0;             // 0: any free one
    std::string upstream;               // "host:port" or "unix:/path"; looked up once, at the start
    ProxyFaults faults;
    std::uint64_t seed = 1;  // of jitter and shares
};

struct ProxyState {
    std::uint64_t accepted = 0;
    std::uint64_t open = 0;
    std::uint64_t dropped = 0;  // new connections reset at once
    std::uint64_t resets = 0;   // connections reset by reset_share
    std::uint64_t failed = 0;   // the upstream could not be reached; the client was reset
    std::uint64_t bytes = 0;    // forwarded, both directions
};

/// One thread for all connections. Ends of streams are passed on one side at a time.
/// Threading: set and state from any thread.
class FaultProxy {
public:
    /// Error: the address is not usable or the port taken, or `upstream` has not the form above.
    [[nodiscard]] static Result<FaultProxy> start(const ProxyOptions& options);
    ~FaultProxy();  // stops
    FaultProxy(FaultProxy&&) noexcept;
    FaultProxy& operator=(FaultProxy&&) noexcept;

    [[nodiscard]] std::uint16_t port() const;
    /// In force for all bytes that come from now on; a stall holds those on the way too.
    void set(const ProxyFaults& faults);
    [[nodiscard]] ProxyState state() const;
    /// Closes all connections and joins. Idempotent.
    void stop();

private:
    struct State;
    explicit FaultProxy(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace plimsoll
