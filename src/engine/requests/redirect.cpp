// Requests that lead elsewhere than to the target's own paths: whole URLs, redirects; and cookies.
#include "engine/requests/requests.hpp"

#include <algorithm>
#include <ctime>

#include <fmt/format.h>

namespace plimsoll {

Result<Origin*> Requests::aim_at_url(Exchange& exchange) {
    Random random = exchange.random_before;
    std::string url;
    static_cast<void>(
        exchange.request->step().path.render(users_.context(*exchange.owner, random), url));
    auto split = split_url(url);
    if (!split) {
        return split.error();
    }
    exchange.aim = std::make_unique<RequestAim>();
    exchange.aim->origin = &origin_for(split->origin);
    exchange.aim->target = std::move(split->target);
    return exchange.aim->origin;
}

std::string Requests::target_of(const Exchange& exchange) {
    if (exchange.aim) {
        return exchange.aim->target;
    }
    std::string target = scenario_.target.base_path;
    Random random = exchange.random_before;
    static_cast<void>(
        exchange.request->step().path.render(users_.context(*exchange.owner, random), target));
    return target;
}

bool Requests::follow_redirect(Exchange& exchange, Clock::time_point now) {
    const std::uint16_t status = exchange.protocol.response().status();
    const PreparedRequest& request = *exchange.request;
    const std::string& location = exchange.protocol.response().kept()->location;
    if (location.empty() || !request.follows(status)) {
        return false;
    }
    if (exchange.hops >= request.limits().redirects) {
        finish_request(exchange, Outcome::Protocol, now,
                       fmt::format("more than {} redirects", request.limits().redirects));
        return true;
    }
    auto next = resolve_reference(exchange.connection->origin->url, target_of(exchange), location);
    if (!next) {
        finish_request(exchange, Outcome::Protocol, now,
                       "a redirect that cannot be followed: " + next.error().what);
        return true;
    }
    if (exchange.hops == 0) {
        exchange.home = exchange.connection->origin;
    }
    auto aim = std::make_unique<RequestAim>();
    aim->origin = &origin_for(next->origin);
    aim->target = std::move(next->target);
    aim->credentials = aim->origin == exchange.home;
    if (exchange.aim) {
        aim->method = exchange.aim->method;
        aim->with_body = exchange.aim->with_body;
    }
    // RFC 9110, 15.4: what every browser does.
    const std::string& method = aim->method.empty() ? request.step().method : aim->method;
    if ((status == 303 && method != "HEAD") || (status <= 302 && method == "POST")) {
        aim->method = "GET";
        aim->with_body = false;
    }
    exchange.aim = std::move(aim);
    ++exchange.hops;
    ++recorder_.counts().redirects;
    exchange.retried = false;
    if (exchange.upload) {
        exchange.upload->clear();
    }
    Random random = exchange.random_before;
    Origin& origin = *exchange.aim->origin;
    const auto bytes = render(exchange, origin, random);
    if (!bytes) {
        finish_request(exchange, Outcome::SendFailed, now, bytes.error().to_string());
        return true;
    }
    start_hop(exchange, origin, *bytes);
    return true;
}

void Requests::take_cookies(Exchange& exchange, const KeptResponse& kept) {
    if (kept.cookies.empty()) {
        return;
    }
    CookieJar& jar = exchange.owner->client->jar();
    const std::string target = target_of(exchange);
    const std::int64_t now = std::time(nullptr);
    for (const std::string& cookie : kept.cookies) {
        jar.set(
            cookie,
            {exchange.connection->origin->url.host, target, exchange.connection->origin->secure},
            now);
    }
}

}  // namespace plimsoll
