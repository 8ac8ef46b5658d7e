// What a collector makes of our traces: receiver.js decodes them with a library that is not ours.
#include "exporters/otlp/otlp_exporter.hpp"
#include "tests/integration/otlp/receiver.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/temp_folder.hpp"

#include <chrono>
#include <sstream>

#include <boost/json.hpp>
#include <gmock/gmock.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;
using testing::HasSubstr;

constexpr std::int64_t kStartSeconds = 1'767'225'600;  // 2026-01-01T00:00:00Z

RunInfo run_info() {
    RunInfo run;
    run.id = "20260101T000000Z-abcd";
    run.scenario_name = "checkout";
    run.version = "0.1.0";
    run.target = "http://127.0.0.1:8080";
    run.start = {Clock::time_point(1000s), WallClock::from_time_t(kStartSeconds)};
    run.endpoints = {{"reader", "/v1/deployments", "GET"},
                     {"reader", "[WORKFLOW] Zażółć", "POST"},
                     {"reader", "/odd", "PROPFIND"}};
    run.user_classes = {"reader"};
    return run;
}

/// 1,000 s on the monotonic clock is the start of 2026.
Clock::time_point at(Nanoseconds offset) {
    return Clock::time_point(1000s) + offset;
}
std::string unix_time(Nanoseconds offset) {
    return std::to_string(kStartSeconds * 1'000'000'000 + offset.count());
}

RequestSpan request(EndpointId endpoint, std::uint8_t id, Nanoseconds due, Nanoseconds sent,
                    Nanoseconds first_byte, Nanoseconds completed) {
    RequestSpan out;
    out.endpoint = endpoint;
    out.span_id = {0xB0, 0, 0, 0, 0, 0, 0, id};
    out.due = at(due);
    out.sent = at(sent);
    out.first_byte = at(first_byte);
    out.completed = at(completed);
    out.status = 200;
    out.path = "/v1/deployments?status=running&api_key=s3cret";
    return out;
}

struct SpanEvent {
    std::string name;
    Nanoseconds at;
    std::string seconds = {};  // of a phase, as JSON
};
std::string events(const std::vector<SpanEvent>& all) {
    std::string out;
    for (const SpanEvent& event : all) {
        out += out.empty() ? "[" : ",";
        out += R"([")" + event.name + R"(",")" + unix_time(event.at) + '"';
        if (!event.seconds.empty()) {
            out += R"(,{"plimsoll.phase.seconds":{"doubleValue":)" + event.seconds + "}}";
        }
        out += ']';
    }
    return out + ']';
}

