#include "analysis/compare/compare.hpp"

#include "analysis/compare/row_plan.hpp"
#include "analysis/compare/rows.hpp"
#include "base/random.hpp"
#include "base/units.hpp"
#include "base/utc.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace plimsoll {
namespace {

// Failures are rare: a tenth more of hardly any is no regression. Below this share of requests the
// tolerance is that of this share: 0.1 points with 5 %.
constexpr double kFailuresThatCount = 0.02;

double samples_of(const std::vector<SampledRun>& side, std::size_t distribution) {
    double n = 0;
    for (const SampledRun& run : side) {
        for (const auto& cell : run.distributions[distribution].cells) {
            for (const auto& [bucket, count] : cell) {
                n += count;
            }
        }
    }
    return n;
}

/// From which quantile on a side's response times are lower bounds.
double censored_from(const std::vector<ComparedRun>& side) {
    double given_up = 0;
    double all = 0;
    for (const ComparedRun& run : side) {
        const EndpointStats& stats = run.data.all;
        given_up += static_cast<double>(stats.censored.count() - stats.cut_off.count());
        all += static_cast<double>(stats.response.count() - stats.cut_off.count());
    }
    return all > 0 ? 1 - given_up / all : 1;
}

/// Below what the generator itself is late by, a difference may be its own.
double generators_part_s(const std::vector<const ComparedRun*>& runs) {
    double most = 0;
    for (const ComparedRun* run : runs) {
        most = std::max(most, run->analysis.send_lag.p50);
    }
    return most;
}

std::string longer_text(const CompareRow& row) {
    const double reach = (row.interval[1] - row.interval[0]) / 2;
    const double times = std::ceil(reach * reach / (row.tolerated * row.tolerated));
    constexpr double kFar = 100;
    return times > kFar ? "hundreds of times as many requests would be needed to tell"
                        : fmt::format("about {:.0f} times as many requests would tell",
                                      std::max(2.0, times));
}

class Judge {
public:
    Judge(const std::vector<ComparedRun>& base, const std::vector<ComparedRun>& now,
          const std::vector<SampledRun>& was, const std::vector<SampledRun>& is, double tolerance,
          double least_s)
        : was_(was),
          is_(is),
          tolerance_(tolerance),
          least_s_(least_s),
          censored_{censored_from(base), censored_from(now)},
          several_(base.size() + now.size() > 2) {}

    [[nodiscard]] CompareRow row(Planned planned, const Difference& difference) const {
        CompareRow& row = planned.row;
        const bool share = planned.measure.kind == Measure::Kind::Share;
        if (std::isfinite(difference.base)) {
            row.base = difference.base;
        }
        if (std::isfinite(difference.now)) {
            row.now = difference.now;
        }
        row.tolerated = tolerated(planned, difference.base);
        if (share && row.base && row.now && *row.base + *row.now <= 0) {
            row.change = 0;
            row.verdict = RowVerdict::Same;
            return row;
        }
        if (const std::string why = unsupported(planned, difference); !why.empty()) {
            row.why = why;
            return row;
        }
        const auto shown = [&](double change) { return share ? change : std::expm1(change); };
        row.change = shown(difference.change);
        row.interval = {shown(difference.low), shown(difference.high)};
        if (several_) {
            row.run_spread = shown(difference.run_spread);
        }
        row.verdict = judge_row(row);
        if (row.verdict == RowVerdict::TooLittle) {
            row.why = longer_text(row);
        }
        return row;
    }

private:
    [[nodiscard]] double tolerated(const Planned& planned, double base) const {
        if (planned.measure.kind == Measure::Kind::Share) {
            return tolerance_ * std::max(std::isfinite(base) ? base : 0, kFailuresThatCount);
        }
        const bool response = planned.measure.kind == Measure::Kind::Quantile;
        return response && base > 0 ? std::max(tolerance_, least_s_ / base) : tolerance_;
    }

    /// Why the row cannot be judged; "" where it can.
    [[nodiscard]] std::string unsupported(const Planned& planned, const Difference& d) const {
        if (planned.measure.kind == Measure::Kind::Quantile) {
            const double n =
                std::min(samples_of(was_, planned.measure.of), samples_of(is_, planned.measure.of));
            if (n < planned.samples) {
                return fmt::format("{:.0f} requests; it takes {:.0f}", n, planned.samples);
            }
            // Where the shorter of the two is a lower bound, nobody knows which is longer.
            if (planned.measure.q > censored_[d.now < d.base ? 1 : 0]) {
                return "it lies among requests that were given up";
            }
        }
        if (was_.front().cells < kFewestCells || is_.front().cells < kFewestCells) {
            return fmt::format("the runs are too short: fewer than {} s", kFewestCells);
        }
        if (!std::isfinite(d.base) || !std::isfinite(d.now)) {
            return "a side has no figure for it";
        }
        return d.known ? std::string() : "it was not measured for long enough";
    }

