#include "probes/canary/canary.hpp"
#include "scripted_server.hpp"
#include "signal/names.hpp"
#include "tests/support/readings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;
using test::values;
using ::testing::HasSubstr;

ProbePtr canary_of(const std::string& host, std::uint16_t port) {
    TcpCanaryOptions options;
    options.host = host;
    options.port = port;
    return make_tcp_canary(options);
}

TEST(TcpCanary, TimesTheHandshakeAndCountsRefusals) {
    test::ScriptedServer server;
    const ProbePtr canary = canary_of("localhost", server.port());
    ASSERT_TRUE(canary->start(Clock::now() + 30s).ok());
    Result<Reading> reading = canary->read(Clock::now() + 30s);
    ASSERT_TRUE(reading.ok());
    const auto seconds = values(*canary, *reading, metric::kCanarySeconds);
    ASSERT_TRUE(seconds.contains("tcp_connect"));
    EXPECT_GT(seconds.at("tcp_connect"), 0);
    EXPECT_LE(seconds.at("tcp_connect"), to_seconds(reading->took));
    server.stop();
    for (int failures = 1; failures <= 2; ++failures) {
        reading = canary->read(Clock::now() + 30s);
        ASSERT_TRUE(reading.ok());
        EXPECT_TRUE(values(*canary, *reading, metric::kCanarySeconds).empty());
        EXPECT_EQ(values(*canary, *reading, metric::kCanaryFailures)["tcp_connect"], failures);
    }
}

TEST(TcpCanary, SaysWhoDidNotAnswer) {
    const Status refused = canary_of("127.0.0.1", 1)->start(Clock::now() + 30s);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().to_string(), "127.0.0.1:1: cannot connect: Connection refused");
    const Status unknown = canary_of("name.invalid", 80)->start(Clock::now() + 30s);
    ASSERT_FALSE(unknown.ok());
    EXPECT_THAT(unknown.error().to_string(), HasSubstr("name.invalid:80: "));
}

}  // namespace
}  // namespace plimsoll
