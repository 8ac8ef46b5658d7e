// Private to net: which Host headers a server answers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::net {

/// A web page may give its own name our address (DNS rebinding) and then read our answers: its
/// requests carry its name. So a server takes the names that lead to it anyway: where it listens on
/// loopback, `localhost` and loopback addresses; else also any address, and this machine's name.
/// More names come from the environment: PLIMSOLL_ALLOWED_HOSTS, with commas between them, `*` for
/// any. A request without a Host is no browser's, and is taken.
class HostCheck {
public:
    static constexpr std::string_view kRefusal =
        "the Host header does not name this server; PLIMSOLL_ALLOWED_HOSTS allows more names";

    /// `address`: numeric, or localhost.
    HostCheck(bool on, std::string_view address);
    /// `host`: the header's value, or null.
    [[nodiscard]] bool accept(const std::string* host) const;

private:
    bool on_;
    bool loopback_;
    std::string address_;
    std::vector<std::string> names_;
};

}  // namespace plimsoll::net
