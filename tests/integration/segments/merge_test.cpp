// Merging segments against the single run, through everything that a run's samples pass on their
// way to the file: recorders, aggregator, run file.
#include "base/random.hpp"
#include "engine/aggregator.hpp"
#include "engine/recording/recorder.hpp"
#include "load/arrivals.hpp"
#include "load/load_share.hpp"
#include "store/merge_runs.hpp"
#include "store/run_reader.hpp"
#include "store/run_writer.hpp"
#include "tests/support/temp_folder.hpp"

#include <algorithm>
#include <fstream>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

constexpr std::uint32_t kMaxVus = 500;
constexpr std::uint64_t kSeed = 11;
const Clock::time_point kStart{std::chrono::hours(1)};
const Ramp kRamp(50, {{4s, 400}, {1s, 0}});

RunInfo whole_info() {
    RunInfo info;
    info.id = "20260101T120000Z-0001";
    info.scenario_name = "s";
    info.scenario_text = "target: http://127.0.0.1:1\n";
    info.version = "test";
    info.seed = kSeed;
    info.start = {kStart, WallClock::time_point(1000000s)};
    info.endpoints = {{"u", "/a", "GET"}, {"u", "/b", "GET"}, {"u", "/idle", "GET"}};
    info.executors = {{"ramp",
                       ExecutorKind::RampingArrivalRate,
                       true,
                       50,
                       {{0s, 4s, 400}, {4s, 5s, 0}},
                       kMaxVus}};
    info.planned_duration = 5s;
    info.groups = {"checkout", "never"};
    info.checks = {"is json", "is quick"};
    return info;
}

