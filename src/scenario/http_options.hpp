// How requests travel: connections, TLS, redirects, cookies, limits.
#pragma once

#include "base/clock.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace plimsoll {

/// Of one step; what is not set is the run's.
struct HttpStepOptions {
    std::optional<std::uint32_t> redirects;  // most hops that are followed; 0: none
    std::optional<Nanoseconds> connect;      // timeouts of parts; the step's own is the whole
    std::optional<Nanoseconds> first_byte;   // from the request's last byte to the response's first
    std::optional<Nanoseconds> body;         // from the response's first byte to its last
    std::optional<std::uint64_t> max_body;   // bytes of a response's body, decoded
};

struct TlsOptions {
    bool verify = true;
    std::string ca_file;      // PEM; empty: the system's
    std::string cert_file;    // PEM, of the client; empty: none
    std::string key_file;     // PEM
    std::string server_name;  // for SNI and verification; empty: the target's host
    bool resume = true;       // sessions of the same origin; false: a full handshake each time
};

enum class CookiePolicy : std::uint8_t {
    Iteration,  // a jar for each iteration, as in k6
    User,       // for a user's life
    Off
};

struct HttpOptions {
    bool reuse_connections = true;
    bool absolute_form = false;  // request targets as a proxy wants them: http://host/path
    TlsOptions tls;
    CookiePolicy cookies = CookiePolicy::Iteration;
    std::uint32_t redirects = 10;
    std::uint64_t max_body = 1ULL << 30;       // bytes
    std::vector<std::string> local_addresses;  // to send from, in turn; empty: the system's choice
    Nanoseconds dns_ttl = std::chrono::minutes(5);
    HttpStepOptions defaults;
};

}  // namespace plimsoll