/// Three requests: one good, one answered 503, one that never got a byte.
IterationTrace iteration() {
    IterationTrace out;
    out.trace_id = {0xA0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    out.span_id = {0xC0, 1, 2, 3, 4, 5, 6, 7};
    out.iteration = 41;
    out.due = at(1s);
    out.ended = at(5s);
    out.requests = {request(0, 1, 1000ms, 1001ms, 1020ms, 1021ms),
                    request(1, 2, 2s, 2s, 2100ms, 2200ms), request(2, 3, 3s, 3001ms, 5s, 5s)};
    // Each phase begins as the one before it ends; the first where the request was sent.
    out.requests[0].phases = {
        {RequestPhase::Dns, at(1001ms), 2ms},  {RequestPhase::Connect, at(1003ms), 4ms},
        {RequestPhase::Tls, at(1007ms), 5ms},  {RequestPhase::Send, at(1012ms), 0ms},
        {RequestPhase::Wait, at(1012ms), 8ms}, {RequestPhase::Receive, at(1020ms), 1ms}};
    // On a connection that stood, and redirected once.
    out.requests[1].phases = {
        {RequestPhase::Send, at(2000ms), 0ms},    {RequestPhase::Wait, at(2000ms), 40ms},
        {RequestPhase::Receive, at(2040ms), 0ms}, {RequestPhase::Send, at(2050ms), 20ms},
        {RequestPhase::Wait, at(2070ms), 30ms},   {RequestPhase::Receive, at(2100ms), 100ms}};
    out.requests[2].phases = {{RequestPhase::Connect, at(3001ms), 1999ms}};
    out.requests[1].status = 503;
    out.requests[1].outcome = Outcome::Http5xx;
    out.requests[2].status = 0;
    out.requests[2].outcome = Outcome::ConnectTimeout;
    return out;
}

class Collector : public testing::Test {
protected:
    void start(const std::vector<std::string>& replies = {}) {
        test::start_receiver(folder_.path(), replies, process_, port_);
    }

    OtlpOptions options(std::map<std::string, std::string> variables = {}) const {
        auto out = otlp_options({"http://127.0.0.1:" + std::to_string(port_), 0.01},
                                [variables](std::string_view name) -> std::optional<std::string> {
                                    const auto found = variables.find(std::string(name));
                                    return found == variables.end() ? std::nullopt
                                                                    : std::optional(found->second);
                                });
        EXPECT_TRUE(out);
        return std::move(*out);
    }

    /// Sends the spans of `traces` iterations and ends the run; the exporter's counts.
    OtlpStats send(OtlpOptions options, std::size_t traces = 1) {
        const auto made = make_otlp_exporter(std::move(options));
        EXPECT_TRUE(made);
        const auto& exporter = made.value();
        EXPECT_TRUE(exporter->start(run_info(), {}));
        auto snapshot = std::make_shared<Snapshot>();
        snapshot->last = true;
        snapshot->traces.assign(traces, iteration());
        exporter->on_snapshot(snapshot);
        exporter->finish(Clock::now() + 60s);
        deliveries_ = exporter->deliveries().value();
        return exporter->stats();
    }

    /// Spans in the requests that were answered with 200.
    [[nodiscard]] std::size_t taken(std::size_t refused_requests) const {
        const auto all = requests();
        std::size_t count = 0;
        for (std::size_t i = refused_requests; i < all.size(); ++i) {
            count += spans(all[i]).size();
        }
        return count;
    }

    [[nodiscard]] std::vector<json::value> requests() const {
        std::vector<json::value> out;
        std::istringstream lines(test::read_file(folder_.path() / "requests"));
        for (std::string line; std::getline(lines, line);) {
            out.push_back(json::parse(line));
        }
        return out;
    }

    static const json::array& spans(const json::value& request) {
        return request.at("resourceSpans").at(0).at("scopes").at(0).at("spans").as_array();
    }

    test::TempFolder folder_;
    Deliveries deliveries_;  // of the last `send`
    std::uint16_t port_ = 0;
    std::unique_ptr<test::ChildProcess> process_;
};

TEST_F(Collector, GetsAnIterationAsASpanWithItsRequestsInside) {
    start();
    EXPECT_EQ(send(options()).sent, 4U);
    const auto all = requests();
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].at("method"), "POST");
    EXPECT_EQ(all[0].at("path"), "/v1/traces");
    EXPECT_EQ(all[0].at("headers").at("content-type"), "application/x-protobuf");
    ASSERT_FALSE(all[0].as_object().contains("error")) << json::serialize(all[0]);
    const json::array& found = spans(all[0]);
    ASSERT_EQ(found.size(), 4U);
    EXPECT_EQ(found[0], json::parse(R"({
        "traceId": "a00102030405060708090a0b0c0d0e0f", "spanId": "c001020304050607",
        "parentSpanId": "", "name": "iteration reader", "kind": 1,
        "startTimeUnixNano": ")" + unix_time(1s) +
                                    R"(", "endTimeUnixNano": ")" + unix_time(5s) + R"(",
        "attributes": {"plimsoll.user": {"stringValue": "reader"},
                       "plimsoll.iteration": {"intValue": "41"},
                       "plimsoll.sampling.weight": {"doubleValue": 100}},
        "events": [], "status": {"code": 2, "message": "2 of 3 requests failed"}})"));
    for (std::size_t i = 1; i < found.size(); ++i) {
        EXPECT_EQ(found[i].at("traceId"), "a00102030405060708090a0b0c0d0e0f");
        EXPECT_EQ(found[i].at("parentSpanId"), "c001020304050607");
        EXPECT_EQ(found[i].at("kind"), 3);
    }
}