/// What a deterministic server made of arrival `index`: a function of the index alone.
Sample sample_of(const ArrivalCursor::Arrival& arrival) {
    Random random(kSeed, 99, arrival.index);
    Sample sample;
    sample.due = kStart + arrival.due;
    sample.sent = sample.due + Nanoseconds(random.between(20'000, 3'000'000));
    sample.completed = sample.sent + Nanoseconds(random.between(100'000, 1'500'000'000));
    sample.endpoint = static_cast<EndpointId>(random.between(0, 1));
    sample.outcome = random.between(0, 9) == 0 ? Outcome::Http5xx : Outcome::Ok;
    sample.status = sample.outcome == Outcome::Ok ? 200 : 503;
    sample.bytes_sent = 100;
    sample.bytes_received = random.between(10, 10'000);
    return sample;
}

/// Fills every other count and table of a tick, as a function of the sample alone.
void record_the_rest(Recorder& recorder, const Sample& sample) {
    const std::uint64_t kind = sample.bytes_received % 5;
    LoadCounts& counts = recorder.counts();
    counts.iterations_completed += kind < 4 ? 1 : 0;
    counts.iterations_cut_short += kind == 4 ? 1 : 0;
    counts.steps_unrendered += kind == 3 ? 2 : 0;
    counts.starts_failed += kind == 2 ? 1 : 0;
    counts.users_stopped += kind == 1 ? 3 : 0;
    counts.out_of_data += kind == 0 ? 1 : 0;
    counts.redirects += kind;
    counts.connects_ok += kind == 1 ? 1 : 0;
    counts.connects_failed += kind == 2 ? 1 : 0;
    counts.reconnects += kind == 3 ? 1 : 0;
    counts.spans_dropped += kind;
    counts.interrupted += kind == 4 ? 1 : 0;
    ++counts.not_sent(kNotSentReasons[kind % 2]);
    recorder.record_check(kind % 2 == 0 ? 0 : 1, kind < 3, sample.completed);
    if (kind == 0) {
        recorder.record_group_broken_off(0);
    } else {
        recorder.record_group(0, sample.completed - sample.due, {kind == 1, kind == 2},
                              sample.completed);
    }
    PhaseTimes phases;
    phases.dns = Nanoseconds(kind * 1'000);
    phases.connect = Nanoseconds(kind * 20'000);
    phases.tls = Nanoseconds(kind * 300'000);
    phases.send = Nanoseconds(kind * 5'000);
    phases.wait = Nanoseconds(1'000'000 + kind);
    phases.receive = Nanoseconds(kind * 70'000);
    recorder.record_phases(phases);
}

/// Puts the samples of `info`'s segment through recorders and aggregator into a run file.
void write_run(const RunInfo& info, const std::filesystem::path& path) {
    Aggregator aggregator(info);
    auto writer = make_run_file_exporter(path);
    ASSERT_TRUE(writer->start(info, {}).ok());
    std::vector<std::unique_ptr<Interval>> intervals;
    const LoadShare segment =
        LoadShare().part(info.segment.number - 1, info.segment.count, kMaxVus);
    for (std::uint32_t id = 0; id < info.shards; ++id) {
        const LoadShare own = segment.part(id, info.shards, kMaxVus);
        Recorder recorder(
            id, info.endpoints.size(), kStart, info.tick,
            [&](std::unique_ptr<Interval> interval) {
                intervals.push_back(std::move(interval));
                return std::unique_ptr<Interval>();
            },
            info.groups.size(), info.checks.size());
        std::vector<Sample> samples;
        ArrivalCursor cursor(kRamp, ArrivalProcess::Poisson, kSeed);
        while (const auto arrival = cursor.next()) {
            if (own.contains(arrival->index)) {
                samples.push_back(sample_of(*arrival));
            }
        }
        std::sort(samples.begin(), samples.end(),
                  [](const Sample& a, const Sample& b) { return a.completed < b.completed; });
        for (const Sample& sample : samples) {
            recorder.roll_to(sample.completed);
            ++recorder.counts().arrivals_due;
            ++recorder.counts().iterations_started;
            recorder.record(sample);
            record_the_rest(recorder, sample);
            if (sample.outcome != Outcome::Ok) {
                recorder.record_error(sample, sample.endpoint == 0 ? "pool exhausted" : "gone");
            }
        }
        recorder.finish(samples.back().completed);
    }
    for (const auto& interval : intervals) {
        aggregator.add(std::move(*interval));
    }
    while (const SnapshotPtr snapshot = aggregator.next()) {
        writer->on_snapshot(snapshot);
    }
    writer->finish(Clock::now());
}

RunInfo segment_info(std::uint32_t number, std::uint32_t count, std::uint32_t shards) {
    RunInfo info = whole_info();
    info.id = "part";
    info.segment = {number, count};
    info.shards = shards;
    info.start.wall += std::chrono::milliseconds(number);
    for (StageInfo& stage : info.executors[0].stages) {
        stage.target /= count;
    }
    info.executors[0].start_value /= count;
    const LoadShare share = LoadShare().part(number - 1, count, kMaxVus);
    info.executors[0].max_users = static_cast<std::uint32_t>(share.count_below(kMaxVus));
    return info;
}

class Merge : public ::testing::Test {
protected:
    std::filesystem::path part(std::uint32_t number, std::uint32_t count, std::uint32_t shards,
                               const std::function<void(RunInfo&)>& change = {}) {
        RunInfo info = segment_info(number, count, shards);
        if (change) {
            change(info);
        }
        const auto path = folder_.path() / fmt_name(number);
        write_run(info, path);
        return path;
    }
    std::filesystem::path into() { return folder_.path() / "merged.db"; }
    std::string refusal(const std::vector<std::filesystem::path>& runs, bool partial = false) {
        const auto merged = merge_runs(runs, into(), {partial});
        EXPECT_FALSE(merged);
        EXPECT_FALSE(std::filesystem::exists(into()));
        return merged ? "" : merged.error().to_string();
    }
    test::TempFolder folder_;

private:
    std::string fmt_name(std::uint32_t number) {
        return "part" + std::to_string(number) + "-" + std::to_string(files_++) + ".db";
    }
    int files_ = 0;
};

struct Contents {
    std::map<std::uint64_t, StoredTick> ticks;
    std::vector<EndpointStats> totals;
    std::vector<StoredError> errors;
    RunInfo info;
    std::map<std::string, std::string> facts;
};

Contents contents(const std::filesystem::path& path) {
    Contents all;
    const auto reader = RunReader::open(path);
    EXPECT_TRUE(reader) << (reader ? "" : reader.error().to_string());
    all.info = reader->info();
    all.totals.resize(all.info.endpoints.size());
    EXPECT_TRUE(reader
                    ->for_each_tick([&](const StoredTick& tick) {
                        all.ticks[tick.tick] = tick;
                        for (std::size_t e = 0; e < tick.endpoints.size(); ++e) {
                            all.totals[e].merge(tick.endpoints[e]);
                        }
                    })
                    .ok());
    all.errors = *reader->errors();
    all.facts = *reader->facts();
    return all;
}

std::vector<StatusCount> sorted(std::vector<StatusCount> statuses) {
    std::sort(statuses.begin(), statuses.end(),
              [](const auto& a, const auto& b) { return a.status < b.status; });
    return statuses;
}

void expect_same(const LoadCounts& merged, const LoadCounts& whole) {
    EXPECT_EQ(merged.arrivals_due, whole.arrivals_due);
    EXPECT_EQ(merged.iterations_started, whole.iterations_started);
    EXPECT_EQ(merged.iterations_completed, whole.iterations_completed);
    EXPECT_EQ(merged.not_sent_user_cap, whole.not_sent_user_cap);
    EXPECT_EQ(merged.not_sent_generator, whole.not_sent_generator);
    EXPECT_EQ(merged.connects_ok, whole.connects_ok);
    EXPECT_EQ(merged.connects_failed, whole.connects_failed);
    EXPECT_EQ(merged.reconnects, whole.reconnects);
    EXPECT_EQ(merged.spans_dropped, whole.spans_dropped);
    EXPECT_EQ(merged.interrupted, whole.interrupted);
    EXPECT_EQ(merged.iterations_cut_short, whole.iterations_cut_short);
    EXPECT_EQ(merged.steps_unrendered, whole.steps_unrendered);
    EXPECT_EQ(merged.starts_failed, whole.starts_failed);
    EXPECT_EQ(merged.users_stopped, whole.users_stopped);
    EXPECT_EQ(merged.out_of_data, whole.out_of_data);
    EXPECT_EQ(merged.redirects, whole.redirects);
}

void expect_same_flows(const StoredTick& merged, const StoredTick& whole) {
    expect_same(merged.counts, whole.counts);
    EXPECT_EQ(merged.checks, whole.checks);
    ASSERT_EQ(merged.groups.size(), whole.groups.size());
    for (std::size_t g = 0; g < whole.groups.size(); ++g) {
        EXPECT_EQ(merged.groups[g].count, whole.groups[g].count);
        EXPECT_EQ(merged.groups[g].failed, whole.groups[g].failed);
        EXPECT_EQ(merged.groups[g].broken_off, whole.groups[g].broken_off);
        EXPECT_EQ(merged.groups[g].duration.encode(), whole.groups[g].duration.encode());
    }
    for (std::size_t p = 0; p < kRequestPhaseCount; ++p) {
        EXPECT_EQ(merged.phases.times[p].encode(), whole.phases.times[p].encode());
    }
}

void expect_same(const EndpointStats& merged, const EndpointStats& whole) {
    EXPECT_EQ(merged.requests, whole.requests);
    EXPECT_EQ(merged.failed, whole.failed);
    EXPECT_EQ(merged.bytes_sent, whole.bytes_sent);
    EXPECT_EQ(merged.bytes_received, whole.bytes_received);
    EXPECT_EQ(sorted(merged.statuses), sorted(whole.statuses));
    EXPECT_EQ(merged.response.encode(), whole.response.encode());
    EXPECT_EQ(merged.service.encode(), whole.service.encode());
    EXPECT_EQ(merged.send_lag.encode(), whole.send_lag.encode());
}

TEST_F(Merge, EqualsTheSingleRunBitForBit) {
    const auto whole_path = folder_.path() / "whole.db";
    write_run(whole_info(), whole_path);
    const auto merged =
        merge_runs(std::vector{part(3, 3, 4), part(1, 3, 1), part(2, 3, 2)}, into(), {});
    ASSERT_TRUE(merged) << merged.error().to_string();
    EXPECT_TRUE(merged->missing.empty());
    EXPECT_NEAR(merged->skew_s, 0.002, 1e-9);
    const Contents whole = contents(whole_path);
    const Contents joined = contents(into());
    ASSERT_EQ(joined.ticks.size(), whole.ticks.size());
    ASSERT_GT(whole.ticks.size(), 5U);
    std::uint64_t late = 0;
    std::uint64_t broken_off = 0;
    std::uint64_t checks = 0;
    LoadCounts rows;
    PhaseStats phases;
    for (const auto& [number, tick] : whole.ticks) {
        const StoredTick& sum = joined.ticks.at(number);
        EXPECT_EQ(sum.from, tick.from);
        EXPECT_EQ(sum.to, tick.to);
        expect_same_flows(sum, tick);
        EXPECT_EQ(sum.state.late_sends, tick.state.late_sends);
        EXPECT_DOUBLE_EQ(sum.executors.at(0).offered, tick.executors.at(0).offered);
        EXPECT_EQ(sum.executors.at(0).stage, tick.executors.at(0).stage);
        EXPECT_EQ(sum.shards.size(), 7U);
        for (std::size_t e = 0; e < tick.endpoints.size(); ++e) {
            expect_same(sum.endpoints[e], tick.endpoints[e]);
        }
        late += tick.state.late_sends;
        rows.merge(tick.counts);
        phases.merge(tick.phases);
        broken_off += tick.groups[0].broken_off;
        checks += tick.checks[1].failed;
    }
    // What is compared is there.
    EXPECT_GT(late, 100U);
    EXPECT_GT(broken_off, 10U);
    EXPECT_GT(checks, 10U);
    EXPECT_GT(std::min({rows.redirects, rows.iterations_cut_short, rows.steps_unrendered,
                        rows.starts_failed, rows.users_stopped, rows.out_of_data,
                        rows.not_sent_user_cap, rows.not_sent_generator, rows.interrupted}),
              10U);
    for (const Histogram& times : phases.times) {
        EXPECT_GT(times.count(), 10U);
    }
    for (std::size_t e = 0; e < whole.totals.size(); ++e) {
        expect_same(joined.totals[e], whole.totals[e]);
    }
    ASSERT_EQ(joined.errors.size(), whole.errors.size());
    for (std::size_t i = 0; i < whole.errors.size(); ++i) {
        EXPECT_EQ(joined.errors[i].sample.text, whole.errors[i].sample.text);
        EXPECT_EQ(joined.errors[i].sample.count, whole.errors[i].sample.count);
        EXPECT_NEAR(joined.errors[i].first_s, whole.errors[i].first_s, 1e-6);
        // A tick keeps the first time of each kind of error alone.
        EXPECT_NEAR(joined.errors[i].last_s, whole.errors[i].last_s, 1);
    }
}

TEST_F(Merge, DescribesTheWholeRun) {
    ASSERT_TRUE(merge_runs(std::vector{part(1, 3, 1), part(2, 3, 2), part(3, 3, 1)}, into(), {}));
    const RunInfo info = contents(into()).info;
    EXPECT_TRUE(info.segment.is_whole());
    EXPECT_EQ(info.shards, 4U);
    EXPECT_EQ(info.executors[0].start_value, 50);
    EXPECT_EQ(info.executors[0].stages[0].target, 400);
    EXPECT_EQ(info.executors[0].max_users, kMaxVus);
    EXPECT_EQ(info.id, "part-merged");
}

TEST_F(Merge, NamesTheSegmentThatIsMissing) {
    const std::vector runs{part(1, 4, 1), part(3, 4, 1)};
    EXPECT_THAT(refusal(runs), HasSubstr("segment 2, 4 of 4 are missing"));
    const auto merged = merge_runs(runs, into(), {true});
    ASSERT_TRUE(merged) << merged.error().to_string();
    EXPECT_EQ(merged->missing, (std::vector<std::uint32_t>{2, 4}));
    EXPECT_EQ(contents(into()).facts.at("merge.missing"), "2, 4");
}

TEST_F(Merge, RefusesWhatIsNotOfOneRun) {
    const auto first = part(1, 2, 1);
    EXPECT_THAT(refusal({first, part(1, 2, 2)}), HasSubstr("is segment 1/2 once more"));
    EXPECT_THAT(refusal({first, part(2, 2, 1, [](RunInfo& info) { info.seed = 12; })}),
                HasSubstr("has seed 12 instead of 11"));
    EXPECT_THAT(refusal({first, part(2, 3, 1)}, true), HasSubstr("is segment 2/3, not one of 2"));
    EXPECT_THAT(
        refusal({first, part(2, 2, 1, [](RunInfo& info) { info.scenario_text += "#"; })}, true),
        HasSubstr("is of another scenario"));
    EXPECT_THAT(
        refusal({first,
                 part(2, 2, 1, [](RunInfo& info) { info.executors[0].stages.back().to += 1s; })}),
        HasSubstr("had another load"));
    EXPECT_THAT(refusal({part(1, 1, 1)}), HasSubstr("is a whole run, not a segment"));
    EXPECT_THAT(refusal({first, folder_.path() / "none.db"}), HasSubstr("none.db"));
}

TEST_F(Merge, NeverOverwritesARun) {
    const std::vector runs{part(1, 2, 1), part(2, 2, 1)};
    ASSERT_TRUE(merge_runs(runs, into(), {}));
    const auto again = merge_runs(runs, into(), {});
    ASSERT_FALSE(again);
    EXPECT_THAT(again.error().to_string(), HasSubstr("holds a run already"));
    EXPECT_TRUE(std::filesystem::exists(into()));
}

TEST_F(Merge, JoinsProbesGapsEventsAndFacts) {
    const auto write = [&](std::uint32_t number) {
        const RunInfo info = segment_info(number, 2, 1);
        const auto path = folder_.path() / ("p" + std::to_string(number) + ".db");
        auto writer = make_run_file_exporter(path);
        const std::vector<ProbeInfo> probes{
            {"postgres", {{"plimsoll_pg_backends", MetricType::Gauge, "", {"state"}}}, {}}};
        EXPECT_TRUE(writer->start(info, probes).ok());
        const auto at = [](int ms) { return kStart + std::chrono::milliseconds(ms); };
        const int odd = number == 1 ? 0 : 50;
        for (int i = 0; i < 3; ++i) {
            writer->on_reading(
                0, {at(100 * i + odd), 1ms, {{0, {i == 2 ? "idle" : "active"}, 5.0 + i}}},
                {true, 3, 4, 1, 2ms});
        }
        writer->on_gap(0, {"postgres", at(400 + odd), at(500), "gone", true},
                       {false, 3, 4, 1, 2ms});
        writer->on_event({at(10), EventKind::StageChanged, "ramp: stage 2"});
        writer->on_event({at(20), EventKind::Note, "hello"});
        writer->write_facts({{"generator.cpu_seconds", "1.25"}, {"env.kernel", "6.1"}});
        writer->finish(Clock::now());
        return path;
    };
    ASSERT_TRUE(merge_runs(std::vector{write(1), write(2)}, into(), {}));
    const auto reader = RunReader::open(into());
    ASSERT_TRUE(reader);
    const auto probes = *reader->probes();
    ASSERT_EQ(probes.size(), 1U);
    EXPECT_EQ(probes[0].readings, 6U);
    EXPECT_EQ(probes[0].expected, 8U);
    EXPECT_EQ(probes[0].gaps, 2U);
    // The second segment began a millisecond after the first.
    const auto series = *reader->series();
    ASSERT_EQ(series.size(), 2U);
    EXPECT_EQ(series[0].label("state"), "active");
    std::vector<double> times;
    for (const auto& point : series[0].points) {
        times.push_back(point.t_s);
    }
    EXPECT_THAT(times, ::testing::Pointwise(::testing::DoubleNear(1e-9), {0.0, 0.051, 0.1, 0.151}));
    EXPECT_EQ(reader->gaps()->size(), 2U);
    const auto events = *reader->events();
    ASSERT_EQ(events.size(), 3U);
    EXPECT_EQ(events[0].text, "ramp: stage 2");
    EXPECT_EQ(events[1].text, "segment 1/2: hello");
    EXPECT_EQ(events[2].text, "segment 2/2: hello");
    const auto facts = *reader->facts();
    EXPECT_EQ(facts.at("generator.cpu_seconds"), "2.500000");
    EXPECT_EQ(facts.at("env.kernel"), "6.1");
    EXPECT_EQ(facts.at("segment.2.generator.cpu_seconds"), "1.25");
}

}  // namespace
}  // namespace plimsoll
