#include "engine/engine.hpp"

#include "base/random.hpp"
#include "engine/shard.hpp"
#include "engine/socket_budget.hpp"
#include "scenario/steered_level.hpp"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <pthread.h>
#include <sys/resource.h>
#include <thread>
#include <utility>

#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr std::chrono::seconds kReachableWithin{5};
// From a setting to when it holds: every shard that is not starved has heard of it by then.
constexpr std::chrono::milliseconds kChangeLead{5};

std::uint64_t limit_for(double share) {
    if (share <= 0) {
        return 0;
    }
    return share >= 1 ? UINT64_MAX : static_cast<std::uint64_t>(std::ldexp(share, 64));
}

/// Of the run's id, not its seed: two runs of one seed must not share an id.
std::uint64_t trace_key(const RunInfo& run) {
    std::uint64_t key = mix64(run.segment.number) ^ mix64(mix64(run.segment.count));
    for (const char c : run.id) {
        key = mix64(key ^ static_cast<unsigned char>(c));
    }
    return key;
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

}  // namespace

struct Engine::State {
    State(const Scenario& scenario, const RunInfo& run, EngineOptions its)
        : options(std::move(its)), plan{UsersPlan(scenario, run), {}} {}

    EngineOptions options;
    ShardPlan plan;
    std::mutex steering;                            // of `changes`; no shard ever takes it
    std::vector<std::vector<LevelChange>> changes;  // by executor
    std::vector<std::unique_ptr<Shard>> shards;
    std::vector<std::thread> threads;
    std::optional<SocketBudget> sockets;
    bool checked = false;

    [[nodiscard]] Result<LevelChange> set_level(std::uint32_t executor, double level, bool open);
};

Engine::Engine(const Scenario& scenario, const RunInfo& run, EngineOptions options)
    : state_(std::make_unique<State>(scenario, run, std::move(options))) {
    state_->plan.requests.prepared = prepare_requests(scenario, run.version);
    const EngineOptions& said = state_->options;
    UsersPlan& users = state_->plan.users;
    users.tell = {said.on_note, said.on_abort, said.on_request, said.on_variables};
    users.shared = said.shared;
    users.trace_limit = limit_for(said.trace_share);
    users.trace_key = trace_key(run);
    users.traceparent = said.traceparent.value_or(users.trace_limit != 0);
    state_->changes.resize(scenario.load.size());
}

Engine::~Engine() {
    abort();
    join();
}

Status Engine::check() {
    if (state_->checked) {
        return {};
    }
    const HttpOptions& http = state_->plan.users.scenario->http;
    std::vector<SocketAddress> locals;
    for (const std::string& text : http.local_addresses) {
        auto address = local_address(text);
        if (!address) {
            return Error{address.error().what, "http.local_addresses", address.error().hint};
        }
        locals.push_back(*address);
    }
    if (state_->plan.users.scenario->target.scheme == "https") {
        auto tls = TlsContext::create(http.tls);
        if (!tls) {
            return tls.error();
        }
        state_->plan.requests.connect.tls = *std::move(tls);
    }
    state_->plan.requests.connect.locals = std::move(locals);
    state_->checked = true;
    return {};
}

Status Engine::prepare() {
    if (Status good = check(); !good) {
        return good;
    }
    const TargetUrl& target = state_->plan.users.scenario->target;
    const auto& look_up = state_->options.look_up;
    auto addresses = look_up ? look_up(target) : resolve(target);
    if (!addresses) {
        return addresses.error();
    }
    auto found = reachable(*addresses, target, kReachableWithin);
    if (!found) {
        return found.error();
    }
    state_->plan.requests.addresses = std::move(*found);
    state_->plan.users.places = static_cast<std::uint32_t>(state_->plan.requests.addresses.size());
    const std::size_t locals =
        std::max<std::size_t>(1, state_->plan.requests.connect.locals.size());
    state_->sockets.emplace(
        target.unix_path.empty() ? state_->plan.requests.addresses.size() * locals : 0,
        state_->options.reserved_descriptors);
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    const std::uint64_t reserved = state_->options.reserved_descriptors;
    state_->plan.requests.connect.sockets_below =
        limit.rlim_cur > reserved ? limit.rlim_cur - reserved : 0;
    return {};
}

void Engine::start(IntervalSink sink) {
    for (std::uint32_t id = 0; id < state_->plan.users.run->shards; ++id) {
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

Result<LevelChange> Engine::State::set_level(std::uint32_t executor, double level, bool open) {
    const auto& load = plan.users.scenario->load;
    if (const Status fits = check_level(load, executor, level, open); !fits) {
        return fits.error();
    }
    const Executor& steered = load[executor];
    const std::lock_guard lock(steering);
    const Nanoseconds since_begin =
        Clock::now() + kChangeLead - plan.users.run->start.mono - steered.start_time;
    const Nanoseconds at = std::max(since_begin, Nanoseconds{});
    if (at >= steered.ramp.duration()) {
        return Error{"is over", steered.name, ""};
    }
    for (const auto& shard : shards) {
        shard->set_level(executor, at, level);
    }
    changes[executor].push_back({steered.start_time + at, level});
    return changes[executor].back();
}

Result<LevelChange> Engine::set_rate(std::uint32_t executor, Rate rate) {
    return state_->set_level(executor, rate.per_second(), true);
}

Result<LevelChange> Engine::set_users(std::uint32_t executor, std::uint32_t users) {
    return state_->set_level(executor, users, false);
}

std::uint64_t Engine::sockets_left(std::uint32_t connections_open) const {
    return state_->sockets ? state_->sockets->left(connections_open) : ShardState::kSocketsUnknown;
}

double Engine::level(std::uint32_t executor) const {
    const std::lock_guard lock(state_->steering);
    const auto& changes = state_->changes.at(executor);
    return changes.empty() ? state_->plan.users.scenario->load[executor].ramp.start()
                           : changes.back().level;
}

ExecutorInfo Engine::steered(std::uint32_t executor) const {
    const std::lock_guard lock(state_->steering);
    const Executor& planned = state_->plan.users.scenario->load.at(executor);
    ExecutorInfo info = state_->plan.users.run->executors.at(executor);
    for (const LevelChange& change : state_->changes[executor]) {
        const Nanoseconds end = info.stages.back().to;
        const double level = segment_level(planned, state_->plan.users.run->segment, change.level);
        info.stages.back().to = change.at;
        info.stages.push_back({change.at, change.at, level});
        info.stages.push_back({change.at, end, level});
    }
    return info;
}

void Engine::join() {
    for (std::thread& thread : state_->threads) {
        if (thread.joinable()) {
            thread.join();
        }
    }
}

Nanoseconds Engine::polled() const {
    Nanoseconds sum{};
    for (const auto& shard : state_->shards) {
        sum += shard->polled();
    }
    return sum;
}

}  // namespace plimsoll
