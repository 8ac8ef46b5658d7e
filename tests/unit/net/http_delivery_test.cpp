// What becomes of parcels when the other side refuses, asks to wait, hangs, breaks off or is away.
#include "net/http_delivery.hpp"

#include "tests/support/child_process.hpp"
#include "tests/support/scripted_server.hpp"

#include <atomic>
#include <mutex>
#include <thread>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
using test::Answer;
using test::ScriptedServer;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Answer status(int code, const std::string& headers = "") {
    return {fmt::format("HTTP/1.1 {} X\r\nContent-Length: 0\r\n{}\r\n", code, headers)};
}

HttpDeliveryOptions options_for(std::uint16_t port) {
    HttpDeliveryOptions options;
    options.access.endpoint = *parse_url(fmt::format("http://127.0.0.1:{}/in", port));
    options.first_wait = 5ms;
    return options;
}

Parcel parcel(std::string body, std::uint64_t items = 1) {
    return {[body = std::move(body)] {
                HttpRequest request;
                request.method = "POST";
                request.target = "/in?" + body;
                return request;
            },
            items};
}

/// A delivery to a server that answers by the number of the request, from 0.
class Delivery : public testing::Test {
protected:
    using Replies = std::function<Answer(int nth)>;
    void serve(Replies replies) {
        server_.emplace([this, replies = std::move(replies)](const std::string& request, int) {
            const std::lock_guard lock(mutex_);
            const std::size_t from = request.find('?') + 1;
            said_.push_back(request.substr(from, request.find(' ', from) - from));
            return replies(static_cast<int>(said_.size()) - 1);
        });
    }
    HttpDelivery& open(HttpDeliveryOptions options, DeliveryJudge judge = judge_by_status) {
        auto transport = http_transport(options.access);
        EXPECT_TRUE(transport);
        delivery_.emplace(std::move(options), *std::move(transport), std::move(judge));
        return *delivery_;
    }
    HttpDelivery& open() { return open(options_for(server_->port())); }
    std::vector<std::string> said() {
        const std::lock_guard lock(mutex_);
        return said_;
    }

    std::mutex mutex_;
    std::vector<std::string> said_;  // what stood in each request
    std::optional<ScriptedServer> server_;
    std::optional<HttpDelivery> delivery_;
};

TEST_F(Delivery, SendsInOrderAndCountsWhatWasTaken) {
    serve([](int) { return status(204); });
    HttpDelivery& delivery = open();
    delivery.push(parcel("a", 3));
    delivery.push(parcel("b", 4));
    delivery.finish(Clock::now() + 30s);
    EXPECT_THAT(said(), ElementsAre("a", "b"));
    const DeliveryCounts counts = delivery.counts();
    EXPECT_EQ(counts.sent, 7U);
    EXPECT_EQ(counts.retried + counts.rejected + counts.dropped + counts.waiting, 0U);
    EXPECT_EQ(counts.last_error, "");
}

TEST_F(Delivery, SendsAgainAfter5xxAnd429AndABrokenConnectionBeforeWhatComesBehind) {
    serve([](int nth) -> Answer {
        switch (nth) {
            case 0:
                return status(503);
            case 1:
                return status(429, "Retry-After: 0\r\n");
            case 2:
                return {.bytes = "HTTP/1.1 200 OK\r\nContent-Le", .reset = true};
            case 3:
                return status(500);
            default:
                return status(200);
        }
    });
    HttpDelivery& delivery = open();
    delivery.push(parcel("a", 5));
    delivery.push(parcel("b", 2));
    delivery.finish(Clock::now() + 30s);
    EXPECT_THAT(said(), ElementsAre("a", "a", "a", "a", "a", "b"));
    const DeliveryCounts counts = delivery.counts();
    EXPECT_EQ(counts.sent, 7U);
    EXPECT_EQ(counts.retried, 4U);
    EXPECT_EQ(counts.rejected + counts.dropped, 0U);
}

TEST_F(Delivery, NeverSendsAgainWhatWasRefused) {
    serve([](int nth) { return status(nth == 0 ? 400 : 200); });
    HttpDelivery& delivery = open();
    delivery.push(parcel("a", 5));
    delivery.push(parcel("b", 2));
    delivery.finish(Clock::now() + 30s);
    EXPECT_THAT(said(), ElementsAre("a", "b"));
    EXPECT_EQ(delivery.counts().rejected, 5U);
    EXPECT_EQ(delivery.counts().sent, 2U);
    EXPECT_THAT(delivery.counts().last_error, HasSubstr("400"));
}

TEST_F(Delivery, WaitsAsLongAsItIsAskedTo) {
    serve([](int nth) { return status(nth == 0 ? 429 : 200, "Retry-After: 1\r\n"); });
    HttpDelivery& delivery = open();
    const auto began = Clock::now();
    delivery.push(parcel("a"));
    delivery.finish(Clock::now() + 30s);
    EXPECT_GE(Clock::now() - began, 1s);
    EXPECT_EQ(delivery.counts().sent, 1U);
}

