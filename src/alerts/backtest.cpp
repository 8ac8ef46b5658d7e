#include "alerts/backtest.hpp"

#include "alerts/prometheus_api.hpp"
#include "alerts/scrape_sampler.hpp"
#include "alerts/series_check.hpp"
#include "base/fd.hpp"
#include "lab/throwaway_prometheus.hpp"
#include "store/replay.hpp"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <map>
#include <memory>
#include <numeric>
#include <system_error>

#include <fmt/format.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;

/// For one step: a run of an hour takes seconds.
constexpr auto kPatience = 120s;
Clock::time_point soon() {
    return Clock::now() + kPatience;
}

std::int64_t ms_of(Nanoseconds duration) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

Nanoseconds interval_of(const RuleGroup& group, const BacktestOptions& options) {
    return group.interval.value_or(options.evaluation);
}

/// An OpenMetrics file that grows.
class SampleFile {
public:
    explicit SampleFile(std::string path)
        : path_(std::move(path)), file_(std::fopen(path_.c_str(), "we")) {}
    void add(std::string_view name, std::string_view labels, double value, std::int64_t at_ms) {
        if (file_) {
            const std::string line = fmt::format("{} {} {}.{:03}\n", series_text(name, labels),
                                                 sample_value(value), at_ms / 1000, at_ms % 1000);
            failed_ =
                std::fwrite(line.data(), 1, line.size(), file_.get()) != line.size() || failed_;
            ++samples_;
        }
    }
    [[nodiscard]] Status end() {
        constexpr std::string_view kEnd = "# EOF\n";
        const bool whole =
            file_ && std::fwrite(kEnd.data(), 1, kEnd.size(), file_.get()) == kEnd.size();
        const bool closed = file_ && std::fclose(file_.release()) == 0;
        if (!whole || !closed || failed_) {
            return Error{"cannot be written: " + std::generic_category().message(errno), path_, {}};
        }
        return {};
    }
    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] std::uint64_t samples() const { return samples_; }

private:
    struct Close {
        void operator()(std::FILE* file) const { static_cast<void>(std::fclose(file)); }
    };
    std::string path_;
    std::unique_ptr<std::FILE, Close> file_;
    bool failed_ = false;
    std::uint64_t samples_ = 0;
};

/// What the rules look at of a run's own series.
class Wanted {
public:
    explicit Wanted(const RuleSet& rules) {
        for (const RuleGroup& group : rules.groups) {
            for (const Rule& rule : group.rules) {
                for (const SeriesSelector& selector : rule.parts.selectors) {
                    all_ = all_ || selector.name.empty();
                    names_.insert(selector.name);
                }
            }
        }
    }
    bool operator()(std::string_view name) const {
        return all_ || names_.find(std::string(name)) != names_.end();
    }

private:
    bool all_ = false;
    std::set<std::string> names_;
};

/// One run and one server, phase after phase.
class Replay {
public:
    Replay(const RuleSet& rules, const BacktestOptions& options, ThrowawayPrometheus server)
        : options_(options),
          rules_(placed_rules(rules)),
          recorded_(recorded_names(rules)),
          phases_(phases_of(rules, options)),
          wanted_(rules),
          server_(std::move(server)) {}

    Status run(const RunReader& reader, ReplayedRun& out) {
        out.start_ms = std::chrono::floor<std::chrono::milliseconds>(
                           reader.info().start.wall.time_since_epoch())
                           .count();
        start_ms_ = out.start_ms;
        if (const Status sampled = sample(reader, out); !sampled) {
            return sampled;
        }
        for (const PlacedRule& placed : rules_) {
            if (placed.rule->kind == Rule::Kind::Alerting) {
                out.alerts.push_back({placed.group, placed.rule, placed.refusal, {}, {}});
            }
        }
        for (std::size_t i = 0; i < phases_.size(); ++i) {
            if (options_.progress) {
                options_.progress(
                    fmt::format("{}: phase {} of {}", out.truth.id, i + 1, phases_.size()));
            }
            if (const Status told = tell_phase(i, out); !told) {
                return told;
            }
        }
        return {};
    }

private:
    [[nodiscard]] Status go_on() const {
        if (options_.stopped && options_.stopped()) {
            return Error{"stopped", {}, {}};
        }
        return {};
    }

