// What figures come to where each cell of a run counts so often. Inside src/analysis/compare.
#pragma once

#include "analysis/compare/resample.hpp"
#include "record/histogram.hpp"

#include <span>
#include <vector>

namespace plimsoll {

using Weights = std::vector<double>;  // how often each cell was drawn
using Side = std::span<const SampledRun>;

/// Counts of one side by bucket, cleared cheaply.
class Tally {
public:
    void clear();
    void add(const CountCells& from, const Weights& weights);
    /// In seconds, between a bucket's edges by how far into it the rank lies. NaN: nothing counted.
    [[nodiscard]] double quantile(double q) const;

private:
    std::vector<double> counts_ = std::vector<double>(Histogram::kBuckets + 1, 0.0);
    std::size_t first_ = Histogram::kBuckets + 1, last_ = 0;
    double total_ = 0;
};

struct Totals {
    double over = 0, under = 0;
    void add(const RatioCells& from, const Weights& weights);
    /// NaN where `under` is 0.
    [[nodiscard]] double value() const;
};

/// The measures' values of one side, all its runs together. Keeps its memory from call to call.
class Evaluation {
public:
    explicit Evaluation(std::span<const Measure> measures) : measures_(measures) {}
    /// By measure, NaN where it has none; `weights` by run of the side.
    [[nodiscard]] std::vector<double> of(Side side, std::span<const Weights> weights);

private:
    std::span<const Measure> measures_;
    Tally tally_;
};

/// Every cell once.
[[nodiscard]] std::vector<Weights> ones(Side side);

}  // namespace plimsoll
