// Steers a run through a capacity search.
#pragma once

#include "analysis/capacity/conductor.hpp"
#include "run/load_pilot.hpp"

#include <mutex>
#include <optional>

namespace plimsoll {

class FindPilot final : public LoadPilot {
public:
    explicit FindPilot(FindOptions options) : options_(std::move(options)) {}

    void begin(LoadSource& load, const RunInfo& run) override;
    void on_snapshot(const SnapshotPtr& snapshot) override;
    void on_reading(const ProbeInfo& probe, const Reading& reading) override;
    [[nodiscard]] bool finished() const override;
    [[nodiscard]] std::vector<std::string> take_lines() override;
    [[nodiscard]] std::map<std::string, std::string> facts() const override;

    /// What is known so far.
    [[nodiscard]] FindResult result() const;

private:
    void set_level();

    FindOptions options_;
    LoadSource* load_ = nullptr;
    const RunInfo* run_ = nullptr;
    mutable std::mutex mutex_;  // guards what follows
    std::optional<FindConductor> conductor_;
    std::vector<ProbeValues> probes_;  // by StepGoal::thresholds
    double level_since_s_ = 0;
    double level_ = 0;
    std::vector<std::string> lines_;
};

}  // namespace plimsoll
