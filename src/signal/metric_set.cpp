#include "signal/metric_set.hpp"

#include "base/utf8.hpp"
#include "signal/metric_table.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <utility>

namespace plimsoll {
namespace {

constexpr std::string_view kProbeLabel = "probe";

bool is_own(const std::string& name) {
    const auto& table = metric_table();
    return std::any_of(table.begin(), table.end(),
                       [&](const MetricRow& row) { return row.metric.name == name; });
}

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

/// Drops series that repeat an earlier one's labels: a reader would take either at random.
void remove_repeated(MetricFamily& family) {
    std::set<std::vector<MetricLabel>> seen;
    std::erase_if(family.series,
                  [&](const MetricSeries& series) { return !seen.insert(series.labels).second; });
}

Look look_at(const RunInfo& run, const RunView& view, const std::vector<std::string>& probe_names,
             MetricSpan span) {
    static const RunVerdict nothing;
    const Snapshot& now = *view.snapshot;
    const RunVerdict& verdict = view.verdict ? *view.verdict : nothing;
    if (span == MetricSpan::LastTick) {
        return {run,
                view,
                probe_names,
                verdict,
                now,
                now.delta,
                now.delta_groups,
                now.delta_checks,
                now.delta_phases,
                now.delta_counts,
                now.state.late_sends};
    }
    return {run,
            view,
            probe_names,
            verdict,
            now,
            now.total,
            now.total_groups,
            now.total_checks,
            now.total_phases,
            now.total_counts,
            now.total_late_sends};
}

void fill(const MetricRow& row, const Look& look, MetricFrame& frame) {
    MetricFamily& family =
        frame.families.emplace_back(MetricFamily{&row.metric, row.place == MetricPlace::Load, {}});
    SeriesWriter to(family, frame);
    if (row.count != nullptr) {
        to.count({}, look.counts.*row.count);
    } else {
        row.fill(look, to);
    }
}

}  // namespace

std::vector<MetricDescriptor> own_metrics() {
    std::vector<MetricDescriptor> out;
    for (const MetricRow& row : metric_table()) {
        out.push_back(row.metric);
    }
    return out;
}

Result<MetricSet> MetricSet::make(const RunInfo& run, std::span<const ProbeInfo> probes) {
    MetricSet out;
    out.run_ = run;
    std::map<std::string, std::size_t> index;     // family by name
    std::map<std::string, std::size_t> declared;  // by how many probes
    for (const ProbeInfo& info : probes) {
        out.probe_names_.push_back(info.name);
        Probe& probe = out.probes_.emplace_back();
        for (const MetricDescriptor& descriptor : info.descriptors) {
            if (is_own(descriptor.name)) {
                return Error{"metric " + descriptor.name + " is one of the load's own",
                             "probe " + info.name, "give it another name"};
            }
            const auto [at, fresh] = index.emplace(descriptor.name, out.probe_metrics_.size());
            if (fresh) {
                out.probe_metrics_.push_back(descriptor);
            } else if (Status same =
                           check_against(out.probe_metrics_[at->second], descriptor, info.name);
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

MetricFrame MetricSet::frame(const RunView& view, MetricSpan span) const {
    MetricFrame out;
    out.snapshot = view.snapshot;
    const Look look = look_at(run_, view, probe_names_, span);
    bool probes_done = false;
    for (const MetricRow& row : metric_table()) {
        if (row.place == MetricPlace::Load && !run_.has_load) {
            continue;
        }
        if (row.place == MetricPlace::Probes && !probes_done) {
            auto probes = probe_families(view);
            std::move(probes.begin(), probes.end(), std::back_inserter(out.families));
            probes_done = true;
        }
        fill(row, look, out);
    }
    std::erase_if(out.families, [](const MetricFamily& family) { return family.series.empty(); });
    return out;
}

std::vector<MetricFamily> MetricSet::probe_families(const RunView& view) const {
    std::vector<MetricFamily> out;
    for (const MetricDescriptor& metric : probe_metrics_) {
        out.push_back({&metric, false, {}});
    }
    for (std::size_t i = 0; i < std::min(view.probes.size(), probes_.size()); ++i) {
        if (view.probes[i].reading) {
            add_reading(out, i, view.probes[i]);
        }
    }
    std::for_each(out.begin(), out.end(), remove_repeated);
    return out;
}

void MetricSet::add_reading(std::vector<MetricFamily>& out, std::size_t index,
                            const ProbeView& view) const {
    const Probe& probe = probes_[index];
    for (const Value& value : view.reading->values) {
        if (value.metric >= probe.family_of.size()) {
            continue;
        }
        MetricFamily& family = out[probe.family_of[value.metric]];
        const std::vector<std::string>& names = family.metric->labels;
        const bool out_of_date = view.in_gap && family.metric->type != MetricType::Counter;
        if (value.labels.size() != names.size() || out_of_date) {
            continue;
        }
        MetricSeries& series = family.series.emplace_back();
        for (std::size_t i = 0; i < names.size(); ++i) {
            series.labels.push_back({names[i], valid_utf8(value.labels[i])});
        }
        if (probe.labelled) {
            series.labels.push_back({kProbeLabel, valid_utf8(probe_names_[index])});
        }
        series.value = value.value;
    }
}

SnapshotPtr nothing_yet(const RunInfo& run) {
    auto zero = std::make_shared<Snapshot>();
    zero->delta.resize(run.endpoints.size());
    zero->total.resize(run.endpoints.size());
    zero->shards.resize(run.shards);
    return zero;
}

}  // namespace plimsoll
