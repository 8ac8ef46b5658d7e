// What is written is what is read.
#include "sample_run.hpp"
#include "store/run_reader.hpp"
#include "store/run_writer.hpp"
#include "store/status_list.hpp"
#include "tests/support/temp_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using test::TempFolder;
using ::testing::ElementsAre;
using ::testing::Pair;

constexpr ProbeHealth kHealthy{true, 1, 1, 0, std::chrono::microseconds(700)};

class RunFile : public ::testing::Test {
protected:
    void start() {
        const auto started = writer_->start(sample_info(), sample_probes());
        ASSERT_TRUE(started.ok()) << started.error().to_string();
    }
    RunReader read() {
        auto reader = RunReader::open(folder_.path());
        EXPECT_TRUE(reader.ok()) << reader.error().to_string();
        return std::move(reader).value();
    }

    TempFolder folder_;
    std::unique_ptr<RunFileWriter> writer_ = make_run_file_exporter(folder_.path() / "run.db");
};

TEST_F(RunFile, GivesBackTheRunsInfo) {
    start();
    const RunReader reader = read();
    const RunInfo expected = sample_info();
    const RunInfo& info = reader.info();
    EXPECT_EQ(info.id, expected.id);
    EXPECT_EQ(info.scenario_name, expected.scenario_name);
    EXPECT_EQ(info.scenario_text, expected.scenario_text);
    EXPECT_EQ(info.version, expected.version);
    EXPECT_EQ(info.target, expected.target);
    EXPECT_EQ(info.seed, expected.seed);
    EXPECT_EQ(info.shards, expected.shards);
    EXPECT_EQ(info.start.wall, expected.start.wall);
    EXPECT_EQ(info.start.mono, Clock::time_point{});
    EXPECT_EQ(info.tick, expected.tick);
    EXPECT_EQ(info.planned_duration, expected.planned_duration);
    EXPECT_EQ(info.request_timeout, expected.request_timeout);
    EXPECT_EQ(info.user_classes, expected.user_classes);
    EXPECT_EQ(info.tags, expected.tags);
    ASSERT_EQ(info.endpoints.size(), 2U);
    EXPECT_EQ(info.endpoints[0].user, "reader");
    EXPECT_EQ(info.endpoints[0].name, "/v1/x [LIST]");
    EXPECT_EQ(info.endpoints[1].method, "POST");
    // sha256sum of the scenario's text
    EXPECT_EQ(reader.scenario_sha256().value(),
              "72415b0294fe24d31406d55131eaff0146c26ca7691873b86ec51c2f5007e3f9");
}

TEST_F(RunFile, GivesBackExecutorsAndThresholds) {
    start();
    const RunReader reader = read();
    const RunInfo& info = reader.info();
    ASSERT_EQ(info.executors.size(), 2U);
    const ExecutorInfo& ramp = info.executors[0];
    EXPECT_EQ(ramp.name, "ramp");
    EXPECT_EQ(ramp.kind, ExecutorKind::RampingArrivalRate);
    EXPECT_TRUE(ramp.open);
    EXPECT_EQ(ramp.start_value, 2.5);
    EXPECT_EQ(ramp.max_users, 2000U);
    ASSERT_EQ(ramp.stages.size(), 2U);
    EXPECT_EQ(ramp.stages[1].from, std::chrono::seconds(30));
    EXPECT_EQ(ramp.stages[1].to, std::chrono::seconds(90));
    EXPECT_EQ(ramp.stages[1].target, 12.25);
    EXPECT_FALSE(info.executors[1].open);
    ASSERT_EQ(info.thresholds.size(), 2U);
    const Threshold& threshold = info.thresholds[0];
    EXPECT_EQ(threshold.key, "http_req_duration{endpoint:/v1/x}");
    EXPECT_EQ(threshold.expression, "p(95)<500ms");
    EXPECT_EQ(threshold.metric, ThresholdMetric::ServiceTime);
    EXPECT_EQ(threshold.endpoint, "/v1/x");
    EXPECT_EQ(threshold.statistic, Statistic::Quantile);
    EXPECT_EQ(threshold.quantile, 0.95);
    EXPECT_EQ(threshold.comparison, Comparison::Less);
    EXPECT_EQ(threshold.limit, 0.5);
    EXPECT_TRUE(threshold.abort_on_fail);
    EXPECT_EQ(threshold.delay_abort, std::chrono::seconds(10));
    EXPECT_EQ(info.thresholds[1].metric, ThresholdMetric::Dropped);
    EXPECT_EQ(info.thresholds[1].comparison, Comparison::LessEqual);
}

