#include "tests/support/simulated_target.hpp"

#include <algorithm>
#include <cmath>

namespace plimsoll::test {
namespace {

Clock::time_point at(double seconds) {
    return Clock::time_point(
        std::chrono::duration_cast<Nanoseconds>(std::chrono::duration<double>(seconds)));
}

}  // namespace

SimulatedTarget::SimulatedTarget(Options options)
    : options_(std::move(options)), random_(options_.seed, 7, 7) {
    for (unsigned i = 0; i < options_.servers; ++i) {
        free_at_.push(0);
    }
}

void SimulatedTarget::arrive(double due, Tick& tick) {
    ++tick.counts.arrivals_due;
    if (under_way_.size() >= options_.user_cap) {
        ++tick.counts.not_sent_user_cap;
        return;
    }
    ++tick.counts.iterations_started;
    const double sent = due + options_.generator_lag_s;
    const double begins = std::max(sent, free_at_.top());
    free_at_.pop();
    const double completed = begins + options_.service(begins, random_.uniform());
    free_at_.push(completed);
    under_way_.push({std::min(completed, sent + options_.timeout_s), due, sent,
                     completed > sent + options_.timeout_s});
}

SimulatedTarget::Tick SimulatedTarget::tick(double level) {
    Tick tick{now_, now_ + 1, std::vector<EndpointStats>(1), {}, {}};
    const double end = now_ + 1;
    double area = 0;
    double last = now_;
    const auto advance = [&](double to) {
        area += static_cast<double>(under_way_.size()) * (to - last);
        last = to;
    };
    next_arrival_ = std::max(next_arrival_, now_);
    if (options_.open && level > 0) {  // memoryless: drawn anew at each level
        next_arrival_ = now_ - std::log(1 - random_.uniform()) / level;
    }
    while (!options_.open && users_ < static_cast<std::uint64_t>(level)) {
        thinking_.push(now_);
        ++users_;
    }
    for (;;) {
        const double completion = under_way_.empty() ? end : under_way_.top().completed;
        const double arrival = options_.open       ? (level > 0 ? next_arrival_ : end)
                               : thinking_.empty() ? end
                                                   : thinking_.top();
        const double next = std::min(completion, arrival);
        if (next >= end) {
            break;
        }
        advance(next);
        if (completion <= arrival) {
            const Done done = under_way_.top();
            under_way_.pop();
            Sample sample{at(done.due), at(done.sent), at(done.completed)};
            sample.status = done.timed_out ? 0 : 200;
            sample.outcome = done.timed_out ? Outcome::ResponseTimeout : Outcome::Ok;
            tick.endpoints[0].record(sample);
            ++tick.counts.iterations_completed;
            if (!options_.open && users_ > static_cast<std::uint64_t>(level)) {
                --users_;
            } else if (!options_.open) {
                thinking_.push(done.completed + options_.think_s);
            }
        } else if (options_.open) {
            next_arrival_ = arrival - std::log(1 - random_.uniform()) / level;
            arrive(arrival, tick);
        } else {
            thinking_.pop();
            arrive(arrival, tick);
        }
    }
    advance(end);
    now_ = end;
    tick.state.in_flight = static_cast<std::uint32_t>(under_way_.size());
    tick.state.in_flight_mean = area;
    tick.state.users = tick.state.in_flight;
    return tick;
}

std::function<double(double, double)> exponential(double mean_s) {
    return [mean_s](double, double draw) { return -mean_s * std::log(1 - draw); };
}

std::function<double(double, double)> always(double seconds) {
    return [seconds](double, double) { return seconds; };
}

}  // namespace plimsoll::test
