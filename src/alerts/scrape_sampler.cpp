#include "alerts/scrape_sampler.hpp"

#include "exporters/prometheus/buckets.hpp"
#include "exporters/prometheus/families.hpp"

#include <algorithm>
#include <cmath>
#include <memory>

#include <fmt/format.h>

namespace plimsoll {
namespace {

using prometheus::ClientMetric;
using Labels = std::vector<std::pair<std::string, std::string>>;

/// Sorted by name; an empty label is none, and the target's own comes first where both have one.
std::string labels_text(const ClientMetric& metric, const Labels& target, std::string_view le) {
    Labels all = target;
    for (const ClientMetric::Label& label : metric.label) {
        const bool taken = std::any_of(target.begin(), target.end(),
                                       [&](const auto& each) { return each.first == label.name; });
        if (!label.value.empty()) {
            all.emplace_back(taken ? "exported_" + label.name : label.name, label.value);
        }
    }
    if (!le.empty()) {
        all.emplace_back("le", le);
    }
    std::sort(all.begin(), all.end());
    std::string out;
    for (const auto& [name, value] : all) {
        out += fmt::format("{}{}={}", out.empty() ? "" : ",", name, quoted_label(value));
    }
    return out;
}

}  // namespace

std::string quoted_label(std::string_view value) {
    std::string out = "\"";
    for (const char c : value) {
        out += c == '\n' ? "\\n" : c == '"' || c == '\\' ? std::string{'\\', c} : std::string{c};
    }
    return out + '"';
}

std::string series_text(std::string_view name, std::string_view labels) {
    return labels.empty() ? std::string(name) : fmt::format("{}{{{}}}", name, labels);
}

std::string sample_value(double value) {
    if (std::isnan(value)) {
        return "NaN";
    }
    if (std::isinf(value)) {
        return value > 0 ? "+Inf" : "-Inf";
    }
    return fmt::format("{}", value);
}

ScrapeSampler::ScrapeSampler(ScrapePlan plan, Sink sink)
    : plan_(std::move(plan)), sink_(std::move(sink)), state_("scrapes"), next_(plan_.phases) {}

Status ScrapeSampler::start(const RunInfo& run, std::span<const ProbeInfo> probes) {
    probes_.assign(probes.begin(), probes.end());
    bounds_ = bucket_bounds(run.thresholds);
    if (plan_.thresholds) {
        watch_.emplace(run);
    }
    return state_.start(run, probes);
}

void ScrapeSampler::on_snapshot(const SnapshotPtr& snapshot) {
    scrape_until(snapshot->to - state_.run().start.mono, false);
    if (watch_) {
        judge(*snapshot);
    }
    state_.store(snapshot);
}

void ScrapeSampler::judge(const Snapshot& snapshot) {
    const Clock::time_point start = state_.run().start.mono;
    watch_->on_tick(
        to_seconds(snapshot.from - start), to_seconds(snapshot.to - start),
        {snapshot.delta, snapshot.delta_counts, snapshot.delta_groups, snapshot.delta_checks},
        {snapshot.total, snapshot.total_counts, snapshot.total_groups, snapshot.total_checks});
    auto verdict = std::make_shared<RunVerdict>();
    for (const ThresholdResult& result : watch_->results(false)) {
        verdict->thresholds.emplace_back(result.threshold.key + ": " + result.threshold.expression,
                                         result.ok);
    }
    state_.store(VerdictPtr(std::move(verdict)));
}

void ScrapeSampler::on_reading(std::size_t probe, const Reading& reading,
                               const ProbeHealth& health) {
    const Nanoseconds at = reading.at - state_.run().start.mono;
    scrape_until(at, false);
    if (watch_ && probe < probes_.size()) {
        watch_->on_reading(probes_[probe].name, probes_[probe].descriptors, to_seconds(at),
                           reading.values);
    }
    state_.store(probe, reading, health);
}

void ScrapeSampler::on_gap(std::size_t probe, const Gap& gap, const ProbeHealth& health) {
    scrape_until((gap.open ? gap.from : gap.to) - state_.run().start.mono, false);
    state_.store_gap(probe, gap.open, health);
}

void ScrapeSampler::end() {
    scrape_until(latest_, true);
}

void ScrapeSampler::scrape_until(Nanoseconds end, bool also_at_end) {
    latest_ = std::max(latest_, end);
    for (;;) {
        const auto first = std::min_element(next_.begin(), next_.end());
        if (first == next_.end() || *first > end || (*first == end && !also_at_end)) {
            return;
        }
        scrape(static_cast<std::size_t>(first - next_.begin()), *first);
        *first += plan_.every;
    }
}

bool ScrapeSampler::wants(std::string_view name) {
    names_.emplace(name);
    return !plan_.wanted || plan_.wanted(name);
}

void ScrapeSampler::scrape(std::size_t phase, Nanoseconds at) {
    const auto wall = (state_.run().start.wall + at).time_since_epoch();
    ScrapedSample sample;
    sample.phase = phase;
    sample.at_ms = std::chrono::floor<std::chrono::milliseconds>(wall).count();
    MetricFrame frame = state_.frame();
    std::erase_if(frame.families, [&](const MetricFamily& family) {
        const std::string& name = family.metric->name;
        if (family.metric->type != MetricType::Histogram) {
            return !wants(name);
        }
        // All three are known then, whichever is wanted.
        const bool bucket = wants(name + "_bucket");
        const bool sum = wants(name + "_sum");
        return !wants(name + "_count") && !sum && !bucket;
    });
    const auto give = [&](const std::string& name, const std::string& labels, double value) {
        sample.name = name;
        sample.labels = labels;
        sample.value = value;
        sink_(sample);
    };
    if (wants("up")) {
        give("up", labels_text({}, plan_.target_labels, {}), 1);
    }
    for (const auto& family : prometheus_families(std::move(frame), bounds_)) {
        const bool buckets =
            family.type == ::prometheus::MetricType::Histogram && wants(family.name + "_bucket");
        for (const ClientMetric& metric : family.metric) {
            const std::string labels = labels_text(metric, plan_.target_labels, {});
            if (family.type == ::prometheus::MetricType::Counter) {
                give(family.name, labels, metric.counter.value);
            } else if (family.type == ::prometheus::MetricType::Gauge) {
                give(family.name, labels, metric.gauge.value);
            } else {
                give(family.name + "_count", labels,
                     static_cast<double>(metric.histogram.sample_count));
                give(family.name + "_sum", labels, metric.histogram.sample_sum);
                for (const auto& bucket : metric.histogram.bucket) {
                    if (buckets) {
                        give(family.name + "_bucket",
                             labels_text(metric, plan_.target_labels,
                                         sample_value(bucket.upper_bound)),
                             static_cast<double>(bucket.cumulative_count));
                    }
                }
            }
        }
    }
}

}  // namespace plimsoll