TEST_F(RunFile, GivesBackEveryTickBitForBit) {
    start();
    for (std::uint64_t k = 0; k < 5; ++k) {
        writer_->on_snapshot(sample_tick(k));
    }
    std::uint64_t k = 0;
    const auto status = read().for_each_tick([&](const StoredTick& tick) {
        const auto expected = sample_tick(k);
        EXPECT_EQ(tick.tick, k);
        EXPECT_EQ(tick.from, std::chrono::milliseconds(500) * k);
        EXPECT_EQ(tick.to, std::chrono::milliseconds(500) * (k + 1));
        ASSERT_EQ(tick.endpoints.size(), 2U);
        for (std::size_t e = 0; e < 2; ++e) {
            const EndpointStats& want = expected->delta[e];
            const EndpointStats& got = tick.endpoints[e];
            EXPECT_EQ(got.requests, want.requests);
            EXPECT_EQ(got.failed, want.failed);
            EXPECT_EQ(got.bytes_sent, want.bytes_sent);
            EXPECT_EQ(got.bytes_received, want.bytes_received);
            EXPECT_EQ(got.statuses, want.statuses);
            EXPECT_EQ(got.response.encode(), want.response.encode());
            EXPECT_EQ(got.service.encode(), want.service.encode());
            EXPECT_EQ(got.send_lag.encode(), want.send_lag.encode());
        }
        ++k;
    });
    EXPECT_TRUE(status.ok());
    EXPECT_EQ(k, 5U);
}

TEST_F(RunFile, GivesBackChecksGroupsAndBrokenIterations) {
    start();
    for (std::uint64_t k = 0; k < 4; ++k) {
        writer_->on_snapshot(sample_tick(k));
    }
    const RunReader reader = read();
    EXPECT_THAT(reader.info().checks, ElementsAre("has items", "is fast"));
    EXPECT_THAT(reader.info().groups, ElementsAre("checkout"));
    std::uint64_t k = 0;
    const Status walked = reader.for_each_tick([&](const StoredTick& tick) {
        const std::uint64_t there = k % 2;
        EXPECT_EQ(tick.counts.iterations_cut_short, 11 * there);
        EXPECT_EQ(tick.counts.steps_unrendered, 12 * there);
        EXPECT_EQ(tick.counts.starts_failed, 13 * there);
        EXPECT_EQ(tick.counts.users_stopped, 14 * there);
        EXPECT_EQ(tick.counts.out_of_data, 15 * there);
        ASSERT_EQ(tick.checks.size(), 2U);
        EXPECT_EQ(tick.checks[0], (CheckCount{0, 0}));
        EXPECT_EQ(tick.checks[1], (CheckCount{(70 + k) * there, 3 * there, k * there}));
        ASSERT_EQ(tick.groups.size(), 1U);
        EXPECT_EQ(tick.groups[0].count, there);
        EXPECT_EQ(tick.groups[0].failed, there);
        EXPECT_EQ(tick.groups[0].broken_off, 2 * there);
        EXPECT_EQ(tick.groups[0].duration.max(), std::chrono::milliseconds(k * there));
        ++k;
    });
    EXPECT_TRUE(walked.ok());
    EXPECT_EQ(k, 4U);
}