TEST_F(Collector, GetsARequestAfterTheConventionsForHttpClients) {
    start();
    send(options());
    const json::array found = spans(requests().at(0));
    EXPECT_EQ(found.at(1), json::parse(R"({
        "traceId": "a00102030405060708090a0b0c0d0e0f", "spanId": "b000000000000001",
        "parentSpanId": "c001020304050607", "name": "GET /v1/deployments", "kind": 3,
        "startTimeUnixNano": ")" + unix_time(1000ms) +
                                       R"(",
        "endTimeUnixNano": ")" + unix_time(1021ms) +
                                       R"(",
        "attributes": {
            "http.request.method": {"stringValue": "GET"},
            "server.address": {"stringValue": "127.0.0.1"}, "server.port": {"intValue": "8080"},
            "url.full": {"stringValue":
                "http://127.0.0.1:8080/v1/deployments?status=running&api_key=REDACTED"},
            "url.template": {"stringValue": "/v1/deployments"},
            "network.protocol.version": {"stringValue": "1.1"},
            "user_agent.synthetic.type": {"stringValue": "test"},
            "http.response.status_code": {"intValue": "200"},
            "plimsoll.user": {"stringValue": "reader"},
            "plimsoll.endpoint": {"stringValue": "/v1/deployments"},
            "plimsoll.outcome": {"stringValue": "ok"},
            "plimsoll.sampling.weight": {"doubleValue": 100}},
        "events": )" +
                                       events({{"due", 1000ms},
                                               {"sent", 1001ms},
                                               {"dns", 1001ms, "0.002"},
                                               {"connect", 1003ms, "0.004"},
                                               {"tls", 1007ms, "0.005"},
                                               {"send", 1012ms, "0"},
                                               {"wait", 1012ms, "0.008"},
                                               {"first_byte", 1020ms},
                                               {"receive", 1020ms, "0.001"}}) +
                                       "}"));
}

TEST_F(Collector, GetsThePhasesOfEachHopThatARequestWentThrough) {
    start();
    send(options());
    const json::array found = spans(requests().at(0));
    EXPECT_EQ(found.at(2).at("events"), json::parse(events({{"due", 2000ms},
                                                            {"sent", 2000ms},
                                                            {"send", 2000ms, "0"},
                                                            {"wait", 2000ms, "0.04"},
                                                            {"receive", 2040ms, "0"},
                                                            {"send", 2050ms, "0.02"},
                                                            {"wait", 2070ms, "0.03"},
                                                            {"first_byte", 2100ms},
                                                            {"receive", 2100ms, "0.1"}})));
    EXPECT_EQ(
        found.at(3).at("events"),
        json::parse(events({{"due", 3000ms}, {"sent", 3001ms}, {"connect", 3001ms, "1.999"}})));
}

TEST_F(Collector, GetsTheEventsOfARequestInOrderAndWithinItsSpan) {
    start();
    send(options());
    const json::array found = spans(requests().at(0));
    for (std::size_t i = 1; i < found.size(); ++i) {
        const auto nanos = [](const json::value& text) {
            return std::stoll(std::string(text.as_string()));
        };
        auto earliest = nanos(found[i].at("startTimeUnixNano"));
        for (const json::value& event : found[i].at("events").as_array()) {
            EXPECT_GE(nanos(event.at(1)), earliest) << json::serialize(found[i]);
            earliest = nanos(event.at(1));
        }
        EXPECT_LE(earliest, nanos(found[i].at("endTimeUnixNano")));
    }
}

