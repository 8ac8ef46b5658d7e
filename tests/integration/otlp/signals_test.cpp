// What a collector makes of our metrics and logs: receiver.js decodes them with a library that is
// not ours.
#include "exporters/otlp/otlp_file.hpp"
#include "exporters/otlp/otlp_http.hpp"
#include "exporters/otlp/otlp_logs.hpp"
#include "exporters/otlp/otlp_metrics.hpp"
#include "tests/integration/otlp/receiver.hpp"
#include "tests/integration/prometheus/live_run.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/temp_folder.hpp"

#include <cmath>
#include <map>
#include <set>
#include <sstream>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <gmock/gmock.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
using test::LiveRun;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
namespace json = boost::json;

constexpr int kTicks = 12;

class Signals : public testing::Test {
protected:
    void start(const std::vector<std::string>& replies = {}) {
        test::start_receiver(folder_.path(), replies, process_, port_);
    }

    OtlpOptions options(OtlpSignal signal) const {
        auto made = otlp_options(
            {fmt::format("http://127.0.0.1:{}", port_)},
            [](std::string_view) { return std::nullopt; }, signal);
        EXPECT_TRUE(made);
        made->first_wait = 5ms;
        return *std::move(made);
    }

    Deliveries send_metrics(OtlpOptions options) {
        auto transport = http_transport(options);
        EXPECT_TRUE(transport);
        OtlpMetricsExporter exporter(std::move(options), *transport);
        EXPECT_TRUE(exporter.start(live_.run(), live_.probes()));
        for (int tick = 0; tick < kTicks; ++tick) {
            exporter.on_reading(1, live_.reading(1, tick), LiveRun::healthy(1));
            auto snapshot = std::make_shared<Snapshot>(*live_.next(tick == kTicks - 1));
            IterationTrace trace;
            trace.trace_id = {0xaa, static_cast<std::uint8_t>(tick)};
            RequestSpan& request = trace.requests.emplace_back();
            request.completed = snapshot->to - 10ms;
            request.sent = request.due = request.completed - 40ms;
            snapshot->traces = {trace};
            exporter.on_snapshot(snapshot);
            snapshots_.push_back(snapshot);
        }
        auto verdict = std::make_shared<RunVerdict>();
        verdict->final = true;
        verdict->findings = {{"app_pool_exhausted", "high"}};
        exporter.on_verdict(verdict);
        exporter.finish(Clock::now() + 30s);
        return *exporter.deliveries();
    }

    [[nodiscard]] std::vector<json::value> requests() const {
        std::vector<json::value> out;
        std::istringstream lines(test::read_file(folder_.path() / "requests"));
        for (std::string line; std::getline(lines, line);) {
            out.push_back(json::parse(line));
            EXPECT_FALSE(out.back().as_object().contains("error")) << line;
        }
        return out;
    }

    /// All data points of a metric, with whether they are of deltas, in the order that they came.
    struct Point {
        json::object data;
        std::string temporality;
        std::string unit;
    };
    [[nodiscard]] std::vector<Point> points(const std::string& metric, const char* kind) const {
        std::vector<Point> out;
        for (const json::value& request : requests()) {
            for (const json::value& each : request.at("resourceMetrics")
                                               .at(0)
                                               .at("scopeMetrics")
                                               .at(0)
                                               .at("metrics")
                                               .as_array()) {
                if (each.at("name").as_string() != metric) {
                    continue;
                }
                const json::object& data = each.at(kind).as_object();
                const json::value* temporality = data.if_contains("aggregationTemporality");
                for (const json::value& point : data.at("dataPoints").as_array()) {
                    out.push_back({point.as_object(),
                                   temporality ? json::serialize(*temporality) : "",
                                   json::value_to<std::string>(each.at("unit"))});
                }
            }
        }
        return out;
    }
    static std::string attribute(const Point& point, const char* name) {
        return json::value_to<std::string>(point.data.at("attributes").at(name).at("stringValue"));
    }

