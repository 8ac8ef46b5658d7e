#include "lab/service.hpp"

#include "lab/database_faults.hpp"
#include "lab/json_answer.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <pthread.h>
#include <thread>

#include <fmt/format.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;

constexpr auto kDrainTime = 3s;

/// std::function must be copyable, a Responder is not.
std::shared_ptr<Responder> shared(Responder responder) {
    return std::make_shared<Responder>(std::move(responder));
}

}  // namespace

void burn_cpu(Nanoseconds length) {
    const auto end = thread_cpu_time() + length;
    while (thread_cpu_time() < end) {
        for (int i = 0; i < 1000; ++i) {
            asm volatile("");  // or the compiler would leave the loop out
        }
    }
}

Service::Service(RouteTable routes, int workers, PoolMetrics metrics)
    : routes_(std::move(routes)),
      metrics_(metrics),
      behaviour_(std::make_shared<const Behaviour>()),
      workers_(workers),
      one_thread_(1),
      timer_(1),
      collector_(1) {}

Service::Snapshot Service::behaviour() const {
    const std::lock_guard lock(behaviour_mutex_);
    return behaviour_;
}

void Service::set_behaviour(Behaviour next) {
    if (next.collector) {  // a runtime's collector has its name from the start
        collector_.post([] { ::pthread_setname_np(::pthread_self(), "GC Thread#0"); });
    }
    auto fresh = std::make_shared<const Behaviour>(std::move(next));
    const std::lock_guard lock(behaviour_mutex_);
    behaviour_ = std::move(fresh);
}

void Service::handle(HttpRequest request, Responder responder) {
    requests_.fetch_add(1, std::memory_order_relaxed);
    const Snapshot now = behaviour();
    if (request.path() == "/metrics") {
        responder.send(make_response(200, "text/plain; version=0.0.4", metrics()));
        return;
    }
    block_loop(*now);
    wait_for_collector();
    if (now->workers == 0) {
        serve(request, std::move(responder), now);
        return;
    }
    worker_slots_.enter([this, request = std::move(request), now,
                         to = shared(std::move(responder))](SlotQueue::Slot slot) {
        to->keep(std::move(slot));
        serve(request, std::move(*to), now);
    });
}

void Service::serve(const HttpRequest& request, Responder responder, Snapshot now) {
    const auto match = routes_.find(request.method, request.path());
    if (match.route == nullptr) {
        auto response = match.allowed.empty()
                            ? json_error(404, "there is nothing at this path")
                            : json_error(405, "this path answers only " + match.allowed);
        if (!match.allowed.empty()) {
            response.headers.push_back({"Allow", match.allowed});
        }
        responder.send(std::move(response));
        return;
    }
    if (match.route->api && refused(*now, responder)) {
        return;
    }
    RoutePlan plan = match.route->plan({request, match.parameters, *now});
    if (match.route->api) {
        keep_memory(now->memory_per_request);
        plan.delay += now->upstream_delay;
        if (now->collector) {
            collect(*now->collector);
        }
        std::unique_lock lock(behaviour_mutex_);
        if (const auto ports = few_ports_) {
            lock.unlock();
            plan = connecting(std::move(plan), ports);
        }
    }
    if (now->app_cpu > 0ns) {
        plan = burning(std::move(plan), *now, match.route->api);
    }
    if (!match.route->api || now->thread_hold <= 0ns) {
        carry_out(std::move(plan), now, std::move(responder));
        return;
    }
    thread_slots_.enter([this, rest = std::make_shared<RoutePlan>(std::move(plan)), now,
                         to = shared(std::move(responder))](SlotQueue::Slot slot) {
        timer_.post(
            [this, rest, now, to, slot = std::move(slot)]() mutable {
                slot.reset();
                carry_out(std::move(*rest), now, std::move(*to));
            },
            Clock::now() + now->thread_hold);
    });
}

RoutePlan Service::burning(RoutePlan plan, const Behaviour& now, bool api) {
    // Everything goes through the workers, as in a service with a thread per request: what burns
    // nothing waits all the same.
    const Nanoseconds burn = api ? now.app_cpu : 0ns;
    auto rest = std::make_shared<RoutePlan>(std::move(plan));
    RoutePlan burnt;
    burnt.delay = std::exchange(rest->delay, 0ns);
    burnt.compute = [burn, rest] {
        burn_cpu(burn);
        return std::move(*rest);
    };
    return burnt;
}

RoutePlan Service::connecting(RoutePlan plan, std::shared_ptr<FewPorts> ports) {
    auto rest = std::make_shared<RoutePlan>(std::move(plan));
    RoutePlan first;
    first.delay = std::exchange(rest->delay, 0ns);
    first.compute = [rest, ports = std::move(ports)] {
        const Status visited = ports->visit();
        return visited ? std::move(*rest) : RoutePlan::reply(json_error(503, visited.error().what));
    };
    return first;
}

void Service::use_few_ports(std::shared_ptr<FewPorts> ports) {
    const std::lock_guard lock(behaviour_mutex_);
    few_ports_ = std::move(ports);
}

