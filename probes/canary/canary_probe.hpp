// What all canaries share. Only for this folder.
#pragma once

#include "signal/probe.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace plimsoll {

/// A request in each turn, as long as it is cheap: one that costs us much CPU time pauses for some
/// turns, in which the last duration stands, but only while it succeeds and gets no slower.
class CanaryProbe : public Probe {
public:
    CanaryProbe(std::string canary, Nanoseconds period);

    /// The time from a request that took `cpu` of ours to the next one: such that they take
    /// 0.05 % of a core, and at most 10 s.
    [[nodiscard]] static Nanoseconds pause_after(Nanoseconds cpu) noexcept;

    [[nodiscard]] std::string name() const final { return "canary:" + canary_; }
    [[nodiscard]] std::span<const MetricDescriptor> descriptors() const final {
        return descriptors_;
    }
    [[nodiscard]] Nanoseconds period() const final { return period_; }
    [[nodiscard]] bool waits_on_target() const final { return true; }
    [[nodiscard]] Status start(Clock::time_point deadline) final;
    [[nodiscard]] Result<Reading> read(Clock::time_point deadline) final;

protected:
    /// One request, done by `deadline`: how long it took, or why it failed.
    [[nodiscard]] virtual Result<Nanoseconds> attempt(Clock::time_point deadline) = 0;
    /// Whether each turn is to be used whatever it costs, as while it fails.
    [[nodiscard]] virtual bool urgent() const { return false; }
    /// More values for the reading, of metrics declared by `declare`.
    virtual void add_values(Reading&) const {}
    /// Call from the constructor only. Returns the metric's index.
    std::uint32_t declare(MetricDescriptor descriptor);

private:
    void try_once(Clock::time_point from, Clock::time_point deadline);
    void note(bool good, const std::string& reason);

    std::string canary_;
    Nanoseconds period_;
    std::vector<MetricDescriptor> descriptors_;
    Clock::time_point next_{};         // no request before this
    std::optional<Nanoseconds> last_;  // what the last one took, unless it failed
    std::uint64_t failures_ = 0, tries_ = 0;
    bool good_ = true;  // as of the last attempt, so that a change is logged once
};

}  // namespace plimsoll
