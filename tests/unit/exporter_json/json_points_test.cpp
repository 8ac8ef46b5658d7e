#include "exporters/json/json_points.hpp"

#include <set>
#include <sstream>

#include <boost/json.hpp>
#include <gmock/gmock.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

RunInfo run_info() {
    RunInfo run;
    // 1,000 s on the monotonic clock is the start of 2026.
    run.start = {Clock::time_point(1000s), WallClock::from_time_t(1'767'225'600)};
    run.endpoints = {{"reader", "/x [LIST]", "GET"}, {"reader", "/idle", "GET"}};
    run.checks = {"status is 200"};
    run.groups = {"checkout"};
    run.tags = {"build=17", "odd=a=b"};
    return run;
}

Snapshot tick(const RunInfo& run) {
    Snapshot out;
    out.to = run.start.mono + 1500ms;
    out.delta.resize(run.endpoints.size());
    out.delta_groups.resize(run.groups.size());
    out.delta_checks.resize(run.checks.size());
    return out;
}

std::vector<json::object> parse(const std::string& lines) {
    EXPECT_TRUE(lines.empty() || lines.back() == '\n');
    std::vector<json::object> out;
    std::istringstream in(lines);
    for (std::string line; std::getline(in, line);) {
        out.push_back(json::parse(line).as_object());
    }
    return out;
}

/// The data of all points of `metric`.
std::vector<json::object> points(const std::string& lines, const std::string& metric) {
    std::vector<json::object> out;
    for (const json::object& line : parse(lines)) {
        if (line.at("metric").as_string() == metric) {
            EXPECT_EQ(line.at("type"), "Point");
            out.push_back(line.at("data").as_object());
        }
    }
    return out;
}

std::string ticked(const Snapshot& snapshot) {
    return JsonPoints(run_info(), {}).tick(snapshot);
}

TEST(JsonPoints, DeclareEachMetricOnceWithItsTypeAndUnit) {
    ProbeInfo probe;
    probe.name = "postgres";
    probe.descriptors = {{"plimsoll_pg_backends", MetricType::Gauge, "help", {"state"}}};
    const std::vector<ProbeInfo> probes{probe, probe};
    const auto lines = parse(JsonPoints(run_info(), probes).metrics());
    std::set<std::string> names;
    for (const json::object& line : lines) {
        EXPECT_EQ(line.at("type"), "Metric");
        EXPECT_TRUE(names.insert(json::value_to<std::string>(line.at("metric"))).second);
    }
    EXPECT_EQ(lines[2], json::parse(R"({"type": "Metric", "metric": "http_req_duration", "data":
        {"name": "http_req_duration", "type": "trend", "contains": "time", "unit": "ms"}})")
                            .as_object());
    EXPECT_TRUE(names.contains("plimsoll_pg_backends"));
}

TEST(JsonPoints, GiveTheFiguresOfATickPerEndpoint) {
    Snapshot snapshot = tick(run_info());
    for (int i = 1; i <= 4; ++i) {  // response 10, 20, 30 and 40 ms, of them 1 ms late
        Sample sample;
        sample.due = Clock::time_point(1000s);
        sample.sent = sample.due + 1ms;
        sample.completed = sample.due + i * 10ms;
        sample.status = i == 4 ? 503 : 200;
        sample.outcome = i == 4 ? Outcome::Http5xx : Outcome::Ok;
        sample.bytes_sent = 100;
        sample.bytes_received = 1000;
        snapshot.delta[0].record(sample);
    }
    const std::string lines = ticked(snapshot);
    const auto requests = points(lines, "http_reqs");
    ASSERT_EQ(requests.size(), 2U);
    EXPECT_EQ(requests[0], json::parse(R"({"time": "2026-01-01T00:00:01.500Z", "value": 3, "tags":
        {"build": "17", "odd": "a=b", "name": "/x [LIST]", "method": "GET", "user": "reader",
         "status": "200", "outcome": "ok"}})")
                               .as_object());
    EXPECT_EQ(requests[1].at("value"), 1);
    EXPECT_EQ(requests[1].at("tags").at("status"), "503");
    EXPECT_EQ(requests[1].at("tags").at("outcome"), "http_5xx");
    const auto failed = points(lines, "http_req_failed");
    ASSERT_EQ(failed.size(), 1U);
    EXPECT_EQ(failed[0].at("value"), 0.25);
    EXPECT_EQ(failed[0].at("count"), 4);

    const auto times = points(lines, "http_req_duration");
    ASSERT_EQ(times.size(), 1U);
    EXPECT_EQ(times[0].at("value"), 25.0);
    EXPECT_EQ(times[0].at("count"), 4);
    EXPECT_EQ(times[0].at("min"), 10.0);
    EXPECT_EQ(times[0].at("max"), 40.0);
    EXPECT_NEAR(times[0].at("med").as_double(), 20, 20 * 0.004);
    EXPECT_EQ(times[0].at("p(95)"), 40.0);
    EXPECT_EQ(points(lines, "http_req_service").at(0).at("value"), 24.0);
    EXPECT_EQ(points(lines, "http_req_blocked").at(0).at("value"), 1.0);
    EXPECT_EQ(points(lines, "data_sent").at(0).at("value"), 400);
    EXPECT_EQ(points(lines, "data_received").at(0).at("value"), 4000);
}

