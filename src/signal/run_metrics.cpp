// What the run is, what became of what it sent away, what it came to, and how its probes fare.
#include "signal/metric_table.hpp"

#include <algorithm>
#include <set>

namespace plimsoll {
namespace {

void run_info(const Look& look, SeriesWriter& to) {
    to.value({look.run.id, look.run.scenario_name, look.run.version}, 1);
    for (const std::string& tag : look.run.tags) {
        const std::string_view text = tag;
        const std::size_t equals = std::min(text.find('='), text.size());
        to.add_label(text.substr(0, equals), text.substr(std::min(equals + 1, text.size())));
    }
}

template <std::uint64_t Deliveries::*kWhich>
void of_exporters(const Look& look, SeriesWriter& to) {
    if (look.view.exporters) {
        for (const auto& [name, counts] : *look.view.exporters) {
            to.count({name}, counts.*kWhich);
        }
    }
}

void thresholds(const Look& look, SeriesWriter& to) {
    std::set<std::string_view> told;  // one that is written twice is one
    for (const auto& [threshold, ok] : look.verdict.thresholds) {
        if (told.insert(threshold).second) {
            to.value({threshold}, ok ? 1 : 0);
        }
    }
}

void findings(const Look& look, SeriesWriter& to) {
    for (const RunFinding& finding : look.verdict.findings) {
        to.value({finding.cause, finding.confidence}, 1);
    }
}

void broke_rate(const Look& look, SeriesWriter& to) {
    if (look.verdict.broke_at) {
        to.value({}, look.verdict.broke_at->rate);
    }
}

void broke_seconds(const Look& look, SeriesWriter& to) {
    if (look.verdict.broke_at) {
        to.value({}, look.verdict.broke_at->at_s);
    }
}

/// Calls `each` with every probe's name and health.
template <typename Each>
void for_probes(const Look& look, Each&& each) {
    for (std::size_t i = 0; i < std::min(look.view.probes.size(), look.probe_names.size()); ++i) {
        each(look.probe_names[i], look.view.probes[i].health);
    }
}

void probe_up(const Look& look, SeriesWriter& to) {
    for_probes(look, [&](const std::string& name, const ProbeHealth& health) {
        to.value({name}, health.up ? 1 : 0);
    });
}

void probe_took(const Look& look, SeriesWriter& to) {
    for_probes(look, [&](const std::string& name, const ProbeHealth& health) {
        to.value({name}, to_seconds(health.last_took));
    });
}

void probe_gaps(const Look& look, SeriesWriter& to) {
    for_probes(look, [&](const std::string& name, const ProbeHealth& health) {
        to.count({name}, health.gaps);
    });
}

}  // namespace

std::vector<MetricRow> run_metrics() {
    using enum MetricType;
    constexpr auto kAlways = MetricPlace::Always;
    constexpr auto kProbes = MetricPlace::Probes;
    return {
        {{"plimsoll_run_info",
          Gauge,
          "Which run this endpoint shows; always 1.",
          {"run", "scenario", "version"}},
         kAlways,
         run_info},
        {{"plimsoll_exporter_sent_total",
          Counter,
          "Records (spans, lines) that an exporter delivered.",
          {"exporter"},
          "records"},
         kAlways,
         of_exporters<&Deliveries::sent>},
        {{"plimsoll_exporter_retried_total",
          Counter,
          "Times that an exporter sent something again.",
          {"exporter"},
          "requests"},
         kAlways,
         of_exporters<&Deliveries::retried>},
        {{"plimsoll_exporter_rejected_total",
          Counter,
          "Records (spans, lines) that the other side refused for good.",
          {"exporter"},
          "records"},
         kAlways,
         of_exporters<&Deliveries::rejected>},
        {{"plimsoll_exporter_dropped_total",
          Counter,
          "Records (spans, lines) that were lost on this side: no room, no answer, no time left.",
          {"exporter"},
          "records"},
         kAlways,
         of_exporters<&Deliveries::dropped>},
        {{"plimsoll_threshold_ok",
          Gauge,
          "1 while the threshold holds, 0 when it does not.",
          {"threshold"},
          "1 or 0"},
         kAlways,
         thresholds},
        {{"plimsoll_finding",
          Gauge,
          "1 for each cause that the run's diagnosis names; there once the run is over.",
          {"cause", "confidence"},
          "1"},
         kAlways,
         findings},
        {{"plimsoll_breaking_point_rate",
          Gauge,
          "What was offered when the target broke: iterations per second, or users.",
          {},
          "iterations per second, or users"},
         kAlways,
         broke_rate},
        {{"plimsoll_breaking_point_seconds",
          Gauge,
          "When the target broke, since the run's start.",
          {},
          "seconds"},
         kAlways,
         broke_seconds},
        {{"plimsoll_probe_up", Gauge, "1 while a probe gets its readings, else 0.", {"probe"}},
         kProbes,
         probe_up},
        {{"plimsoll_probe_duration_seconds",
          Gauge,
          "Round trip of a probe's last reading.",
          {"probe"},
          "seconds"},
         kProbes,
         probe_took},
        {{"plimsoll_probe_gaps_total",
          Counter,
          "Times that a probe went without readings.",
          {"probe"},
          "gaps"},
         kProbes,
         probe_gaps},
    };
}

}  // namespace plimsoll
