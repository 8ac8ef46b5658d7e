// How far quantities of two sides differ, and how far that difference can be trusted: a block
// bootstrap over stretches of time. Pure arithmetic; knows nothing of runs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace plimsoll {

/// Counts of one distribution of times: for each cell (a stretch of the run) its non-empty buckets,
/// by Histogram::bucket_of.
struct CountCells {
    std::vector<std::vector<std::pair<std::uint32_t, double>>> cells;
};

/// A sum over a sum, cell by cell. A cell that was not measured has 0 in both.
struct RatioCells {
    std::vector<double> over, under;
};

/// What one run showed. Both sides, and all runs of a side, have the same distributions and ratios.
struct SampledRun {
    std::size_t cells = 0;
    std::vector<CountCells> distributions;
    std::vector<RatioCells> ratios;
    std::vector<double>
        pace;  // one figure a cell, by which it is seen how long cells hang together
};

/// One quantity that is compared.
struct Measure {
    enum class Kind {
        Quantile,  // `q` of distribution `of`; differences are of logarithms
        Ratio,     // ratio `of`; differences are of logarithms
        Share,     // ratio `of`, at most 1; differences are plain
    };
    Kind kind = Kind::Quantile;
    std::size_t of = 0;
    double q = 0;
};

struct Difference {
    bool known = false;        // both sides have a value, and it could be resampled
    double base = 0, now = 0;  // each side's value, all its runs together
    double change = 0;         // log(now / base), or now - base
    double low = 0, high = 0;  // of the change; all rows' intervals hold together with 95 %
    double run_spread = 0;  // standard deviation between runs of a side; 0 where none has several
};

struct ResampleOptions {
    std::uint64_t seed = 1;
    std::size_t replicates = 1000;
};

/// Circular block bootstrap (Politis and Romano 1992). Where all runs have as many cells, each
/// replicate draws the same stretches from all of them: what the schedule does to both sides at the
/// same time then cancels. The largest studentised difference over all rows gives the factor by
/// which every row's interval is widened (simultaneous intervals; Romano and Wolf 2005), so that
/// many rows do not make a false alarm likely. It is taken by Student's t with as many degrees of
/// freedom as there are blocks less one. Where a side has several runs, what they differ by beyond
/// their own scatter is added.
[[nodiscard]] std::vector<Difference> resample(std::span<const SampledRun> base,
                                               std::span<const SampledRun> now,
                                               std::span<const Measure> measures,
                                               const ResampleOptions& options);

/// How many neighbouring cells make a block: the cube root of their number, or as far as the series
/// is correlated with itself, whichever is more; at most a sixth of them.
[[nodiscard]] std::size_t block_length(std::span<const double> series);

/// Fewer cells than this tell no spread.
inline constexpr std::size_t kFewestCells = 8;

}  // namespace plimsoll
