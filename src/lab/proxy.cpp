#include "lab/proxy.hpp"

#include "lab/proxy_loop.hpp"

#include <system_error>
#include <unistd.h>
#include <utility>

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
