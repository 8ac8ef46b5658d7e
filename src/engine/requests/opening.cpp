// A connection for a request: found, or opened, and secured.
#include "engine/requests/requests.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace plimsoll {
namespace {

Outcome outcome_of_connect_error(int error) {
    switch (error) {
        case ETIMEDOUT:
            return Outcome::ConnectTimeout;
        case ECONNRESET:
            return Outcome::ConnectReset;
        case EADDRNOTAVAIL:
        case EAGAIN:
        case EMFILE:
        case ENFILE:
        case ENOBUFS:
        case ENOMEM:
            return Outcome::NoPorts;
        default:
            return Outcome::ConnectRefused;
    }
}

}  // namespace

Requests::Requests(const RequestsPlan& plan, const UsersPlan& users_plan, EventLoop& loop,
                   Users& users, Recorder& recorder, NameLookup::Post post)
    : plan_(plan),
      users_plan_(users_plan),
      scenario_(*users_plan.scenario),
      users_(users),
      recorder_(recorder),
      connector_(plan.connect, scenario_.http.tls, loop, recorder),
      lookup_(std::move(post)),
      wheel_(users_plan.run->start.mono) {
    Origin& target = add_origin(scenario_.target);
    target.addresses = plan.addresses;
    if (const std::string& name = scenario_.http.tls.server_name; !name.empty()) {
        target.server_name = name;
    }
    if (target.url.unix_path.empty() && !is_numeric_host(target.url.host)) {
        target.fresh_until = users_plan.run->start.mono + scenario_.http.dns_ttl;
    }
}

Requests::~Requests() {
    close_all();
}

void Requests::close_all() {
    for (Client& client : clients_) {
        close(client);
    }
}

Origin& Requests::add_origin(const TargetUrl& url) {
    Origin& origin = origins_.emplace_back();
    origin.url = url;
    origin.url.base_path.clear();
    origin.secure = url.scheme == "https";
    origin.host_header = url.host_header();
    origin.server_name = url.host;
    return origin;
}

Origin& Requests::origin_for(const TargetUrl& url) {
    const auto known = std::find_if(origins_.begin(), origins_.end(),
                                    [&](const Origin& each) { return each.is(url); });
    return known != origins_.end() ? *known : add_origin(url);
}

Exchange& Requests::exchange_for(Client& client, const PreparedRequest& request) {
    const Connection& first = client.first.connection;
    if (!request.is_absolute() && !client.first.exchange.under_way() &&
        (first.socket < 0 || first.origin == &origins_.front())) [[likely]] {
        return client.first.exchange;
    }
    const Origin* wanted = &origins_.front();
    if (request.is_absolute()) {
        std::string url;
        Random random = client.user->random;
        static_cast<void>(request.step().path.render(users_.context(*client.user, random), url));
        const auto split = split_url(url);
        wanted = split ? &origin_for(split->origin) : nullptr;
    }
    Exchange* unconnected = nullptr;
    Exchange* connected = nullptr;
    client.for_each_exchange([&](Exchange& each) {
        if (each.under_way()) {
            return;
        }
        if (each.connection->socket < 0) {
            unconnected = &each;
        } else if (each.connection->origin == wanted) {
            connected = &each;
        }
    });
    if (connected != nullptr) {
        return *connected;
    }
    return unconnected != nullptr ? *unconnected : client.new_exchange();
}

Exchange& Requests::idle_exchange(Client& client) {
    if (!client.first.exchange.under_way()) {
        return client.first.exchange;
    }
    for (Client::Lane& lane : client.more) {
        if (!lane.exchange.under_way()) {
            return lane.exchange;
        }
    }
    return client.new_exchange();
}

void Requests::open_connection(Exchange& exchange) {
    const auto& limits = exchange.request->limits();
    const bool begins = exchange.hops == 0 && !exchange.retried;
    exchange.connection->used = false;
    exchange.connection->peer_closed = false;
    exchange.phase_begun = begins ? exchange.sent : Clock::now();
    exchange.connection->connect_by =
        std::min(exchange.phase_begun + limits.connect, exchange.sent + limits.total);
    Origin& origin = *exchange.connection->origin;
    if (exchange.phase_begun >= origin.fresh_until) {
        look_up(origin);  // beside this connection, which takes what is known
    }
    if (!origin.addresses.empty()) {
        begin_connect(exchange);
        return;
    }
    exchange.phase = Phase::Resolving;
    origin.waiting.push_back(&exchange);
    set_deadline(exchange, exchange.connection->connect_by);
    look_up(origin);
}

void Requests::look_up(Origin& origin) {
    if (origin.looking_up) {
        return;
    }
    origin.looking_up = true;
    lookup_.start(origin.url, [this, &origin](NameLookup::Answer answer) {
        on_looked_up(origin, std::move(answer));
    });
}

void Requests::on_looked_up(Origin& origin, NameLookup::Answer answer) {
    const auto now = Clock::now();
    origin.looking_up = false;
    if (answer) {
        origin.addresses = *std::move(answer);
        origin.fresh_until = now + scenario_.http.dns_ttl;
    } else if (!origin.addresses.empty()) {
        origin.fresh_until = now + scenario_.http.dns_ttl;  // the old ones serve on
    }
    for (Exchange* const exchange : std::exchange(origin.waiting, {})) {
        if (exchange->phase != Phase::Resolving || exchange->connection->origin != &origin) {
            continue;  // gave up meanwhile
        }
        exchange->times.dns += now - exchange->phase_begun;
        exchange->phase_begun = now;
        if (origin.addresses.empty()) {
            fail(*exchange, Outcome::Dns, answer.ok() ? "no address" : answer.error().what);
        } else {
            begin_connect(*exchange);
        }
    }
}

void Requests::begin_connect(Exchange& exchange) {
    exchange.phase = Phase::Connecting;
    exchange.connection->attempts = 0;
    go_on_opening(exchange, connector_.try_next(*exchange.connection, exchange.owner->place, 0));
}

void Requests::go_on_opening(Exchange& exchange, const Opening& opening) {
    switch (opening.state) {
        case Opening::State::Waiting:
            return;
        case Opening::State::Begun:
            set_deadline(exchange, opening.until);
            return;
        case Opening::State::Stands:
            on_connected(exchange);
            return;
        case Opening::State::Failed:
            fail(exchange, outcome_of_connect_error(opening.error), std::strerror(opening.error));
            return;
    }
}

void Requests::on_connected(Exchange& exchange) {
    const auto now = Clock::now();
    exchange.times.connect += now - exchange.phase_begun;
    exchange.phase_begun = now;
    if (!exchange.connection->origin->secure) {
        begin_write(exchange);
        return;
    }
    if (const Status secured = connector_.secure(*exchange.connection); !secured) {
        fail(exchange, Outcome::Tls, secured.error().to_string());
        return;
    }
    exchange.phase = Phase::Handshaking;
    set_deadline(exchange, exchange.connection->connect_by);
    continue_handshake(exchange);
}

void Requests::continue_handshake(Exchange& exchange) {
    const int done = exchange.connection->tls->handshake();
    if (done == 1) {
        const auto now = Clock::now();
        exchange.times.tls += now - exchange.phase_begun;
        exchange.phase_begun = now;
        begin_write(exchange);
    } else if (done == 0) {
        fail(exchange, Outcome::Tls, "connection closed in the TLS handshake");
    } else if (errno != EAGAIN) {
        fail(exchange, Outcome::Tls,
             errno == EPROTO ? exchange.connection->tls->failure()
                             : std::string(std::strerror(errno)));
    }
}

}  // namespace plimsoll
