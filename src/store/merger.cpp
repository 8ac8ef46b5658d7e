#include "store/merger.hpp"

#include "store/run_reader.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>

#include <fmt/format.h>

namespace plimsoll {

double Merger::rounded(double sum) {
    const std::string text = fmt::format("{:.12g}", sum);
    double value = sum;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

Status Merger::run(const MergedRun& merged) {
    make_info();
    make_probes();
    Status status = status_;
    const auto then = [&](auto&& step) { status = status.ok() ? step() : status; };
    then([&] { return writer_.start(info_, probes_); });
    then([&] { return write_ticks(); });
    then([&] { return write_readings(); });
    then([&] { return write_gaps(); });
    then([&] { return write_events(); });
    then([&] { return write_facts(merged); });
    if (status.ok()) {
        writer_.finish(Clock::now());
        if (const auto lost = writer_.last_error()) {
            status = *lost;
        }
    }
    return status;
}

Nanoseconds Merger::shift(const SegmentRun& run) const {
    return run.info().start.wall - info_.start.wall;
}

std::string Merger::name(const SegmentRun& run) const {
    return fmt::format("segment {}/{}", run.info().segment.number, run.info().segment.count);
}

void Merger::make_info() {
    info_ = runs_.front().info();
    info_.shards = 0;
    info_.segment = {};
    for (ExecutorInfo& executor : info_.executors) {
        executor.start_value = 0;
        executor.max_users = 0;
        for (StageInfo& stage : executor.stages) {
            stage.target = 0;
        }
    }
    for (const SegmentRun& run : runs_) {
        add_info(run.info());
    }
    for (ExecutorInfo& executor : info_.executors) {
        executor.start_value = rounded(executor.start_value);
        for (StageInfo& stage : executor.stages) {
            stage.target = rounded(stage.target);
        }
    }
    info_.id += "-merged";
}

void Merger::add_info(const RunInfo& part) {
    if (part.start.wall < info_.start.wall) {
        info_.start = part.start;
        info_.id = part.id;
    }
    info_.shards += part.shards;
    for (std::size_t e = 0; e < part.executors.size(); ++e) {
        ExecutorInfo& sum = info_.executors[e];
        sum.start_value += part.executors[e].start_value;
        sum.max_users += part.executors[e].max_users;
        for (std::size_t s = 0; s < sum.stages.size(); ++s) {
            sum.stages[s].target += part.executors[e].stages[s].target;
        }
    }
    for (const std::string& tag : part.tags) {
        if (std::find(info_.tags.begin(), info_.tags.end(), tag) == info_.tags.end()) {
            info_.tags.push_back(tag);
        }
    }
}

bool Merger::same_metrics(const ProbeInfo& a, const ProbeInfo& b) {
    return a.name == b.name &&
           std::equal(a.descriptors.begin(), a.descriptors.end(), b.descriptors.begin(),
                      b.descriptors.end(), [](const auto& x, const auto& y) {
                          return x.name == y.name && x.type == y.type && x.labels == y.labels;
                      });
}

void Merger::make_probes() {
    for (SegmentRun& run : runs_) {
        std::vector<StoredProbe> probes;
        if (!take(run.reader.probes(), probes, status_)) {
            return;
        }
        auto& numbers = probe_of_.emplace_back();
        for (StoredProbe& probe : probes) {
            auto known = std::find_if(probes_.begin(), probes_.end(), [&](const auto& each) {
                return same_metrics(each, probe.info);
            });
            if (known == probes_.end()) {
                const bool taken =
                    std::any_of(probes_.begin(), probes_.end(),
                                [&](const auto& each) { return each.name == probe.info.name; });
                if (taken) {
                    probe.info.name += fmt::format(" ({})", name(run));
                }
                known = probes_.insert(probes_.end(), probe.info);
                health_.emplace_back();
            }
            const auto number = static_cast<std::size_t>(known - probes_.begin());
            numbers.push_back(number);
            ProbeHealth& health = health_[number];
            health.up = true;
            health.readings += probe.readings;
            health.expected += probe.expected;
            health.gaps += probe.gaps;
            health.last_took = std::max(health.last_took,
                                        std::chrono::duration_cast<Nanoseconds>(
                                            std::chrono::duration<double>(probe.longest_took_s)));
        }
    }
}

}  // namespace plimsoll
