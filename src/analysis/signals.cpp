#include "analysis/signals.hpp"

#include <algorithm>
#include <map>

namespace plimsoll {
namespace {

std::vector<double> values_in(const Signal& signal, Window window) {
    std::vector<double> values;
    for (const auto& point : signal) {
        if (window.holds(point.t_s)) {
            values.push_back(point.value);
        }
    }
    return values;
}

}  // namespace

namespace {

/// The sum over one probe's series, at its readings.
Signal sum_of_probe(const RunData& data, const StoredProbe& probe, std::string_view metric,
                    const std::function<bool(const StoredSeries&)>& wanted, bool reports) {
    std::map<double, double> sums;
    if (reports) {
        for (const double t_s : probe.times_s) {
            sums[t_s] += 0;
        }
    }
    for (const StoredSeries& series : data.series) {
        if (series.probe == probe.info.name && series.metric == metric && wanted(series)) {
            for (const auto& point : series.points) {
                sums[point.t_s] += point.value;
            }
        }
    }
    Signal signal;
    signal.reserve(sums.size());
    for (const auto& [t_s, value] : sums) {
        signal.push_back({t_s, value});
    }
    return signal;
}

/// Two probes read at different moments: at each of them the other's last value holds.
Signal add(const Signal& a, const Signal& b) {
    if (a.empty() || b.empty()) {
        return a.empty() ? b : a;
    }
    Signal sum;
    sum.reserve(a.size() + b.size());
    std::size_t i = 0;
    std::size_t k = 0;
    while (i < a.size() || k < b.size()) {
        const double t_s =
            k == b.size() || (i < a.size() && a[i].t_s <= b[k].t_s) ? a[i].t_s : b[k].t_s;
        i += i < a.size() && a[i].t_s <= t_s ? 1U : 0U;
        k += k < b.size() && b[k].t_s <= t_s ? 1U : 0U;
        sum.push_back({t_s, (i > 0 ? a[i - 1].value : 0) + (k > 0 ? b[k - 1].value : 0)});
    }
    return sum;
}

}  // namespace

Signal sum_of(const RunData& data, std::string_view metric,
              const std::function<bool(const StoredSeries&)>& wanted) {
    Signal sum;
    for (const StoredProbe& probe : data.probes) {
        const auto& descriptors = probe.info.descriptors;
        const bool reports = std::any_of(descriptors.begin(), descriptors.end(),
                                         [&](const auto& d) { return d.name == metric; });
        sum = add(sum, sum_of_probe(data, probe, metric, wanted, reports));
    }
    return sum;
}

Signal series_of(const RunData& data, std::string_view metric, std::string_view label,
                 std::string_view value) {
    for (const StoredSeries& series : data.series) {
        if (series.metric == metric && (label.empty() || series.label(label) == value)) {
            return series.points;
        }
    }
    return {};
}

std::size_t samples_in(const Signal& signal, Window window) {
    return static_cast<std::size_t>(std::count_if(
        signal.begin(), signal.end(), [&](const auto& p) { return window.holds(p.t_s); }));
}

std::optional<double> mean_in(const Signal& signal, Window window) {
    const auto values = values_in(signal, window);
    if (values.empty()) {
        return std::nullopt;
    }
    double sum = 0;
    for (const double value : values) {
        sum += value;
    }
    return sum / static_cast<double>(values.size());
}

std::optional<double> median_in(const Signal& signal, Window window) {
    auto values = values_in(signal, window);
    if (values.empty()) {
        return std::nullopt;
    }
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

std::optional<double> max_in(const Signal& signal, Window window) {
    const auto values = values_in(signal, window);
    if (values.empty()) {
        return std::nullopt;
    }
    return *std::max_element(values.begin(), values.end());
}

std::optional<double> share_in(const Signal& signal, Window window,
                               const std::function<bool(double)>& holds) {
    const auto values = values_in(signal, window);
    if (values.empty()) {
        return std::nullopt;
    }
    return static_cast<double>(std::count_if(values.begin(), values.end(), holds)) /
           static_cast<double>(values.size());
}

double increase_in(const Signal& counter, Window window) {
    const auto values = values_in(counter, window);
    double increase = 0;
    for (std::size_t i = 1; i < values.size(); ++i) {
        increase += std::max(0.0, values[i] - values[i - 1]);
    }
    return increase;
}

std::optional<double> rate_in(const Signal& counter, Window window) {
    std::optional<double> first;
    double last = 0;
    for (const auto& point : counter) {
        if (window.holds(point.t_s)) {
            first = first ? first : std::optional(point.t_s);
            last = point.t_s;
        }
    }
    if (!first || last <= *first) {
        return std::nullopt;
    }
    return increase_in(counter, window) / (last - *first);
}

std::optional<double> first_rise(const Signal& counter) {
    for (std::size_t i = 1; i < counter.size(); ++i) {
        if (counter[i].value > counter[i - 1].value) {
            return counter[i - 1].t_s;
        }
    }
    return std::nullopt;
}

std::optional<double> sustained_since(const Signal& signal, Window window, double share,
                                      const std::function<bool(double)>& holds) {
    double sum = 0;
    std::optional<double> since;
    for (const auto& point : signal) {
        if (!window.holds(point.t_s)) {
            continue;
        }
        const bool yes = holds(point.value);
        if (yes && sum <= 0) {
            since = point.t_s;
        }
        sum = std::max(0.0, sum + (yes ? 1 - share : -share));
        if (sum <= 0) {
            since.reset();
        }
    }
    return since;
}

}  // namespace plimsoll
