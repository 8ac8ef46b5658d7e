#include "store/threshold_options.hpp"

#include <charconv>

namespace plimsoll {
namespace {

constexpr const char* kLabel = "label.";

/// False where the text is no such number.
template <typename Number>
bool number(const std::string& text, Number& value) {
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, value);
    return read.ec == std::errc{} && read.ptr == end;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> options_of(const Threshold& threshold) {
    std::vector<std::pair<std::string, std::string>> options;
    if (threshold.window > Nanoseconds{}) {
        options.emplace_back("window_ns", std::to_string(threshold.window.count()));
    }
    if (threshold.sla) {
        options.emplace_back("sla", "1");
    }
    if (threshold.allow_empty) {
        options.emplace_back("allow_empty", "1");
    }
    for (const std::uint32_t endpoint : threshold.endpoints) {
        options.emplace_back("endpoint", std::to_string(endpoint));
    }
    if (threshold.status_low != 0) {
        options.emplace_back("status_low", std::to_string(threshold.status_low));
        options.emplace_back("status_high", std::to_string(threshold.status_high));
    }
    if (!threshold.outcome.empty()) {
        options.emplace_back("outcome", threshold.outcome);
    }
    if (!threshold.probe_metric.empty()) {
        options.emplace_back("probe_metric", threshold.probe_metric);
    }
    for (const auto& [name, value] : threshold.labels) {
        options.emplace_back(kLabel + name, value);
    }
    return options;
}

bool apply_option(Threshold& threshold, const std::string& name, const std::string& value) {
    constexpr Nanoseconds kLongest = std::chrono::hours(24 * 366);
    if (name == "window_ns") {
        std::int64_t window_ns = 0;
        const bool read =
            number(value, window_ns) && window_ns >= 0 && window_ns <= kLongest.count();
        threshold.window = Nanoseconds(window_ns);
        return read;
    }
    if (name == "sla") {
        threshold.sla = value == "1";
    } else if (name == "allow_empty") {
        threshold.allow_empty = value == "1";
    } else if (name == "endpoint") {
        return number(value, threshold.endpoints.emplace_back());
    } else if (name == "status_low") {
        return number(value, threshold.status_low);
    } else if (name == "status_high") {
        return number(value, threshold.status_high);
    } else if (name == "outcome") {
        threshold.outcome = value;
    } else if (name == "probe_metric") {
        threshold.probe_metric = value;
    } else if (name.starts_with(kLabel)) {
        threshold.labels.emplace_back(name.substr(std::char_traits<char>::length(kLabel)), value);
    }
    return true;
}

}  // namespace plimsoll
