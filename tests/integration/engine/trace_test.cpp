// Ids of traces, what the target is told of them, and which requests are kept outside the sample.
#include "engine/recording/kept_requests.hpp"
#include "tests/integration/engine/engine_run.hpp"

#include <algorithm>
#include <atomic>
#include <map>
#include <regex>
#include <set>

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
using test::Answer;
using test::ok_response;
using test::ScriptedServer;

std::string hex(std::span<const std::uint8_t> bytes) {
    std::string out;
    for (const std::uint8_t byte : bytes) {
        out += fmt::format("{:02x}", byte);
    }
    return out;
}

/// What one request told the target.
struct Told {
    std::string trace;
    std::string span;
    bool sampled;
};

std::vector<Told> told(const ScriptedServer& server) {
    static const std::regex header("\r\ntraceparent: 00-([0-9a-f]{32})-([0-9a-f]{16})-0([01])\r\n");
    std::vector<Told> out;
    for (const std::string& request : server.seen()) {
        std::smatch match;
        EXPECT_TRUE(std::regex_search(request, match, header)) << request;
        if (!match.empty()) {
            out.push_back({match[1], match[2], match[3] == "1"});
        }
    }
    return out;
}

/// "trace-span" of every span that a collector would get.
std::multiset<std::string> spans_of(const Outcomes& out) {
    std::multiset<std::string> ids;
    for (const IterationTrace& trace : out.traces) {
        if (trace.reason == TraceReason::Sampled) {
            ids.insert(hex(trace.trace_id) + "-" + hex(trace.span_id));
        }
        for (const RequestSpan& request : trace.requests) {
            ids.insert(hex(trace.trace_id) + "-" + hex(request.span_id));
        }
    }
    return ids;
}

std::multiset<std::string> spans_of_run(ScriptedServer& server, const std::string& id,
                                        Segment segment = {}) {
    Scenario scenario = scenario_for(server, users(3, 10s));
    scenario.load[0].kind = ExecutorKind::PerVuIterations;
    scenario.load[0].iterations = 20;
    scenario.load.push_back(scenario.load[0]);  // a second executor: its numbers are the same
    EngineOptions options;
    options.trace_share = 1;
    return spans_of(run(scenario, 2, std::move(options), {}, segment, id));
}

TEST(TraceIds, AreOfTheRunAndNotOfItsSeed) {
    ScriptedServer server([](const std::string&, int) { return Answer{ok_response()}; });
    const auto first = spans_of_run(server, "20260101T000000Z-0001");
    const auto second = spans_of_run(server, "20260101T000000Z-0002");
    ASSERT_EQ(first.size(), 2 * 2 * 3 * 20U);
    EXPECT_EQ(std::set<std::string>(first.begin(), first.end()).size(), first.size());
    std::vector<std::string> both;
    std::set_intersection(first.begin(), first.end(), second.begin(), second.end(),
                          std::back_inserter(both));
    EXPECT_TRUE(both.empty());
    EXPECT_EQ(spans_of_run(server, "20260101T000000Z-0001"), first);
}

TEST(TraceIds, OfTwoSegmentsDiffer) {
    ScriptedServer server([](const std::string&, int) { return Answer{ok_response()}; });
    const auto first = spans_of_run(server, "20260101T000000Z-0001", {1, 2});
    const auto second = spans_of_run(server, "20260101T000000Z-0001", {2, 2});
    std::vector<std::string> both;
    std::set_intersection(first.begin(), first.end(), second.begin(), second.end(),
                          std::back_inserter(both));
    EXPECT_TRUE(both.empty());
    EXPECT_EQ(first.size() + second.size(), 2 * 2 * 3 * 20U);
}

