// While the load runs.
#include "run/memory_reserve.hpp"
#include "run/run_parts.hpp"

#include <fmt/format.h>

namespace plimsoll {

void RunParts::announce(EventKind kind, std::string text) {
    if (exporters_) {  // what is said before there are any is about nothing that was measured
        const Event event{Clock::now(), kind, std::move(text)};
        exporters_->push_event(event);
        listener_.on_event(event);
    }
}

void RunParts::publish(const SnapshotPtr& snapshot) {
    auto failed = judge_->on_tick(*snapshot);
    tell_verdict();
    exporters_->push_snapshot(snapshot);
    listener_.on_snapshot(snapshot);
    control_->on_snapshot(snapshot);
    if (options_.pilot != nullptr) {
        options_.pilot->on_snapshot(snapshot);
    }
    for (std::size_t i = 0; i < snapshot->executors.size(); ++i) {
        if (i < last_states_.size() && snapshot->executors[i].stage != last_states_[i].stage &&
            !is_steered(scenario_.load[i].kind)) {
            announce(EventKind::StageChanged, fmt::format("{}: stage {}", run_.executors[i].name,
                                                          snapshot->executors[i].stage + 1));
        }
    }
    last_states_ = snapshot->executors;
    if (failed) {
        announce(EventKind::ThresholdCrossed, *std::move(failed));
        stops_.push(
            {StopKind::Threshold, "a threshold with abort_on_fail failed; stopping", false});
    }
}

void RunParts::drive() {
    if (options_.pilot != nullptr) {
        options_.pilot->begin(*load_, run_);
    }
    load_->start([this](const SnapshotPtr& snapshot) { publish(snapshot); });
    control_->begin();
    for (const std::string& text : options_.opening_events) {
        announce(EventKind::FaultPlanted, text);
    }
    while (!load_->finished()) {
        stops_.wait_until(Clock::now() + kLoopPeriod);
        look_around();
        while (auto cause = stops_.take()) {
            obey(*std::move(cause));
        }
        follow_pilot();
        listener_.on_turn();
    }
    listener_.on_load_end();
    control_->end();
    load_->join();
}

/// The first cause ends the load; later ones change nothing, but for a second Ctrl-C.
void RunParts::obey(StopCause cause) {
    if (cause.kind == StopKind::Interrupted && ++interrupts_obeyed_ > 1) {
        load_->abort();
    }
    if (stopped_) {
        if (cause.at_once) {
            load_->abort();
        }
        return;
    }
    stopped_ = cause.kind;
    listener_.on_trouble(cause.text);
    announce(EventKind::Stopped, std::move(cause.text));
    load_->stop_gracefully();
    if (cause.at_once) {
        load_->abort();
    }
}

/// For what nobody tells us of.
void RunParts::look_around() {
    if (stopped_) {
        return;
    }
    if (memory_reserve_spent()) {
        stops_.push(
            {StopKind::OutOfMemory, "no memory is left; stopping with what is known", true});
    }
    if (options_.fatal) {
        if (const auto why = options_.fatal()) {
            stops_.push({StopKind::Owner, *why, true});
        }
    }
}

void RunParts::follow_pilot() {
    if (options_.pilot == nullptr) {
        return;
    }
    for (const std::string& line : options_.pilot->take_lines()) {
        announce(EventKind::Note, line);
        listener_.on_line(line);
    }
    if (options_.pilot->finished() && !pilot_landed_) {
        pilot_landed_ = true;
        load_->stop_gracefully();
    }
}

}  // namespace plimsoll
