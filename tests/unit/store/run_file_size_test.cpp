// The run file stays under 40 MB an hour at 50 endpoints: 40e6 / (3600 * 50) = 222 bytes per
// endpoint and second, readings of the probes included.
#include "base/random.hpp"
#include "sample_run.hpp"
#include "store/run_reader.hpp"
#include "store/run_writer.hpp"
#include "tests/support/temp_folder.hpp"

#include <cmath>
#include <iostream>

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

using test::TempFolder;

constexpr std::uint64_t kTicks = 120;
constexpr std::size_t kEndpoints = 50;

RunInfo wide_info() {
    RunInfo info = sample_info();
    info.tick = std::chrono::seconds(1);
    info.endpoints.resize(kEndpoints, {"reader", "/v1/x", "GET"});
    return info;
}

/// Latencies of a healthy service: log-normal around 20 ms, a factor of 1.6 either way; lateness of
/// the generator around 40 µs.
SnapshotPtr wide_tick(std::uint64_t k, std::size_t busy, int rate) {
    auto tick = std::make_shared<Snapshot>(*sample_tick(1));
    tick->tick = k;
    tick->from = kRunStart + std::chrono::seconds(k);
    tick->to = tick->from + std::chrono::seconds(1);
    tick->delta.assign(kEndpoints, {});
    for (std::size_t e = 0; e < busy; ++e) {
        Random random(1, e, k);
        for (int i = 0; i < rate; ++i) {
            const double normal = std::sqrt(-2 * std::log1p(-random.uniform())) *
                                  std::cos(6.283185307179586 * random.uniform());
            Sample sample;
            sample.due = tick->from;
            sample.sent = sample.due + from_seconds(20e-6 + 40e-6 * random.uniform());
            sample.completed = sample.sent + from_seconds(0.020 * std::exp(0.47 * normal));
            sample.status = 200;
            sample.bytes_sent = 180;
            sample.bytes_received = 640;
            tick->delta[e].record(sample);
        }
    }
    return tick;
}

/// Five readings a second of 12 values each, as a PostgreSQL and a process probe give.
void probe_second(RunFileWriter& writer, std::uint64_t k) {
    for (int i = 0; i < 5; ++i) {
        Reading reading;
        reading.at = kRunStart + std::chrono::seconds(k) + std::chrono::milliseconds(200 * i);
        for (int v = 0; v < 12; ++v) {
            reading.values.push_back(
                {0, {"shop", std::to_string(v)}, v < 8 ? static_cast<double>(v + i) : 0.1 * v + i});
        }
        writer.on_reading(0, reading, {});
    }
}

double file_bytes(std::uint64_t ticks, std::size_t busy, int rate) {
    const TempFolder folder;
    RunFileWriter writer(folder.path() / "run.db");
    EXPECT_TRUE(writer.start(wide_info(), sample_probes()).ok());
    for (std::uint64_t k = 0; k < ticks; ++k) {
        probe_second(writer, k);
        writer.on_snapshot(wide_tick(k, busy, rate));
    }
    writer.finish(Clock::now());
    return static_cast<double>(std::filesystem::file_size(folder.path() / "run.db"));
}

/// What one more second costs: an hour makes the empty tables' pages count for nothing.
double bytes_per_second(std::size_t busy, int rate) {
    const double bytes =
        (file_bytes(2 * kTicks, busy, rate) - file_bytes(kTicks, busy, rate)) / kTicks;
    ::testing::Test::RecordProperty("bytes_per_second", std::to_string(bytes));
    std::cout << busy << " endpoints at " << rate << "/s each: " << bytes << " bytes a second, "
              << bytes * 3600 / 1e6 << " MB an hour\n";
    return bytes;
}

TEST(RunFileSize, StaysUnder40MegabytesAnHourAt50EndpointsOf20RequestsASecond) {
    EXPECT_LE(bytes_per_second(kEndpoints, 20) / kEndpoints, 222);
}

TEST(RunFileSize, StaysUnder40MegabytesAnHourAt50EndpointsOf50RequestsASecond) {
    EXPECT_LE(bytes_per_second(kEndpoints, 50) / kEndpoints, 222);
}

TEST(RunFileSize, IdleEndpointsCostNothing) {
    // One busy endpoint's own row, and nothing for the other 49.
    EXPECT_LE(bytes_per_second(1, 20) - bytes_per_second(0, 0), 222);
}

}  // namespace
}  // namespace plimsoll