TEST(Traceparent, OfEveryRequestSaysWhetherItIsSampled) {
    ScriptedServer server([](const std::string&, int) { return Answer{ok_response()}; });
    Scenario scenario = scenario_for(server, arrivals(1000, 500ms));
    const Outcomes out = run(scenario, 2, 0.1);
    const auto all = told(server);
    ASSERT_EQ(all.size(), 500U);
    std::set<std::string> spans;
    std::set<std::string> sampled;
    for (const Told& each : all) {
        spans.insert(each.trace + "-" + each.span);
        if (each.sampled) {
            sampled.insert(each.trace + "-" + each.span);
        }
    }
    EXPECT_EQ(spans.size(), 500U);
    std::set<std::string> traced;
    for (const IterationTrace& trace : out.traces) {
        if (trace.reason == TraceReason::Sampled) {
            traced.insert(hex(trace.trace_id) + "-" + hex(trace.requests.at(0).span_id));
        }
    }
    EXPECT_EQ(sampled, traced);
    EXPECT_GT(sampled.size(), 0U);
    EXPECT_LT(sampled.size(), 500U);
}

TEST(Traceparent, IsAbsentWhereNothingIsTracedOrTheStepHasItsOwn) {
    ScriptedServer server([](const std::string&, int) { return Answer{ok_response()}; });
    Scenario scenario = scenario_for(server, arrivals(100, 100ms));
    run(scenario);
    for (const std::string& request : server.seen()) {
        EXPECT_THAT(request, testing::Not(testing::HasSubstr("traceparent")));
    }
    const std::size_t before = server.seen().size();
    scenario.users[0].steps[0].headers.push_back({"Traceparent", Template::literal("mine")});
    run(scenario, 1, 1.0);
    ASSERT_GT(server.seen().size(), before);
    for (std::size_t i = before; i < server.seen().size(); ++i) {
        EXPECT_THAT(server.seen()[i], testing::HasSubstr("Traceparent: mine\r\n"));
        EXPECT_THAT(server.seen()[i], testing::Not(testing::HasSubstr("traceparent: ")));
    }
}

TEST(KeptRequests, OutsideTheSampleAreTheFailedAndTheSlowestUnderTheIdsThatTheTargetGot) {
    std::atomic<int> slow = 0;
    ScriptedServer server([&](const std::string&, int) {
        const int nth = slow++;
        // 100 requests within one tick of 100 ms: 30 fail, three of the others are slow.
        return nth % 10 < 3 ? Answer{"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"}
                            : Answer{ok_response(), nth % 40 == 5 ? 60ms : 0ms};
    });
    Scenario scenario = scenario_for(server, arrivals(1000, 100ms));
    const Outcomes out = run(scenario, 1, 1e-12);
    std::set<std::string> sent;
    for (const Told& each : told(server)) {
        EXPECT_FALSE(each.sampled);
        sent.insert(each.trace + "-" + each.span);
    }
    std::map<std::uint64_t, double> errors_of_tick;  // what their weights say, by tick
    std::uint64_t kept_errors = 0;
    std::uint64_t slowest = 0;
    for (const SnapshotPtr& tick : out.all) {
        double weights = 0;
        for (const IterationTrace& trace : tick->traces) {
            ASSERT_EQ(trace.requests.size(), 1U);
            const RequestSpan& request = trace.requests[0];
            EXPECT_TRUE(sent.contains(hex(trace.trace_id) + "-" + hex(request.span_id)));
            EXPECT_EQ(request.path, "/");
            EXPECT_EQ(request.phases.back().begun + request.phases.back().lasted,
                      request.completed);
            if (trace.reason == TraceReason::Error) {
                EXPECT_EQ(request.status, 503);
                weights += trace.weight;
                ++kept_errors;
            } else {
                EXPECT_EQ(trace.reason, TraceReason::Slow);
                slowest += request.completed - request.due >= 60ms ? 1U : 0U;
            }
        }
        EXPECT_NEAR(weights, static_cast<double>(tick->delta[0].failed), 1e-9);
        EXPECT_LE(tick->traces.size(), KeptRequests::kErrors + KeptRequests::kSlowest);
    }
    EXPECT_GT(kept_errors, 0U);
    EXPECT_LE(kept_errors, out.last->total[0].failed);
    EXPECT_EQ(slowest, 3U);
}

}  // namespace
}  // namespace plimsoll
