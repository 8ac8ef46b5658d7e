// Annotations as Grafana's HTTP API has them:
// https://grafana.com/docs/grafana/latest/developers/http_api/annotations/
#include "exporters/grafana/grafana_exporter.hpp"
#include "net/http_server.hpp"

#include <mutex>

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
namespace json = boost::json;

RunInfo run_info() {
    RunInfo run;
    run.id = "r1";
    run.scenario_name = "checkout";
    run.start = {Clock::time_point(50s), WallClock::time_point(1000s)};
    return run;
}

TEST(Annotation, OfAPointHasATimeAndNoEnd) {
    GrafanaOptions options;
    options.tags = {"nightly"};
    const json::value made = json::parse(annotation_of(
        {Clock::time_point(51s) + 500ms, std::nullopt, "note", "a <b> & c"}, run_info(), options));
    EXPECT_EQ(made, json::parse(R"({"time": 1001500,
        "tags": ["plimsoll", "run:r1", "scenario:checkout", "note", "nightly"],
        "text": "a &lt;b&gt; &amp; c"})"));
}

TEST(Annotation, OfAStretchIsARegionOfItsBoard) {
    GrafanaOptions options;
    options.dashboard_uid = "board";
    const json::value made = json::parse(
        annotation_of({Clock::time_point(51s), Clock::time_point(60s), "probe_gap", "silent"},
                      run_info(), options));
    EXPECT_EQ(made.at("time"), 1001000);
    EXPECT_EQ(made.at("timeEnd"), 1010000);
    EXPECT_EQ(made.at("dashboardUID"), "board");
}

/// A Grafana that answers as told.
class Annotations : public testing::Test {
protected:
    void serve(std::function<int(std::size_t)> status) {
        auto server =
            HttpServer::start({}, [this, status](const HttpRequest& request, Responder to) {
                const std::lock_guard lock(mutex_);
                requests_.push_back(request);
                to.send(make_response(status(requests_.size() - 1), "application/json",
                                      R"({"message":"Annotation added","id":1})"));
            });
        ASSERT_TRUE(server);
        server_.emplace(*std::move(server));
    }
    Deliveries run() {
        GrafanaOptions options;
        options.access.endpoint = *parse_url(server_->url() + "/grafana/");
        options.access.headers = {{"Authorization", "Bearer sesame-open"}};
        options.first_wait = 5ms;
        auto exporter = GrafanaExporter::make(std::move(options));
        EXPECT_TRUE(exporter);
        EXPECT_TRUE((*exporter)->start(run_info(), {}));
        (*exporter)->on_event({Clock::time_point(52s), EventKind::StageChanged, "ramp: stage 2"});
        auto verdict = std::make_shared<RunVerdict>();
        verdict->final = true;
        (*exporter)->on_verdict(verdict);
        (*exporter)->finish(Clock::now() + 30s);
        return *(*exporter)->deliveries();
    }

    std::mutex mutex_;
    std::vector<HttpRequest> requests_;
    std::optional<HttpServer> server_;
};

TEST_F(Annotations, AreSentAsTheyHappen) {
    serve([](std::size_t) { return 200; });
    const Deliveries counts = run();
    EXPECT_EQ(counts.sent, 3U);
    std::vector<std::string> texts;
    for (const HttpRequest& request : requests_) {
        EXPECT_EQ(request.target, "/grafana/api/annotations");
        EXPECT_EQ(*find_header(request.headers, "Authorization"), "Bearer sesame-open");
        texts.push_back(json::value_to<std::string>(json::parse(request.body).at("text")));
    }
    EXPECT_THAT(texts, ElementsAre("checkout started: run r1", "ramp: stage 2",
                                   "checkout ended: run r1, all thresholds held"));
}

TEST_F(Annotations, ThatAreRefusedAreCountedAndSentAgainWhereThatHelps) {
    serve([](std::size_t nth) { return nth == 0 ? 401 : nth == 1 ? 502 : 200; });
    const Deliveries counts = run();
    EXPECT_EQ(counts.sent, 2U);
    EXPECT_EQ(counts.rejected, 1U);
    EXPECT_EQ(counts.retried, 1U);
    EXPECT_THAT(counts.last_error, testing::Not(HasSubstr("sesame")));
}

}  // namespace
}  // namespace plimsoll
