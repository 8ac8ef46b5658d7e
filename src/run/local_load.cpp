#include "run/local_load.hpp"

#include <utility>

#include <fmt/format.h>

namespace plimsoll {
namespace {

// Between fixing t = 0 and the first arrival: exporters start and probes take a first reading
// meanwhile.
constexpr std::chrono::milliseconds kLead{400};

}  // namespace

Status LocalLoad::prepare() {
    const Status reachable = engine_.prepare();
    if (!reachable) {
        context_.tell("no request was sent, as the target cannot be reached");
    }
    return reachable;
}

StartTime LocalLoad::begin_at() {
    if (gate_) {
        return gate_();
    }
    const auto now = WallAnchor::now();
    return WallAnchor{now.mono + kLead, now.wall + kLead};
}

void LocalLoad::start(Publish publish) {
    before_ = generator_usage();
    hub_.emplace(context_.run, std::move(publish),
                 [this](std::uint32_t open) { return engine_.sockets_left(open); });
    engine_.start(hub_->sink());
}

std::map<std::string, std::string> LocalLoad::facts() const {
    const GeneratorUsage after = generator_usage();
    return {
        {"generator.cpu_seconds", fmt::format("{:.6f}", after.cpu_seconds - before_.cpu_seconds)},
        {"generator.polled_seconds", fmt::format("{:.6f}", to_seconds(engine_.polled()))},
        {"generator.max_rss_bytes", std::to_string(after.max_rss_bytes)}};
}

}  // namespace plimsoll
