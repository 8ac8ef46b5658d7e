// The smallest exporter of metrics: a file with one line for each series, after each tick.
// docs/architecture.md walks through it.
#pragma once

#include "signal/metric_exporter.hpp"

#include <filesystem>
#include <fstream>

namespace plimsoll::test {

class ToyExporter final : public MetricExporter {
public:
    explicit ToyExporter(std::filesystem::path path)
        : MetricExporter("toy"), path_(std::move(path)) {}
    void finish(Clock::time_point /*deadline*/) override { file_.close(); }

protected:
    [[nodiscard]] Status open() override {
        file_.open(path_);
        return file_ ? Status() : Status(Error{"cannot be written", path_.string()});
    }
    void on_tick() override { write(MetricSpan::LastTick); }
    void on_judged() override { write(MetricSpan::SinceStart); }

private:
    void write(MetricSpan span) {
        const MetricFrame frame = state()->frame(span);
        for (const MetricFamily& family : frame.families) {
            for (const MetricSeries& series : family.series) {
                file_ << family.metric->name;
                for (const MetricLabel& label : series.labels) {
                    file_ << ',' << label.name << '=' << label.value;
                }
                file_ << ' '
                      << (series.times != nullptr ? static_cast<double>(series.times->count())
                                                  : series.value)
                      << '\n';
            }
        }
        file_ << "---\n";
    }

    std::filesystem::path path_;
    std::ofstream file_;
};

}  // namespace plimsoll::test