TEST_F(RunFile, GivesBackWhatWasGivenUp) {
    start();
    const auto tick = sample_tick(1);  // an idle one
    Sample sample;
    sample.due = tick->from;
    sample.sent = sample.due + std::chrono::milliseconds(1);
    sample.completed = sample.due + std::chrono::milliseconds(400);
    sample.outcome = Outcome::CutOff;
    tick->delta[1].record(sample);
    sample.outcome = Outcome::BodyTimeout;
    sample.completed = sample.due + std::chrono::milliseconds(300);
    tick->delta[1].record(sample);
    tick->delta_groups[0].censored.record(std::chrono::milliseconds(1));
    tick->last_answer = tick->from + std::chrono::milliseconds(7);
    writer_->on_snapshot(sample_tick(0));
    writer_->on_snapshot(tick);
    std::vector<StoredTick> ticks;
    ASSERT_TRUE(read().for_each_tick([&](const StoredTick& each) { ticks.push_back(each); }).ok());
    ASSERT_EQ(ticks.size(), 2U);
    EXPECT_TRUE(ticks[0].endpoints[1].censored.empty());
    EXPECT_FALSE(ticks[0].last_answer.has_value());
    const EndpointStats& got = ticks[1].endpoints[1];
    EXPECT_EQ(got.censored, tick->delta[1].censored);
    EXPECT_EQ(got.censored_service, tick->delta[1].censored_service);
    EXPECT_EQ(got.cut_off, tick->delta[1].cut_off);
    EXPECT_EQ(got.count(Outcome::CutOff), 1U);
    EXPECT_EQ(ticks[1].groups[0].censored, tick->delta_groups[0].censored);
    EXPECT_EQ(ticks[1].last_answer, std::chrono::milliseconds(507));
}

TEST_F(RunFile, GivesBackCountsAndStates) {
    start();
    writer_->on_snapshot(sample_tick(0));
    int seen = 0;
    const auto status = read().for_each_tick([&](const StoredTick& tick) {
        ++seen;
        const LoadCounts& c = tick.counts;
        EXPECT_EQ(c.arrivals_due, 40U);
        EXPECT_EQ(c.iterations_started, 39U);
        EXPECT_EQ(c.iterations_completed, 38U);
        EXPECT_EQ(c.not_sent_user_cap, 2U);
        EXPECT_EQ(c.not_sent_generator, 1U);
        EXPECT_EQ(c.connects_ok, 5U);
        EXPECT_EQ(c.connects_failed, 4U);
        EXPECT_EQ(c.reconnects, 3U);
        EXPECT_EQ(c.redirects, 9 * (tick.tick % 2));
        EXPECT_EQ(tick.phases.times, sample_tick(tick.tick)->delta_phases.times);
        EXPECT_EQ(c.errors_unsampled, 6U);
        EXPECT_EQ(c.spans_dropped, 7U);
        EXPECT_EQ(c.interrupted, 8U);
        EXPECT_EQ(tick.state.in_flight, 9U);
        EXPECT_EQ(tick.state.users, 8U);
        EXPECT_EQ(tick.state.users_max, 7U);
        EXPECT_EQ(tick.state.connections_open, 6U);
        EXPECT_EQ(tick.state.in_flight_mean, 5.125);
        EXPECT_EQ(tick.state.cpu_ratio, 0.75);
        EXPECT_EQ(tick.state.loop_lag_max, std::chrono::microseconds(321));
        ASSERT_EQ(tick.shards.size(), 2U);
        EXPECT_EQ(tick.shards[1].in_flight_mean, 2.625);
        ASSERT_EQ(tick.executors.size(), 2U);
        EXPECT_EQ(tick.executors[0].stage, 1U);
        EXPECT_EQ(tick.executors[0].offered, 123.456);
    });
    EXPECT_TRUE(status.ok());
    EXPECT_EQ(seen, 1);
}

