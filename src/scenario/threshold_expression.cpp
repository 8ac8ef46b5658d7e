#include "scenario/threshold_expression.hpp"

#include "base/units.hpp"
#include "record/k6_metrics.hpp"
#include "scenario/trimmed.hpp"
#include "scenario/wording.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <span>
#include <string>

#include <fmt/format.h>

namespace plimsoll {
namespace {

struct MetricRules {
    std::string_view name;
    std::span<const std::string_view> statistics;
    std::string_view example;
};
constexpr std::array<std::string_view, 5> kOfTimes{"p(N)", "avg", "min", "med", "max"};
constexpr std::array<std::string_view, 1> kOfShares{"rate"};
constexpr std::array<std::string_view, 2> kOfCounts{"count", "rate"};
constexpr std::array<std::string_view, 6> kOfGauges{"p(N)", "avg", "min", "med", "max", "last"};
constexpr std::array<std::string_view, 8> kOfCounters{"p(N)", "avg",  "min",   "med",
                                                      "max",  "rate", "count", "last"};
// In the order of ThresholdMetric, up to Probe.
constexpr std::array<MetricRules, 10> kRules{{
    {k6::kDuration.name, kOfTimes, "p(95)<500ms"},
    {k6::kService.name, kOfTimes, "p(95)<500ms"},
    {k6::kFailed.name, kOfShares, "rate<1%"},
    {k6::kRequests.name, kOfCounts, "rate>100/s"},
    {k6::kDropped.name, kOfCounts, "count<100"},
    {k6::kChecks.name, kOfShares, "rate>99%"},
    {k6::kGroups.name, kOfTimes, "p(95)<2s"},
    {k6::kIterations.name, kOfCounts, "rate>10/s"},
    {k6::kDataSent.name, kOfCounts, "rate<10MB"},
    {k6::kDataReceived.name, kOfCounts, "rate<10MB"},
}};

std::string_view example_of(ThresholdUnit unit) {
    switch (unit) {
        case ThresholdUnit::Seconds:
            return "max<2s";
        case ThresholdUnit::Ratio:
            return "max<80%";
        case ThresholdUnit::Bytes:
        case ThresholdUnit::BytesPerSecond:
            return "max<512MiB";
        case ThresholdUnit::Count:
        case ThresholdUnit::PerSecond:
            break;
    }
    return "max<10";
}

MetricRules rules_of(const Threshold& threshold) {
    if (threshold.metric != ThresholdMetric::Probe) {
        return kRules[static_cast<std::size_t>(threshold.metric)];
    }
    const std::string_view name =
        std::string_view(threshold.key).substr(0, threshold.key.find('{'));
    if (is_counter(threshold)) {
        return {name, kOfCounters, "count<1"};
    }
    return {name, kOfGauges, example_of(unit_of(threshold))};
}

struct Shape {
    std::string_view statistic;
    std::string_view comparison;
    std::string_view limit;
};

Shape split(std::string_view text) {
    const std::size_t begin = text.find_first_of("<>=!");
    if (begin == std::string_view::npos) {
        return {trimmed(text), {}, {}};
    }
    const std::size_t end = std::min(text.find_first_not_of("<>=!", begin), text.size());
    return {trimmed(text.substr(0, begin)), text.substr(begin, end - begin),
            trimmed(text.substr(end))};
}

std::optional<Comparison> comparison_from(std::string_view word) {
    if (word == "<") {
        return Comparison::Less;
    }
    if (word == "<=") {
        return Comparison::LessEqual;
    }
    if (word == ">") {
        return Comparison::Greater;
    }
    return word == ">=" ? std::optional(Comparison::GreaterEqual) : std::nullopt;
}

std::optional<double> number(std::string_view text) {
    double value = 0;
    const auto [end, code] =
        std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
    const bool whole = code == std::errc{} && end == text.data() + text.size();
    return whole && value >= 0 && value < 1e18 ? std::optional(value) : std::nullopt;
}

// p(95) or p(99.9), as a share; nullopt for all else.
std::optional<double> quantile_from(std::string_view statistic) {
    if (!statistic.starts_with("p(") || !statistic.ends_with(')')) {
        return std::nullopt;
    }
    const auto percent = number(trimmed(statistic.substr(2, statistic.size() - 3)));
    return percent && *percent <= 100 ? std::optional(*percent / 100) : std::nullopt;
}

std::optional<Statistic> statistic_from(std::string_view word) {
    constexpr std::array<std::string_view, 7> kWords{"avg",  "min",   "med", "max",
                                                     "rate", "count", "last"};
    constexpr std::array kStatistics{Statistic::Avg, Statistic::Min,  Statistic::Med,
                                     Statistic::Max, Statistic::Rate, Statistic::Count,
                                     Statistic::Last};
    for (std::size_t i = 0; i < kWords.size(); ++i) {
        if (kWords[i] == word) {
            return kStatistics[i];
        }
    }
    return std::nullopt;
}

Status read_statistic(std::string_view word, const MetricRules& rules, Threshold& threshold) {
    const auto allowed = rules.statistics;
    const bool has_quantiles = allowed.front() == "p(N)";
    if (word.starts_with("p(") && has_quantiles) {
        const auto quantile = quantile_from(word);
        if (!quantile) {
            return Error{
                fmt::format("must be a percentile from p(0) to p(100), got {}", in_quotes(word)),
                {},
                "e.g. p(99.9)"};
        }
        threshold.statistic = Statistic::Quantile;
        threshold.quantile = *quantile;
        return {};
    }
    const bool known =
        std::find(allowed.begin(), allowed.end(), word) != allowed.end() && word != "p(N)";
    if (!known) {
        std::string hint = fmt::format("e.g. {}", rules.example);
        if (has_quantiles && word.size() > 1 && word.front() == 'p' && number(word.substr(1))) {
            hint = fmt::format("did you mean p({})?", word.substr(1));
        }
        return Error{fmt::format("{} has {}, got {}", rules.name, any_of(allowed), in_quotes(word)),
                     {},
                     std::move(hint)};
    }
    threshold.statistic = statistic_from(word).value_or(Statistic::Avg);
    return {};
}

Result<double> duration_limit(const Shape& shape, bool as_in_k6) {
    const auto limit = parse_duration(shape.limit);
    if (limit) {
        return to_seconds(*limit);
    }
    if (number(shape.limit)) {
        return Error{
            fmt::format("the limit must have a unit, got {}", in_quotes(shape.limit)),
            {},
            as_in_k6 ? fmt::format("k6 counts in milliseconds; write {}{}{}ms", shape.statistic,
                                   shape.comparison, shape.limit)
                     : fmt::format("e.g. {}{}{}s", shape.statistic, shape.comparison, shape.limit)};
    }
    return Error{fmt::format("the limit {}", limit.error().what), {}, limit.error().hint};
}

Result<double> ratio_limit(const Shape& shape) {
    const bool percent = shape.limit.ends_with('%');
    const auto value =
        number(percent ? trimmed(shape.limit.substr(0, shape.limit.size() - 1)) : shape.limit);
    if (!value) {
        return Error{fmt::format("the limit must be a share, got {}", in_quotes(shape.limit)),
                     {},
                     "e.g. rate<1% or rate<0.01"};
    }
    const double ratio = percent ? *value / 100 : *value;
    if (ratio > 1) {
        return Error{
            fmt::format("the limit must be at most 1, or 100%, got {}", in_quotes(shape.limit)),
            {},
            percent ? std::string()
                    : fmt::format("for percent write {}{}{}%", shape.statistic, shape.comparison,
                                  shape.limit)};
    }
    return ratio;
}

Result<double> rate_limit(const Shape& shape) {
    const auto limit = parse_rate(shape.limit);
    if (limit && limit->per_second() < 1e18) {
        return limit->per_second();
    }
    if (number(shape.limit)) {
        return Error{fmt::format("the limit must have a unit, got {}", in_quotes(shape.limit)),
                     {},
                     fmt::format("write {}{}{}/s", shape.statistic, shape.comparison, shape.limit)};
    }
    return Error{fmt::format("the limit must be a rate, got {}", in_quotes(shape.limit)),
                 {},
                 "e.g. rate>100/s"};
}

Result<double> count_limit(const Shape& shape) {
    if (const auto value = number(shape.limit)) {
        return *value;
    }
    return Error{fmt::format("the limit must be a count, got {}", in_quotes(shape.limit)),
                 {},
                 "e.g. count<100"};
}

Result<double> bytes_limit(const Shape& shape) {
    struct Unit {
        std::string_view name;
        double bytes;
    };
    constexpr std::array kUnits{
        Unit{"KiB", 1024.0}, Unit{"MiB", 1048576.0}, Unit{"GiB", 1073741824.0}, Unit{"kB", 1e3},
        Unit{"KB", 1e3},     Unit{"MB", 1e6},        Unit{"GB", 1e9},           Unit{"B", 1}};
    std::string_view text = shape.limit;
    if (text.ends_with("/s")) {
        text.remove_suffix(2);
    }
    for (const Unit& unit : kUnits) {
        if (!text.ends_with(unit.name)) {
            continue;
        }
        if (const auto value = number(trimmed(text.substr(0, text.size() - unit.name.size())))) {
            return *value * unit.bytes;
        }
    }
    return Error{fmt::format("the limit must be bytes with a unit, got {}", in_quotes(shape.limit)),
                 {},
                 "B, kB, MB, GB, KiB, MiB or GiB"};
}

Result<double> read_limit(const Shape& shape, const Threshold& threshold) {
    switch (unit_of(threshold)) {
        case ThresholdUnit::Seconds:
            return duration_limit(shape, threshold.metric != ThresholdMetric::Probe);
        case ThresholdUnit::Ratio:
            return ratio_limit(shape);
        case ThresholdUnit::PerSecond:
            return rate_limit(shape);
        case ThresholdUnit::Bytes:
        case ThresholdUnit::BytesPerSecond:
            return bytes_limit(shape);
        case ThresholdUnit::Count:
            break;
    }
    return count_limit(shape);
}

}  // namespace

Status parse_threshold(std::string_view text, Threshold& threshold) {
    const MetricRules rules = rules_of(threshold);
    const Shape shape = split(trimmed(text));
    const auto comparison = comparison_from(shape.comparison);
    if (shape.statistic.empty() || shape.limit.empty() || !comparison) {
        const bool equality = shape.comparison.find_first_of("=!") != std::string_view::npos;
        return Error{fmt::format("must be a statistic, one of < <= > >= and a limit, got {}",
                                 in_quotes(text)),
                     {},
                     equality ? "measured values are never compared for equality; use < or >"
                              : fmt::format("e.g. {}", rules.example)};
    }
    Threshold parsed = threshold;
    parsed.expression = text;
    parsed.comparison = *comparison;
    if (const auto status = read_statistic(shape.statistic, rules, parsed); !status) {
        return status.error();
    }
    const auto limit = read_limit(shape, parsed);
    if (!limit) {
        return limit.error();
    }
    parsed.limit = *limit;
    threshold = std::move(parsed);
    return {};
}

}  // namespace plimsoll
