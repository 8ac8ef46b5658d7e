#include "analysis/compare/resample.hpp"

#include "analysis/compare/evaluation.hpp"
#include "base/random.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>

namespace plimsoll {
namespace {

constexpr double kTogether = 0.95;
// A histogram's bucket is 1/128 wide: values closer than that are not told apart.
constexpr double kResolution = 1.0 / 256;
constexpr double kMostLost = 0.05;  // of the replicates may have no value
constexpr std::size_t kFewestBlocks = 6;

double change_of(Measure::Kind kind, double base, double now) {
    if (kind == Measure::Kind::Share) {
        return now - base;
    }
    return base > 0 && now > 0 ? std::log(now / base) : std::numeric_limits<double>::quiet_NaN();
}

Weights draw(std::size_t cells, std::size_t block, Random& random) {
    Weights weights(cells, 0.0);
    std::size_t drawn = 0;
    while (drawn < cells) {
        const auto start = static_cast<std::size_t>(random.between(0, cells - 1));
        for (std::size_t i = 0; i < block && drawn < cells; ++i, ++drawn) {
            weights[(start + i) % cells] += 1;
        }
    }
    return weights;
}

/// The series by which the block length is chosen: with paired cells, what differs.
std::vector<double> pace_of(Side base, Side now, bool paired) {
    std::vector<double> series = base.front().pace;
    if (paired) {
        for (std::size_t c = 0; c < series.size(); ++c) {
            series[c] = now.front().pace[c] - series[c];
        }
    }
    return series;
}

struct Replicates {
    std::vector<std::vector<double>> changes;  // by measure
    double freedom = 1;                        // blocks less one
};

Replicates replicate(Side base, Side now, std::span<const Measure> measures,
                     const ResampleOptions& options) {
    const std::size_t cells = base.front().cells;
    const auto as_many = [&](const SampledRun& run) { return run.cells == cells; };
    const bool paired = std::all_of(base.begin(), base.end(), as_many) &&
                        std::all_of(now.begin(), now.end(), as_many);
    const std::size_t block = block_length(pace_of(base, now, paired));
    Replicates result;
    result.changes.resize(measures.size());
    std::size_t fewest = cells;
    for (const SampledRun& run : now) {
        fewest = std::min(fewest, run.cells);
    }
    result.freedom = std::max(1.0, static_cast<double>(fewest) / static_cast<double>(block) - 1);
    Evaluation evaluation(measures);
    for (std::size_t k = 0; k < options.replicates; ++k) {
        Random random(options.seed, 0, k);
        const Weights shared = draw(cells, block, random);
        const auto drawn = [&](Side side) {
            std::vector<Weights> weights;
            weights.reserve(side.size());
            for (const SampledRun& run : side) {
                weights.push_back(paired ? shared : draw(run.cells, block, random));
            }
            return weights;
        };
        const std::vector<double> was = evaluation.of(base, drawn(base));
        const std::vector<double> is = evaluation.of(now, drawn(now));
        for (std::size_t m = 0; m < measures.size(); ++m) {
            result.changes[m].push_back(change_of(measures[m].kind, was[m], is[m]));
        }
    }
    return result;
}

struct Spread {
    bool known = false;
    double mean = 0, error = 0;
};

Spread spread_of(const std::vector<double>& changes) {
    double sum = 0;
    double squares = 0;
    double n = 0;
    for (const double change : changes) {
        if (std::isfinite(change)) {
            sum += change;
            squares += change * change;
            n += 1;
        }
    }
    if (n < 2 || n < (1 - kMostLost) * static_cast<double>(changes.size())) {
        return {};
    }
    const double mean = sum / n;
    return {true, mean, std::sqrt(std::max(0.0, squares / n - mean * mean) * n / (n - 1))};
}

/// A share of rare events: the normal approximation with two failures and two successes added
/// (Agresti and Coull 1998), so that a side without any has an error too.
double least_share_error(Side side, std::size_t ratio) {
    Totals totals;
    for (const SampledRun& run : side) {
        totals.add(run.ratios[ratio], Weights(run.cells, 1.0));
    }
    const double n = totals.under + 4;
    const double p = (totals.over + 2) / n;
    return p * (1 - p) / n;
}

/// How much runs of one side differ: variance of one run's value, from all runs of both sides
/// around their side's mean.
struct BetweenRuns {
    double variance = 0;
    double freedom = 0;
};

BetweenRuns between_runs(Side base, Side now, std::span<const Measure> measures, std::size_t m) {
    BetweenRuns result;
    double squares = 0;
    for (const Side side : {base, now}) {
        std::vector<double> values;
        for (const SampledRun& run : side) {
            Evaluation evaluation(measures.subspan(m, 1));
            const double value = evaluation.of({&run, 1}, ones({&run, 1})).front();
            values.push_back(measures[m].kind == Measure::Kind::Share ? value : std::log(value));
        }
        double mean = 0;
        for (const double value : values) {
            mean += value / static_cast<double>(values.size());
        }
        for (const double value : values) {
            squares += (value - mean) * (value - mean);
        }
        result.freedom += static_cast<double>(values.size()) - 1;
    }
    result.variance = result.freedom > 0 && std::isfinite(squares) ? squares / result.freedom : 0;
    return result;
}

struct WholeError {
    double error = 0, freedom = 1;
};

/// Both sources of error, with Satterthwaite's degrees of freedom.
WholeError whole_error(double within, double freedom, const BetweenRuns& between, Side base,
                       Side now) {
    const double shares =
        1 / static_cast<double>(base.size()) + 1 / static_cast<double>(now.size());
    const double inner = within * within;
    const double beyond =
        between.freedom > 0 ? std::max(0.0, between.variance - inner / shares) * shares : 0;
    const double all = inner + beyond;
    if (beyond <= 0 || all <= 0) {
        return {within, freedom};
    }
    const double parts = inner * inner / freedom + beyond * beyond / between.freedom;
    return {std::sqrt(all), std::max(1.0, all * all / parts)};
}

/// How many standard errors the largest of all rows strays in 95 of 100 replicates.
double factor_of(const Replicates& replicates, std::span<const Spread> spreads) {
    const std::size_t n = replicates.changes.empty() ? 0 : replicates.changes.front().size();
    std::vector<double> largest(n, 0.0);
    for (std::size_t m = 0; m < spreads.size(); ++m) {
        if (!spreads[m].known || spreads[m].error <= 0) {
            continue;
        }
        for (std::size_t k = 0; k < n; ++k) {
            const double off =
                std::abs(replicates.changes[m][k] - spreads[m].mean) / spreads[m].error;
            largest[k] = std::isfinite(off) ? std::max(largest[k], off) : largest[k];
        }
    }
    if (n == 0) {
        return 0;
    }
    const auto at = static_cast<std::ptrdiff_t>(kTogether * static_cast<double>(n - 1));
    std::nth_element(largest.begin(), largest.begin() + at, largest.end());
    constexpr double kOneRow = 1.959964;  // where nothing was resampled that varies
    return std::max(kOneRow, largest[static_cast<std::size_t>(at)]);
}

/// The same tail by Student's t.
double widened(double factor, double freedom) {
    const double tail = boost::math::cdf(boost::math::complement(boost::math::normal(), factor));
    const boost::math::students_t student(freedom);
    return boost::math::quantile(boost::math::complement(student, std::max(tail, 1e-9)));
}

}  // namespace

std::size_t block_length(std::span<const double> series) {
    const auto n = static_cast<double>(series.size());
    if (series.size() < 2) {
        return 1;
    }
    double mean = 0;
    for (const double value : series) {
        mean += value / n;
    }
    double variance = 0;
    for (const double value : series) {
        variance += (value - mean) * (value - mean) / n;
    }
    std::size_t reach = 1;
    while (variance > 0 && 3 * reach < series.size()) {
        double product = 0;
        for (std::size_t t = reach; t < series.size(); ++t) {
            product += (series[t] - mean) * (series[t - reach] - mean) / n;
        }
        if (product / variance < 2 / std::sqrt(n)) {
            break;
        }
        ++reach;
    }
    const auto usual = static_cast<std::size_t>(std::ceil(std::cbrt(n)));
    return std::clamp<std::size_t>(std::max(usual, reach), 1,
                                   std::max<std::size_t>(1, series.size() / kFewestBlocks));
}

std::vector<Difference> resample(std::span<const SampledRun> base, std::span<const SampledRun> now,
                                 std::span<const Measure> measures,
                                 const ResampleOptions& options) {
    std::vector<Difference> differences(measures.size());
    Evaluation evaluation(measures);
    const std::vector<double> was = evaluation.of(base, ones(base));
    const std::vector<double> is = evaluation.of(now, ones(now));
    const auto too_short = [](const SampledRun& run) { return run.cells < kFewestCells; };
    const bool tells_spread = std::none_of(base.begin(), base.end(), too_short) &&
                              std::none_of(now.begin(), now.end(), too_short);
    const Replicates replicates =
        tells_spread ? replicate(base, now, measures, options) : Replicates{};
    std::vector<Spread> spreads(measures.size());
    for (std::size_t m = 0; tells_spread && m < measures.size(); ++m) {
        spreads[m] = spread_of(replicates.changes[m]);
    }
    const double factor = factor_of(replicates, spreads);
    for (std::size_t m = 0; m < measures.size(); ++m) {
        Difference& row = differences[m];
        row.base = was[m];
        row.now = is[m];
        row.change = change_of(measures[m].kind, was[m], is[m]);
        row.known = spreads[m].known && std::isfinite(row.change);
        if (!row.known) {
            continue;
        }
        const bool share = measures[m].kind == Measure::Kind::Share;
        const double least = share ? std::sqrt(least_share_error(base, measures[m].of) +
                                               least_share_error(now, measures[m].of))
                                   : kResolution / 2;
        const BetweenRuns between = between_runs(base, now, measures, m);
        const WholeError error =
            whole_error(std::max(spreads[m].error, least), replicates.freedom, between, base, now);
        row.run_spread = std::sqrt(between.variance);
        const double reach = widened(factor, error.freedom) * error.error;
        row.low = row.change - reach;
        row.high = row.change + reach;
    }
    return differences;
}

}  // namespace plimsoll