TEST_F(Collector, SeesWhatARequestFailedOf) {
    start();
    send(options());
    const json::array found = spans(requests().at(0));
    const json::value& refused = found.at(2);
    EXPECT_EQ(refused.at("name"), "POST [WORKFLOW] Zażółć");
    EXPECT_EQ(refused.at("status").at("code"), 2);
    EXPECT_EQ(refused.at("attributes").at("error.type").at("stringValue"), "503");
    EXPECT_EQ(refused.at("attributes").at("plimsoll.outcome").at("stringValue"), "http_5xx");
    EXPECT_FALSE(refused.at("attributes").as_object().contains("url.template"));

    const json::value& mute = found.at(3);
    EXPECT_EQ(mute.at("attributes").at("error.type").at("stringValue"), "connect_timeout");
    EXPECT_EQ(mute.at("attributes").at("http.request.method").at("stringValue"), "_OTHER");
    EXPECT_EQ(mute.at("attributes").at("http.request.method_original").at("stringValue"),
              "PROPFIND");
    EXPECT_FALSE(mute.at("attributes").as_object().contains("http.response.status_code"));
}

TEST_F(Collector, LearnsWhoSentIt) {
    start();
    send(options({{"OTEL_SERVICE_NAME", "load"},
                  {"OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=ci"}}));
    const json::value origin = requests().at(0).at("resourceSpans").at(0);
    EXPECT_EQ(origin.at("resource"), json::parse(R"({
        "service.name": {"stringValue": "load"},
        "deployment.environment.name": {"stringValue": "ci"},
        "service.version": {"stringValue": "0.1.0"},
        "service.instance.id": {"stringValue": "20260101T000000Z-abcd"},
        "plimsoll.run.id": {"stringValue": "20260101T000000Z-abcd"},
        "plimsoll.scenario": {"stringValue": "checkout"},
        "plimsoll.target": {"stringValue": "http://127.0.0.1:8080"}})"));
    EXPECT_EQ(origin.at("scopes").at(0).at("scope").at("name"), "plimsoll");
    EXPECT_EQ(origin.at("scopes").at(0).at("scope").at("version"), "0.1.0");
}

TEST_F(Collector, GetsEverySpanOnceInBatchesOfAtMost512) {
    start();
    EXPECT_EQ(send(options(), 300).sent, 1200U);
    std::vector<std::size_t> sizes;
    for (const json::value& one : requests()) {
        sizes.push_back(spans(one).size());
    }
    EXPECT_THAT(sizes, testing::ElementsAre(512, 512, 176));
}

TEST_F(Collector, UnderstandsCompressionAndHeaders) {
    start();
    EXPECT_EQ(send(options({{"OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"},
                            {"OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20s3cret"}}))
                  .sent,
              4U);
    const json::value one = requests().at(0);
    EXPECT_EQ(one.at("headers").at("content-encoding"), "gzip");
    EXPECT_EQ(one.at("headers").at("authorization"), "Bearer s3cret");
    EXPECT_EQ(spans(one).size(), 4U);
}

TEST_F(Collector, IsAskedAgainWhenItIsBusy) {
    start({"503:1", "429:0"});
    const OtlpStats stats = send(options());
    EXPECT_EQ(stats.sent, 4U);
    EXPECT_EQ(stats.retries, 2U);
    const auto all = requests();
    ASSERT_EQ(all.size(), 3U);
    EXPECT_EQ(all[0].at("resourceSpans"), all[2].at("resourceSpans"));
}

TEST_F(Collector, IsNotAskedAgainWhenItRefuses) {
    start({"400", "413"});
    const OtlpStats stats = send(options(), 200);  // 800 spans: two batches
    EXPECT_EQ(stats.failed, 800U);
    EXPECT_EQ(stats.sent, 0U);
    EXPECT_EQ(requests().size(), 2U);
    EXPECT_THAT(stats.last_error, HasSubstr("413"));
}

