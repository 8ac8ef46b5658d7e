#include "probes/canary/canary_probe.hpp"

#include "base/log.hpp"
#include "signal/names.hpp"

#include <algorithm>
#include <utility>

namespace plimsoll {
namespace {

enum Metric : std::uint32_t { Seconds, Failures, Tries };

/// Of one core, on our side. A fresh connection with SCRAM's 4,096 rounds of hashing takes 3 to 10
/// ms of it, a query on a connection held or a TCP connect some tens of microseconds.
constexpr double kMostCpu = 0.0005;
constexpr Nanoseconds kLongestPause = std::chrono::seconds(10);

}  // namespace

CanaryProbe::CanaryProbe(std::string canary, Nanoseconds period)
    : canary_(std::move(canary)),
      period_(period),
      descriptors_{{metric::kCanarySeconds,
                    MetricType::Gauge,
                    "Duration of a request that isolates one layer.",
                    {"canary"}},
                   {metric::kCanaryFailures,
                    MetricType::Counter,
                    "Such requests that failed or took too long.",
                    {"canary"}},
                   {metric::kCanaryTries,
                    MetricType::Counter,
                    "Such requests; a reading without a new one repeats the last duration.",
                    {"canary"}}} {}

std::uint32_t CanaryProbe::declare(MetricDescriptor descriptor) {
    descriptors_.push_back(std::move(descriptor));
    return static_cast<std::uint32_t>(descriptors_.size() - 1);
}

Nanoseconds CanaryProbe::pause_after(Nanoseconds cpu) noexcept {
    return std::min(from_seconds(to_seconds(cpu) / kMostCpu), kLongestPause);
}

Status CanaryProbe::start(Clock::time_point deadline) {
    const Result<Nanoseconds> took = attempt(deadline);
    return took ? Status() : Status(took.error());
}

Result<Reading> CanaryProbe::read(Clock::time_point deadline) {
    const Clock::time_point from = Clock::now();
    Reading reading;
    reading.at = from;
    if (from >= next_ || urgent()) {
        try_once(from, deadline);
        reading.took = Clock::now() - from;
        reading.at = from + reading.took / 2;
    }
    if (last_) {
        reading.values.push_back({Seconds, {canary_}, to_seconds(*last_)});
    }
    reading.values.push_back({Failures, {canary_}, static_cast<double>(failures_)});
    reading.values.push_back({Tries, {canary_}, static_cast<double>(tries_)});
    add_values(reading);
    return reading;
}

void CanaryProbe::try_once(Clock::time_point from, Clock::time_point deadline) {
    const Nanoseconds cpu = thread_cpu_time();
    ++tries_;
    const Result<Nanoseconds> took = attempt(deadline);
    const std::optional<Nanoseconds> before = std::exchange(last_, std::nullopt);
    next_ = {};  // while something is wrong every turn is used
    if (!took) {
        ++failures_;
        note(false, took.error().to_string());
        return;
    }
    note(true, "");
    last_ = *took;
    const Nanoseconds pause = pause_after(thread_cpu_time() - cpu);
    if (pause > period_ && (!before || *took <= 2 * *before)) {
        // A little early: turns come at whole periods, a little later or earlier.
        next_ = from + pause - period_ / 10;
    }
}

void CanaryProbe::note(bool good, const std::string& reason) {
    if (good != good_) {
        good_ = good;
        if (good) {
            spdlog::info("canary is well again canary={}", canary_);
        } else {
            spdlog::info("canary failed canary={} reason=\"{}\"", canary_, reason);
        }
    }
}

}  // namespace plimsoll