    Status sample(const RunReader& reader, ReplayedRun& out) {
        for (std::size_t i = 0; i < phases_.size(); ++i) {
            files_.emplace_back(server_.path(fmt::format("phase{}.txt", i)));
        }
        ScrapePlan plan;
        plan.every = options_.scrape;
        plan.phases.clear();
        for (const ReplayPhase& phase : phases_) {
            plan.phases.push_back(phase.scrape);
        }
        plan.target_labels = options_.target_labels;
        plan.wanted = [this](std::string_view name) { return wanted_(name); };
        plan.thresholds = wanted_("plimsoll_threshold_ok");
        ScrapeSampler sampler(std::move(plan), [this](const ScrapedSample& sample) {
            files_[sample.phase].add(sample.name, sample.labels, sample.value, sample.at_ms);
        });
        if (const Status replayed = replay_run(reader, sampler, nullptr); !replayed) {
            return replayed;
        }
        sampler.end();
        out.duration = sampler.duration();
        end_ms_ = start_ms_ + ms_of(out.duration);
        names_ = sampler.names();
        for (SampleFile& file : files_) {
            if (const Status ended = file.end(); !ended) {
                return ended;
            }
        }
        return {};
    }

    Status tell_phase(std::size_t number, ReplayedRun& out) {
        const ReplayPhase& phase = phases_[number];
        if (const Status may = go_on(); !may) {
            return may;
        }
        if (const Status cleared = server_.clear(); !cleared) {
            return cleared;
        }
        if (files_[number].samples() > 0) {
            if (const Status in = server_.import_openmetrics(files_[number].path(), soon()); !in) {
                return in;
            }
        }
        std::size_t last = 0;
        for (const PlacedRule& placed : rules_) {
            last = placed.refusal.empty() ? std::max(last, placed.level) : last;
        }
        for (std::size_t level = 0; level <= last; ++level) {
            if (const Status told = tell_level(level, phase, level < last, out); !told) {
                return told;
            }
        }
        return number == 0 ? check_series(out) : Status{};
    }

    /// `records`: higher levels look at what this one records.
    Status tell_level(std::size_t level, const ReplayPhase& phase, bool records, ReplayedRun& out) {
        if (const Status started = server_.start(soon()); !started) {
            return started;
        }
        auto api = PrometheusApi::create(server_.url());
        if (!api) {
            return api.error();
        }
        SampleFile recording(server_.path(fmt::format("level{}.txt", level)));
        std::size_t alert = 0;
        std::pair<std::string, std::size_t> asked;
        Result<std::vector<QueriedSeries>> series = std::vector<QueriedSeries>{};
        for (const PlacedRule& placed : rules_) {
            const bool alerts = placed.rule->kind == Rule::Kind::Alerting;
            const std::size_t index = alert;
            alert += alerts ? 1 : 0;
            if (placed.level != level || !placed.refusal.empty() || (!alerts && !records)) {
                continue;
            }
            if (const Status may = go_on(); !may) {
                return may;
            }
            const std::int64_t every_ms = ms_of(interval_of(*placed.group, options_));
            const std::int64_t first_ms = ms_of(phase.evaluation[placed.group_index]);
            const std::pair key{placed.rule->expression, placed.group_index};
            if (key != asked) {  // variants of one rule differ in `for` alone
                asked = key;
                series = api->query_range(placed.rule->expression, start_ms_ + first_ms, end_ms_,
                                          every_ms, soon());
            }
            if (alerts) {
                out.alerts[index].phases.push_back(
                    series ? story(*placed.rule, *series, first_ms, every_ms)
                           : broken(series.error().what));
            } else if (series) {
                record(*placed.rule, *series, recording);
            } else if (options_.progress) {
                options_.progress(fmt::format("{}: {}", placed.rule->name, series.error().what));
            }
        }
        if (const Status ended = recording.end(); !ended) {
            return ended;
        }
        if (!records || recording.samples() == 0) {
            return {};
        }
        server_.stop();
        return server_.import_openmetrics(recording.path(), soon());
    }

    static PhaseStory broken(const std::string& error) {
        PhaseStory story;
        story.error = error;
        return story;
    }

    static void record(const Rule& rule, const std::vector<QueriedSeries>& series,
                       SampleFile& into) {
        for (const QueriedSeries& each : series) {
            const std::string labels = recorded_labels(rule, each.labels);
            for (const QueriedSeries::Point& point : each.points) {
                into.add(rule.name, labels, point.value, point.at_ms);
            }
        }
    }

