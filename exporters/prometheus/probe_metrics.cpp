#include "exporters/prometheus/probe_metrics.hpp"

#include "exporters/prometheus/load_metrics.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace plimsoll {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using PromType = prometheus::MetricType;

Status check_against(const MetricDescriptor& first, const MetricDescriptor& other,
                     const std::string& probe) {
    if (first.type != other.type || first.labels != other.labels) {
        return Error{"metric " + other.name +
                         " is declared with another type or other labels than by an earlier probe",
                     "probe " + probe, "give it a name of its own"};
    }
    return {};
}

/// Whether `probe` declares a metric without labels that an other probe declares too.
bool needs_label(const ProbeInfo& probe, const std::map<std::string, std::size_t>& declared) {
    return std::any_of(probe.descriptors.begin(), probe.descriptors.end(),
                       [&](const MetricDescriptor& descriptor) {
                           return descriptor.labels.empty() && declared.at(descriptor.name) > 1;
                       });
}

/// Drops series that repeat an earlier one's labels: Prometheus would take either at random.
void remove_repeated(MetricFamily& family) {
    std::set<std::vector<ClientMetric::Label>> seen;
    std::erase_if(family.metric,
                  [&](const ClientMetric& metric) { return !seen.insert(metric.label).second; });
}

}  // namespace

Result<ProbeFamilies> ProbeFamilies::make(std::span<const ProbeInfo> probes) {
    ProbeFamilies out;
    std::map<std::string, std::size_t> index;     // family by name
    std::map<std::string, std::size_t> declared;  // by how many probes
    const auto own = load_metric_names();
    for (const ProbeInfo& info : probes) {
        Probe& probe = out.probes_.emplace_back();
        probe.name = info.name;
        for (const MetricDescriptor& descriptor : info.descriptors) {
            if (std::find(own.begin(), own.end(), descriptor.name) != own.end()) {
                return Error{"metric " + descriptor.name + " is one of the load's own",
                             "probe " + info.name, "give it another name"};
            }
            const auto [at, fresh] = index.emplace(descriptor.name, out.families_.size());
            if (fresh) {
                out.families_.push_back(descriptor);
            } else if (Status same =
                           check_against(out.families_[at->second], descriptor, info.name);
                       !same) {
                return same.error();
            }
            probe.family_of.push_back(at->second);
            ++declared[descriptor.name];
        }
    }
    for (std::size_t i = 0; i < probes.size(); ++i) {
        out.probes_[i].labelled = needs_label(probes[i], declared);
    }
    return out;
}

std::vector<MetricFamily> ProbeFamilies::collect(std::span<const ProbeView> views) const {
    std::vector<MetricFamily> out;
    out.reserve(families_.size() + 3);
    for (const MetricDescriptor& descriptor : families_) {
        out.push_back({descriptor.name,
                       descriptor.help,
                       descriptor.type == MetricType::Counter ? PromType::Counter : PromType::Gauge,
                       {}});
    }
    for (std::size_t i = 0; i < std::min(views.size(), probes_.size()); ++i) {
        if (views[i].reading) {
            add_reading(out, probes_[i], views[i]);
        }
    }
    std::for_each(out.begin(), out.end(), remove_repeated);
    add_health(out, views);
    std::erase_if(out, [](const MetricFamily& family) { return family.metric.empty(); });
    return out;
}

void ProbeFamilies::add_reading(std::vector<MetricFamily>& out, const Probe& probe,
                                const ProbeView& view) const {
    for (const Value& value : view.reading->values) {
        if (value.metric >= probe.family_of.size()) {
            continue;
        }
        const std::size_t index = probe.family_of[value.metric];
        const MetricDescriptor& descriptor = families_[index];
        const bool is_counter = descriptor.type == MetricType::Counter;
        if (value.labels.size() != descriptor.labels.size() || (view.in_gap && !is_counter)) {
            continue;
        }
        ClientMetric& metric = out[index].metric.emplace_back();
        for (std::size_t i = 0; i < value.labels.size(); ++i) {
            metric.label.push_back(make_label(descriptor.labels[i], value.labels[i]));
        }
        if (probe.labelled) {
            metric.label.push_back(make_label("probe", probe.name));
        }
        (is_counter ? metric.counter.value : metric.gauge.value) = value.value;
    }
}

void ProbeFamilies::add_health(std::vector<MetricFamily>& out,
                               std::span<const ProbeView> views) const {
    MetricFamily up{
        "plimsoll_probe_up", "1 while a probe gets its readings, else 0.", PromType::Gauge, {}};
    MetricFamily took{"plimsoll_probe_duration_seconds",
                      "Round trip of a probe's last reading.",
                      PromType::Gauge,
                      {}};
    MetricFamily gaps{"plimsoll_probe_gaps_total",
                      "Times that a probe went without readings.",
                      PromType::Counter,
                      {}};
    for (std::size_t i = 0; i < std::min(views.size(), probes_.size()); ++i) {
        const std::vector<ClientMetric::Label> labels{make_label("probe", probes_[i].name)};
        const ProbeHealth& health = views[i].health;
        const auto add = [&](MetricFamily& family) -> ClientMetric& {
            ClientMetric& metric = family.metric.emplace_back();
            metric.label = labels;
            return metric;
        };
        add(up).gauge.value = health.up ? 1 : 0;
        add(took).gauge.value = to_seconds(health.last_took);
        add(gaps).counter.value = static_cast<double>(health.gaps);
    }
    out.push_back(std::move(up));
    out.push_back(std::move(took));
    out.push_back(std::move(gaps));
}

}  // namespace plimsoll
