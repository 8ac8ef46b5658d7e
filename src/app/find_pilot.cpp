#include "app/find_pilot.hpp"

#include "analysis/capacity/capacity_text.hpp"
#include "analysis/capacity/find_json.hpp"
#include "base/log.hpp"
#include "base/units.hpp"

#include <cmath>

#include <fmt/format.h>

namespace plimsoll {

void FindPilot::begin(LoadSource& load, const RunInfo& run) {
    const std::lock_guard lock(mutex_);
    load_ = &load;
    run_ = &run;
    conductor_.emplace(options_, run);
    level_ = conductor_->level();  // the executor begins with it
    probes_.resize(options_.goal.thresholds.size());
    conductor_->set_probe_values(
        [this](const Threshold& threshold, double from_s, double to_s) -> std::optional<double> {
            for (std::size_t i = 0; i < options_.goal.thresholds.size(); ++i) {
                const Threshold& each = options_.goal.thresholds[i];
                if (each.key == threshold.key && each.expression == threshold.expression) {
                    return probes_[i].value(threshold, from_s, to_s);
                }
            }
            return std::nullopt;
        });
    lines_.push_back(conductor_->doing());
}

void FindPilot::set_level() {
    level_ = conductor_->level();
    const auto changed = options_.open
                             ? load_->set_rate(0, Rate::per_second(level_))
                             : load_->set_users(0, static_cast<std::uint32_t>(std::lround(level_)));
    if (!changed) {
        conductor_->stop(changed.error().to_string());
        return;
    }
    level_since_s_ = to_seconds(changed->at);
}

void FindPilot::on_snapshot(const SnapshotPtr& snapshot) {
    const std::lock_guard lock(mutex_);
    if (!conductor_ || conductor_->finished()) {
        return;
    }
    const double from_s = to_seconds(snapshot->from - run_->start.mono);
    const double to_s = to_seconds(snapshot->to - run_->start.mono);
    const LoadView view{snapshot->delta, snapshot->delta_counts, snapshot->delta_groups,
                        snapshot->delta_checks};
    const std::string before = conductor_->doing();
    const auto ended = conductor_->on_tick(
        step_tick(conductor_->goal(), *run_, from_s, to_s, view, snapshot->state, snapshot->shards),
        level_since_s_);
    if (ended) {
        lines_.push_back(step_line(*ended, options_.open));
    }
    if (!conductor_->finished() && conductor_->level() != level_) {
        set_level();
    }
    if (const std::string now = conductor_->doing(); now != before && !conductor_->finished()) {
        lines_.push_back(fmt::format("{} (about {} to go)", now,
                                     human_seconds(std::round(conductor_->left_s()))));
    }
}

void FindPilot::on_reading(const ProbeInfo& probe, const Reading& reading) {
    const std::lock_guard lock(mutex_);
    if (run_ == nullptr) {
        return;
    }
    const double at_s = to_seconds(reading.at - run_->start.mono);
    for (std::size_t i = 0; i < options_.goal.thresholds.size(); ++i) {
        add_reading(options_.goal.thresholds[i], probe.name, probe.descriptors, at_s,
                    reading.values, probes_[i]);
    }
}

bool FindPilot::finished() const {
    const std::lock_guard lock(mutex_);
    return conductor_ && conductor_->finished();
}

std::vector<std::string> FindPilot::take_lines() {
    const std::lock_guard lock(mutex_);
    return std::exchange(lines_, {});
}

FindResult FindPilot::result() const {
    const std::lock_guard lock(mutex_);
    return conductor_ ? conductor_->result() : FindResult{};
}

std::map<std::string, std::string> FindPilot::facts() const {
    return {{kFindFact, to_json(result())}};
}

}  // namespace plimsoll
