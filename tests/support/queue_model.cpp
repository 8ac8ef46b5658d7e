#include "tests/support/queue_model.hpp"

#include "base/random.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <queue>

namespace plimsoll::synthetic {
namespace {

using Heap = std::priority_queue<double, std::vector<double>, std::greater<>>;

/// Offsets at which the schedule's integral reaches 0, 1, 2 ... (or unit exponential steps).
std::vector<double> arrival_times(const Options& options) {
    std::vector<double> times;
    Random random(options.seed, 1, 0);
    const auto step = [&] { return options.poisson ? -std::log1p(-random.uniform()) : 1.0; };
    double wanted = options.poisson ? step() : 0;
    double done = 0;
    double from = 0;
    double level = options.start;
    for (const Stage& stage : options.stages) {
        const double slope = (stage.target - level) / stage.seconds;
        const double amount = (level + stage.target) / 2 * stage.seconds;
        while (wanted < done + amount) {
            const double need = wanted - done;
            const double root = std::sqrt(std::max(0.0, level * level + 2 * slope * need));
            times.push_back(from + (need > 0 ? 2 * need / (level + root) : 0));
            wanted += step();
        }
        done += amount;
        from += stage.seconds;
        level = stage.target;
    }
    return times;
}

class Simulation {
public:
    explicit Simulation(const Options& options)
        : options_(options), jitter_(options.seed, 2, 0), servers_(server_count()) {}

    std::vector<Request> run() {
        options_.open ? run_open() : run_closed();
        return std::move(requests_);
    }

private:
    std::size_t server_count() const {
        switch (options_.target) {
            case Target::Pool:
                return options_.pool;
            case Target::DatabaseCpu:
                return static_cast<std::size_t>(options_.database_cores);
            case Target::MaxConnections:
                break;
        }
        return 0;
    }

    void run_open() {
        for (const double due : arrival_times(options_)) {
            arrive(due);
        }
    }

    void run_closed() {
        const double end = schedule_seconds(options_);
        std::priority_queue<std::pair<double, int>, std::vector<std::pair<double, int>>,
                            std::greater<>>
            next;
        int users = 0;
        for (double t = 0; t < end; t += 0.01) {
            while (users < static_cast<int>(level_at(options_, t) + 1e-9)) {
                next.emplace(t, users++);
            }
            while (!next.empty() && next.top().first < t + 0.01) {
                const auto [due, user] = next.top();
                next.pop();
                if (due < end) {
                    arrive(due);
                    next.emplace(requests_.back().completed + options_.think_s, user);
                }
            }
        }
    }

    void arrive(double due) {
        Request request;
        request.due = due;
        request.endpoint = static_cast<std::uint32_t>(requests_.size() % 3);
        while (!in_flight_.empty() && in_flight_.top() <= due) {
            in_flight_.pop();
        }
        if (generator_is_full(due)) {
            request.sent_at_all = false;
            request.reason = NotSentReason::Generator;
        } else if (in_flight_.size() >= options_.max_users) {
            request.sent_at_all = false;
        } else {
            const double late = generator_lag(due);
            request.sent = due + late;
            serve(request);
            in_flight_.push(request.completed);
        }
        requests_.push_back(request);
    }

    bool generator_is_full(double due) {
        const double offered = level_at(options_, due);
        if (options_.generator_limit <= 0 || offered <= options_.generator_limit) {
            return false;
        }
        return jitter_.uniform() > options_.generator_limit / offered;
    }

    double generator_lag(double due) {
        const bool starved = options_.generator_limit > 0 &&
                             level_at(options_, due) > 0.95 * options_.generator_limit;
        return (starved ? 2000 : 1) * options_.send_lag_s * (0.5 + jitter_.uniform());
    }

    void serve(Request& request) {
        const double arrived = request.sent + options_.app_s / 2;
        const double hold = options_.hold_s * (0.95 + 0.1 * jitter_.uniform());
        if (options_.target == Target::MaxConnections) {
            connect(request, arrived, hold);
        } else {
            queue(request, arrived, hold);
        }
        if (options_.failed_share > 0 && jitter_.uniform() < options_.failed_share) {
            request.status = 500;
            request.outcome = Outcome::Http5xx;
        }
        const double limit = request.sent + options_.client_timeout_s;
        if (request.completed > limit) {
            request.completed = limit;
            request.status = 0;
            request.outcome = Outcome::ResponseTimeout;
        }
    }

    void connect(Request& request, double arrived, double hold) {
        while (!connected_.empty() && connected_.top() <= arrived) {
            connected_.pop();
        }
        // Three slots are reserved and three belong to others.
        if (connected_.size() >= options_.max_connections - 6) {
            request.completed = arrived + 0.001 + options_.app_s / 2;
            request.status = 503;
            request.outcome = Outcome::Http5xx;
            request.refused = true;
            return;
        }
        request.database_from = arrived;
        request.database_to = arrived + hold;
        connected_.push(request.database_to);
        request.completed = request.database_to + options_.app_s / 2;
    }

    void queue(Request& request, double arrived, double hold) {
        if (free_.size() < servers_) {
            free_.push(0);  // a server that was never used is free from the start
        }
        const double start = std::max(arrived, free_.top());
        const double waited = start - arrived;
        if (options_.pool_timeout_s > 0 && waited > options_.pool_timeout_s) {
            request.completed = arrived + options_.pool_timeout_s + options_.app_s / 2;
            request.status = 503;
            request.outcome = Outcome::Http5xx;
            return;
        }
        free_.pop();
        free_.push(start + hold);
        request.database_from = options_.target == Target::DatabaseCpu ? arrived : start;
        request.database_to = start + hold;
        request.completed = request.database_to + options_.app_s / 2;
    }

    const Options& options_;
    Random jitter_;
    std::size_t servers_;
    Heap free_;       // when each server is free again
    Heap connected_;  // when each connection closes
    Heap in_flight_;  // when each request completes
    std::vector<Request> requests_;
};

}  // namespace

double level_at(const Options& options, double t) {
    double from = 0;
    double level = options.start;
    for (const Stage& stage : options.stages) {
        if (t < from + stage.seconds) {
            return level + (stage.target - level) * (t - from) / stage.seconds;
        }
        from += stage.seconds;
        level = stage.target;
    }
    return 0;
}

double schedule_seconds(const Options& options) {
    double total = 0;
    for (const Stage& stage : options.stages) {
        total += stage.seconds;
    }
    return total;
}

std::vector<Request> simulate(const Options& options) {
    return Simulation(options).run();
}

}  // namespace plimsoll::synthetic
