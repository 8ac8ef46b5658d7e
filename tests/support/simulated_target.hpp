// A target of known capacity, in simulated time: a queue before servers, second by second.
#pragma once

#include "base/random.hpp"
#include "record/interval.hpp"

#include <cstdint>
#include <functional>
#include <queue>
#include <vector>

namespace plimsoll::test {

/// Poisson arrivals at a level that may change at each tick, first come first served by `servers`
/// servers. Its capacity is servers / mean service time, by arithmetic.
class SimulatedTarget {
public:
    struct Options {
        unsigned servers = 5;
        /// The service time of a request that begins at `at_s`, from a uniform draw in [0, 1).
        std::function<double(double at_s, double draw)> service;
        std::uint64_t seed = 1;
        bool open = true;    // level: arrivals per second; else users in a loop
        double think_s = 0;  // of a user, after each answer
        std::uint64_t user_cap = 100'000;
        double generator_lag_s = 0;  // how late each request is sent
        double timeout_s = 1e6;      // the client's: the server works on
    };
    explicit SimulatedTarget(Options options);

    /// One second at `level`, as an engine would report it.
    struct Tick {
        double from_s, to_s;
        std::vector<EndpointStats> endpoints;
        LoadCounts counts;
        ShardState state;
    };
    [[nodiscard]] Tick tick(double level);

private:
    struct Done {
        double completed, due, sent;
        bool timed_out;
        friend bool operator>(const Done& a, const Done& b) { return a.completed > b.completed; }
    };
    void arrive(double due, Tick& tick);

    Options options_;
    Random random_;
    double now_ = 0;
    double next_arrival_ = 0;
    std::priority_queue<double, std::vector<double>, std::greater<>> free_at_;
    std::priority_queue<Done, std::vector<Done>, std::greater<>> under_way_;
    std::priority_queue<double, std::vector<double>, std::greater<>> thinking_;
    std::uint64_t users_ = 0;
};

/// Exponential service with this mean; and one that always takes so long.
[[nodiscard]] std::function<double(double, double)> exponential(double mean_s);
[[nodiscard]] std::function<double(double, double)> always(double seconds);

}  // namespace plimsoll::test