    const std::vector<SampledRun>& was_;
    const std::vector<SampledRun>& is_;
    double tolerance_;
    double least_s_;
    std::array<double, 2> censored_;
    bool several_;
};

ComparedRunInfo info_of(const ComparedRun& run) {
    const RunInfo& info = run.data.info;
    return {info.id,
            info.scenario_name,
            info.version,
            fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", utc_parts(info.start.wall)),
            to_string(run.analysis.verdict),
            run.analysis.duration_s};
}

/// Where sides differ in what makes nothing incomparable by itself.
std::string only_differs(const std::vector<ComparedRun>& base, const std::vector<ComparedRun>& now,
                         const char* what, const std::string RunInfo::*member) {
    const std::string& was = base.front().data.info.*member;
    const std::string& is = now.front().data.info.*member;
    return was == is ? std::string() : fmt::format("The {} was {} and is {} now.", what, was, is);
}

std::vector<std::string> notes_of(const std::vector<ComparedRun>& base,
                                  const std::vector<ComparedRun>& now, const CellPlan& plan,
                                  double tick_s) {
    std::vector<std::string> notes;
    for (const std::string& note :
         {only_differs(base, now, "target", &RunInfo::target),
          only_differs(base, now, "version of plimsoll", &RunInfo::version)}) {
        if (!note.empty()) {
            notes.push_back(note);
        }
    }
    if (!plan.levels.empty()) {
        notes.push_back(fmt::format(
            "Times are compared over the {} levels that all searches carried, up to {:.4g}, "
            "{} of each.",
            plan.levels.size(), plan.levels.back(),
            human_seconds(static_cast<double>(plan.windows.front().size()) * tick_s)));
    }
    if (base.size() + now.size() == 2) {
        notes.emplace_back(
            "One run a side tells how far its own figures can be trusted, not how runs differ "
            "from each other. Give several to see that.");
    }
    return notes;
}

std::uint64_t seed_of(const std::vector<const ComparedRun*>& runs) {
    std::uint64_t seed = 0;
    for (const ComparedRun* run : runs) {
        for (const char c : run->data.info.id) {
            seed = mix64(seed ^ static_cast<unsigned char>(c));
        }
    }
    return seed;
}

}  // namespace

std::size_t CompareResult::count(RowVerdict verdict) const {
    return static_cast<std::size_t>(std::count_if(
        rows.begin(), rows.end(), [&](const CompareRow& row) { return row.verdict == verdict; }));
}

Result<CompareResult> compare(const std::vector<ComparedRun>& base,
                              const std::vector<ComparedRun>& now, double tolerance) {
    std::vector<const ComparedRun*> all;
    for (const auto* side : {&base, &now}) {
        for (const ComparedRun& run : *side) {
            all.push_back(&run);
        }
    }
    const CellPlan plan = plan_cells(all);
    const SampleNames names = common_names(all);
    std::vector<SampledRun> was;
    std::vector<SampledRun> is;
    for (std::size_t r = 0; r < all.size(); ++r) {
        auto sampled = sample_run(*all[r], names, plan.windows[r]);
        if (!sampled) {
            return sampled.error();
        }
        (r < base.size() ? was : is).push_back(std::move(*sampled));
    }
    std::vector<Planned> planned = plan_rows(names);
    std::vector<Measure> measures;
    measures.reserve(planned.size());
    for (const Planned& each : planned) {
        measures.push_back(each.measure);
    }
    const std::vector<Difference> differences = resample(was, is, measures, {seed_of(all), 1000});

    CompareResult comparison;
    comparison.tolerance = tolerance;
    comparison.rows = level_rows(base, now, tolerance);
    const Judge judge(base, now, was, is, tolerance, generators_part_s(all));
    for (std::size_t i = 0; i < planned.size(); ++i) {
        comparison.rows.push_back(judge.row(std::move(planned[i]), differences[i]));
    }
    comparison.changed = changes(base, now);
    comparison.notes = notes_of(base, now, plan, to_seconds(base.front().data.info.tick));
    for (const auto& [from, to] :
         {std::pair{&base, &comparison.base}, std::pair{&now, &comparison.now}}) {
        for (const ComparedRun& run : *from) {
            to->push_back(info_of(run));
        }
    }
    return comparison;
}

}  // namespace plimsoll
