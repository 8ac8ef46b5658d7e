#include "report/charts.hpp"

#include "base/units.hpp"
#include "report/series_axis.hpp"
#include "report/text.hpp"
#include "report/words.hpp"
#include "signal/mark.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace plimsoll::report {
namespace {

constexpr std::size_t kFailureLines = 4;  // further outcomes share one line

/// A tick much shorter than the others (the last one, mostly) gives rates that are noise.
bool too_short(const TickRow& row, Nanoseconds tick) {
    return row.to_s - row.from_s < 0.25 * to_seconds(tick);
}

std::vector<TickRow> plotted_ticks(const RunInfo& info, const RunData& data) {
    std::vector<TickRow> rows;
    std::copy_if(data.ticks.begin(), data.ticks.end(), std::back_inserter(rows),
                 [&](const TickRow& row) { return !too_short(row, info.tick); });
    return rows;
}

template <typename Get>
std::vector<double> column(const std::vector<TickRow>& rows, Get get) {
    std::vector<double> values;
    values.reserve(rows.size());
    for (const auto& row : rows) {
        values.push_back(get(row));
    }
    return values;
}

/// A tick's values hold for its whole span: they are drawn at its middle.
std::vector<double> middles(const std::vector<TickRow>& rows) {
    return column(rows, [](const TickRow& row) { return (row.from_s + row.to_s) / 2; });
}

double median(std::vector<double> values) {
    std::erase_if(values, [](double value) { return std::isnan(value); });
    if (values.empty()) {
        return kNoValue;
    }
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

struct OutcomeCount {
    Outcome outcome;
    std::uint64_t count;
};

/// Failures of the whole run, and what was cut off; the most frequent first.
std::vector<OutcomeCount> failures(const RunData& data) {
    const auto all = data.merged();
    std::vector<OutcomeCount> counts;
    for (std::size_t i = 0; i < kOutcomeCount; ++i) {
        const auto outcome = static_cast<Outcome>(i);
        const bool shown = is_failure(outcome) || outcome == Outcome::CutOff;
        if (shown && all.count(outcome) > 0) {
            counts.push_back({outcome, all.count(outcome)});
        }
    }
    std::stable_sort(counts.begin(), counts.end(),
                     [](const auto& a, const auto& b) { return a.count > b.count; });
    return counts;
}

void add_failures(Chart& chart, const std::vector<TickRow>& rows,
                  const std::vector<OutcomeCount>& failed) {
    static constexpr std::array kColours{"red", "orange", "purple", "grey"};
    for (std::size_t i = 0; i < failed.size() && i < kFailureLines; ++i) {
        const bool rest = i == kFailureLines - 1 && failed.size() > kFailureLines;
        const auto first = failed.begin() + static_cast<std::ptrdiff_t>(i);
        const auto last = rest ? failed.end() : first + 1;
        chart.series.push_back({rest ? "other failures" : std::string(to_string(first->outcome)),
                                kColours[i], false, true, column(rows, [&](const TickRow& row) {
                                    double sum = 0;
                                    for (auto it = first; it != last; ++it) {
                                        sum +=
                                            row.outcome_rate[static_cast<std::size_t>(it->outcome)];
                                    }
                                    return sum;
                                })});
    }
}

Chart rate_chart(const RunInfo& info, const RunData& data, const Analysis& analysis) {
    const auto rows = plotted_ticks(info, data);
    Chart chart{.id = "rate", .title = "Offered and achieved rate, failures", .unit = "rate"};
    chart.x = middles(rows);
    const auto achieved = column(rows, [](const TickRow& row) { return row.request_rate; });
    const auto ok = column(rows, [](const TickRow& row) { return row.outcome_rate[0]; });
    const auto offered = column(rows, [](const TickRow& row) { return row.offered_rate; });
    const auto iterations = column(rows, [](const TickRow& row) { return row.iteration_rate; });
    chart.series.push_back({"requests succeeded", "blue", false, true, ok});
    if (highest(offered) > 0) {
        chart.series.push_back({"arrivals offered", "ink", true, false, offered});
        // With several requests in a flow, arrivals compare with iterations, not with requests.
        if (highest(achieved) > 1.2 * highest(iterations)) {
            chart.series.push_back({"iterations completed", "green", false, false, iterations});
        }
    }
    const auto failed = failures(data);
    add_failures(chart, rows, failed);

    if (highest(offered) > 0) {
        chart.message =
            fmt::format("Offered load peaked at {} arrivals/s. ", figure(highest(offered)));
    }
    chart.message +=
        fmt::format("At most {} requests/s succeeded in any {}. ", figure(highest(ok)),
                    info.tick == std::chrono::seconds(1) ? "second" : format_duration(info.tick));
    if (failed.empty()) {
        chart.message += "No request failed.";
    } else {
        std::vector<std::string> parts;
        parts.reserve(failed.size());
        for (const auto& [outcome, count] : failed) {
            parts.push_back(fmt::format("{} {}", to_string(outcome), grouped(count)));
        }
        chart.message += fmt::format("{} of {} requests failed: {}.", grouped(analysis.failed),
                                     grouped(analysis.requests), fmt::join(parts, ", "));
    }
    return chart;
}

/// "median response 24 ms before the break, 3.2 s after" for one latency of the ticks.
template <typename Get>
std::string before_after(const std::vector<TickRow>& rows, double at_s, Get get) {
    std::vector<double> before;
    std::vector<double> after;
    for (const auto& row : rows) {
        (row.to_s <= at_s ? before : after).push_back(get(row));
    }
    const double was = median(std::move(before));
    const double is = median(std::move(after));
    if (std::isnan(was) || std::isnan(is)) {
        return {};
    }
    return fmt::format("{} before the break and {} after it", human_seconds(was),
                       human_seconds(is));
}

Chart latency_chart(const RunData& data, const Analysis& analysis) {
    const auto& rows = data.ticks;
    Chart chart{.id = "latency", .title = "Response and service time", .unit = "seconds"};
    chart.log_switch = true;
    chart.x = middles(rows);
    const auto p50 = [](const TickRow& row) { return row.p50; };
    const auto service = [](const TickRow& row) { return row.service_p50; };
    chart.series = {{"response p99", "purple", false, false,
                     column(rows, [](const TickRow& row) { return row.p99; })},
                    {"response p95", "blue", false, false,
                     column(rows, [](const TickRow& row) { return row.p95; })},
                    {"response p50", "green", false, false, column(rows, p50)},
                    {"service p50", "orange", true, false, column(rows, service)}};
    std::string response_text;
    std::string service_text;
    if (analysis.breaking_point.found) {
        response_text = before_after(rows, analysis.breaking_point.at_s, p50);
        service_text = before_after(rows, analysis.breaking_point.at_s, service);
    }
    if (!response_text.empty() && !service_text.empty()) {
        chart.message = fmt::format("Typical median response time: {}; service time: {}.",
                                    response_text, service_text);
    } else {
        chart.message =
            fmt::format("Over the whole run: response p50 {}, p95 {}, p99 {}; service p50 {}.",
                        quantile_text(analysis.response, 0.5, analysis.response.p50),
                        quantile_text(analysis.response, 0.95, analysis.response.p95),
                        quantile_text(analysis.response, 0.99, analysis.response.p99),
                        quantile_text(analysis.service, 0.5, analysis.service.p50));
    }
    return chart;
}

Chart in_flight_chart(const RunData& data) {
    const auto& rows = data.ticks;
    Chart chart{.id = "in_flight", .title = "Requests in flight and users", .unit = "count"};
    chart.x = middles(rows);
    const auto in_flight = column(rows, [](const TickRow& row) { return row.in_flight; });
    const auto users = column(rows, [](const TickRow& row) { return row.users; });
    const auto asked = column(rows, [](const TickRow& row) { return row.asked_users; });
    chart.series.push_back({"requests in flight", "blue", false, true, in_flight});
    chart.series.push_back({"users", "orange", true, false, users});
    if (highest(asked) > 0) {
        chart.series.push_back({"users asked for", "ink", true, false, asked});
    }
    chart.message =
        fmt::format("At most {} requests were in flight (mean over a tick), by at most {} users.",
                    figure(highest(in_flight)), figure(highest(users)));
    return chart;
}

/// When the offered load passed the ends of the breaking point's interval: outwards from the break
/// as long as the load keeps changing. On a plateau the load says nothing about time, so the
/// stretch stays one tick to either side.
std::pair<double, double> onset_stretch(const RunInfo& info, const RunData& data,
                                        const Analysis& analysis) {
    const auto& broke = analysis.breaking_point;
    const auto load = [&](const TickRow& row) {
        return analysis.open_model ? row.asked : row.asked_users;
    };
    const auto& rows = data.ticks;
    const double tick_s = to_seconds(info.tick);
    double from_s = broke.at_s - tick_s;
    double to_s = broke.at_s + tick_s;
    auto at = static_cast<std::size_t>(std::count_if(
        rows.begin(), rows.end(), [&](const TickRow& row) { return row.to_s <= broke.at_s; }));
    for (std::size_t i = at; i > 0 && i < rows.size(); --i) {
        if (load(rows[i - 1]) < broke.interval[0] || load(rows[i - 1]) >= load(rows[i])) {
            break;
        }
        from_s = std::min(from_s, rows[i - 1].to_s);
    }
    for (std::size_t i = at; i + 1 < rows.size(); ++i) {
        if (load(rows[i]) > broke.interval[1] || load(rows[i + 1]) <= load(rows[i])) {
            break;
        }
        to_s = std::max(to_s, rows[i].to_s);
    }
    return {std::max(0.0, from_s), std::min(to_s, std::max(analysis.duration_s, broke.at_s))};
}

std::vector<Marker> stage_markers(const RunInfo& info, double duration_s) {
    std::vector<Marker> stages;
    for (const auto& executor : info.executors) {
        for (std::size_t i = 1; i < executor.stages.size(); ++i) {
            const double t_s = to_seconds(executor.stages[i].from);
            const bool shown = std::any_of(stages.begin(), stages.end(), [&](const Marker& other) {
                return std::abs(other.t_s - t_s) < 1e-6;
            });
            if (!shown && t_s > 0 && t_s < duration_s) {
                stages.push_back(
                    {t_s, t_s, t_s,
                     fmt::format("stage {}: to {}{}", i + 1, figure(executor.stages[i].target),
                                 executor.open ? "/s" : " users")});
            }
        }
    }
    std::sort(stages.begin(), stages.end(),
              [](const Marker& a, const Marker& b) { return a.t_s < b.t_s; });
    return stages;
}

std::vector<double> percentile_axis(double longest) {
    constexpr double kStep = 0.02;
    std::vector<double> nines;
    for (double x = 0; x < longest; x += kStep) {
        nines.push_back(x);
    }
    nines.push_back(longest);
    return nines;
}

}  // namespace

Markers markers(const RunInfo& info, const RunData& data, const Analysis& analysis) {
    Markers all;
    if (analysis.breaking_point.found) {
        const double at_s = analysis.breaking_point.at_s;
        const auto [from_s, to_s] = onset_stretch(info, data, analysis);
        all.broke = Marker{at_s, from_s, to_s, "broke at " + clock_text(at_s)};
    }
    const auto mark = [&](double t_s, const char* what) {
        all.events.push_back({t_s, t_s, t_s, fmt::format("{} at {}", what, clock_text(t_s))});
    };
    for (const Slowdown& slowdown : analysis.breaking_point.healed) {
        mark(slowdown.from_s, "slowed down");
        mark(slowdown.to_s, "recovered");
    }
    if (analysis.breaking_point.recovered_s) {
        mark(*analysis.breaking_point.recovered_s, "recovered");
    }
    if (!analysis.findings.empty()) {
        const auto& first = analysis.findings.front();
        all.cause = Marker{first.onset_s, first.onset_s, first.onset_s,
                           cause_title(first.cause) + " from " + clock_text(first.onset_s)};
    }
    all.stages = stage_markers(info, analysis.duration_s);
    for (const auto& gap : data.gaps) {
        all.gaps.push_back({gap.from_s, gap.from_s, gap.to_s, gap.probe + ": " + gap.reason});
    }
    for (const auto& event : data.events) {
        if (event.kind == EventKind::FaultPlanted || event.kind == EventKind::ThresholdCrossed ||
            event.kind == EventKind::FaultHealed || event.kind == EventKind::Stopped ||
            is_mark(event.kind, event.text)) {
            all.events.push_back({event.t_s, event.t_s, event.t_s, event.text});
        }
    }
    return all;
}

std::vector<Chart> time_charts(const RunInfo& info, const RunData& data, const Analysis& analysis) {
    std::vector<Chart> charts;
    if (info.has_load && !data.ticks.empty()) {
        charts.push_back(rate_chart(info, data, analysis));
        charts.push_back(latency_chart(data, analysis));
        if (auto heatmap = heatmap_chart(data)) {
            charts.push_back(*std::move(heatmap));
        }
        charts.push_back(in_flight_chart(data));
    }
    for (auto& chart : {database_chart(data, analysis), waiting_chart(data), cpu_chart(info, data),
                        canary_chart(data)}) {
        if (chart) {
            charts.push_back(*chart);
        }
    }
    return charts;
}

Chart percentile_chart(const RunData& data, const Analysis& analysis) {
    // A finite two-sided bound of quantile q needs about 5.63 / (1 − q) samples.
    constexpr double kSamplesPerTail = 5.63;
    const auto all = data.merged();
    Chart chart{.id = "percentiles", .title = "Latency by percentile", .unit = "seconds"};
    chart.log_switch = true;
    const auto count = static_cast<double>(all.response.count());
    if (count < kSamplesPerTail * 2) {
        chart.message = "Too few requests for a distribution.";
        return chart;
    }
    double tail = kSamplesPerTail / count;
    tail = std::max({tail, 1 - analysis.response.censored_from, 1e-6});
    chart.x = percentile_axis(-std::log10(tail));
    const auto curve = [&](const Histogram& histogram) {
        std::vector<double> y;
        for (const double nines : chart.x) {
            y.push_back(to_seconds(histogram.quantile(1 - std::pow(10, -nines))));
        }
        return y;
    };
    chart.series = {{"response time", "blue", false, false, curve(all.response)},
                    {"service time", "orange", true, false, curve(all.service)}};
    chart.message = fmt::format(
        "Drawn up to p{:.4g}, as far as {} requests support it{}. Where response "
        "lies above service time, requests waited before they could be sent.",
        std::floor(1e4 * (1 - tail)) / 100, grouped(all.response.count()),
        analysis.response.censored_from < 1 ? " and what was given up leave it known" : "");
    return chart;
}

}  // namespace plimsoll::report
