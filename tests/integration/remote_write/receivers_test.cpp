// Receivers that speak 2.0, only 1.0, or misbehave.
#include "exporters/remote_write/remote_write_exporter.hpp"
#include "net/http_server.hpp"
#include "tests/integration/prometheus/live_run.hpp"

#include <mutex>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
using test::LiveRun;
using ::testing::HasSubstr;

std::string header(const HttpRequest& request, const char* name) {
    const std::string* value = find_header(request.headers, name);
    return value == nullptr ? "" : *value;
}

bool is_v2(const HttpRequest& request) {
    return header(request, "Content-Type") ==
           "application/x-protobuf;proto=io.prometheus.write.v2.Request";
}

/// Answers as told and keeps what came.
class Receiver {
public:
    using Answer = std::function<HttpResponse(const HttpRequest&, std::size_t nth)>;
    explicit Receiver(Answer answer) : answer_(std::move(answer)) {
        HttpServerOptions options;
        options.max_body_bytes = 16U << 20U;
        auto server = HttpServer::start(options, [this](const HttpRequest& request, Responder to) {
            HttpResponse reply;
            {
                const std::lock_guard lock(mutex_);
                reply = answer_(request, requests_.size());
                requests_.push_back(request);
            }
            to.send(std::move(reply));
        });
        EXPECT_TRUE(server);
        server_.emplace(*std::move(server));
    }
    [[nodiscard]] std::string url() const { return server_->url() + "/api/v1/write?tenant=a"; }
    std::vector<HttpRequest> requests() {
        const std::lock_guard lock(mutex_);
        return requests_;
    }

private:
    std::mutex mutex_;
    Answer answer_;
    std::vector<HttpRequest> requests_;
    std::optional<HttpServer> server_;
};

Deliveries write_to(Receiver& receiver, RemoteWriteOptions options = {}) {
    options.access.endpoint = *parse_url(receiver.url());
    options.first_wait = 5ms;
    auto made = RemoteWriteExporter::make(std::move(options));
    EXPECT_TRUE(made);
    LiveRun live;
    EXPECT_TRUE((*made)->start(live.run(), live.probes()));
    for (int tick = 0; tick < 3; ++tick) {
        (*made)->on_snapshot(live.next(tick == 2));
    }
    (*made)->finish(Clock::now() + 30s);
    return *(*made)->deliveries();
}

TEST(RemoteWriteReceiver, Of10GetsTheSameRequestIn10AndThenOnly10) {
    Receiver receiver([](const HttpRequest& request, std::size_t) {
        return HttpResponse{is_v2(request) ? 415 : 204, {}, ""};
    });
    const Deliveries counts = write_to(receiver);
    const auto requests = receiver.requests();
    ASSERT_GE(requests.size(), 4U);
    for (std::size_t i = 0; i < requests.size(); ++i) {
        EXPECT_EQ(is_v2(requests[i]), i == 0) << i;
        EXPECT_EQ(header(requests[i], "X-Prometheus-Remote-Write-Version"),
                  i == 0 ? "2.0.0" : "0.1.0");
        EXPECT_EQ(header(requests[i], "Content-Encoding"), "snappy");
        EXPECT_EQ(requests[i].target, "/api/v1/write?tenant=a");
    }
    EXPECT_EQ(header(requests[1], "Content-Type"), "application/x-protobuf");
    EXPECT_GT(counts.sent, 0U);
    EXPECT_EQ(counts.rejected + counts.dropped, 0U);
    EXPECT_EQ(counts.last_error, "");
}

TEST(RemoteWriteReceiver, Of20GetsAllOfItIn20) {
    Receiver receiver([](const HttpRequest& request, std::size_t) {
        EXPECT_TRUE(is_v2(request));
        return HttpResponse{204, {{"X-Prometheus-Remote-Write-Samples-Written", "1000000"}}, ""};
    });
    const Deliveries counts = write_to(receiver);
    EXPECT_GT(counts.sent, 0U);
    EXPECT_EQ(counts.rejected + counts.retried, 0U);
}

TEST(RemoteWriteReceiver, ThatWritesAPartHasTheRestCounted) {
    Receiver receiver([](const HttpRequest&, std::size_t) {
        return HttpResponse{400,
                            {{"X-Prometheus-Remote-Write-Samples-Written", "10"},
                             {"X-Prometheus-Remote-Write-Histograms-Written", "1"}},
                            "out of order sample"};
    });
    const Deliveries counts = write_to(receiver);
    EXPECT_EQ(counts.sent, 11 * receiver.requests().size());
    EXPECT_GT(counts.rejected, 0U);
    EXPECT_EQ(counts.retried, 0U);
    EXPECT_THAT(counts.last_error, HasSubstr("out of order sample"));
}

TEST(RemoteWriteReceiver, ThatIsBusyGetsItAgain) {
    Receiver receiver([](const HttpRequest&, std::size_t nth) {
        const int status = nth == 0 ? 503 : nth == 1 ? 429 : nth == 2 ? 500 : 204;
        return HttpResponse{status, {{"Retry-After", "0"}}, ""};
    });
    RemoteWriteOptions options;
    options.version = RemoteWriteOptions::Version::V1;
    const Deliveries counts = write_to(receiver, options);
    EXPECT_EQ(counts.retried, 3U);
    EXPECT_EQ(counts.rejected + counts.dropped, 0U);
    const auto requests = receiver.requests();
    for (std::size_t i = 1; i < 4; ++i) {
        EXPECT_EQ(requests[i].body, requests[0].body);
    }
}

TEST(RemoteWriteReceiver, ThatRefusesGetsNothingAgain) {
    Receiver receiver([](const HttpRequest&, std::size_t) {
        return HttpResponse{400, {}, "bad label"};
    });
    RemoteWriteOptions options;
    options.version = RemoteWriteOptions::Version::V1;
    const Deliveries counts = write_to(receiver, options);
    EXPECT_EQ(counts.sent + counts.retried, 0U);
    EXPECT_GT(counts.rejected, 0U);
    EXPECT_EQ(counts.last_error, "HTTP status 400: bad label");
}

TEST(RemoteWriteReceiver, GetsNoMoreThanSoManySamplesInARequest) {
    Receiver receiver([](const HttpRequest&, std::size_t) { return HttpResponse{204, {}, ""}; });
    RemoteWriteOptions options;
    options.version = RemoteWriteOptions::Version::V1;
    options.most_in_request = 100;
    const Deliveries counts = write_to(receiver, options);
    const std::size_t requests = receiver.requests().size();
    EXPECT_GE(requests * 100, counts.sent);
    EXPECT_LT(requests * 100, counts.sent + 4 * 100);  // three ticks and the end
}

}  // namespace
}  // namespace plimsoll
