// The section of a run that searched for the capacity: its answer, a picture of the steps, the
// steps.
#include "analysis/capacity/capacity_text.hpp"
#include "base/units.hpp"
#include "report/html_table.hpp"
#include "report/renderers.hpp"
#include "report/text.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace plimsoll::report {
namespace {

constexpr double kWidth = 760, kHeight = 320;
constexpr double kLeft = 64, kRight = 16, kTop = 16, kBottom = 44;

/// Both axes are logarithmic: levels double, and latency explodes.
class Scale {
public:
    Scale(double low, double high, double from, double to)
        : low_(std::log(low)),
          range_(std::max(1e-9, std::log(high) - std::log(low))),
          from_(from),
          to_(to) {}
    [[nodiscard]] double at(double value) const {
        return from_ + (to_ - from_) * std::clamp((std::log(value) - low_) / range_, 0.0, 1.0);
    }

private:
    double low_, range_, from_, to_;
};

struct Range {
    double low, high;
};

Range levels_of(const FindResult& find) {
    Range range{find.steps.front().level, find.steps.front().level};
    for (const StepResult& step : find.steps) {
        range = {std::min(range.low, step.level), std::max(range.high, step.level)};
    }
    return {range.low / 1.15, range.high * 1.15};
}

Range times_of(const FindResult& find) {
    Range range{1e9, 1e-6};
    for (const StepResult& step : find.steps) {
        if (step.requests > 0) {
            range.low = std::min(range.low, std::max(step.p99_s.low, 1e-6));
            const double high = std::isfinite(step.p99_s.high) ? step.p99_s.high : step.p99_s.value;
            range.high = std::max(range.high, high);
        }
    }
    return range.low > range.high ? Range{0.001, 1} : Range{range.low / 1.3, range.high * 1.3};
}

std::string ticks(const Scale& x, const Scale& y, const Range& levels, const Range& times,
                  bool open) {
    std::string text;
    const auto each = [](Range range, auto draw) {
        for (double decade = std::pow(10, std::floor(std::log10(range.low))); decade <= range.high;
             decade *= 10) {
            for (const double factor : {1.0, 2.0, 5.0}) {
                if (const double value = factor * decade;
                    value >= range.low && value <= range.high) {
                    draw(value);
                }
            }
        }
    };
    each(levels, [&](double value) {
        text += fmt::format(
            "<text class=\"tick\" x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{}"
            "</text>\n",
            x.at(value), kHeight - kBottom + 18,
            escape_markup(open ? fmt::format("{:g}", value) : fmt::format("{:.0f}", value)));
    });
    each(times, [&](double value) {
        text += fmt::format(
            "<line class=\"grid\" x1=\"{0}\" x2=\"{1}\" y1=\"{2:.1f}\" y2=\"{2:.1f}\"/>\n"
            "<text class=\"tick\" x=\"{3}\" y=\"{4:.1f}\" text-anchor=\"end\">{5}</text>\n",
            kLeft, kWidth - kRight, y.at(value), kLeft - 8, y.at(value) + 4,
            escape_markup(human_seconds(value)));
    });
    return text;
}

std::string picture(const FindResult& find) {
    const Range levels = levels_of(find);
    const Range times = times_of(find);
    const Scale x(levels.low, levels.high, kLeft, kWidth - kRight);
    const Scale y(times.low, times.high, kHeight - kBottom, kTop);
    std::string text = fmt::format(
        "<svg class=\"capacity\" viewBox=\"0 0 {:.0f} {:.0f}\" role=\"img\" "
        "aria-label=\"p99 of each step against its load\">\n",
        kWidth, kHeight);
    const SearchResult& search = find.search;
    if (search.lo) {
        const double from = x.at(*search.lo);
        const double to = search.hi ? x.at(*search.hi) : kWidth - kRight;
        text += fmt::format(
            "<rect class=\"carried\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" "
            "height=\"{:.1f}\"><title>{}</title></rect>\n",
            from, kTop, std::max(2.0, to - from), kHeight - kBottom - kTop,
            escape_markup("capacity: " + capacity_range(find)));
    }
    text += ticks(x, y, levels, times, find.open);
    for (const StepResult& step : find.steps) {
        if (step.requests == 0) {
            continue;
        }
        const double high = std::isfinite(step.p99_s.high) ? step.p99_s.high : times.high;
        text += fmt::format(
            "<g class=\"{0}\"><title>{1}</title>"
            "<line x1=\"{2:.1f}\" x2=\"{2:.1f}\" y1=\"{3:.1f}\" y2=\"{4:.1f}\"/>"
            "<circle cx=\"{2:.1f}\" cy=\"{5:.1f}\" r=\"4.5\"/></g>\n",
            to_string(step.verdict), escape_markup(step_line(step, find.open)), x.at(step.level),
            y.at(std::max(step.p99_s.low, 1e-6)), y.at(high),
            y.at(std::max(step.p99_s.value, 1e-6)));
    }
    text += fmt::format(
        "<text class=\"axis\" x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{}</text>\n</svg>\n",
        (kLeft + kWidth - kRight) / 2, kHeight - 8,
        find.open ? "arrivals per second, each step's p99 with its interval"
                  : "users, each step's p99 with its interval");
    return text;
}

std::string interval(const Estimate& estimate, std::string (*shown)(double)) {
    return fmt::format("{} <small>[{}, {}]</small>", escape_markup(shown(estimate.value)),
                       escape_markup(shown(estimate.low)),
                       std::isfinite(estimate.high) ? escape_markup(shown(estimate.high)) : "?");
}

std::string steps_table(const FindResult& find) {
    constexpr Align kNumber = Align::Number;
    Table table("steps", "Steps of the search",
                {{"Step"},
                 {"Load", kNumber},
                 {"Verdict, and why"},
                 {"p99", kNumber},
                 {"Failed", kNumber},
                 {"Completed", kNumber},
                 {"In flight", kNumber},
                 {"From", kNumber},
                 {"Length", kNumber}});
    for (const StepResult& step : find.steps) {
        table.row(
            {std::string(to_string(step.kind)), escape_markup(level_text(step.level, find.open)),
             fmt::format("<div class=\"why\">{}{}<small>{}</small></div>", to_string(step.verdict),
                         step.why.empty() ? "" : ": ", escape_markup(step.why)),
             interval(step.p99_s, human_seconds), interval(step.failed_ratio, percent),
             figure(step.rate) + "/s", figure(step.in_flight), clock_text(step.from_s),
             fmt::format("{:.0f} s", step.to_s - step.from_s)});
    }
    return table.end();
}

}  // namespace

std::string html_capacity(const Analysis& analysis) {
    if (!analysis.find || analysis.find->steps.empty()) {
        return {};
    }
    const FindResult& find = *analysis.find;
    std::string goals;
    for (const std::string& goal : find.goals) {
        goals += (goals.empty() ? "" : "; ") + goal;
    }
    std::string text = fmt::format(
        "<section aria-labelledby=\"capacity\">\n<h2 id=\"capacity\">What it carries</h2>\n"
        "<p>{} A step is carried where {}.</p>\n",
        escape_markup(capacity_sentence(find)), escape_markup(goals));
    for (const std::string& note : capacity_notes(find)) {
        text += "<p>" + escape_markup(note) + "</p>\n";
    }
    text +=
        "<ul class=\"key\"><li><i class=\"k-pass\"></i>carried</li>"
        "<li><i class=\"k-fail\"></i>not carried</li>"
        "<li><i class=\"k-edge\"></i>the samples do not tell</li>"
        "<li><i class=\"k-void\"></i>the generator was the limit</li></ul>\n";
    text += picture(find);
    if (analysis.capacity) {
        text += html_scaling(find, *analysis.capacity);
    }
    return text + steps_table(find) + "</section>\n";
}

}  // namespace plimsoll::report