TEST_F(Collector, IsMissedWithoutHarmWhenItIsNotThere) {
    start();
    OtlpOptions gone = options();
    process_.reset();
    gone.give_up_after = 100ms;
    const OtlpStats stats = send(std::move(gone));
    EXPECT_EQ(stats.failed, 4U);
    EXPECT_THAT(stats.last_error, HasSubstr("connection refused"));
}

TEST_F(Collector, TakesAsManySpansAsTheExporterSaysItSent) {
    // Asked again, then refused 512 spans, then all but 5 of the next 512; the rest are taken.
    start({"503:0", "413", "rejected:5"});
    send(options(), 500);
    EXPECT_EQ(deliveries_.unit, "spans");
    EXPECT_EQ(deliveries_.retried, 1U);
    EXPECT_EQ(deliveries_.rejected, 512U + 5U);
    EXPECT_EQ(deliveries_.dropped, 0U);
    EXPECT_EQ(deliveries_.sent, 2000U - 512U - 5U);
    EXPECT_EQ(deliveries_.sent, taken(2) - 5);
}

TEST_F(Collector, IsOwedWhatFoundNoRoomOrNoTime) {
    start();
    OtlpOptions small = options();
    small.queue_spans = 300;
    send(std::move(small), 100);
    EXPECT_EQ(deliveries_.sent, 300U);
    EXPECT_EQ(deliveries_.dropped, 100U);
    EXPECT_EQ(taken(0), deliveries_.sent);
    OtlpOptions gone = options();
    process_.reset();
    gone.give_up_after = 100ms;
    send(std::move(gone), 10);
    EXPECT_EQ(deliveries_.sent, 0U);
    EXPECT_EQ(deliveries_.dropped, 40U);
    EXPECT_EQ(deliveries_.rejected, 0U);
}

TEST_F(Collector, GetsARequestKeptOutsideTheSampleAsARootThatSaysSo) {
    start();
    const auto made = make_otlp_exporter(options());
    ASSERT_TRUE(made);
    ASSERT_TRUE((*made)->start(run_info(), {}));
    auto snapshot = std::make_shared<Snapshot>();
    snapshot->last = true;
    snapshot->total_counts.spans_dropped = 21;  // more than the engine keeps in a tick
    IterationTrace alone = iteration();
    alone.reason = TraceReason::Error;
    alone.weight = 4;
    alone.requests = {alone.requests[1]};
    snapshot->traces = {alone};
    (*made)->on_snapshot(snapshot);
    (*made)->finish(Clock::now() + 60s);
    const json::array found = spans(requests().at(0));
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].at("traceId"), "a00102030405060708090a0b0c0d0e0f");
    EXPECT_EQ(found[0].at("spanId"), "b000000000000002");
    EXPECT_EQ(found[0].at("parentSpanId"), "");
    const json::value& attributes = found[0].at("attributes");
    EXPECT_EQ(attributes.at("plimsoll.server_trace").at("stringValue"), "maybe");
    EXPECT_EQ(attributes.at("plimsoll.sampling.reason").at("stringValue"), "error");
    EXPECT_EQ(attributes.at("plimsoll.sampling.weight").at("doubleValue"), 4);
    EXPECT_EQ((*made)->deliveries()->sent, 1U);
    EXPECT_EQ((*made)->deliveries()->dropped, 21U);
}

TEST_F(Collector, SaysHowManySpansItRejects) {
    start({"rejected:3"});
    const OtlpStats stats = send(options());
    EXPECT_EQ(stats.sent, 1U);
    EXPECT_EQ(stats.rejected, 3U);
    EXPECT_EQ(stats.last_error, "3 spans rejected: over quota");
}

}  // namespace
}  // namespace plimsoll
