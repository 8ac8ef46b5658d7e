// Pictures of a search: throughput against requests in flight with the fitted curve, and response
// time against throughput.
#include "analysis/capacity/capacity_text.hpp"
#include "base/units.hpp"
#include "report/html_table.hpp"
#include "report/renderers.hpp"
#include "report/text.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include <fmt/format.h>

namespace plimsoll::report {
namespace {

constexpr double kWidth = 460, kHeight = 300;
constexpr double kLeft = 64, kRight = 16, kTop = 14, kBottom = 44;

struct Dot {
    double x = 0, y = 0;
    std::string css, title;
};

/// Linear axes from 0.
class Plot {
public:
    Plot(std::string label, const std::vector<Dot>& dots) : label_(std::move(label)) {
        for (const Dot& dot : dots) {
            most_x_ = std::max(most_x_, dot.x);
            most_y_ = std::max(most_y_, dot.y);
        }
        most_x_ *= 1.08;
        most_y_ *= 1.12;
    }
    [[nodiscard]] double x(double value) const {
        return kLeft + (kWidth - kRight - kLeft) * std::clamp(value / most_x_, 0.0, 1.0);
    }
    [[nodiscard]] double y(double value) const {
        return kHeight - kBottom -
               (kHeight - kBottom - kTop) * std::clamp(value / most_y_, 0.0, 1.0);
    }
    [[nodiscard]] double most_x() const { return most_x_; }

    [[nodiscard]] std::string open() const {
        return fmt::format(
            "<svg class=\"capacity scaling\" viewBox=\"0 0 {:.0f} {:.0f}\" role=\"img\" "
            "aria-label=\"{}\">\n",
            kWidth, kHeight, escape_markup(label_));
    }
    [[nodiscard]] std::string axes(const std::string& x_title,
                                   const std::function<std::string(double)>& x_text,
                                   const std::function<std::string(double)>& y_text) const {
        std::string text;
        for (const double value : marks(most_x_)) {
            text += fmt::format(
                "<text class=\"tick\" x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{}</text>\n",
                x(value), kHeight - kBottom + 18, escape_markup(x_text(value)));
        }
        for (const double value : marks(most_y_)) {
            text += fmt::format(
                "<line class=\"grid\" x1=\"{0}\" x2=\"{1}\" y1=\"{2:.1f}\" y2=\"{2:.1f}\"/>\n"
                "<text class=\"tick\" x=\"{3}\" y=\"{4:.1f}\" text-anchor=\"end\">{5}</text>\n",
                kLeft, kWidth - kRight, y(value), kLeft - 8, y(value) + 4,
                escape_markup(y_text(value)));
        }
        return text + fmt::format(
                          "<text class=\"axis\" x=\"{:.1f}\" y=\"{:.1f}\" "
                          "text-anchor=\"middle\">{}</text>\n",
                          (kLeft + kWidth - kRight) / 2, kHeight - 8, escape_markup(x_title));
    }
    [[nodiscard]] std::string dots(const std::vector<Dot>& dots) const {
        std::string text;
        for (const Dot& dot : dots) {
            text += fmt::format(
                "<g class=\"{}\"><title>{}</title><circle cx=\"{:.1f}\" cy=\"{:.1f}\" "
                "r=\"4\"/></g>\n",
                dot.css, escape_markup(dot.title), x(dot.x), y(dot.y));
        }
        return text;
    }
    [[nodiscard]] std::string curve(const std::function<double(double)>& value) const {
        std::string path;
        constexpr int kParts = 120;
        for (int i = 1; i <= kParts; ++i) {
            const double at = most_x_ * i / kParts;
            path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L", x(at), y(value(at)));
        }
        return fmt::format("<path class=\"fit\" d=\"{}\"/>\n", path);
    }

private:
    static std::vector<double> marks(double most) {
        const double decade = std::pow(10, std::floor(std::log10(most)));
        const double step = most / decade >= 5   ? decade
                            : most / decade >= 2 ? decade / 2
                                                 : decade / 5;
        std::vector<double> values;
        for (double value = 0; value <= most; value += step) {
            values.push_back(value);
        }
        return values;
    }
    std::string label_;
    double most_x_ = 1e-9, most_y_ = 1e-9;
};

std::string rate_picture(const FindResult& find, const ScalingFit& fit) {
    std::vector<Dot> dots;
    for (const StepResult& step : find.steps) {
        if (step.requests > 0) {
            dots.push_back({step.in_flight, step.rate, std::string(to_string(step.verdict)),
                            step_line(step, find.open)});
        }
    }
    const Plot plot("throughput of each step against its requests in flight, with the fitted curve",
                    dots);
    std::string text = plot.open() + plot.axes("requests in flight", figure,
                                               [](double value) { return figure(value) + "/s"; });
    if (fit.shape == ScalingShape::Usl) {
        text += plot.curve([&](double n) {
            return usl_rate(fit.usl->gamma.value, fit.usl->sigma.value, fit.usl->kappa.value, n);
        });
    } else if (fit.shape == ScalingShape::Plateau) {
        text += plot.curve([&](double n) {
            return plateau_rate(fit.plateau->alone_s.value, fit.plateau->limit_rate.value, n);
        });
    }
    return text + plot.dots(dots) + "</svg>\n";
}

std::string latency_picture(const FindResult& find) {
    std::vector<Dot> dots;
    for (const StepResult& step : find.steps) {
        if (step.requests > 0) {
            dots.push_back({step.rate, step.response_s, std::string(to_string(step.verdict)),
                            step_line(step, find.open)});
        }
    }
    const Plot plot("mean response time of each step against its throughput", dots);
    return plot.open() +
           plot.axes("completed requests per second, each step's mean response time", figure,
                     human_seconds) +
           plot.dots(dots) + "</svg>\n";
}

std::string margins_table(const std::vector<ResourceLimit>& margins) {
    if (margins.empty()) {
        return {};
    }
    Table table("margins", "How full each resource is at what it carries",
                {{"Resource"},
                 {"Used", Align::Number},
                 {"Of", Align::Number},
                 {"A request takes", Align::Number},
                 {"Could carry at most", Align::Number}});
    for (const ResourceLimit& limit : margins) {
        table.row({escape_markup(limit.resource), percent(limit.used_ratio),
                   figure(limit.size) + " " + escape_markup(limit.unit),
                   escape_markup(human_seconds(limit.demand_s)), figure(limit.could_carry) + "/s"});
    }
    return table.end();
}

}  // namespace

std::string html_scaling(const FindResult& find, const CapacityDetail& detail) {
    std::string text;
    if (detail.next) {
        text += "<p>" + escape_markup(next_line(*detail.next)) + "</p>\n";
    }
    text += "<p>" + escape_markup(detail.scaling.why) + "</p>\n<div class=\"pair\">\n";
    return text + rate_picture(find, detail.scaling) + latency_picture(find) + "</div>\n" +
           margins_table(detail.margins);
}

}  // namespace plimsoll::report