TEST_F(Delivery, DropsAtTheEndWhatNobodyTakesAndHangsOnNoOne) {
    serve([](int) -> Answer { return {.bytes = "", .delay = 60s}; });
    HttpDelivery& delivery = open();
    delivery.push(parcel("a", 5));
    delivery.push(parcel("b", 2));
    const auto began = Clock::now();
    delivery.finish(began + 300ms);
    EXPECT_LT(Clock::now() - began, 10s);
    const DeliveryCounts counts = delivery.counts();
    EXPECT_EQ(counts.dropped, 7U);
    EXPECT_EQ(counts.sent + counts.rejected + counts.waiting, 0U);
    delivery.push(parcel("c", 4));
    EXPECT_EQ(delivery.counts().dropped, 11U);
    server_.reset();
}

TEST_F(Delivery, GivesUpInTimeWhereNobodyListens) {
    HttpDeliveryOptions options = options_for(test::free_port());
    options.give_up_after = 100ms;
    HttpDelivery& delivery = open(options);
    delivery.push(parcel("a", 5));
    delivery.finish(Clock::now() + 30s);
    const DeliveryCounts counts = delivery.counts();
    EXPECT_EQ(counts.dropped, 5U);
    EXPECT_GE(counts.retried, 1U);
    EXPECT_THAT(counts.last_error, HasSubstr("connection refused"));
}

TEST_F(Delivery, DropsTheOldestWhereThereIsNoRoom) {
    std::atomic<bool> open_gate = false;
    serve([&](int) { return status(open_gate ? 200 : 503); });
    HttpDeliveryOptions options = options_for(server_->port());
    options.most_items = 10;
    HttpDelivery& delivery = open(options);
    delivery.push(parcel("first", 1));
    while (said().empty()) {  // it is under way, and has left the queue
        std::this_thread::sleep_for(1ms);
    }
    for (const char* body : {"a", "b", "c", "d"}) {
        delivery.push(parcel(body, 4));
    }
    EXPECT_EQ(delivery.counts().dropped, 8U);
    open_gate = true;
    delivery.finish(Clock::now() + 30s);
    const auto all = said();
    EXPECT_EQ(all.at(all.size() - 2), "c");
    EXPECT_EQ(all.back(), "d");
    EXPECT_EQ(delivery.counts().sent, 9U);
    EXPECT_EQ(delivery.counts().dropped, 8U);
}

TEST_F(Delivery, WaitsForRoomWhereAskedTo) {
    serve([](int) { return status(200); });
    HttpDeliveryOptions options = options_for(server_->port());
    options.most_items = 2;
    options.wait_for_room = true;
    HttpDelivery& delivery = open(options);
    for (int i = 0; i < 50; ++i) {
        delivery.push(parcel(std::to_string(i)));
    }
    delivery.finish(Clock::now() + 30s);
    EXPECT_EQ(delivery.counts().sent, 50U);
    EXPECT_EQ(delivery.counts().dropped, 0U);
}

TEST_F(Delivery, TriesAnotherFormAtOnceButNotForEver) {
    serve([](int) { return status(415); });
    HttpDelivery& delivery =
        open(options_for(server_->port()), [](const HttpResponse&) -> DeliveryAnswer {
            return {DeliveryAnswer::Kind::Again, 0, {}};
        });
    delivery.push(parcel("a", 5));
    delivery.finish(Clock::now() + 30s);
    EXPECT_THAT(said(), ElementsAre("a", "a", "a"));
    EXPECT_EQ(delivery.counts().rejected, 5U);
}

TEST_F(Delivery, TellsPartsApart) {
    serve([](int) { return status(200); });
    HttpDelivery& delivery =
        open(options_for(server_->port()), [](const HttpResponse&) -> DeliveryAnswer {
            return {DeliveryAnswer::Kind::Taken, 2, "two were wrong"};
        });
    delivery.push(parcel("a", 5));
    delivery.finish(Clock::now() + 30s);
    EXPECT_EQ(delivery.counts().sent, 3U);
    EXPECT_EQ(delivery.counts().rejected, 2U);
    EXPECT_EQ(delivery.counts().last_error, "two were wrong");
}

TEST_F(Delivery, SendsTheHeadersOfItsAccessAndNeverRepeatsThem) {
    serve([](int) -> Answer {
        return {"HTTP/1.1 403 X\r\nContent-Length: 26\r\n\r\nno such token: sesame-open"};
    });
    HttpDeliveryOptions options = options_for(server_->port());
    options.access.headers = {{"Authorization", "sesame-open"}};
    HttpDelivery& delivery = open(options);
    delivery.push(parcel("a"));
    delivery.finish(Clock::now() + 30s);
    EXPECT_THAT(server_->seen().at(0), HasSubstr("Authorization: sesame-open\r\n"));
    EXPECT_EQ(delivery.counts().last_error, "HTTP status 403: no such token: ***");
}

}  // namespace
}  // namespace plimsoll
