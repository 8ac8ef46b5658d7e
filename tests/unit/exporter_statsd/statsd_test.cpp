// Lines by StatsD's own rules, and what arrives at a socket.
#include "exporters/statsd/statsd_exporter.hpp"

#include <arpa/inet.h>
#include <cmath>
#include <netinet/in.h>
#include <set>
#include <sys/socket.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

const MetricDescriptor kCount{
    "plimsoll_requests_total", MetricType::Counter, "", {"endpoint", "status"}};
const MetricDescriptor kGauge{"plimsoll_lag", MetricType::Gauge, "", {}};
const MetricDescriptor kTimes{"plimsoll_response_seconds", MetricType::Histogram, "", {"endpoint"}};

MetricFrame frame_of(MetricFamily family) {
    MetricFrame frame;
    frame.families.push_back(std::move(family));
    return frame;
}

TEST(StatsdLines, HaveTagsAndNoneThatAreEmpty) {
    StatsdLines lines;
    EXPECT_THAT(
        lines.lines(frame_of({&kCount, true, {{{{"endpoint", "/a|b:c,d\n"}, {"status", ""}}, 5}}})),
        ElementsAre("plimsoll.requests:5|c|#endpoint:/a_b_c_d_"));
}

TEST(StatsdLines, CountWhatWasAdded) {
    StatsdLines lines;
    const auto of = [](bool of_span, double value) {
        return frame_of({&kCount, of_span, {{{}, value}}});
    };
    // Of the tick: as it is.
    EXPECT_THAT(lines.lines(of(true, 5)), ElementsAre("plimsoll.requests:5|c"));
    EXPECT_THAT(lines.lines(of(true, 0)), IsEmpty());
    // Since the start: what came since the last time, also where it began anew.
    StatsdLines since;
    EXPECT_THAT(since.lines(of(false, 5)), ElementsAre("plimsoll.requests:5|c"));
    EXPECT_THAT(since.lines(of(false, 5)), IsEmpty());
    EXPECT_THAT(since.lines(of(false, 12)), ElementsAre("plimsoll.requests:7|c"));
    EXPECT_THAT(since.lines(of(false, 2)), ElementsAre("plimsoll.requests:2|c"));
}

TEST(StatsdLines, SetAGaugeBelowZeroByWayOfZero) {
    StatsdLines lines;
    EXPECT_THAT(lines.lines(frame_of({&kGauge, false, {{{}, -2.5}}})),
                ElementsAre("plimsoll.lag:0|g", "plimsoll.lag:-2.5|g"));
    EXPECT_THAT(lines.lines(frame_of({&kGauge, false, {{{}, std::nan("")}}})), IsEmpty());
}

TEST(StatsdLines, OfAHistogramHaveItsFigures) {
    Histogram times;
    times.record(1s);
    times.record(3s);
    StatsdLines lines;
    const auto made = lines.lines(frame_of({&kTimes, true, {{{{"endpoint", "/a"}}, 0, &times}}}));
    EXPECT_THAT(made, Contains("plimsoll.response_seconds.count:2|c|#endpoint:/a"));
    EXPECT_THAT(made, Contains("plimsoll.response_seconds.mean:2|g|#endpoint:/a"));
    EXPECT_THAT(made, Contains("plimsoll.response_seconds.max:3|g|#endpoint:/a"));
    EXPECT_EQ(made.size(), 6U);
}

TEST(StatsdLines, AreJoinedUpToADatagramsLength) {
    EXPECT_THAT(datagrams({"aaa", "bbb", "ccc", "dddddddddd", "e"}, 7),
                ElementsAre("aaa\nbbb", "ccc", "dddddddddd", "e"));
    EXPECT_THAT(datagrams({}, 7), IsEmpty());
}