void Service::collect(const Behaviour::Collector& collector) {
    if (++collectable_ % static_cast<std::uint64_t>(collector.every) != 0) {
        return;
    }
    collector_.post([this, pause = collector.pause] {
        const std::unique_lock stopped(world_);
        burn_cpu(pause);
        ++collections_;
        collecting_s_.store(collecting_s_.load() + to_seconds(pause));
    });
}

void Service::wait_for_collector() {
    const std::shared_lock going_on(world_);
}

void Service::block_loop(const Behaviour& now) {
    if (!now.loop_block ||
        blocks_.fetch_add(1) % static_cast<std::uint64_t>(now.loop_block->every) != 0) {
        return;
    }
    if (now.loop_block->spin) {
        burn_cpu(now.loop_block->length);
    } else {
        std::this_thread::sleep_for(now.loop_block->length);
    }
}

void Service::keep_memory(std::size_t bytes) {
    if (bytes > 0) {
        const std::lock_guard lock(memory_mutex_);
        memory_.emplace_back(bytes, 'x');  // written to, so that it becomes resident
        kept_bytes_ += bytes;
    }
}

void Service::release_memory() {
    const std::lock_guard lock(memory_mutex_);
    memory_.clear();
    kept_bytes_ = 0;
}

std::uint64_t Service::kept_bytes() const {
    const std::lock_guard lock(memory_mutex_);
    return kept_bytes_;
}

/// The rate limit's answer, where there is one.
bool Service::refused(const Behaviour& now, Responder& responder) {
    const double wait_s = now.rate_limit ? now.rate_limit->ask(Clock::now()) : 0;
    if (wait_s <= 0) {
        return false;
    }
    auto response = json_error(429, "too many requests");
    response.headers.push_back(
        {"Retry-After", std::to_string(static_cast<long>(std::ceil(wait_s)))});
    responder.send(std::move(response));
    return true;
}

void Service::carry_out(RoutePlan plan, Snapshot now, Responder responder) {
    wait_for_collector();
    if (plan.delay > 0ns) {
        const auto due = Clock::now() + plan.delay;
        plan.delay = 0ns;
        auto rest = std::make_shared<RoutePlan>(std::move(plan));
        timer_.post(
            [this, rest, now = std::move(now), to = shared(std::move(responder))] {
                carry_out(std::move(*rest), now, std::move(*to));
            },
            due);
        return;
    }
    if (plan.compute) {
        WorkerPool& threads = now->one_core ? one_thread_ : workers_;
        threads.post(
            [this, compute = std::move(plan.compute), now = std::move(now),
             to = shared(std::move(responder))] { carry_out(compute(), now, std::move(*to)); });
        return;
    }
    if (!plan.query) {
        responder.send(std::move(plan.answer));
        return;
    }
    const bool leak = now->leak_every > 0 &&
                      queries_.fetch_add(1) % static_cast<std::uint64_t>(now->leak_every) + 1 ==
                          static_cast<std::uint64_t>(now->leak_every);
    DbJob job;
    job.responder = std::move(responder);
    job.work = [query = std::move(plan.query), now = std::move(now),
                leak](DatabaseSession& session) {
        return query_with_faults(session, *now, query, leak);
    };
    submit(std::move(job));
}

void Service::submit(DbJob job) {
    const std::shared_lock lock(pool_mutex_);
    pool_->submit(std::move(job));
}

void Service::replace_pool(std::unique_ptr<DatabasePool> next) {
    {
        const std::unique_lock lock(pool_mutex_);
        pool_.swap(next);
        if (next != nullptr) {
            for (auto& job : next->take_queue()) {
                pool_->submit(std::move(job));
            }
        }
    }
    if (next != nullptr) {
        next->drain(Clock::now() + kDrainTime);
        next->stop();
    }
}

DatabasePoolState Service::pool_state() const {
    const std::shared_lock lock(pool_mutex_);
    return pool_->state();
}

bool Service::has_pool() const {
    const std::shared_lock lock(pool_mutex_);
    return pool_ != nullptr;
}

bool Service::pool_per_request() const {
    const std::shared_lock lock(pool_mutex_);
    return pool_->options().mode == DatabasePoolOptions::Mode::PerRequest;
}

void Service::release_leaks() {
    const std::shared_lock lock(pool_mutex_);
    pool_->release_leaks();
}

std::string Service::metrics() const {
    std::string text = metrics_text(metrics_, pool_state(), requests());
    if (collections_ > 0) {
        text += fmt::format(
            "# TYPE jvm_gc_pause_seconds summary\n"
            "jvm_gc_pause_seconds_count{{action=\"end of minor GC\"}} {}\n"
            "jvm_gc_pause_seconds_sum{{action=\"end of minor GC\"}} {}\n",
            collections_.load(), collecting_s_.load());
    }
    return text;
}

void Service::stop() {
    collector_.stop();
    timer_.stop();
    workers_.stop();
    one_thread_.stop();
    const std::shared_lock lock(pool_mutex_);
    if (pool_) {
        pool_->stop();
    }
}

}  // namespace plimsoll
