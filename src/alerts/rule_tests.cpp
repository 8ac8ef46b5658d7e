#include "alerts/rule_tests.hpp"

#include "alerts/scrape_sampler.hpp"
#include "store/replay.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <optional>

#include <fmt/format.h>

namespace plimsoll {
namespace {

using Values = std::vector<std::optional<double>>;  // one a scrape

std::string yaml_quoted(const std::string& text) {
    std::string out = "'";
    for (const char c : text) {
        out += c;
        if (c == '\'') {
            out += c;
        }
    }
    return out + "'";
}

/// promtool's notation; a series that goes away ends as a scraping server ends it.
std::string notation(const Values& values) {
    std::string out;
    for (std::size_t at = 0; at < values.size();) {
        std::size_t end = at + 1;
        const auto same = [&](std::size_t other) {
            return values[other].has_value() == values[at].has_value() &&
                   (!values[at] || *values[other] == *values[at] ||
                    (std::isnan(*values[other]) && std::isnan(*values[at])));
        };
        while (end < values.size() && same(end)) {
            ++end;
        }
        std::size_t count = end - at;
        out += out.empty() ? "" : " ";
        if (!values[at]) {
            if (at > 0) {
                out += "stale";
                --count;
                out += count > 0 ? " " : "";
            }
            out += count > 0 ? fmt::format("_x{}", count) : "";
        } else {
            const std::string value = sample_value(*values[at]);
            const bool whole = value.find_first_not_of("0123456789") == std::string::npos;
            if (whole && count > 2) {
                out += fmt::format("{}+0x{}", value, count - 1);
            } else {
                for (std::size_t i = 0; i < count; ++i) {
                    out += (i > 0 ? " " : "") + value;
                }
            }
        }
        at = end;
    }
    return out;
}

Result<std::map<std::string, Values>> scraped(const RuleSet& rules, const std::string& path,
                                              const BacktestOptions& options) {
    const auto reader = RunReader::open(path);
    if (!reader) {
        return reader.error();
    }
    std::set<std::string, std::less<>> names;
    bool all = false;
    for (const RuleGroup& group : rules.groups) {
        for (const Rule& rule : group.rules) {
            for (const SeriesSelector& selector : rule.parts.selectors) {
                names.insert(selector.name);
                all = all || selector.name.empty();
            }
        }
    }
    ScrapePlan plan;
    plan.every = options.scrape;
    plan.target_labels = options.target_labels;
    plan.wanted = [&](std::string_view name) { return all || names.find(name) != names.end(); };
    plan.thresholds = names.count("plimsoll_threshold_ok") > 0;
    std::map<std::string, Values> out;
    std::optional<std::int64_t> first_ms;
    std::size_t scrapes = 0;
    const std::int64_t every_ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(options.scrape).count();
    ScrapeSampler sampler(std::move(plan), [&](const ScrapedSample& sample) {
        first_ms = first_ms.value_or(sample.at_ms);
        const auto index = static_cast<std::size_t>((sample.at_ms - *first_ms) / every_ms);
        scrapes = std::max(scrapes, index + 1);
        Values& values = out[series_text(sample.name, sample.labels)];
        values.resize(index);
        values.emplace_back(sample.value);
    });
    if (const Status replayed = replay_run(*reader, sampler, nullptr); !replayed) {
        return replayed.error();
    }
    sampler.end();
    for (auto& [name, values] : out) {
        values.resize(scrapes);
    }
    return out;
}

/// At each evaluation at which the number of firing alerts changes: the new number.
std::map<std::int64_t, std::size_t> firing_counts(const PhaseStory& story) {
    std::map<std::string, bool> firing;
    std::map<std::int64_t, std::size_t> counts;
    for (const AlertChange& change : story.changes) {
        firing[change.alert] = change.to == AlertState::Firing;
        counts[change.at_ms] = static_cast<std::size_t>(std::count_if(
            firing.begin(), firing.end(), [](const auto& each) { return each.second; }));
    }
    return counts;
}

std::string check(const std::string& alert, std::int64_t at_ms, std::size_t count) {
    return fmt::format(
        "      - expr: {}\n        eval_time: {}\n        exp_samples: {}\n",
        yaml_quoted(fmt::format("count(ALERTS{{alertname={},alertstate=\"firing\"}})",
                                quoted_label(alert))),
        prometheus_duration(std::chrono::milliseconds(at_ms)),
        count > 0 ? fmt::format("[{{labels: '{{}}', value: {}}}]", count) : "[]");
}

std::string checks(const ReplayedAlert& alert, std::int64_t every_ms) {
    const PhaseStory& story = alert.phases.front();
    std::map<std::int64_t, std::size_t> expected;
    std::size_t before = 0;
    for (const auto& [at_ms, count] : firing_counts(story)) {
        if (at_ms >= every_ms && count != before) {
            expected.emplace(at_ms - every_ms, before);
        }
        expected[at_ms] = count;
        before = count;
    }
    expected[(story.evaluations - 1) * every_ms] = before;
    std::string out;
    for (const auto& [at_ms, count] : expected) {
        out += check(alert.rule->name, at_ms, count);
    }
    return out;
}

/// The interval of most alerting rules.
Nanoseconds usual_interval(const RuleSet& rules, const BacktestOptions& options) {
    std::map<Nanoseconds, std::size_t> counts;
    for (const RuleGroup& group : rules.groups) {
        for (const Rule& rule : group.rules) {
            counts[group.interval.value_or(options.evaluation)] +=
                rule.kind == Rule::Kind::Alerting ? 1 : 0;
        }
    }
    Nanoseconds best = options.evaluation;
    std::size_t most = 0;
    for (const auto& [interval, count] : counts) {
        best = count > most ? interval : best;
        most = std::max(most, count);
    }
    return best;
}

std::string head(const RuleSet& rules, Nanoseconds every) {
    std::string text =
        "# Made by plimsoll from recorded runs; judged by `promtool test rules` on this file.\n"
        "rule_files:\n";
    for (const std::string& file : rules.prometheus_files) {
        std::error_code problem;
        const auto absolute = std::filesystem::absolute(file, problem);
        text += "  - " + yaml_quoted(problem ? file : absolute.lexically_normal().string()) + "\n";
    }
    return text + "evaluation_interval: " + prometheus_duration(every) + "\ntests:\n";
}

}  // namespace

Result<WrittenTests> write_rule_tests(const RuleSet& rules, const std::vector<ReplayedRun>& runs,
                                      const BacktestOptions& options) {
    const Nanoseconds every = usual_interval(rules, options);
    const std::int64_t every_ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(every).count();
    WrittenTests out{head(rules, every), {}};
    for (const ReplayedRun& run : runs) {
        const auto series = scraped(rules, run.truth.path, options);
        if (!series) {
            return series.error();
        }
        out.text += fmt::format("  - name: {}\n    interval: {}\n    input_series:\n",
                                yaml_quoted(run.truth.id), prometheus_duration(options.scrape));
        for (const auto& [name, values] : *series) {
            out.text += fmt::format("      - series: {}\n        values: '{}'\n", yaml_quoted(name),
                                    notation(values));
        }
        std::string all;
        for (const ReplayedAlert& alert : run.alerts) {
            const bool other = alert.group->interval.value_or(options.evaluation) != every;
            const bool broken = alert.phases.empty() || !alert.phases.front().error.empty();
            if (other || broken || alert.group->grafana) {
                out.left_out.push_back(
                    fmt::format("{} has no test: {}", alert.rule->name,
                                alert.group->grafana ? "promtool has no rules of Grafana"
                                : broken             ? "it was not replayed"
                                                     : "its group has another interval than most"));
            } else {
                all += checks(alert, every_ms);
            }
        }
        out.text += "    promql_expr_test:" + (all.empty() ? " []\n" : "\n" + all);
    }
    return out;
}

}  // namespace plimsoll
