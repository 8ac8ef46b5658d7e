#include "store/threshold_options.hpp"

#include <charconv>

namespace plimsoll {
namespace {

constexpr const char* kLabel = "label.";

template <typename Number>
Number number(const std::string& text) {
    Number value{};
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
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

void apply_option(Threshold& threshold, const std::string& name, const std::string& value) {
    if (name == "window_ns") {
        threshold.window = Nanoseconds(number<std::int64_t>(value));
    } else if (name == "sla") {
        threshold.sla = value == "1";
    } else if (name == "allow_empty") {
        threshold.allow_empty = value == "1";
    } else if (name == "endpoint") {
        threshold.endpoints.push_back(number<std::uint32_t>(value));
    } else if (name == "status_low") {
        threshold.status_low = number<std::uint16_t>(value);
    } else if (name == "status_high") {
        threshold.status_high = number<std::uint16_t>(value);
    } else if (name == "outcome") {
        threshold.outcome = value;
    } else if (name == "probe_metric") {
        threshold.probe_metric = value;
    } else if (name.starts_with(kLabel)) {
        threshold.labels.emplace_back(name.substr(std::char_traits<char>::length(kLabel)), value);
    }
}

}  // namespace plimsoll