    LiveRun live_;
    test::TempFolder folder_;
    std::unique_ptr<test::ChildProcess> process_;
    std::uint16_t port_ = 0;
    std::vector<SnapshotPtr> snapshots_;
};

std::uint64_t number(const json::value& value) {
    return value.is_string() ? std::stoull(std::string(value.as_string()))
                             : value.to_number<std::uint64_t>();
}

/// The value at quantile `q` of an exponential histogram's point, by the definition of its buckets.
double quantile_of(const json::object& point, double q) {
    const double scale = point.at("scale").to_number<double>();
    const double offset = point.at("positive").at("offset").to_number<double>();
    const double rank = q * static_cast<double>(number(point.at("count")));
    double seen = static_cast<double>(number(point.at("zeroCount")));
    double index = offset;
    for (const json::value& bucket : point.at("positive").at("bucketCounts").as_array()) {
        seen += static_cast<double>(number(bucket));
        if (seen >= rank) {
            return std::exp2((index + 0.5) / std::exp2(scale));
        }
        ++index;
    }
    return -1;
}

TEST_F(Signals, CumulativeMetricsEndAsTheRunDid) {
    start();
    const Deliveries counts = send_metrics(options(OtlpSignal::Metrics));
    EXPECT_EQ(counts.last_error, "");
    EXPECT_EQ(counts.rejected + counts.dropped, 0U);
    std::map<std::string, double> last;
    std::map<std::string, std::string> began;
    for (const Point& point : points("plimsoll_requests", "sum")) {
        EXPECT_EQ(point.temporality, "2");
        const std::string key =
            attribute(point, "endpoint") + attribute(point, "outcome") + attribute(point, "status");
        last[key] = point.data.at("asDouble").to_number<double>();
        began[json::value_to<std::string>(point.data.at("startTimeUnixNano"))] = key;
    }
    double sum = 0;
    for (const auto& [key, value] : last) {
        sum += value;
    }
    EXPECT_EQ(sum, static_cast<double>(snapshots_.back()->merged_total().requests));
    EXPECT_EQ(began.size(), 1U);  // since the run's start, all of them
    const auto times = points("plimsoll_response_seconds", "exponentialHistogram");
    ASSERT_FALSE(times.empty());
    EXPECT_EQ(times.back().unit, "s");
    for (std::size_t i = 0; i < 2; ++i) {
        const Histogram& ours = snapshots_.back()->total[i].response;
        const Point* point = nullptr;
        for (const Point& each : times) {
            if (attribute(each, "endpoint") == live_.run().endpoints[i].name) {
                point = &each;
            }
        }
        ASSERT_NE(point, nullptr);
        EXPECT_EQ(number(point->data.at("count")), ours.count());
        EXPECT_DOUBLE_EQ(point->data.at("sum").to_number<double>(), to_seconds(ours.sum()));
        EXPECT_DOUBLE_EQ(point->data.at("max").to_number<double>(), to_seconds(ours.max()));
        for (const double q : {0.5, 0.95, 0.99}) {
            EXPECT_NEAR(quantile_of(point->data, q), to_seconds(ours.quantile(q)),
                        0.025 * to_seconds(ours.quantile(q)));
        }
    }
    const auto findings = points("plimsoll_finding", "gauge");
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(attribute(findings[0], "cause"), "app_pool_exhausted");
}

