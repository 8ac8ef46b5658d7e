#include "report/downsample.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace plimsoll::report {
namespace {

struct Pair {
    double first, second;
};

/// Minimum and maximum of rows [from, to) in the order of their places.
Pair extremes(const std::vector<double>& y, std::size_t from, std::size_t to) {
    std::size_t least = to;
    std::size_t most = to;
    for (std::size_t i = from; i < to; ++i) {
        if (std::isnan(y[i])) {
            continue;
        }
        if (least == to || y[i] < y[least]) {
            least = i;
        }
        if (most == to || y[i] > y[most]) {
            most = i;
        }
    }
    if (least == to) {
        constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
        return {kNone, kNone};
    }
    return {y[std::min(least, most)], y[std::max(least, most)]};
}

/// Adds what rows [from, to) of `columns` come to: two rows, or the one there is.
void keep_extremes(Columns& small, const Columns& columns, std::size_t from, std::size_t to) {
    const bool one = to == from + 1;
    small.x.push_back(columns.x[from]);
    if (!one) {
        small.x.push_back(columns.x[to - 1]);
    }
    for (std::size_t column = 0; column < columns.y.size(); ++column) {
        const auto [first, second] = extremes(columns.y[column], from, to);
        small.y[column].push_back(first);
        if (!one) {
            small.y[column].push_back(second);
        }
    }
}

/// Adds the means of rows [from, to) in the middle of their stretch; of values that there are.
void keep_means(Columns& small, const Columns& columns, std::size_t from, std::size_t to) {
    small.x.push_back((columns.x[from] + columns.x[to - 1]) / 2);
    for (std::size_t column = 0; column < columns.y.size(); ++column) {
        double sum = 0;
        double count = 0;
        for (std::size_t i = from; i < to; ++i) {
            const double value = columns.y[column][i];
            sum += std::isnan(value) ? 0 : value;
            count += std::isnan(value) ? 0 : 1;
        }
        small.y[column].push_back(count > 0 ? sum / count
                                            : std::numeric_limits<double>::quiet_NaN());
    }
}

/// Each bucket's rows [from, to) by `keep`.
template <typename Keep>
Columns by_buckets(Columns columns, std::size_t buckets, Keep keep) {
    const auto& x = columns.x;
    if (buckets == 0 || x.size() <= 2 * buckets) {
        return columns;
    }
    const double width = (x.back() - x.front()) / static_cast<double>(buckets);
    Columns small;
    small.y.resize(columns.y.size());
    std::size_t from = 0;
    for (std::size_t bucket = 1; bucket <= buckets && from < x.size(); ++bucket) {
        const double end = x.front() + width * static_cast<double>(bucket);
        std::size_t to = from;
        while (to < x.size() && (x[to] < end || bucket == buckets)) {
            ++to;
        }
        if (to == from) {
            continue;
        }
        keep(small, columns, from, to);
        from = to;
    }
    return small;
}

}  // namespace

Columns downsample(Columns columns, std::size_t buckets) {
    return by_buckets(std::move(columns), buckets, keep_extremes);
}

Columns average(Columns columns, std::size_t buckets) {
    return by_buckets(std::move(columns), buckets, keep_means);
}

}  // namespace plimsoll::report
