#include "ui/chart_feed.hpp"

#include "report/chart_json.hpp"

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

namespace plimsoll {
namespace {

namespace json = boost::json;
using report::Chart;

bool same(double a, double b) {
    return a == b || (std::isnan(a) && std::isnan(b));
}

bool same_lines(const std::vector<report::ChartLine>& a, const std::vector<report::ChartLine>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& one, const auto& two) {
        return one.label == two.label && one.colour == two.colour && one.value == two.value &&
               one.far == two.far;
    });
}

bool same_marks(const std::vector<report::ChartMarks>& a,
                const std::vector<report::ChartMarks>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& one, const auto& two) {
        return one.label == two.label && one.t_s == two.t_s;
    });
}

/// Whether one is the other with more points: then it need not be told as a whole.
bool is_same_chart(const Chart& a, const Chart& b) {
    const auto same_series = [](const auto& one, const auto& two) {
        return one.label == two.label && one.colour == two.colour && one.dashed == two.dashed &&
               one.filled == two.filled;
    };
    return a.title == b.title && a.edges == b.edges &&
           std::equal(a.series.begin(), a.series.end(), b.series.begin(), b.series.end(),
                      same_series);
}

json::object update_of(const Chart& before, const Chart& now) {
    const std::size_t keep = points_in_common(before, now);
    json::object update;
    if (keep < now.x.size() || keep < before.x.size()) {
        json::array y;
        for (const auto& series : now.series) {
            y.push_back(report::plotted(std::span(series.y).subspan(keep)));
        }
        update = {{"keep", keep},
                  {"x", report::times(std::span(now.x).subspan(keep))},
                  {"y", std::move(y)}};
    }
    if (before.message != now.message) {
        update["message"] = now.message;
    }
    if (!same_lines(before.lines, now.lines)) {
        update["lines"] = report::lines_json(now.lines);
    }
    if (!same_marks(before.marks, now.marks)) {
        update["marks"] = report::marks_json(now.marks);
    }
    if (!update.empty()) {
        update["id"] = now.id;
    }
    return update;
}

json::object whole_of(const Chart& chart, std::size_t place) {
    json::object object = report::chart_json(chart);
    object["order"] = place;
    return object;
}

}  // namespace

std::size_t points_in_common(const Chart& before, const Chart& now) {
    const std::size_t most = std::min(before.x.size(), now.x.size());
    for (std::size_t i = 0; i < most; ++i) {
        bool equal = same(before.x[i], now.x[i]);
        for (std::size_t s = 0; equal && s < now.series.size(); ++s) {
            equal = same(before.series[s].y[i], now.series[s].y[i]);
        }
        if (!equal) {
            return i;
        }
    }
    return most;
}

void ChartFeed::tell(std::vector<Chart> charts, json::object& message) {
    json::array updates;
    json::array fresh;
    for (std::size_t place = 0; place < charts.size(); ++place) {
        const Chart& now = charts[place];
        const auto before = std::find_if(told_.begin(), told_.end(),
                                         [&](const Chart& one) { return one.id == now.id; });
        if (before == told_.end() || !is_same_chart(*before, now)) {
            fresh.push_back(whole_of(now, place));
        } else if (json::object update = update_of(*before, now); !update.empty()) {
            updates.push_back(std::move(update));
        }
    }
    if (!updates.empty()) {
        message["charts"] = std::move(updates);
    }
    if (!fresh.empty()) {
        message["new_charts"] = std::move(fresh);
    }
    told_ = std::move(charts);
}

json::array ChartFeed::whole() const {
    json::array all;
    for (std::size_t place = 0; place < told_.size(); ++place) {
        all.push_back(whole_of(told_[place], place));
    }
    return all;
}

}  // namespace plimsoll
