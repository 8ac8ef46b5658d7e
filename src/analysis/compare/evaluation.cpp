#include "analysis/compare/evaluation.hpp"

#include <algorithm>
#include <limits>
#include <optional>

namespace plimsoll {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

}  // namespace

void Tally::clear() {
    if (last_ > first_) {
        std::fill(counts_.begin() + static_cast<std::ptrdiff_t>(first_),
                  counts_.begin() + static_cast<std::ptrdiff_t>(last_), 0.0);
    }
    first_ = counts_.size();
    last_ = 0;
    total_ = 0;
}

void Tally::add(const CountCells& from, const Weights& weights) {
    for (std::size_t c = 0; c < from.cells.size(); ++c) {
        const double weight = weights[c];
        if (weight <= 0) {
            continue;
        }
        for (const auto& [bucket, count] : from.cells[c]) {
            counts_[bucket] += weight * count;
            total_ += weight * count;
            first_ = std::min<std::size_t>(first_, bucket);
            last_ = std::max<std::size_t>(last_, bucket + 1);
        }
    }
}

double Tally::quantile(double q) const {
    if (total_ <= 0) {
        return kUnknown;
    }
    const double rank = q * total_;
    double below = 0;
    for (std::size_t b = first_; b < last_; ++b) {
        if (counts_[b] > 0 && below + counts_[b] >= rank) {
            const auto lower = static_cast<double>(Histogram::bucket_lower_ns(b));
            const auto upper = static_cast<double>(Histogram::bucket_lower_ns(b + 1));
            return 1e-9 * (lower + (upper - lower) * (rank - below) / counts_[b]);
        }
        below += counts_[b];
    }
    return 1e-9 * static_cast<double>(Histogram::bucket_lower_ns(last_));
}

void Totals::add(const RatioCells& from, const Weights& weights) {
    for (std::size_t c = 0; c < from.over.size(); ++c) {
        over += weights[c] * from.over[c];
        under += weights[c] * from.under[c];
    }
}

double Totals::value() const {
    return under > 0 ? over / under : kUnknown;
}

std::vector<double> Evaluation::of(Side side, std::span<const Weights> weights) {
    std::vector<double> values(measures_.size(), kUnknown);
    std::optional<std::size_t> tallied;
    for (std::size_t m = 0; m < measures_.size(); ++m) {
        const Measure& measure = measures_[m];
        if (measure.kind != Measure::Kind::Quantile) {
            Totals totals;
            for (std::size_t r = 0; r < side.size(); ++r) {
                totals.add(side[r].ratios[measure.of], weights[r]);
            }
            values[m] = totals.value();
            continue;
        }
        if (tallied != measure.of) {
            tally_.clear();
            for (std::size_t r = 0; r < side.size(); ++r) {
                tally_.add(side[r].distributions[measure.of], weights[r]);
            }
            tallied = measure.of;
        }
        values[m] = tally_.quantile(measure.q);
    }
    return values;
}

std::vector<Weights> ones(Side side) {
    std::vector<Weights> weights;
    weights.reserve(side.size());
    for (const SampledRun& run : side) {
        weights.emplace_back(run.cells, 1.0);
    }
    return weights;
}

}  // namespace plimsoll