TEST(StatsdPlace, IsAHostAndAPort) {
    for (const char* good : {"127.0.0.1:8125", "localhost:1", "[::1]:8125"}) {
        EXPECT_TRUE(check_statsd_place(good)) << good;
    }
    for (const char* bad :
         {"", "8125", "host", "host:", ":8125", "host:0", "host:65536", "::1:8125", "host:12x"}) {
        EXPECT_FALSE(check_statsd_place(bad)) << bad;
    }
}

/// A UDP socket on loopback.
class Server {
public:
    Server() : socket_(::socket(AF_INET, SOCK_DGRAM, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof(address);
        auto* const raw = static_cast<sockaddr*>(static_cast<void*>(&address));
        EXPECT_EQ(::bind(socket_, raw, size), 0);
        EXPECT_EQ(::getsockname(socket_, raw, &size), 0);
        port_ = ntohs(address.sin_port);
    }
    ~Server() { close(); }
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    void close() {
        if (socket_ >= 0) {
            ::close(socket_);
            socket_ = -1;
        }
    }
    [[nodiscard]] std::string place() const { return "127.0.0.1:" + std::to_string(port_); }
    /// The lines that lie there.
    std::vector<std::string> lines() {
        std::vector<std::string> out;
        std::string buffer(65536, '\0');
        for (;;) {
            const ssize_t size = ::recv(socket_, buffer.data(), buffer.size(), MSG_DONTWAIT);
            if (size < 0) {
                return out;
            }
            EXPECT_LE(size, 1432);
            std::string_view rest(buffer.data(), static_cast<std::size_t>(size));
            while (!rest.empty()) {
                const std::size_t end = std::min(rest.find('\n'), rest.size());
                out.emplace_back(rest.substr(0, end));
                rest.remove_prefix(std::min(end + 1, rest.size()));
            }
        }
    }

private:
    int socket_;
    std::uint16_t port_ = 0;
};

SnapshotPtr tick_of(const RunInfo& run) {
    auto out = std::make_shared<Snapshot>(*nothing_yet(run));
    Sample sample;
    sample.status = 200;
    sample.completed = sample.due + 40ms;
    out->delta[0].record(sample);
    out->total = out->delta;
    out->last = true;
    return out;
}

RunInfo run_info() {
    RunInfo run;
    run.id = "r1";
    run.endpoints = {{"reader", "/a", "GET"}};
    return run;
}

TEST(StatsdExporter, SendsWhatItCounts) {
    Server server;
    StatsdExporter exporter(server.place());
    ASSERT_TRUE(exporter.start(run_info(), {}));
    exporter.on_snapshot(tick_of(run_info()));
    const auto first = server.lines();
    EXPECT_THAT(first, Contains("plimsoll.requests:1|c|#user:reader,endpoint:/a,method:GET,"
                                "outcome:ok,status:200"));
    EXPECT_THAT(first, Contains(StartsWith("plimsoll.run_info:1|g|#run:r1")));
    auto verdict = std::make_shared<RunVerdict>();
    verdict->final = true;
    verdict->findings = {{"max_connections", "high"}};
    exporter.on_verdict(verdict);
    const auto second = server.lines();
    EXPECT_THAT(second, Contains("plimsoll.finding:1|g|#cause:max_connections,confidence:high"));
    EXPECT_THAT(second, testing::Not(Contains(StartsWith("plimsoll.requests"))));
    EXPECT_EQ(exporter.deliveries()->sent, first.size() + second.size());
    EXPECT_EQ(exporter.deliveries()->dropped, 0U);
}

TEST(StatsdExporter, DropsWhatNobodyHears) {
    Server server;
    StatsdExporter exporter(server.place());
    ASSERT_TRUE(exporter.start(run_info(), {}));
    server.close();
    exporter.on_snapshot(tick_of(run_info()));  // of the first datagram the system hears too late
    exporter.on_snapshot(tick_of(run_info()));
    EXPECT_GT(exporter.deliveries()->dropped, 0U);
    EXPECT_THAT(exporter.deliveries()->last_error, HasSubstr("refused"));
}

}  // namespace
}  // namespace plimsoll
