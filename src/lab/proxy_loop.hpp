// Private to the proxy: its thread and all it works on.
#pragma once

#include "lab/proxy.hpp"
#include "lab/proxy_address.hpp"
#include "lab/proxy_link.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <queue>
#include <random>
#include <thread>
#include <unordered_map>

namespace plimsoll {

/// What is not marked otherwise belongs to the thread alone.
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

}  // namespace plimsoll
