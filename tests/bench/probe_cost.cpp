// The probes alone, for as long as asked: what they cost is measured by probe_cost.py.
//
//   probe_cost SECONDS HZ POSTGRES_DSN PGBOUNCER_DSN PID PORT METRICS_URL
//
// PID: a process to look at with its children; 0 for none. PORT: the target's, whose sockets,
// threads and network namespace are looked at. METRICS_URL: the application's own metrics. What a
// run of `plimsoll` reads less often than HZ is read less often here too. Prints one line of JSON:
// wall and CPU seconds of this process, those that each probe spent reading, readings taken and
// due.
#include "probes/app_metrics/app_metrics_probe.hpp"
#include "probes/canary/canary.hpp"
#include "probes/container/container_probe.hpp"
#include "probes/host/host_probe.hpp"
#include "probes/pgbouncer/pgbouncer_probe.hpp"
#include "probes/postgres/postgres_probe.hpp"
#include "probes/target/target_probe.hpp"
#include "signal/probe_runner.hpp"
#include "tests/bench/cpu_seconds.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <utility>

#include <fmt/format.h>

namespace plimsoll {
namespace {

struct Targets {
    std::string dsn;
    std::string pooler;
    int pid;
    std::uint16_t port;
    std::string metrics_url;
};

/// A probe and the CPU time that its readings took.
class MeasuredProbe final : public Probe {
public:
    explicit MeasuredProbe(ProbePtr probe) : probe_(std::move(probe)) {}
    [[nodiscard]] double cpu_s() const { return to_seconds(spent_); }

    [[nodiscard]] std::string name() const override { return probe_->name(); }
    [[nodiscard]] std::span<const MetricDescriptor> descriptors() const override {
        return probe_->descriptors();
    }
    [[nodiscard]] Nanoseconds period() const override { return probe_->period(); }
    [[nodiscard]] bool waits_on_target() const override { return probe_->waits_on_target(); }
    [[nodiscard]] Status start(Clock::time_point deadline) override {
        return probe_->start(deadline);
    }
    [[nodiscard]] Result<Reading> read(Clock::time_point deadline) override {
        const Nanoseconds before = thread_cpu_time();
        Result<Reading> reading = probe_->read(deadline);
        spent_ += thread_cpu_time() - before;
        return reading;
    }
    void finish(Clock::time_point deadline) override { probe_->finish(deadline); }

private:
    ProbePtr probe_;
    Nanoseconds spent_{};
};

std::vector<ProbePtr> all_probes(double hz, const Targets& targets) {
    const Nanoseconds period = from_seconds(1 / hz);
    const auto& [dsn, pooler, pid, port, metrics_url] = targets;
    const auto refusals = std::make_shared<Refusals>();
    std::vector<ProbePtr> probes;
    probes.push_back(std::move(*make_postgres_probe({dsn, "postgres", period, true, refusals})));
    probes.push_back(std::move(*make_pgbouncer_probe({pooler, "pgbouncer", period})));
    if (pid != 0) {
        ContainerProbeOptions container;
        container.role = "database";
        container.pid = pid;
        container.period = std::max(period, kProcessPeriod);
        probes.push_back(make_container_probe(std::move(container)));
    }
    AppMetricsOptions metrics;
    metrics.url = metrics_url;
    metrics.period = std::max(period, metrics.period);
    probes.push_back(std::move(*make_app_metrics_probe(std::move(metrics))));
    HostProbeOptions host;
    probes.push_back(make_host_probe(host));
    host.side = HostSide::Target;
    host.port = port;
    probes.push_back(make_host_probe(host));
    TargetProbeOptions target;
    target.port = port;
    target.period = period;
    probes.push_back(make_socket_probe(target));
    probes.push_back(make_thread_probe(target));
    probes.push_back(std::move(*make_select_canary({dsn, "", kCanaryPeriod, nullptr})));
    probes.push_back(std::move(*make_connect_canary({dsn, "", kCanaryPeriod, refusals})));
    probes.push_back(
        std::move(*make_pooler_canary({pooler, dsn, "pgbouncer_connect", kCanaryPeriod})));
    return probes;
}

int measure(double seconds, std::vector<ProbePtr> probes) {
    std::vector<const MeasuredProbe*> measured;
    for (ProbePtr& probe : probes) {
        auto with_clock = std::make_unique<MeasuredProbe>(std::move(probe));
        measured.push_back(with_clock.get());
        probe = std::move(with_clock);
    }
    ProbeRunner runner(std::move(probes), {[](std::size_t, const Reading&, const ProbeHealth&) {},
                                           [](std::size_t, const Gap&, const ProbeHealth&) {}});
    for (const Status& status : runner.start(std::chrono::seconds(30))) {
        if (!status) {
            std::fprintf(stderr, "%s\n", status.error().to_string().c_str());
            return 1;
        }
    }
    const double cpu = cpu_seconds();
    const Clock::time_point from = Clock::now();
    runner.begin();
    std::this_thread::sleep_for(from_seconds(seconds));
    const double used = cpu_seconds() - cpu;
    const double wall = to_seconds(Clock::now() - from);
    runner.stop();
    std::uint64_t readings = 0;
    std::uint64_t expected = 0;
    for (const ProbeHealth& health : runner.health()) {
        readings += health.readings;
        expected += health.expected;
    }
    std::string parts;
    for (const MeasuredProbe* probe : measured) {
        parts += fmt::format("{}\"{}\": {:.6f}", parts.empty() ? "" : ", ", probe->name(),
                             probe->cpu_s());
    }
    std::puts(
        fmt::format(
            R"({{"wall_s": {:.6f}, "cpu_s": {:.6f}, "probes": {{{}}}, "readings": {}, "expected": {}}})",
            wall, used, parts, readings, expected)
            .c_str());
    return 0;
}

}  // namespace
}  // namespace plimsoll

int main(int count, char** words) {
    if (count != 8) {
        std::fprintf(
            stderr,
            "usage: probe_cost SECONDS HZ POSTGRES_DSN PGBOUNCER_DSN PID PORT METRICS_URL\n");
        return 2;
    }
    return plimsoll::measure(
        std::atof(words[1]),
        plimsoll::all_probes(std::atof(words[2]),
                             {words[3], words[4], std::atoi(words[5]),
                              static_cast<std::uint16_t>(std::atoi(words[6])), words[7]}));
}
