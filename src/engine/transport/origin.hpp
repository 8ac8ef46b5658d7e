// Servers that requests go to: the target, and those that absolute URLs and redirects name.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "engine/transport/address.hpp"
#include "engine/transport/tls.hpp"
#include "scenario/scenario.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

struct Exchange;

/// One scheme, host and port as one shard knows it. Never moves: connections point to it.
struct Origin {
    TargetUrl url;  // without base path
    bool secure = false;
    std::string host_header;
    std::string server_name;               // for SNI and verification
    std::vector<SocketAddress> addresses;  // families take turns (RFC 8305, 4); empty: not yet
                                           // looked up
    Clock::time_point fresh_until = Clock::time_point::max();  // look up again after it
    bool looking_up = false;
    std::vector<Exchange*> waiting;  // for the look-up
    TlsSession session;

    [[nodiscard]] bool is(const TargetUrl& other) const noexcept {
        return url.port == other.port && url.scheme == other.scheme && url.host == other.host &&
               url.unix_path == other.unix_path;
    }
};

/// A URL taken apart: where it goes, and what is asked for there.
struct SplitUrl {
    TargetUrl origin;    // without base path
    std::string target;  // path and query, starts with '/'; no fragment
};

/// Error: not an http or https URL.
[[nodiscard]] Result<SplitUrl> split_url(std::string_view url);

/// What `reference` (of a Location header) means, seen from `target` at `origin` (RFC 3986, 5.2).
/// Bytes that a URL must not hold are percent-encoded. Error: it leads to no http or https URL.
[[nodiscard]] Result<SplitUrl> resolve_reference(const TargetUrl& origin, std::string_view target,
                                                 std::string_view reference);

}  // namespace plimsoll
