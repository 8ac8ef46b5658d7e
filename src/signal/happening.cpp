#include "signal/happening.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace plimsoll {
namespace {

using Severity = Happening::Severity;

Severity severity_of(EventKind kind) {
    switch (kind) {
        case EventKind::ThresholdCrossed:
            return Severity::Error;
        case EventKind::FaultPlanted:
        case EventKind::ProbeGap:
        case EventKind::Stopped:
        case EventKind::AlertChanged:
            return Severity::Warning;
        case EventKind::StageChanged:
        case EventKind::FaultHealed:
        case EventKind::Note:
            break;
    }
    return Severity::Info;
}

Happening of_gap(const Gap& gap) {
    return {gap.from,
            gap.to,
            "probe_gap",
            fmt::format("no readings of {} for {:.1f} s: {}", gap.probe,
                        to_seconds(gap.to - gap.from), gap.reason),
            Severity::Warning,
            {{"probe", gap.probe}}};
}

}  // namespace

Status HappeningExporter::start(const RunInfo& run, std::span<const ProbeInfo> probes) {
    run_ = run;
    gaps_.resize(probes.size());
    ended_at_ = run.start.mono;
    if (Status opened = open(); !opened) {
        return opened;
    }
    tell({run.start.mono,
          std::nullopt,
          "run_started",
          fmt::format("{} started: run {}", run.scenario_name, run.id),
          Severity::Info,
          {}});
    return {};
}

void HappeningExporter::on_snapshot(const SnapshotPtr& snapshot) {
    ended_at_ = snapshot->to;
}

void HappeningExporter::on_gap(std::size_t probe, const Gap& gap, const ProbeHealth& /*health*/) {
    if (probe >= gaps_.size()) {
        return;
    }
    gaps_[probe].reset();
    if (gap.open) {
        gaps_[probe] = gap;
    } else {
        tell(of_gap(gap));
    }
}

void HappeningExporter::on_event(const Event& event) {
    tell({event.at, std::nullopt, name_of(event.kind), event.text, severity_of(event.kind), {}});
}

void HappeningExporter::on_load_end() {
    for (std::optional<Gap>& gap : gaps_) {
        if (gap) {
            gap->to = std::max(gap->to, ended_at_);
            tell(of_gap(*gap));
            gap.reset();
        }
    }
}

void HappeningExporter::on_verdict(const VerdictPtr& verdict) {
    if (!verdict->final) {
        return;
    }
    const auto at = [&](double seconds) { return run_.start.mono + from_seconds(seconds); };
    if (verdict->broke_at) {
        tell({at(verdict->broke_at->at_s),
              std::nullopt,
              "breaking_point",
              fmt::format("broke at {:.4g} offered", verdict->broke_at->rate),
              Severity::Error,
              {}});
    }
    for (const RunFinding& finding : verdict->findings) {
        const Clock::time_point onset = at(finding.onset_s);
        tell({onset,
              std::max(onset, ended_at_),
              "finding",
              fmt::format("{} ({} confidence){}{}", finding.cause, finding.confidence,
                          finding.sentence.empty() ? "" : ": ", finding.sentence),
              Severity::Warning,
              {{"cause", finding.cause}, {"confidence", finding.confidence}}});
    }
    for (const RunAlert& alert : verdict->alerts) {
        const Clock::time_point from = at(alert.from_s);
        tell({from,
              alert.to_s ? at(*alert.to_s) : std::max(from, ended_at_),
              "alert",
              fmt::format("alert {}: {}", alert.name, alert.sentence),
              alert.fired ? Severity::Warning : Severity::Info,
              {{"alert", alert.name}}});
    }
    std::string failed;
    for (const auto& [threshold, ok] : verdict->thresholds) {
        if (!ok) {
            failed += (failed.empty() ? "" : ", ") + threshold;
            tell({ended_at_,
                  std::nullopt,
                  "threshold_failed",
                  threshold + " failed",
                  Severity::Error,
                  {{"threshold", threshold}}});
        }
    }
    tell({run_.start.mono,
          ended_at_,
          "run_ended",
          fmt::format("{} ended: run {}, {}", run_.scenario_name, run_.id,
                      failed.empty() ? "all thresholds held" : "failed " + failed),
          failed.empty() ? Severity::Info : Severity::Error,
          {}});
}

}  // namespace plimsoll
