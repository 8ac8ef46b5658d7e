#include "probes/canary/canary_probe.hpp"

#include "base/log.hpp"
#include "signal/names.hpp"

#include <utility>

namespace plimsoll {
namespace {

enum Metric : std::uint32_t { Seconds, Failures };

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
                    {"canary"}}} {}

std::uint32_t CanaryProbe::declare(MetricDescriptor descriptor) {
    descriptors_.push_back(std::move(descriptor));
    return static_cast<std::uint32_t>(descriptors_.size() - 1);
}

Status CanaryProbe::start(Clock::time_point deadline) {
    const Result<Nanoseconds> took = attempt(deadline);
    return took ? Status() : Status(took.error());
}

Result<Reading> CanaryProbe::read(Clock::time_point deadline) {
    const Clock::time_point from = Clock::now();
    const Result<Nanoseconds> took = attempt(deadline);
    Reading reading;
    reading.took = Clock::now() - from;
    reading.at = from + reading.took / 2;
    if (took) {
        note(true, "");
        reading.values.push_back({Seconds, {canary_}, to_seconds(*took)});
    } else {
        ++failures_;
        note(false, took.error().to_string());
    }
    reading.values.push_back({Failures, {canary_}, static_cast<double>(failures_)});
    add_values(reading);
    return reading;
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