TEST_F(Signals, DeltasAddUpToTheRun) {
    start();
    OtlpOptions delta = options(OtlpSignal::Metrics);
    delta.delta = true;
    delta.interval = 5s;
    send_metrics(delta);
    double requests = 0;
    std::map<std::string, std::set<std::string>> ends;  // by beginning
    for (const Point& point : points("plimsoll_requests", "sum")) {
        EXPECT_EQ(point.temporality, "1");
        requests += point.data.at("asDouble").to_number<double>();
        ends[json::value_to<std::string>(point.data.at("startTimeUnixNano"))].insert(
            json::value_to<std::string>(point.data.at("timeUnixNano")));
    }
    EXPECT_EQ(requests, static_cast<double>(snapshots_.back()->merged_total().requests));
    // A tick each, and one begins where the one before it ends.
    ASSERT_EQ(ends.size(), kTicks);
    for (auto at = ends.begin(); at != ends.end(); ++at) {
        ASSERT_EQ(at->second.size(), 1U);
        if (std::next(at) != ends.end()) {
            EXPECT_EQ(*at->second.begin(), std::next(at)->first);
        }
    }
    std::uint64_t times = 0;
    for (const Point& point : points("plimsoll_response_seconds", "exponentialHistogram")) {
        times += number(point.data.at("count"));
    }
    EXPECT_EQ(times, snapshots_.back()->merged_total().requests);
    // What a probe counts has no delta: since its start, and said so.
    const auto cpu = points("plimsoll_container_cpu_seconds", "sum");
    ASSERT_FALSE(cpu.empty());
    EXPECT_EQ(cpu.back().temporality, "2");
    EXPECT_EQ(cpu.back().unit, "s");
}

TEST_F(Signals, ExemplarsLeadToTheTrace) {
    start();
    OtlpOptions every = options(OtlpSignal::Metrics);
    every.interval = 1s;
    send_metrics(every);
    std::vector<std::string> ids;
    for (const Point& point : points("plimsoll_response_seconds", "exponentialHistogram")) {
        if (const json::value* exemplars = point.data.if_contains("exemplars")) {
            for (const json::value& each : exemplars->as_array()) {
                EXPECT_DOUBLE_EQ(each.at("asDouble").to_number<double>(), 0.04);
                ids.push_back(json::value_to<std::string>(each.at("traceId")));
            }
        }
    }
    ASSERT_GE(ids.size(), kTicks);
    EXPECT_EQ(ids.front(), "aa000000000000000000000000000000");
    EXPECT_EQ(ids.at(kTicks - 1), "aa0b0000000000000000000000000000");
}

TEST_F(Signals, MetricsThatAreRefusedOrPutOffAreCounted) {
    start({"503:0", "400", "rejected:3"});
    OtlpOptions every = options(OtlpSignal::Metrics);
    every.interval = 1s;
    const Deliveries counts = send_metrics(every);
    EXPECT_EQ(counts.retried, 1U);
    EXPECT_GT(counts.rejected, 3U);
    EXPECT_GT(counts.sent, 0U);
    EXPECT_EQ(counts.dropped, 0U);
    EXPECT_THAT(counts.last_error, HasSubstr("3 rejected: over quota"));
}

TEST_F(Signals, LogsSayWhatHappenedAndWhen) {
    start();
    OtlpOptions logs = options(OtlpSignal::Logs);
    auto transport = http_transport(logs);
    ASSERT_TRUE(transport);
    OtlpLogsExporter exporter(logs, *transport);
    const Clock::time_point begin = live_.run().start.mono;
    ASSERT_TRUE(exporter.start(live_.run(), live_.probes()));
    exporter.on_event({begin + 3s, EventKind::FaultPlanted, "pool of 5"});
    exporter.on_event({begin + 4s, EventKind::ThresholdCrossed, "p(95)<250ms"});
    exporter.on_gap(0, {"postgres", begin + 5s, begin + 7s, "gone", false}, {});
    exporter.on_snapshot(live_.next(true));
    exporter.on_load_end();
    auto verdict = std::make_shared<RunVerdict>();
    verdict->final = true;
    verdict->broke_at = BrokeAt{212, 6};
    verdict->findings = {{"app_pool_exhausted", "high", 5.5, "busy at 5 of 5"}};
    verdict->thresholds = {{"http_req_duration: p(95)<250ms", false}};
    exporter.on_verdict(verdict);
    exporter.finish(Clock::now() + 30s);

    std::vector<std::string> said;
    for (const json::value& request : requests()) {
        const json::value& of_resource = request.at("resourceLogs").at(0);
        EXPECT_EQ(
            of_resource.at("resource").at("attributes").at("plimsoll.run.id").at("stringValue"),
            json::value(live_.run().id));
        for (const json::value& record :
             of_resource.at("scopeLogs").at(0).at("logRecords").as_array()) {
            const auto wall = live_.run().start.to_wall(begin).time_since_epoch();
            const double at =
                static_cast<double>(number(record.at("timeUnixNano")) -
                                    static_cast<std::uint64_t>(Nanoseconds(wall).count())) /
                1e9;
            said.push_back(fmt::format(
                "{:.1f} {} {}: {}", at, json::value_to<std::string>(record.at("severityText")),
                json::value_to<std::string>(
                    record.at("attributes").at("event.name").at("stringValue")),
                json::value_to<std::string>(record.at("body").at("stringValue"))));
        }
    }
    const std::string& id = live_.run().id;
    EXPECT_THAT(
        said, ElementsAre(
                  "0.0 INFO plimsoll.run_started: live started: run " + id,
                  "3.0 WARN plimsoll.fault_planted: pool of 5",
                  "4.0 ERROR plimsoll.threshold_crossed: p(95)<250ms",
                  "5.0 WARN plimsoll.probe_gap: no readings of postgres for 2.0 s: gone",
                  "6.0 ERROR plimsoll.breaking_point: broke at 212 offered",
                  "5.5 WARN plimsoll.finding: app_pool_exhausted (high confidence): busy at 5 of 5",
                  "1.0 ERROR plimsoll.threshold_failed: http_req_duration: p(95)<250ms failed",
                  "0.0 ERROR plimsoll.run_ended: live ended: run " + id +
                      ", failed http_req_duration: p(95)<250ms"));
    EXPECT_EQ(exporter.deliveries()->sent, 8U);
}