    PhaseStory story(const Rule& rule, const std::vector<QueriedSeries>& series,
                     std::int64_t first_ms, std::int64_t every_ms) const {
        std::map<std::int64_t, std::vector<std::string>> present;
        for (const QueriedSeries& each : series) {
            const bool changes = has_value_in_labels(rule);
            const std::string labels = changes ? "" : alert_labels(rule, each.labels, 0);
            for (const QueriedSeries::Point& point : each.points) {
                present[point.at_ms].push_back(
                    changes ? alert_labels(rule, each.labels, point.value) : labels);
            }
        }
        PhaseStory out;
        out.first_evaluation_ms = first_ms;
        AlertMachine machine(rule.hold, rule.keep_firing);
        for (std::int64_t at = start_ms_ + first_ms; at <= end_ms_; at += every_ms) {
            const auto found = present.find(at);
            machine.evaluate(at - start_ms_,
                             found == present.end() ? std::vector<std::string>{} : found->second);
            ++out.evaluations;
            out.firing_evaluations += machine.state() == AlertState::Firing ? 1 : 0;
        }
        out.changes = machine.changes();
        out.spans = spans_of(out.changes, end_ms_ - start_ms_);
        return out;
    }

    /// Which selectors found nothing, by the server of the first phase.
    Status check_series(ReplayedRun& out) {
        auto api = PrometheusApi::create(server_.url());
        if (!api) {
            return api.error();
        }
        SeriesCheck check(*api, names_, recorded_, start_ms_ - 1, end_ms_ + 1);
        for (ReplayedAlert& alert : out.alerts) {
            auto missing = check.missing_of(*alert.rule);
            if (!missing) {
                return missing.error();
            }
            alert.missing = std::move(*missing);
        }
        return {};
    }

    const BacktestOptions& options_;
    std::vector<PlacedRule> rules_;
    std::set<std::string> recorded_;
    std::vector<ReplayPhase> phases_;
    Wanted wanted_;
    ThrowawayPrometheus server_;
    std::vector<SampleFile> files_;
    std::set<std::string> names_;
    std::int64_t start_ms_ = 0;
    std::int64_t end_ms_ = 0;
};

/// `share` of `whole`, in whole milliseconds: what Prometheus' time stamps can tell apart.
Nanoseconds part_of(Nanoseconds whole, double share) {
    return std::chrono::floor<std::chrono::milliseconds>(
        std::chrono::duration<double>(to_seconds(whole) * share));
}

}  // namespace

std::vector<ReplayPhase> phases_of(const RuleSet& rules, const BacktestOptions& options) {
    Nanoseconds longest = options.scrape;
    for (const RuleGroup& group : rules.groups) {
        longest = std::max(longest, interval_of(group, options));
    }
    constexpr std::size_t kMost = 8;
    const auto seconds = static_cast<std::size_t>(std::ceil(to_seconds(longest)));
    if (options.scrape_at || options.evaluate_at) {
        return {{options.scrape_at.value_or(Nanoseconds{}),
                 std::vector<Nanoseconds>(rules.groups.size(),
                                          options.evaluate_at.value_or(Nanoseconds{}))}};
    }
    const std::size_t count =
        options.phases > 0 ? options.phases : std::clamp<std::size_t>(seconds, 2, kMost);
    constexpr double kGolden = 0.6180339887498949;  // spreads any number of points evenly
    std::vector<ReplayPhase> out(count);
    for (std::size_t i = 0; i < count; ++i) {
        const double at = static_cast<double>(i) / static_cast<double>(count);
        out[i].scrape = part_of(options.scrape, at);
        for (std::size_t g = 0; g < rules.groups.size(); ++g) {
            const double spread = i == 0 ? 0 : kGolden * static_cast<double>(i * (g + 1));
            out[i].evaluation.push_back(
                part_of(interval_of(rules.groups[g], options), spread - std::floor(spread)));
        }
    }
    return out;
}

Result<ReplayedRun> replay_alerts(const RuleSet& rules, const std::string& run,
                                  const BacktestOptions& options) {
    auto reader = RunReader::open(run);
    if (!reader) {
        return reader.error();
    }
    auto truth = find_truth(*reader, run, options.onset_s);
    if (!truth) {
        return truth.error();
    }
    if (options.begin) {
        options.begin(*truth);
    }
    auto harm = HarmCurve::read(*reader);
    if (!harm) {
        return harm.error();
    }
    ThrowawayPrometheusOptions server_options;
    server_options.lookback = options.scrape;
    for (const RuleGroup& group : rules.groups) {
        const bool records =
            std::any_of(group.rules.begin(), group.rules.end(),
                        [](const Rule& rule) { return rule.kind == Rule::Kind::Recording; });
        // Another group must find what this one recorded last.
        server_options.lookback =
            records ? std::max(server_options.lookback, interval_of(group, options))
                    : server_options.lookback;
    }
    auto server = ThrowawayPrometheus::create(server_options);
    if (!server) {
        return server.error();
    }
    ReplayedRun out{std::move(*truth), std::move(*harm), {}, 0, {}};
    Replay replay(rules, options, std::move(*server));
    if (const Status replayed = replay.run(*reader, out); !replayed) {
        return replayed.error();
    }
    return out;
}

}  // namespace plimsoll
