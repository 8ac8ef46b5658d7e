// A user as the servers see it: its connections, and what they have told it to send along.
#pragma once

#include "engine/http1/cookie_jar.hpp"
#include "engine/requests/exchange.hpp"
#include "engine/users/user.hpp"

#include <cstdint>
#include <forward_list>
#include <memory>

namespace plimsoll {

/// Never moves in memory. Made with a user's first request.
struct Client {
    /// One connection with the exchange on it.
    struct Lane {
        explicit Lane(User& user) : exchange(user, connection) {}
        Connection connection;
        Exchange exchange;
    };

    explicit Client(User& whose) : user(&whose), first(whose) {}

    /// Calls `visit(Exchange&)` for each exchange it has, idle ones too.
    template <typename Visit>
    void for_each_exchange(Visit&& visit) {
        visit(first.exchange);
        for (Lane& lane : more) {
            visit(lane.exchange);
        }
    }
    [[nodiscard]] Exchange& new_exchange() { return more.emplace_front(*user).exchange; }
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
    Lane first;
    std::forward_list<Lane> more;  // where one connection is not enough
};

}  // namespace plimsoll