TEST_F(RunFile, GivesBackReadingsAsSeries) {
    start();
    const auto at = [](int ms) { return kRunStart + std::chrono::milliseconds(ms); };
    writer_->on_reading(0, {at(-200), {}, {{0, {"shop", "active"}, 3}}}, kHealthy);
    writer_->on_reading(1, {at(-100), {}, {{0, {}, 0.1}}}, kHealthy);
    writer_->on_reading(0, {at(250), {}, {{0, {"shop", "idle"}, 2}, {1, {"53300"}, 1e9}}},
                        kHealthy);
    writer_->on_snapshot(sample_tick(0));
    writer_->on_reading(0, {at(650), {}, {{0, {"shop", "active"}, 4}}}, kHealthy);
    writer_->on_snapshot(sample_tick(1));

    const auto series = read().series().value();
    ASSERT_EQ(series.size(), 4U);
    EXPECT_EQ(series[0].probe, "postgres");
    EXPECT_EQ(series[0].metric, "plimsoll_pg_backends");
    EXPECT_EQ(series[0].type, MetricType::Gauge);
    EXPECT_THAT(series[0].labels, ElementsAre(Pair("datname", "shop"), Pair("state", "active")));
    EXPECT_EQ(series[0].label("state"), "active");
    EXPECT_EQ(series[0].label("wait_event_type"), "");
    ASSERT_EQ(series[0].points.size(), 2U);
    EXPECT_DOUBLE_EQ(series[0].points[0].t_s, -0.2);
    EXPECT_EQ(series[0].points[0].value, 3);
    EXPECT_DOUBLE_EQ(series[0].points[1].t_s, 0.65);
    EXPECT_EQ(series[1].metric, "plimsoll_up");
    EXPECT_EQ(series[1].points[0].value, 0.1);
    EXPECT_EQ(series[3].type, MetricType::Counter);
    EXPECT_EQ(series[3].points[0].value, 1e9);
}

TEST_F(RunFile, GivesBackProbesWithTheirHealth) {
    start();
    const auto at = [](int ms) { return kRunStart + std::chrono::milliseconds(ms); };
    writer_->on_reading(0, {at(100), {}, {}}, {true, 1, 1, 0, std::chrono::milliseconds(9)});
    writer_->on_reading(0, {at(300), {}, {}}, {true, 2, 2, 0, std::chrono::milliseconds(2)});
    writer_->on_gap(0, {"postgres", at(500), at(500), "connection lost", true},
                    {false, 2, 3, 1, std::chrono::milliseconds(2)});
    writer_->on_gap(0, {"postgres", at(500), at(1250), "connection lost", false},
                    {true, 2, 5, 1, std::chrono::milliseconds(2)});
    writer_->on_reading(0, {at(1300), {}, {}}, {true, 3, 6, 1, std::chrono::milliseconds(3)});
    writer_->on_snapshot(sample_tick(0));

    const RunReader reader = read();
    const auto probes = reader.probes().value();
    ASSERT_EQ(probes.size(), 2U);
    EXPECT_EQ(probes[0].info.name, "postgres");
    EXPECT_THAT(probes[0].info.facts,
                ElementsAre(Pair("server_version", "15.4"), Pair("max_connections", "20")));
    ASSERT_EQ(probes[0].info.descriptors.size(), 2U);
    EXPECT_EQ(probes[0].info.descriptors[0].help, "Backends");
    EXPECT_THAT(probes[0].info.descriptors[0].labels, ElementsAre("datname", "state"));
    EXPECT_EQ(probes[0].readings, 3U);
    EXPECT_EQ(probes[0].expected, 6U);
    EXPECT_EQ(probes[0].gaps, 1U);
    EXPECT_DOUBLE_EQ(probes[0].longest_took_s, 0.009);
    EXPECT_DOUBLE_EQ(probes[0].largest_gap_s, 1.0);
    EXPECT_THAT(probes[0].times_s, ElementsAre(0.1, 0.3, 1.3));
    EXPECT_TRUE(probes[1].times_s.empty());

    const auto gaps = reader.gaps().value();
    ASSERT_EQ(gaps.size(), 1U);
    EXPECT_EQ(gaps[0].probe, "postgres");
    EXPECT_EQ(gaps[0].reason, "connection lost");
    EXPECT_DOUBLE_EQ(gaps[0].from_s, 0.5);
    EXPECT_DOUBLE_EQ(gaps[0].to_s, 1.25);
    EXPECT_FALSE(gaps[0].open);
}

