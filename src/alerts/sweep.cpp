#include "alerts/sweep.hpp"

#include "base/units.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr std::size_t kThresholds = 10;
constexpr std::size_t kHolds = 6;
constexpr std::size_t kMostVariants = 600;

std::vector<std::string> split(const std::string& text, const std::string& by) {
    std::vector<std::string> parts;
    std::size_t from = 0;
    for (;;) {
        const std::size_t at = text.find(by, from);
        parts.push_back(text.substr(from, at == std::string::npos ? at : at - from));
        if (at == std::string::npos) {
            return parts;
        }
        from = at + by.size();
    }
}

std::optional<double> number_of(const std::string& text) {
    double value = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    return read.ec == std::errc{} && read.ptr == text.data() + text.size() && std::isfinite(value)
               ? std::optional(value)
               : std::nullopt;
}

/// Both ends and what lies evenly between them, to four digits.
std::vector<double> evenly(double from, double to, std::size_t count) {
    std::vector<double> out;
    for (std::size_t i = 0; i < count; ++i) {
        const double value =
            from + (to - from) * static_cast<double>(i) / static_cast<double>(count - 1);
        out.push_back(number_of(fmt::format("{:.4g}", value)).value_or(value));
    }
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

Status read_thresholds(const std::string& text, SweepRanges& into) {
    const Error refusal{
        "threshold must be a range such as 50..95, or a list such as 0.5|0.8, got " + text,
        "--sweep",
        {}};
    const auto ends = split(text, "..");
    for (const std::string& each : ends.size() == 2 ? ends : split(text, "|")) {
        const auto value = number_of(each);
        if (!value) {
            return refusal;
        }
        into.thresholds.push_back(*value);
    }
    if (ends.size() == 2) {
        into.thresholds = evenly(into.thresholds[0], into.thresholds[1], kThresholds);
    }
    return {};
}

Status read_holds(const std::string& text, SweepRanges& into) {
    const auto ends = split(text, "..");
    std::vector<Nanoseconds> read;
    for (const std::string& each : ends.size() == 2 ? ends : split(text, "|")) {
        const auto value = parse_prometheus_duration(each);
        if (!value) {
            return Error{"for: " + value.error().what, "--sweep", "e.g. for=0s..5m or for=0s|30s"};
        }
        read.push_back(*value);
    }
    if (ends.size() == 2) {
        const auto seconds = evenly(to_seconds(read[0]), to_seconds(read[1]), kHolds);
        read.clear();
        for (const double each_s : seconds) {
            read.push_back(std::chrono::milliseconds(std::llround(each_s * 1000)));
        }
    }
    into.holds = std::move(read);
    return {};
}

/// `rule` with another number in its expression.
Rule with_threshold(const Rule& rule, double threshold) {
    Rule out = rule;
    const ComparedNumber& number = rule.parts.compared.front();
    out.expression.replace(number.at, number.length, fmt::format("{}", threshold));
    return out;
}

void add_variants(const Rule& rule, const SweepRanges& ranges, RuleGroup& group,
                  std::vector<SweepVariant>& variants) {
    const bool one_number = rule.parts.compared.size() == 1;
    std::vector<std::optional<double>> thresholds;
    if (one_number) {
        thresholds.assign(ranges.thresholds.begin(), ranges.thresholds.end());
        thresholds.emplace_back(rule.parts.compared.front().value);
        std::sort(thresholds.begin(), thresholds.end());
        thresholds.erase(std::unique(thresholds.begin(), thresholds.end()), thresholds.end());
    } else {
        thresholds.emplace_back(std::nullopt);
    }
    std::vector<Nanoseconds> holds = ranges.holds;
    holds.push_back(rule.hold);
    std::sort(holds.begin(), holds.end());
    holds.erase(std::unique(holds.begin(), holds.end()), holds.end());
    for (const auto& threshold : thresholds) {
        for (const Nanoseconds hold : holds) {
            Rule variant = threshold ? with_threshold(rule, *threshold) : rule;
            variant.hold = hold;
            variant.name = fmt::format("{} ({}for {})", rule.name,
                                       threshold ? fmt::format("{}, ", *threshold) : "",
                                       prometheus_duration(hold));
            const bool as_it_is = hold == rule.hold &&
                                  (!threshold || *threshold == rule.parts.compared.front().value);
            variants.push_back({rule.name, variant.name, threshold, hold, as_it_is});
            group.rules.push_back(std::move(variant));
        }
    }
}

/// How far the point lies from the line between the frontier's ends, on axes from 0 to 1.
double distance_from_chord(const SweepPoint& point, const SweepPoint& first,
                           const SweepPoint& last) {
    const double width = last.delay_s->median - first.delay_s->median;
    const double height = *first.per_hour - *last.per_hour;
    if (width <= 0 || height <= 0) {
        return 0;
    }
    const double x = (point.delay_s->median - first.delay_s->median) / width;
    const double y = (*point.per_hour - *last.per_hour) / height;
    return 1 - x - y;  // below the line from (0, 1) to (1, 0), up to √2
}

void mark_frontier(AlertSweep& sweep) {
    std::size_t most = 0;
    for (const SweepPoint& point : sweep.points) {
        most = std::max(most, point.fired);
    }
    std::vector<SweepPoint*> candidates;
    for (SweepPoint& point : sweep.points) {
        if (point.delay_s && point.per_hour && point.fired == most && most > 0) {
            candidates.push_back(&point);
        }
    }
    std::stable_sort(candidates.begin(), candidates.end(),
                     [](const SweepPoint* a, const SweepPoint* b) {
                         return a->delay_s->median != b->delay_s->median
                                    ? a->delay_s->median < b->delay_s->median
                                    : *a->per_hour < *b->per_hour;
                     });
    std::vector<SweepPoint*> frontier;
    for (SweepPoint* const point : candidates) {
        if (frontier.empty() || *point->per_hour < *frontier.back()->per_hour) {
            point->best = true;
            frontier.push_back(point);
        }
    }
    if (frontier.empty()) {
        sweep.proposal = most == 0 ? "no variant fires after an onset"
                                   : "no run has a healthy stretch: false alarms are not known";
        return;
    }
    SweepPoint* knee = frontier.front();
    double farthest = -1;
    for (SweepPoint* const point : frontier) {
        const double distance = distance_from_chord(*point, *frontier.front(), *frontier.back());
        if (distance > farthest) {
            farthest = distance;
            knee = point;
        }
    }
    knee->knee = true;
    sweep.proposal = fmt::format(
        "{}{}: {:.1f} s after the onset (at most {:.1f} s), {:.3g} false alarms an hour{}",
        knee->variant.name, knee->variant.as_it_is ? ", as it is" : "", knee->delay_s->median,
        knee->delay_s->most, *knee->per_hour,
        most < knee->expected
            ? fmt::format("; missed in {} of {} phases", knee->expected - most, knee->expected)
            : "");
}

}  // namespace

