#include "engine/engine.hpp"

#include "engine/shard.hpp"

#include <cmath>
#include <pthread.h>
#include <thread>

#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr std::chrono::seconds kReachableWithin{5};

std::uint64_t limit_for(double share) {
    if (share <= 0) {
        return 0;
    }
    return share >= 1 ? UINT64_MAX : static_cast<std::uint64_t>(std::ldexp(share, 64));
}

std::vector<std::vector<PreparedRequest>> prepare_requests(const Scenario& scenario,
                                                           const std::string& version) {
    const std::string user_agent = "plimsoll/" + version;
    std::vector<std::vector<PreparedRequest>> requests;
    for (const UserClass& user : scenario.users) {
        auto& flow = requests.emplace_back();
        for (const Step& step : user.steps) {
            flow.emplace_back(step, scenario.target, scenario.http, user_agent);
        }
    }
    return requests;
}

std::vector<ClassPicker> pickers_for(const Scenario& scenario) {
    std::vector<ClassPicker> pickers;
    for (const Executor& executor : scenario.load) {
        pickers.emplace_back(scenario.users, executor.users);
    }
    return pickers;
}

}  // namespace

struct Engine::State {
    ShardPlan plan;
    std::vector<std::unique_ptr<Shard>> shards;
    std::vector<std::thread> threads;
};

Engine::Engine(const Scenario& scenario, const RunInfo& run, EngineOptions options)
    : state_(std::make_unique<State>(State{{&scenario,
                                            &run,
                                            options,
                                            {},
                                            {},
                                            {},
                                            prepare_requests(scenario, run.version),
                                            pickers_for(scenario),
                                            limit_for(options.trace_share)},
                                           {},
                                           {}})) {
    ShardPlan& plan = state_->plan;
    plan.users = plan_classes(scenario, plan.pools);
}

Engine::~Engine() {
    abort();
    join();
}

Status Engine::prepare() {
    const TargetUrl& target = state_->plan.scenario->target;
    auto addresses = resolve(target);
    if (!addresses) {
        return addresses.error();
    }
    auto found = reachable(*addresses, target, kReachableWithin);
    if (!found) {
        return found.error();
    }
    state_->plan.addresses = std::move(*found);
    const HttpOptions& http = state_->plan.scenario->http;
    for (const std::string& text : http.local_addresses) {
        auto address = local_address(text);
        if (!address) {
            return address.error();
        }
        state_->plan.locals.push_back(*address);
    }
    if (target.scheme == "https") {
        auto tls = TlsContext::create(http.tls);
        if (!tls) {
            return tls.error();
        }
        state_->plan.tls = *std::move(tls);
    }
    return {};
}

void Engine::start(IntervalSink sink) {
    for (std::uint32_t id = 0; id < state_->plan.run->shards; ++id) {
        state_->shards.push_back(std::make_unique<Shard>(state_->plan, id, sink));
    }
    for (std::uint32_t id = 0; id < state_->shards.size(); ++id) {
        state_->threads.emplace_back([shard = state_->shards[id].get()] { shard->run(); });
        ::pthread_setname_np(state_->threads.back().native_handle(),
                             fmt::format("shard-{}", id).c_str());
    }
}

void Engine::stop_gracefully() {
    for (const auto& shard : state_->shards) {
        shard->stop_gracefully();
    }
}

void Engine::abort() {
    for (const auto& shard : state_->shards) {
        shard->abort();
    }
}

void Engine::join() {
    for (std::thread& thread : state_->threads) {
        if (thread.joinable()) {
            thread.join();
        }
    }
}

}  // namespace plimsoll
