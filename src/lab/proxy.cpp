#include "lab/proxy.hpp"

#include "lab/proxy_address.hpp"
#include "lab/proxy_link.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <mutex>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <queue>
#include <random>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <unordered_map>
#include <vector>

namespace plimsoll {

ProxyFaults ProxyFaults::of(const LabFault& network) {
    ProxyFaults faults;
    faults.latency = network.duration("latency");
    faults.jitter = network.duration("jitter");
    faults.bytes_per_second = network.find("bandwidth");
    faults.reset_share = network.number("reset_rate");
    faults.stall = network.flag("stall");
    faults.drop_new_share = network.number("drop_new");
    return faults;
}

/// The thread and all it works on. What is not marked otherwise belongs to the thread alone.
struct FaultProxy::State {
    struct Wake {
        Clock::time_point at;
        std::uint64_t link;
        bool operator<(const Wake& later) const { return at > later.at; }
    };
    enum Special : std::uint64_t { Listener = 0, Switch = 1, Timer = 2, FirstLink = 3 };

    State(const ProxyOptions& options, SocketAddress to)
        : upstream(to), random(static_cast<std::uint32_t>(options.seed)), shared(options.faults) {}
    ~State();

    Status open(const ProxyOptions& options);
    void run();
    void take_switches();
    void accept_all();
    void admit(int client);
    void on_link(std::uint64_t id, int side, std::uint32_t events);
    void pump(std::uint64_t id);
    bool finish(std::uint64_t id, ProxyLink::End how);
    void watch(std::uint64_t id, ProxyLink& link);
    void pump_due();
    void arm();

    const SocketAddress upstream;
    std::minstd_rand random;
    int poll = -1;
    int listener = -1;
    int wake = -1;
    int timer = -1;
    std::uint16_t port = 0;
    ProxyFaults faults;
    std::unordered_map<std::uint64_t, std::unique_ptr<ProxyLink>> links;
    struct Watch {
        std::array<std::uint32_t, 2> events{};     // what epoll was told, by side
        std::optional<Clock::time_point> planned;  // the next wake
    };
    std::unordered_map<std::uint64_t, Watch> watched;
    std::priority_queue<Wake> wakes;
    std::uint64_t next_id = FirstLink;

    mutable std::mutex mutex;  // guards `shared` and `counts`
    ProxyFaults shared;
    ProxyState counts;
    std::atomic<bool> stopping{false};
    std::thread thread;
};

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

FaultProxy::FaultProxy(std::unique_ptr<State> state) : state_(std::move(state)) {}
FaultProxy::FaultProxy(FaultProxy&&) noexcept = default;
FaultProxy& FaultProxy::operator=(FaultProxy&& other) noexcept {
    if (this != &other) {
        stop();
        state_ = std::move(other.state_);
    }
    return *this;
}
FaultProxy::~FaultProxy() {
    stop();
}

Result<FaultProxy> FaultProxy::start(const ProxyOptions& options) {
    const auto upstream = resolve_address(options.upstream, false);
    if (!upstream) {
        return upstream.error();
    }
    auto state = std::make_unique<State>(options, *upstream);
    if (const auto status = state->open(options); !status) {
        return status.error();
    }
    state->faults = options.faults;
    try {
        state->thread = std::thread([raw = state.get()] { raw->run(); });
    } catch (const std::system_error& failure) {
        return Error{std::string("no thread could be started: ") + failure.what(), "proxy", {}};
    }
    return FaultProxy(std::move(state));
}

std::uint16_t FaultProxy::port() const {
    return state_->port;
}

void FaultProxy::set(const ProxyFaults& faults) {
    {
        const std::lock_guard lock(state_->mutex);
        state_->shared = faults;
    }
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto ignored = ::write(state_->wake, &one, sizeof(one));
}

ProxyState FaultProxy::state() const {
    const std::lock_guard lock(state_->mutex);
    return state_->counts;
}

void FaultProxy::stop() {
    if (!state_ || !state_->thread.joinable()) {
        return;
    }
    state_->stopping.store(true);
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto ignored = ::write(state_->wake, &one, sizeof(one));
    state_->thread.join();
}

}  // namespace plimsoll
