#include "lab/proxy_loop.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

namespace plimsoll {

FaultProxy::State::~State() {
    for (const int fd : {poll, listener, wake, timer}) {
        if (fd >= 0) {
            ::close(fd);
        }
    }
}

Status FaultProxy::State::open(const ProxyOptions& options) {
    const std::string where = options.address + ":" + std::to_string(options.port);
    const auto address = resolve_address(
        options.address.find(':') == std::string::npos
            ? (options.address == "localhost" ? "127.0.0.1:" : options.address + ":") +
                  std::to_string(options.port)
            : "[" + options.address + "]:" + std::to_string(options.port),
        true);
    if (!address) {
        return Error{"not an address to listen on", where, "use a numeric one, e.g. 127.0.0.1"};
    }
    listener = ::socket(address->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const int yes = 1;
    ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    if (::bind(listener, address->get(), address->size) != 0 || ::listen(listener, 4096) != 0) {
        return Error{"cannot listen: " + std::generic_category().message(errno), where, {}};
    }
    sockaddr_storage bound{};
    socklen_t size = sizeof(bound);
    ::getsockname(listener, reinterpret_cast<sockaddr*>(&bound), &size);
    port =
        ntohs(bound.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6&>(bound).sin6_port
                                          : reinterpret_cast<const sockaddr_in&>(bound).sin_port);
    poll = ::epoll_create1(EPOLL_CLOEXEC);
    wake = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    timer = ::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    for (const auto& [fd, id] :
         {std::pair{listener, Listener}, std::pair{wake, Switch}, std::pair{timer, Timer}}) {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.u64 = static_cast<std::uint64_t>(id) << 1U;
        if (::epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event) != 0) {
            return Error{"the proxy could not be set up: " + std::generic_category().message(errno),
                         where,
                         {}};
        }
    }
    return {};
}

void FaultProxy::State::run() {
    std::array<epoll_event, 256> events{};
    while (!stopping.load()) {
        arm();
        const int ready = ::epoll_wait(poll, events.data(), static_cast<int>(events.size()), -1);
        for (int i = 0; i < ready; ++i) {
            const epoll_event& event = events[static_cast<std::size_t>(i)];
            const std::uint64_t id = event.data.u64 >> 1U;
            if (id == Listener) {
                accept_all();
            } else if (id == Switch) {
                take_switches();
            } else if (id == Timer) {
                std::uint64_t expirations = 0;
                [[maybe_unused]] const auto ignored =
                    ::read(timer, &expirations, sizeof(expirations));
            } else {
                on_link(id, static_cast<int>(event.data.u64 & 1U), event.events);
            }
        }
        pump_due();
    }
    links.clear();
}

void FaultProxy::State::take_switches() {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto ignored = ::read(wake, &count, sizeof(count));
    {
        const std::lock_guard lock(mutex);
        faults = shared;
    }
    // What a stall has held goes on, or stops, now.
    std::vector<std::uint64_t> ids;
    for (const auto& entry : links) {
        ids.push_back(entry.first);
    }
    for (const auto id : ids) {
        pump(id);
    }
}

void FaultProxy::State::accept_all() {
    while (true) {
        const int client = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (client < 0) {
            if (errno == EMFILE || errno == ENFILE) {
                std::this_thread::sleep_for(std::chrono::milliseconds(10));
            }
            return;
        }
        admit(client);
    }
}

void FaultProxy::State::admit(int client) {
    const linger hard{1, 0};
    const std::lock_guard lock(mutex);
    ++counts.accepted;
    if (faults.drop_new_share > 0 &&
        std::uniform_real_distribution<double>(0, 1)(random) < faults.drop_new_share) {
        ++counts.dropped;
        ::setsockopt(client, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
        ::close(client);
        return;
    }
    const int server =
        ::socket(upstream.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const int yes = 1;
    ::setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    ::setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    if (server < 0 ||
        (::connect(server, upstream.get(), upstream.size) != 0 && errno != EINPROGRESS)) {
        ++counts.failed;
        ::setsockopt(client, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
        ::close(client);
        if (server >= 0) {
            ::close(server);
        }
        return;
    }
    const std::uint64_t id = next_id++;
    auto& link = *links.emplace(id, std::make_unique<ProxyLink>(client, server)).first->second;
    counts.open = links.size();
    for (const auto side : {ProxyLink::Client, ProxyLink::Upstream}) {
        epoll_event event{};
        event.data.u64 = id << 1U | side;
        ::epoll_ctl(poll, EPOLL_CTL_ADD, link.fd(side), &event);
    }
    watch(id, link);
}

/// Tells epoll what the link waits for.
void FaultProxy::State::watch(std::uint64_t id, ProxyLink& link) {
    auto& known = watched[id].events;
    for (const auto side : {ProxyLink::Client, ProxyLink::Upstream}) {
        if (link.finished(side)) {
            // epoll would report its hang-up again and again while the other side goes on.
            ::epoll_ctl(poll, EPOLL_CTL_DEL, link.fd(side), nullptr);
            continue;
        }
        std::uint32_t wanted = link.wants_to_read(side, faults) ? EPOLLIN : 0U;
        if (link.wants_to_write(side) || (side == ProxyLink::Upstream && link.connecting())) {
            wanted |= EPOLLOUT;
        }
        if (wanted != known[side]) {
            epoll_event event{};
            event.events = wanted;
            event.data.u64 = id << 1U | side;
            ::epoll_ctl(poll, EPOLL_CTL_MOD, link.fd(side), &event);
            known[side] = wanted;
        }
    }
}

/// True when the link is gone.
bool FaultProxy::State::finish(std::uint64_t id, ProxyLink::End how) {
    if (how == ProxyLink::End::None) {
        return false;
    }
    const auto found = links.find(id);
    if (how == ProxyLink::End::Reset) {
        found->second->reset();
    }
    links.erase(found);
    watched.erase(id);
    const std::lock_guard lock(mutex);
    counts.open = links.size();
    return true;
}

void FaultProxy::State::on_link(std::uint64_t id, int side_number, std::uint32_t events) {
    const auto found = links.find(id);
    if (found == links.end()) {
        return;
    }
    ProxyLink& link = *found->second;
    const auto side = side_number == 0 ? ProxyLink::Client : ProxyLink::Upstream;
    if (link.connecting() && side == ProxyLink::Upstream) {
        if (!link.connected()) {
            {
                const std::lock_guard lock(mutex);
                ++counts.failed;
            }
            finish(id, ProxyLink::End::Reset);
            return;
        }
    } else if ((events & EPOLLERR) != 0U) {
        finish(id, ProxyLink::End::Reset);
        return;
    } else if ((events & (EPOLLIN | EPOLLHUP)) != 0U && link.wants_to_read(side, faults)) {
        const auto end = link.receive(side, faults, random);
        if (end == ProxyLink::End::Reset) {
            const std::lock_guard lock(mutex);
            ++counts.resets;
        }
        if (finish(id, end)) {
            return;
        }
    }
    pump(id);
}

/// Delivers what is due in both directions and plans the next time.
void FaultProxy::State::pump(std::uint64_t id) {
    const auto found = links.find(id);
    if (found == links.end()) {
        return;
    }
    ProxyLink& link = *found->second;
    for (const auto side : {ProxyLink::Upstream, ProxyLink::Client}) {
        std::uint64_t bytes = 0;
        const auto end = link.deliver(side, Clock::now(), faults, bytes);
        {
            const std::lock_guard lock(mutex);
            counts.bytes += bytes;
        }
        if (finish(id, end)) {
            return;
        }
        const auto due = link.next_due(side);
        auto& planned = watched[id].planned;
        if (due && !faults.stall && !(link.connecting() && side == ProxyLink::Upstream) &&
            (!planned || *due < *planned)) {
            planned = due;
            wakes.push({*due, id});
        }
    }
    watch(id, link);
}

void FaultProxy::State::pump_due() {
    std::vector<std::uint64_t> ids;
    const auto now = Clock::now();
    while (!wakes.empty() && wakes.top().at <= now) {
        ids.push_back(wakes.top().link);
        if (const auto found = watched.find(ids.back());
            found != watched.end() && found->second.planned == wakes.top().at) {
            found->second.planned.reset();
        }
        wakes.pop();
    }
    for (const auto id : ids) {
        pump(id);
    }
}

void FaultProxy::State::arm() {
    itimerspec spec{};
    if (!wakes.empty()) {
        const auto at = wakes.top().at.time_since_epoch();
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(at);
        spec.it_value.tv_sec = seconds.count();
        spec.it_value.tv_nsec = std::max<long>(1, (at - seconds).count());
    }
    ::timerfd_settime(timer, TFD_TIMER_ABSTIME, &spec, nullptr);
}

}  // namespace plimsoll
