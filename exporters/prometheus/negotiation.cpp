#include "exporters/prometheus/negotiation.hpp"

#include "net/http_message.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>

namespace plimsoll {
namespace {

std::string_view trim(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) {
        text.remove_prefix(1);
    }
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) {
        text.remove_suffix(1);
    }
    return text;
}

/// Cuts off what stands before `separator`.
std::string_view cut(std::string_view& text, char separator) {
    const std::size_t end = std::min(text.find(separator), text.size());
    const std::string_view first = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return trim(first);
}

struct Range {
    std::optional<Exposition> what;
    double q = 1;
};

Range read_range(std::string_view text) {
    const std::string_view type = cut(text, ';');
    bool families = false;
    bool delimited = false;
    bool version = true;
    Range out;
    while (!text.empty()) {
        std::string_view value = cut(text, ';');
        const std::string_view name = cut(value, '=');
        families = families || (equal_ignoring_case(name, "proto") &&
                                value == "io.prometheus.client.MetricFamily");
        delimited = delimited || (equal_ignoring_case(name, "encoding") && value == "delimited");
        version = version && !(equal_ignoring_case(name, "version") && value != "1.0.0");
        if (equal_ignoring_case(name, "q")) {
            std::from_chars(value.data(), value.data() + value.size(), out.q);
        }
    }
    if (equal_ignoring_case(type, "application/vnd.google.protobuf") && families && delimited) {
        out.what = Exposition::Protobuf;
    } else if (equal_ignoring_case(type, "application/openmetrics-text") && version) {
        out.what = Exposition::OpenMetrics;
    } else if (equal_ignoring_case(type, "text/plain") || type == "text/*" || type == "*/*") {
        out.what = Exposition::Text;
    }
    return out;
}

}  // namespace

Exposition wanted_exposition(std::string_view accept) {
    Range best{std::nullopt, 0};
    while (!accept.empty()) {
        const Range range = read_range(cut(accept, ','));
        if (range.what && range.q > best.q) {
            best = range;
        }
    }
    return best.what.value_or(Exposition::Text);
}

std::string_view content_type(Exposition exposition) {
    switch (exposition) {
        case Exposition::OpenMetrics:
            return "application/openmetrics-text; version=1.0.0; charset=utf-8";
        case Exposition::Protobuf:
            return "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; "
                   "encoding=delimited";
        case Exposition::Text:
            break;
    }
    return "text/plain; version=0.0.4; charset=utf-8";
}

}  // namespace plimsoll