TEST(JsonPoints, SayNothingOfWhatDidNotHappenButTheUsers) {
    Snapshot snapshot = tick(run_info());
    snapshot.state.users = 3;
    snapshot.state.users_max = 8;
    const auto lines = parse(ticked(snapshot));
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_EQ(lines[0].at("metric"), "vus");
    EXPECT_EQ(lines[0].at("data").at("value"), 3);
    EXPECT_EQ(lines[1].at("metric"), "vus_max");
    EXPECT_EQ(lines[1].at("data").at("value"), 8);
}

TEST(JsonPoints, CountIterationsChecksGroupsAndPhases) {
    Snapshot snapshot = tick(run_info());
    snapshot.delta_counts.iterations_completed = 7;
    snapshot.delta_counts.not_sent_user_cap = 2;
    snapshot.delta_checks[0] = {9, 1};
    snapshot.delta_groups[0].duration.record(2s);
    snapshot.delta_phases[RequestPhase::Tls].record(5ms);
    const std::string lines = ticked(snapshot);
    EXPECT_EQ(points(lines, "iterations").at(0).at("value"), 7);
    EXPECT_EQ(points(lines, "dropped_iterations").at(0).at("value"), 2);
    EXPECT_EQ(points(lines, "dropped_iterations").at(0).at("tags").at("reason"), "user_cap");
    EXPECT_EQ(points(lines, "checks").at(0).at("value"), 0.9);
    EXPECT_EQ(points(lines, "checks").at(0).at("tags").at("check"), "status is 200");
    EXPECT_EQ(points(lines, "group_duration").at(0).at("value"), 2000.0);
    EXPECT_EQ(points(lines, "http_req_tls_handshaking").at(0).at("value"), 5.0);
    EXPECT_TRUE(points(lines, "http_req_waiting").empty());
}

TEST(JsonPoints, GiveCountsThatK6HasNoNameForUnderTheirOwn) {
    Snapshot snapshot = tick(run_info());
    std::size_t others = 0;
    for (const LoadCount& count : kLoadCounts) {
        snapshot.delta_counts.*count.value = 5;
    }
    const std::string lines = ticked(snapshot);
    const std::string declared = JsonPoints(run_info(), {}).metrics();
    for (const LoadCount& count : kLoadCounts) {
        if (!count.metric.empty() && count.metric != "plimsoll_iterations_total") {
            const auto said = points(lines, std::string(count.metric));
            ASSERT_EQ(said.size(), 1U) << count.metric;
            EXPECT_EQ(said[0].at("value"), 5);
            EXPECT_NE(declared.find("\"" + std::string(count.metric) + "\""), std::string::npos);
            ++others;
        }
    }
    EXPECT_GE(others, 6U);
    EXPECT_TRUE(points(lines, "plimsoll_iterations_total").empty());
}

TEST(JsonPoints, AreJsonWhateverBytesALabelHolds) {
    ProbeInfo probe;
    probe.name = "postgres";
    probe.descriptors = {{"plimsoll_pg_backends", MetricType::Gauge, "help", {"state"}}};
    RunInfo run = run_info();
    run.tags = {"who=\xFFme"};
    Reading reading;
    reading.values = {{0, {"caf\xE9 \xE2\x82\xAC"}, 5}};
    const auto read =
        points(JsonPoints(run, {&probe, 1}).reading(0, reading), "plimsoll_pg_backends");
    ASSERT_EQ(read.size(), 1U);
    EXPECT_EQ(read[0].at("tags").at("state"), "caf\xEF\xBF\xBD \xE2\x82\xAC");
    EXPECT_EQ(read[0].at("tags").at("who"), "\xEF\xBF\xBDme");
}

TEST(JsonPoints, KeepTheirOwnTagsBesideOnesOfTheRunThatAreNamedAlike) {
    RunInfo run = run_info();
    run.tags = {"check=mine"};
    Snapshot snapshot = tick(run);
    snapshot.delta_counts.iterations_completed = 1;
    snapshot.delta_checks[0] = {1, 0};
    const std::string lines = JsonPoints(run, {}).tick(snapshot);
    EXPECT_EQ(points(lines, "checks").at(0).at("tags").at("check"), "status is 200");
    EXPECT_EQ(points(lines, "iterations").at(0).at("tags").at("check"), "mine");
}

TEST(JsonPoints, PassOnWhatAProbeReads) {
    ProbeInfo probe;
    probe.name = "postgres";
    probe.descriptors = {{"plimsoll_pg_backends", MetricType::Gauge, "help", {"state"}}};
    Reading reading;
    reading.at = Clock::time_point(1000s) + 250ms;
    reading.values = {{0, {"active"}, 5}, {0, {"idle"}, 2.5}};
    const auto read =
        points(JsonPoints(run_info(), {&probe, 1}).reading(0, reading), "plimsoll_pg_backends");
    ASSERT_EQ(read.size(), 2U);
    EXPECT_EQ(read[0], json::parse(R"({"time": "2026-01-01T00:00:00.250Z", "value": 5.0, "tags":
        {"build": "17", "odd": "a=b", "probe": "postgres", "state": "active"}})")
                           .as_object());
    EXPECT_EQ(read[1].at("value"), 2.5);
}

}  // namespace
}  // namespace plimsoll
