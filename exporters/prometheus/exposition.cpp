#include "exporters/prometheus/exposition.hpp"

#include <cmath>
#include <cstdint>
#include <iterator>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace plimsoll {
namespace {

using prometheus::ClientMetric;

void append_value(std::string& out, std::uint64_t value) {
    const fmt::format_int digits(value);
    out.append(digits.data(), digits.size());
}

void append_value(std::string& out, double value) {
    constexpr double kExact = 9007199254740992;  // 2^53: whole numbers below it are exact
    if (value >= 0 && value < kExact && value == std::floor(value)) {
        append_value(out, static_cast<std::uint64_t>(value));
    } else if (std::isnan(value)) {
        out += "NaN";
    } else if (std::isinf(value)) {
        out += value > 0 ? "+Inf" : "-Inf";
    } else {
        fmt::format_to(std::back_inserter(out), "{}", value);
    }
}

void append_escaped(std::string& out, std::string_view text, bool in_quotes) {
    for (const char c : text) {
        if (c == '\\') {
            out += "\\\\";
        } else if (c == '\n') {
            out += "\\n";
        } else if (c == '"' && in_quotes) {
            out += "\\\"";
        } else {
            out += c;
        }
    }
}

void append_label(std::string& out, std::string_view name, std::string_view value) {
    out.append(name).append("=\"");
    append_escaped(out, value, true);
    out += '"';
}

/// "a="x",b="y"", without braces.
std::string labels_of(const ClientMetric& metric) {
    std::string out;
    for (const ClientMetric::Label& label : metric.label) {
        if (!out.empty()) {
            out += ',';
        }
        append_label(out, label.name, label.value);
    }
    return out;
}

template <typename Number>
void append_line(std::string& out, std::string_view name, std::string_view labels, Number value) {
    out.append(name);
    if (!labels.empty()) {
        out.append("{").append(labels).append("}");
    }
    out += ' ';
    append_value(out, value);
    out += '\n';
}

/// The text of bucket bounds, made once for all histograms of a family, which share them.
class BoundTexts {
public:
    /// "0.25"} ", for the bound number `at`.
    [[nodiscard]] const std::string& of(std::size_t at, double bound) {
        if (at >= texts_.size()) {
            texts_.resize(at + 1, {std::nan(""), {}});
        }
        auto& [known, text] = texts_[at];
        if (known != bound) {
            known = bound;
            text.clear();
            append_value(text, bound);
            text += "\"} ";
        }
        return text;
    }

private:
    std::vector<std::pair<double, std::string>> texts_;
};

void append_histogram(std::string& out, const std::string& name, const ClientMetric& metric,
                      BoundTexts& bounds) {
    const std::string labels = labels_of(metric);
    append_line(out, name + "_count", labels, metric.histogram.sample_count);
    append_line(out, name + "_sum", labels, metric.histogram.sample_sum);
    const std::string begin = name + "_bucket{" + labels + (labels.empty() ? "le=\"" : ",le=\"");
    for (std::size_t i = 0; i < metric.histogram.bucket.size(); ++i) {
        const auto& bucket = metric.histogram.bucket[i];
        out += begin;
        out += bounds.of(i, bucket.upper_bound);
        append_value(out, bucket.cumulative_count);
        out += '\n';
    }
}

std::string_view type_name(prometheus::MetricType type) {
    switch (type) {
        case prometheus::MetricType::Counter:
            return "counter";
        case prometheus::MetricType::Gauge:
            return "gauge";
        case prometheus::MetricType::Histogram:
            return "histogram";
        default:
            return "untyped";
    }
}

void append_family(std::string& out, const prometheus::MetricFamily& family) {
    if (!family.help.empty()) {
        out.append("# HELP ").append(family.name).append(" ");
        append_escaped(out, family.help, false);
        out += '\n';
    }
    out.append("# TYPE ").append(family.name).append(" ").append(type_name(family.type));
    out += '\n';
    BoundTexts bounds;
    for (const ClientMetric& metric : family.metric) {
        switch (family.type) {
            case prometheus::MetricType::Histogram:
                append_histogram(out, family.name, metric, bounds);
                break;
            case prometheus::MetricType::Counter:
                append_line(out, family.name, labels_of(metric), metric.counter.value);
                break;
            default:
                append_line(out, family.name, labels_of(metric), metric.gauge.value);
                break;
        }
    }
}

}  // namespace

std::string exposition_text(const std::vector<prometheus::MetricFamily>& families) {
    constexpr std::size_t kLine = 110;  // most are a little shorter
    std::size_t lines = 0;
    for (const prometheus::MetricFamily& family : families) {
        const std::size_t each =
            family.metric.empty() ? 0 : family.metric.front().histogram.bucket.size() + 2;
        lines += each * family.metric.size();
    }
    std::string out;
    out.reserve(lines * kLine);
    for (const prometheus::MetricFamily& family : families) {
        if (!family.metric.empty()) {
            append_family(out, family);
        }
    }
    return out;
}

}  // namespace plimsoll
