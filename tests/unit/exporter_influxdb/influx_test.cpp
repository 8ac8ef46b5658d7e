// Lines by the line protocol's own rules.
#include "exporters/influxdb/influx_exporter.hpp"
#include "net/http_server.hpp"

#include <algorithm>
#include <cmath>
#include <mutex>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

const MetricDescriptor kGauge{"plimsoll_pg_backends", MetricType::Gauge, "", {"state", "app"}};
const MetricDescriptor kTimes{"plimsoll_response_seconds", MetricType::Histogram, "", {"endpoint"}};

RunInfo run_info() {
    RunInfo run;
    run.endpoints = {{"reader", "/a b", "GET"}};
    run.start = {Clock::time_point(50s), WallClock::time_point(1000s)};
    return run;
}

SnapshotPtr tick() {
    auto out = std::make_shared<Snapshot>();
    out->from = Clock::time_point(50s);
    out->to = Clock::time_point(51s);
    out->last = true;
    Sample sample;
    sample.due = sample.sent = out->from;
    sample.completed = out->from + 40ms;
    sample.status = 200;
    sample.bytes_sent = 100;
    sample.bytes_received = 2000;
    out->delta.resize(1);
    out->delta[0].record(sample);
    sample.outcome = Outcome::Http5xx;
    sample.status = 500;
    out->delta[0].record(sample);
    out->total = out->delta;
    out->delta_counts.iterations_completed = 7;
    out->total_counts = out->delta_counts;
    out->state.users = 3;
    out->shards.resize(1);
    return out;
}

std::string lines_of(MetricFamily family) {
    MetricFrame frame;
    frame.families.push_back(std::move(family));
    return influx_lines(frame, run_info(), 1234, {true, false}).text;
}

TEST(InfluxLines, EscapeTagsAndLeaveOutEmptyOnes) {
    EXPECT_EQ(lines_of({&kGauge, false, {{{{"state", "idle in, tx=1"}, {"app", ""}}, 2.5}}}),
              "plimsoll_pg_backends,state=idle\\ in\\,\\ tx\\=1 value=2.5 1234\n");
    EXPECT_EQ(lines_of({&kGauge, false, {{{{"state", "a\nb"}, {"app", "c\\"}}, 1}}}),
              "plimsoll_pg_backends,state=a\\ b,app=c\\_ value=1 1234\n");
    EXPECT_EQ(lines_of({&kGauge, false, {{{{"state", "x"}}, std::nan("")}}}), "");
}

TEST(InfluxLines, OfAHistogramHaveItsFigures) {
    Histogram times;
    times.record(1s);
    times.record(3s);
    const std::string lines = lines_of({&kTimes, true, {{{{"endpoint", "/a"}}, 0, &times}}});
    EXPECT_THAT(lines,
                HasSubstr("plimsoll_response_seconds,endpoint=/a count=2i,sum=4,min=1,mean=2,"));
    EXPECT_THAT(lines, HasSubstr(",max=3 1234\n"));
    const Histogram none;
    EXPECT_EQ(lines_of({&kTimes, true, {{{{"endpoint", "/a"}}, 0, &none}}}), "");
}

TEST(InfluxLines, HaveWhatBoardsOfK6AskForUnderItsNames) {
    MetricFrame frame;
    frame.snapshot = tick();
    const std::string lines = influx_lines(frame, run_info(), 1234, {false, true}).text;
    const std::string tags = ",method=GET,name=/a\\ b,user=reader ";
    EXPECT_THAT(lines, HasSubstr("http_reqs" + tags + "value=2 1234\n"));
    EXPECT_THAT(lines, HasSubstr("http_req_failed" + tags + "value=0.5 1234\n"));
    EXPECT_THAT(lines, HasSubstr("http_req_duration" + tags + "count=2i,sum=80,min=40,mean=40,"));
    EXPECT_THAT(lines, HasSubstr(",max=40,value=40 1234\n"));
    EXPECT_THAT(lines, HasSubstr("data_received" + tags + "value=4000 1234\n"));
    EXPECT_THAT(lines, HasSubstr("iterations value=7 1234\n"));
    EXPECT_THAT(lines, HasSubstr("vus value=3 1234\n"));
    EXPECT_THAT(lines, Not(HasSubstr("plimsoll")));
}

TEST(InfluxTarget, IsThatOfTheVersion) {
    InfluxOptions v1;
    v1.access.endpoint = *parse_url("http://h:8086/");
    v1.database = "my db";
    EXPECT_EQ(influx_target(v1), "/write?db=my%20db&precision=ms");
    InfluxOptions v2;
    v2.access.endpoint = *parse_url("http://h:8086/behind");
    v2.bucket = "b";
    v2.organization = "o&o";
    EXPECT_EQ(influx_target(v2), "/behind/api/v2/write?org=o%26o&bucket=b&precision=ms");
}

TEST(InfluxExporter, CountsTheLinesThatWereTaken) {
    std::mutex mutex;
    std::vector<HttpRequest> requests;
    auto server = HttpServer::start({}, [&](const HttpRequest& request, Responder to) {
        const std::lock_guard lock(mutex);
        requests.push_back(request);
        to.send(make_response(requests.size() == 1 ? 503 : 204, "text/plain", ""));
    });
    ASSERT_TRUE(server);
    InfluxOptions options;
    options.access.endpoint = *parse_url(server->url());
    options.database = "k6";
    options.first_wait = 5ms;
    auto exporter = InfluxExporter::make(std::move(options));
    ASSERT_TRUE(exporter);
    ASSERT_TRUE((*exporter)->start(run_info(), {}));
    (*exporter)->on_snapshot(tick());
    auto verdict = std::make_shared<RunVerdict>();
    verdict->final = true;
    (*exporter)->on_verdict(verdict);
    (*exporter)->finish(Clock::now() + 30s);
    const Deliveries counts = *(*exporter)->deliveries();
    ASSERT_EQ(requests.size(), 3U);
    EXPECT_EQ(requests[0].body, requests[1].body);
    EXPECT_THAT(requests[0].body,
                HasSubstr("http_reqs,method=GET,name=/a\\ b,user=reader value=2 1001000\n"));
    const auto lines = [](const HttpRequest& request) {
        return static_cast<std::uint64_t>(
            std::count(request.body.begin(), request.body.end(), '\n'));
    };
    EXPECT_EQ(counts.sent, lines(requests[1]) + lines(requests[2]));
    EXPECT_EQ(counts.retried, 1U);
}

}  // namespace
}  // namespace plimsoll
