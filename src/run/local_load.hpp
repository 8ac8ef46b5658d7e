// The load of this process's own engine.
#pragma once

#include "run/generator_usage.hpp"
#include "run/load_source.hpp"
#include "run/snapshot_hub.hpp"

#include <functional>
#include <optional>

namespace plimsoll {

class LocalLoad final : public LoadSource {
public:
    /// Says when to begin, and may wait for it; empty: as soon as all is open.
    using Gate = std::function<StartTime()>;

    LocalLoad(const LoadContext& context, EngineOptions options, Gate gate)
        : context_(context),
          engine_(context.scenario, context.run, std::move(options)),
          gate_(std::move(gate)) {}

    [[nodiscard]] Status prepare() override;
    [[nodiscard]] std::uint32_t shards() const override { return context_.run.shards; }
    [[nodiscard]] StartTime begin_at() override;
    void start(Publish publish) override;
    [[nodiscard]] bool finished() const override { return hub_->finished(); }
    void stop_gracefully() override { engine_.stop_gracefully(); }
    void abort() override { engine_.abort(); }
    [[nodiscard]] Result<LevelChange> set_rate(std::uint32_t executor, Rate rate) override {
        return engine_.set_rate(executor, rate);
    }
    [[nodiscard]] Result<LevelChange> set_users(std::uint32_t executor,
                                                std::uint32_t users) override {
        return engine_.set_users(executor, users);
    }
    [[nodiscard]] double level(std::uint32_t executor) const override {
        return engine_.level(executor);
    }
    [[nodiscard]] ExecutorInfo steered(std::uint32_t executor) const override {
        return engine_.steered(executor);
    }
    void join() override { engine_.join(); }
    [[nodiscard]] std::map<std::string, std::string> facts() const override;

private:
    LoadContext context_;
    std::optional<SnapshotHub> hub_;  // the engine's shards hand over to it, and so end first
    Engine engine_;
    Gate gate_;
    GeneratorUsage before_;
};

}  // namespace plimsoll
