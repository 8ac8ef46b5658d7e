// A user as the servers see it: its connections, and what they have told it to send along.
#pragma once

#include "engine/cookie_jar.hpp"
#include "engine/exchange.hpp"
#include "engine/users/user.hpp"

#include <cstdint>
#include <forward_list>
#include <memory>

namespace plimsoll {

/// Never moves in memory. Made with a user's first request.
struct Client {
    explicit Client(User& whose) : user(&whose), exchange(whose) {}

    /// Calls `visit(Exchange&)` for each exchange it has, idle ones too.
    template <typename Visit>
    void for_each_exchange(Visit&& visit) {
        visit(exchange);
        for (Exchange& other : more) {
            visit(other);
        }
    }
    /// nullptr: there are none.
    [[nodiscard]] CookieJar* known_cookies() {
        if (cookies && cookies_of != user->memory) [[unlikely]] {
            cookies_of = user->memory;
            cookies->clear();
        }
        return cookies && !cookies->empty() ? cookies.get() : nullptr;
    }
    /// To put some into.
    [[nodiscard]] CookieJar& jar() {
        static_cast<void>(known_cookies());
        if (!cookies) {
            cookies = std::make_unique<CookieJar>();
            cookies_of = user->memory;
        }
        return *cookies;
    }

    User* user;
    std::unique_ptr<CookieJar> cookies;  // made with the first cookie
    std::uint32_t cookies_of = 0;        // User::memory when they came
    Exchange exchange;
    std::forward_list<Exchange> more;  // where one connection is not enough
};

}  // namespace plimsoll