Result<SweepRanges> parse_sweep(const std::string& text) {
    SweepRanges out;
    for (const std::string& part : split(text, ",")) {
        const auto sides = split(part, "=");
        Status read = Error{"must be threshold=..., for=... or both, got " + part, "--sweep",
                            "e.g. --sweep 'threshold=50..95,for=0s..5m'"};
        if (sides.size() == 2 && sides[0] == "threshold" && out.thresholds.empty()) {
            read = read_thresholds(sides[1], out);
        } else if (sides.size() == 2 && sides[0] == "for" && out.holds.empty()) {
            read = read_holds(sides[1], out);
        }
        if (!read) {
            return read.error();
        }
    }
    return out;
}

Result<SweptRules> sweep_rules(const RuleSet& rules, const SweepRanges& ranges) {
    SweptRules out;
    out.rules.left_out = rules.left_out;
    bool any_number = false;
    for (const RuleGroup& group : rules.groups) {
        RuleGroup swept = group;
        swept.rules.clear();
        for (const Rule& rule : group.rules) {
            if (rule.kind == Rule::Kind::Recording) {
                swept.rules.push_back(rule);
                continue;
            }
            any_number = any_number || rule.parts.compared.size() == 1;
            add_variants(rule, ranges, swept, out.variants);
        }
        out.rules.groups.push_back(std::move(swept));
    }
    if (!ranges.thresholds.empty() && !any_number) {
        return Error{
            "no alerting rule compares with one number alone, whose place a threshold could "
            "take",
            "--sweep",
            {}};
    }
    if (out.variants.size() > kMostVariants) {
        return Error{
            fmt::format("{} variants are too many: at most {}", out.variants.size(), kMostVariants),
            "--sweep", "name a rule file with fewer alerts, or give --alert NAME"};
    }
    return out;
}

std::vector<AlertSweep> judge_sweep(const SweptRules& swept, const AlertReport& report) {
    std::vector<AlertSweep> out;
    for (const SweepVariant& variant : swept.variants) {
        if (out.empty() || out.back().alert != variant.alert) {
            out.push_back({variant.alert, {}, {}});
        }
        SweepPoint point;
        point.variant = variant;
        std::vector<double> medians;
        double least = 0;
        double most = 0;
        double healthy_hours = 0;
        for (const AlertOutcome& outcome : report.outcomes) {
            if (outcome.alert != variant.name) {
                continue;
            }
            const RunTruth& run = report.runs[outcome.run];
            point.false_alarms += outcome.false_alarms;
            healthy_hours += run.healthy_s() / 3600;
            point.expected += run.onset ? outcome.phases : 0;
            point.fired += outcome.fired;
            if (outcome.firing_s) {
                least = medians.empty() ? outcome.firing_s->least
                                        : std::min(least, outcome.firing_s->least);
                most = std::max(most, outcome.firing_s->most);
                medians.push_back(outcome.firing_s->median);
            }
        }
        if (!medians.empty()) {
            point.delay_s = phase_range(medians);
            point.delay_s->least = least;
            point.delay_s->most = most;
        }
        if (healthy_hours > 0) {
            point.per_hour = point.false_alarms / healthy_hours;
        }
        out.back().points.push_back(std::move(point));
    }
    for (AlertSweep& sweep : out) {
        mark_frontier(sweep);
        // Along the frontier, as tables and charts show it; what never fired comes last.
        std::stable_sort(sweep.points.begin(), sweep.points.end(),
                         [](const SweepPoint& a, const SweepPoint& b) {
                             return a.delay_s && b.delay_s ? a.delay_s->median < b.delay_s->median
                                                           : a.delay_s.has_value() && !b.delay_s;
                         });
    }
    return out;
}

}  // namespace plimsoll