TEST_F(RunFile, CountsEachErrorOnceWithItsFirstAndLastTime) {
    start();
    for (std::uint64_t k = 0; k < 3; ++k) {
        auto tick = sample_tick(k);
        tick->errors = {{tick->from + std::chrono::milliseconds(100), 1, 503, Outcome::Http5xx,
                         0xffffffffffffffffU, "pool is empty", 10 + k},
                        {tick->from, 0, 0, Outcome::ConnectRefused, 7, "connection refused", 1}};
        writer_->on_snapshot(tick);
    }
    const auto errors = read().errors().value();
    ASSERT_EQ(errors.size(), 2U);
    EXPECT_EQ(errors[0].sample.endpoint, 1U);
    EXPECT_EQ(errors[0].sample.status, 503);
    EXPECT_EQ(errors[0].sample.outcome, Outcome::Http5xx);
    EXPECT_EQ(errors[0].sample.fingerprint, 0xffffffffffffffffU);
    EXPECT_EQ(errors[0].sample.text, "pool is empty");
    EXPECT_EQ(errors[0].sample.count, 33U);  // 10 + 11 + 12
    EXPECT_DOUBLE_EQ(errors[0].first_s, 0.1);
    EXPECT_DOUBLE_EQ(errors[0].last_s, 1.1);
    EXPECT_EQ(errors[1].sample.outcome, Outcome::ConnectRefused);
    EXPECT_EQ(errors[1].sample.count, 3U);
}

TEST_F(RunFile, GivesBackEventsInOrderOfTime) {
    start();
    writer_->on_event({kRunStart + std::chrono::seconds(2), EventKind::Stopped, "interrupted"});
    writer_->on_event({kRunStart, EventKind::StageChanged, "ramp: stage 0"});
    writer_->finish(Clock::now());
    const auto events = read().events().value();
    ASSERT_EQ(events.size(), 2U);
    EXPECT_EQ(events[0].kind, EventKind::StageChanged);
    EXPECT_EQ(events[0].text, "ramp: stage 0");
    EXPECT_EQ(events[1].kind, EventKind::Stopped);
    EXPECT_DOUBLE_EQ(events[1].t_s, 2);
}

TEST_F(RunFile, KeepsFactsAndVerdictWrittenBeforeAndAfterItsEnd) {
    start();
    writer_->write_facts({{"generator.cpu_seconds", "1.5"}, {"a", "old"}});
    writer_->on_dropped(3);
    writer_->finish(Clock::now());
    writer_->write_facts({{"a", "new"}});
    writer_->write_verdict("{\"schema\": 1}");
    const RunReader reader = read();
    const auto facts = reader.facts().value();
    EXPECT_EQ(facts.at("generator.cpu_seconds"), "1.5");
    EXPECT_EQ(facts.at("a"), "new");
    EXPECT_EQ(facts.at("exporter.dropped.run_file"), "3");
    EXPECT_TRUE(facts.contains("env.kernel"));
    EXPECT_EQ(reader.verdict().value(), "{\"schema\": 1}");
    EXPECT_FALSE(writer_->last_error().has_value());
}

TEST_F(RunFile, IsOneFileAndMarkedFinishedAfterItsEnd) {
    start();
    writer_->on_snapshot(sample_tick(0));
    EXPECT_FALSE(read().finished());
    writer_->finish(Clock::now());
    EXPECT_TRUE(read().finished());
    EXPECT_EQ(read().verdict().value(), std::nullopt);
    EXPECT_FALSE(std::filesystem::exists(folder_.path() / "run.db-wal"));
}

TEST_F(RunFile, CanBeReadWhileItIsWritten) {
    start();
    writer_->on_snapshot(sample_tick(0));
    const RunReader reader = read();
    writer_->on_snapshot(sample_tick(1));
    int ticks = 0;
    ASSERT_TRUE(reader.for_each_tick([&](const StoredTick&) { ++ticks; }).ok());
    EXPECT_EQ(ticks, 2);
}

TEST(Statuses, ReadBackAsWritten) {
    const std::vector<StatusCount> statuses{
        {200, Outcome::Ok, 18}, {503, Outcome::Http5xx, 2}, {0, Outcome::ConnectRefused, 1}};
    EXPECT_EQ(encode_statuses(statuses), "200 ok 18,503 http_5xx 2,0 connect_refused 1");
    EXPECT_EQ(decode_statuses(encode_statuses(statuses)).value(), statuses);
    EXPECT_TRUE(decode_statuses("").value().empty());
}

TEST(Statuses, RefuseWhatIsNoStatus) {
    for (const char* text : {"200", "200 ok", "x ok 1", "200 fine 1", "200 ok x", "200 ok 1 2"}) {
        EXPECT_FALSE(decode_statuses(text).ok()) << text;
    }
}

}  // namespace
}  // namespace plimsoll
