// The tables of what happened in the run and around it.
#include "analysis/alert_delays.hpp"
#include "analysis/validity.hpp"
#include "base/units.hpp"
#include "report/html_table.hpp"
#include "report/renderers.hpp"
#include "report/text.hpp"
#include "report/words.hpp"

#include <string_view>

#include <fmt/format.h>

namespace plimsoll::report {
namespace {

std::string errors(const Analysis& analysis) {
    if (analysis.errors.empty()) {
        return {};
    }
    Table table("errors", "Failures by what came back, digits and ids folded; one sample of each",
                {{"Outcome"},
                 {"Status", Align::Number},
                 {"Endpoint"},
                 {"Count", Align::Number},
                 {"First", Align::Number},
                 {"Last", Align::Number},
                 {"Sample"}});
    constexpr std::size_t kSampleLength = 300;
    constexpr std::size_t kMostRows = 200;
    for (std::size_t i = 0; i < analysis.errors.size() && i < kMostRows; ++i) {
        const auto& error = analysis.errors[i];
        const auto sample = shortened(clean_text(error.text), kSampleLength);
        table.row({escape_markup(error.outcome),
                   error.status > 0 ? fmt::format("{}", error.status) : "–",
                   fmt::format("<span class=\"method\">{}</span> {}", escape_markup(error.method),
                               escape_markup(error.name)),
                   grouped(error.count), clock_text(error.first_s), clock_text(error.last_s),
                   sample.empty() ? "" : "<code>" + escape_markup(sample) + "</code>"});
    }
    std::string note;
    if (analysis.errors.size() > kMostRows) {
        note = fmt::format("<p class=\"hint\">{} more are in the run file.</p>\n",
                           grouped(analysis.errors.size() - kMostRows));
    }
    return table.end() + note;
}

/// What the alerts that were watched did, and how soon.
std::string alerts(const Analysis& analysis) {
    if (analysis.alerts.empty()) {
        return {};
    }
    const std::string caption = "Alerts: how soon; " + escape_markup(episodes_headline(analysis));
    Table table("alerts", caption,
                {{"Alert"},
                 {"Pending", Align::Number},
                 {"Firing", Align::Number},
                 {"Reached the Alertmanager", Align::Number},
                 {"Resolved", Align::Number}});
    constexpr std::size_t kMostRows = 200;
    for (std::size_t i = 0; i < analysis.alerts.size() && i < kMostRows; ++i) {
        const AlertEpisode& episode = analysis.alerts[i];
        table.row({escape_markup(episode.alert), pending_text(episode), firing_text(episode),
                   after_onset_text(episode.notified_s, episode.onset_s),
                   after_onset_text(episode.resolved_s, episode.onset_s)});
    }
    return table.end();
}

std::string_view kind_text(EventKind kind) {
    switch (kind) {
        case EventKind::StageChanged:
            return "stage";
        case EventKind::ThresholdCrossed:
            return "threshold";
        case EventKind::FaultPlanted:
            return "fault";
        case EventKind::ProbeGap:
            return "probe";
        case EventKind::Note:
            return "note";
        case EventKind::Stopped:
            return "stopped";
        case EventKind::AlertChanged:
            return "alert";
        case EventKind::FaultHealed:
            return "fault";
    }
    return "";
}

std::string events(const RunData& data) {
    if (data.events.empty()) {
        return {};
    }
    Table table("events", "Events", {{"At"}, {"Kind"}, {"What"}});
    constexpr std::size_t kMostRows = 200;
    for (std::size_t i = 0; i < data.events.size() && i < kMostRows; ++i) {
        const auto& event = data.events[i];
        table.row(
            {clock_text(event.t_s), std::string(kind_text(event.kind)), escape_markup(event.text)});
    }
    return table.end();
}

std::string probes(const RunData& data, double duration_s) {
    if (data.probes.empty()) {
        return {};
    }
    Table table("probes", "Probes",
                {{"Probe"},
                 {"Readings", Align::Number},
                 {"Expected", Align::Number},
                 {"Gaps", Align::Number},
                 {"Largest gap", Align::Number},
                 {"Slowest reading", Align::Number},
                 {"Facts"}});
    for (const auto& probe : data.probes) {
        std::string facts;
        for (const auto& [name, value] : probe.info.facts) {
            facts += fmt::format("{}{}: {}", facts.empty() ? "" : "; ", escape_markup(name),
                                 escape_markup(value));
        }
        table.row({escape_markup(probe.info.name), grouped(probe.readings), grouped(probe.expected),
                   grouped(probe.gaps),
                   probe.gaps > 0 ? human_seconds(longest_silence(probe, duration_s)) : "–",
                   human_seconds(probe.longest_took_s), facts});
    }
    return table.end();
}

std::string environment(const RunInfo& info, const RunData& data, const Analysis& analysis) {
    Table table("environment", "Environment", {{"What"}, {"Value"}});
    const auto& generator = analysis.generator;
    table.row({"Program", "plimsoll " + escape_markup(info.version)});
    table.row({"Target", escape_markup(info.target)});
    table.row({"Seed", fmt::format("{}", info.seed)});
    table.row({"Shards", fmt::format("{}", generator.shards)});
    table.row({"Generator CPU",
               fmt::format("{} in all, {} µs per request", human_seconds(generator.cpu_seconds),
                           figure(generator.cpu_us_per_request))});
    table.row({"Generator memory", bytes_text(static_cast<double>(generator.max_rss_bytes))});
    for (const auto& [exporter, counts] : generator.exporters) {
        table.row({"Exporter " + escape_markup(exporter),
                   fmt::format("{} sent, {} retried, {} rejected, {} dropped", grouped(counts.sent),
                               grouped(counts.retried), grouped(counts.rejected),
                               grouped(counts.dropped))});
    }
    for (const auto& [name, value] : data.facts) {
        // Shown above in units.
        if (name.rfind("generator.", 0) != 0 &&
            (name.rfind("exporter.", 0) != 0 || name.rfind("exporter.error.", 0) == 0)) {
            table.row({escape_markup(name), escape_markup(value)});
        }
    }
    return table.end();
}

}  // namespace

std::string html_run_tables(const RunInfo& info, const RunData& data, const Analysis& analysis) {
    return errors(analysis) + alerts(analysis) + events(data) + probes(data, analysis.duration_s) +
           environment(info, data, analysis);
}

}  // namespace plimsoll::report
