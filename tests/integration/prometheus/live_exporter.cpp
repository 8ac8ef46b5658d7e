// Serves a run's metrics in real time without a run: what dashboards are tested with.
// Prints "listening PORT" and goes on until SIGTERM or SIGINT.
#include "exporters/prometheus/prometheus_exporter.hpp"
#include "tests/integration/prometheus/live_run.hpp"

#include <atomic>
#include <csignal>
#include <cstdio>
#include <thread>

namespace {

std::atomic<bool> stop{false};
static_assert(std::atomic<bool>::is_always_lock_free);  // set by a signal handler

}  // namespace

int main() {
    using namespace plimsoll;
    using namespace std::chrono_literals;
    std::signal(SIGTERM, [](int) { stop = true; });
    std::signal(SIGINT, [](int) { stop = true; });

    test::LiveRun live;
    const auto exporter = make_prometheus_exporter({"127.0.0.1", 0});
    if (const Status started = exporter->start(live.run(), live.probes()); !started) {
        std::fprintf(stderr, "%s\n", started.error().to_string().c_str());
        return 1;
    }
    std::printf("listening %u\n", static_cast<unsigned>(exporter->bound_port()));
    std::fflush(stdout);
    constexpr int kReadingsPerTick = 5;
    for (std::uint64_t i = 0; !stop; ++i) {
        if (i % kReadingsPerTick == 0) {
            exporter->on_snapshot(live.next());
        }
        const double seconds = static_cast<double>(i) / kReadingsPerTick;
        for (std::size_t probe = 0; probe < live.probes().size(); ++probe) {
            exporter->on_reading(probe, live.reading(probe, seconds), test::LiveRun::healthy(i));
        }
        std::this_thread::sleep_until(live.run().start.mono + (i + 1) * 200ms);
    }
    exporter->finish(Clock::now() + 1s);
    return 0;
}