TEST_F(Signals, AreInAFileAsTheyWouldHaveBeenSent) {
    const auto path = folder_.path() / "otlp.jsonl";
    const ExporterPtr exporter = make_otlp_file_exporter(path, OtlpOptions{});
    auto* const verdicts = dynamic_cast<HearsVerdict*>(exporter.get());
    ASSERT_NE(verdicts, nullptr);
    ASSERT_TRUE(exporter->start(live_.run(), live_.probes()));
    auto snapshot = std::make_shared<Snapshot>(*live_.next(true));
    IterationTrace trace;
    trace.trace_id = {0xaa};
    trace.requests.emplace_back();
    snapshot->traces = {trace};
    exporter->on_snapshot(snapshot);
    auto verdict = std::make_shared<RunVerdict>();
    verdict->final = true;
    verdicts->on_verdict(verdict);
    exporter->finish(Clock::now() + 30s);

    std::map<std::string, std::size_t> lines;
    double requests = 0;
    std::istringstream text(test::read_file(path));
    for (std::string line; std::getline(text, line);) {
        const json::object parsed = json::parse(line).as_object();
        ++lines[std::string(parsed.begin()->key())];
        if (const json::value* spans = parsed.if_contains("resourceSpans")) {
            const json::value& span = spans->at(0).at("scopeSpans").at(0).at("spans").at(0);
            EXPECT_EQ(span.at("traceId").as_string(), "aa000000000000000000000000000000");
            EXPECT_EQ(span.at("kind"), 1);
            EXPECT_TRUE(span.at("startTimeUnixNano").is_string());
        }
        if (const json::value* metrics = parsed.if_contains("resourceMetrics")) {
            for (const json::value& each :
                 metrics->at(0).at("scopeMetrics").at(0).at("metrics").as_array()) {
                if (each.at("name").as_string() == "plimsoll_requests") {
                    requests = 0;
                    for (const json::value& point : each.at("sum").at("dataPoints").as_array()) {
                        requests += point.at("asDouble").to_number<double>();
                    }
                }
            }
        }
    }
    EXPECT_EQ(lines, (std::map<std::string, std::size_t>{
                         {"resourceLogs", 2}, {"resourceMetrics", 2}, {"resourceSpans", 1}}));
    EXPECT_EQ(requests, static_cast<double>(snapshot->merged_total().requests));
    EXPECT_EQ(exporter->deliveries()->rejected + exporter->deliveries()->dropped, 0U);
    EXPECT_GT(exporter->deliveries()->sent, 100U);
}

}  // namespace
}  // namespace plimsoll
