#include "probes/host/host_probe.hpp"

#include "probes/container/cgroup.hpp"
#include "probes/container/system_files.hpp"
#include "probes/container/target_process.hpp"
#include "probes/host/network_figures.hpp"
#include "signal/names.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <ifaddrs.h>
#include <memory>
#include <netinet/in.h>
#include <optional>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

namespace plimsoll {
namespace {

namespace fs = std::filesystem;

enum Metric : std::uint32_t {
    Overflows,
    Drops,
    Sent,
    Resent,
    TimeWait,
    Sockets,
    LocalPorts,
    Cpu,
    Load,
    Memory,
    MemoryAvailable,
    Pressures
};

std::vector<MetricDescriptor> describe_metrics() {
    using enum MetricType;
    const std::vector<std::string> side{"side"};
    return {
        {metric::kHostListenOverflows, Counter, "Connections dropped at a full accept queue.",
         side},
        {metric::kHostListenDrops, Counter, "Connections dropped on their way to a listener.",
         side},
        {metric::kHostSegmentsSent, Counter, "TCP segments sent.", side},
        {metric::kHostSegmentsResent, Counter, "TCP segments sent again.", side},
        {metric::kHostTimeWait, Gauge, "TCP sockets in TIME_WAIT.", side},
        {metric::kHostTcpSockets, Gauge, "TCP sockets in use.", side},
        {metric::kHostLocalPorts, Gauge, "Local ports for outgoing connections.", side},
        {metric::kHostCpuSeconds, Counter, "CPU time in use, per core.", {"side", "cpu"}},
        {metric::kHostLoad, Gauge, "Load average of a minute.", side},
        {metric::kHostMemory, Gauge, "Memory of the machine.", side},
        {metric::kHostMemoryAvailable, Gauge, "Memory that could be had without swapping.", side},
        {metric::kHostPressure,
         Counter,
         "Time in which some or all tasks stalled for want of a resource.",
         {"side", "resource", "share"}},
    };
}

class HostProbe final : public Probe {
public:
    explicit HostProbe(HostProbeOptions options)
        : options_(std::move(options)),
          proc_(options_.proc_root),
          side_(options_.side == HostSide::Generator ? "generator" : "target"),
          target_(options_.port, proc_, options_.docker_host, "host:" + side_) {}

    [[nodiscard]] std::string name() const override { return "host:" + side_; }
    [[nodiscard]] std::span<const MetricDescriptor> descriptors() const override {
        return descriptors_;
    }
    [[nodiscard]] Nanoseconds period() const override { return options_.period; }
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> facts() const override {
        return facts_;
    }
    [[nodiscard]] Status start(Clock::time_point deadline) override;
    [[nodiscard]] Result<Reading> read(Clock::time_point deadline) override;

private:
    void add(Reading& reading, Metric metric, const std::optional<double>& value,
             std::initializer_list<std::string> more = {}) const;
    void add_network(Reading& reading) const;
    void add_cpus(Reading& reading) const;
    void add_machine(Reading& reading) const;

    HostProbeOptions options_;
    fs::path proc_;
    std::string side_;
    std::vector<MetricDescriptor> descriptors_ = describe_metrics();
    std::vector<std::pair<std::string, std::string>> facts_;
    TargetProcess target_;
};

Status HostProbe::start(Clock::time_point deadline) {
    if (options_.side == HostSide::Target) {
        const auto pid = target_.find(deadline);
        if (!pid) {
            return pid.error();
        }
        facts_ = {{"pid", std::to_string(*pid)}};
    }
    const auto first = read(deadline);
    return first ? Status() : Status(first.error());
}

void HostProbe::add(Reading& reading, Metric metric, const std::optional<double>& value,
                    std::initializer_list<std::string> more) const {
    if (value) {
        std::vector<std::string> labels{side_};
        labels.insert(labels.end(), more.begin(), more.end());
        reading.values.push_back({metric, std::move(labels), *value});
    }
}

void HostProbe::add_network(Reading& reading) const {
    const pid_t pid = target_.pid();
    const std::string process = pid == 0 ? std::string("self") : std::to_string(pid);
    const NetworkFigures network = read_network_figures(proc_ / process / "net");
    add(reading, Overflows, network.listen_overflows);
    add(reading, Drops, network.listen_drops);
    add(reading, Sent, network.segments_sent);
    add(reading, Resent, network.segments_resent);
    add(reading, TimeWait, network.time_wait);
    add(reading, Sockets, network.sockets);
    if (pid == 0) {  // /proc/sys shows the reader's namespace
        const auto range = read_small_file(proc_ / "sys/net/ipv4/ip_local_port_range");
        add(reading, LocalPorts, range ? count_ports(*range) : std::nullopt);
    }
}

/// "cpu3 user nice system idle iowait irq softirq steal ...": all but idle and iowait is in use.
/// Time stolen by other machines on the same hardware counts: it is not to be had either.
void HostProbe::add_cpus(Reading& reading) const {
    static const auto per_second = static_cast<double>(sysconf(_SC_CLK_TCK));
    const auto stat = read_small_file(proc_ / "stat");
    for (const std::string_view line : split_lines(stat ? std::string_view(*stat) : "")) {
        const std::vector<std::string_view> words = split_words(line);
        if (words.size() < 9 || !words[0].starts_with("cpu") || words[0] == "cpu") {
            continue;
        }
        double ticks = 0;
        for (const std::size_t field : {1U, 2U, 3U, 6U, 7U, 8U}) {
            ticks += parse_number(words[field]).value_or(0);
        }
        add(reading, Cpu, ticks / per_second, {std::string(words[0].substr(3))});
    }
}

void HostProbe::add_machine(Reading& reading) const {
    constexpr double kKibi = 1024;
    add(reading, Load, read_number(proc_ / "loadavg"));
    const auto memory = read_small_file(proc_ / "meminfo");
    for (const std::string_view line : split_lines(memory ? std::string_view(*memory) : "")) {
        const std::vector<std::string_view> words = split_words(line);
        if (words.size() < 2) {
            continue;
        }
        if (words[0] == "MemTotal:") {
            add(reading, Memory, parse_number(words[1]).value_or(0) * kKibi);
        } else if (words[0] == "MemAvailable:") {
            add(reading, MemoryAvailable, parse_number(words[1]).value_or(0) * kKibi);
        }
    }
    for (const char* resource : kPressureResources) {
        if (const auto text = read_small_file(proc_ / "pressure" / resource)) {
            const Pressure pressure = parse_pressure(*text);
            add(reading, Pressures, pressure.some_s, {resource, "some"});
            add(reading, Pressures, pressure.full_s, {resource, "full"});
        }
    }
}

Result<Reading> HostProbe::read(Clock::time_point deadline) {
    const Clock::time_point from = Clock::now();
    if (options_.side == HostSide::Target) {
        if (const auto pid = target_.current(deadline); !pid) {
            return pid.error();
        }
    }
    Reading reading;
    add_network(reading);
    if (options_.side == HostSide::Generator) {
        add_cpus(reading);
        add_machine(reading);
    }
    reading.took = Clock::now() - from;
    reading.at = from + reading.took / 2;
    if (reading.values.empty()) {
        return Error{"the kernel's figures cannot be read", name(), "is /proc mounted?"};
    }
    return reading;
}

}  // namespace

ProbePtr make_host_probe(HostProbeOptions options) {
    return std::make_unique<HostProbe>(std::move(options));
}

bool is_this_machine(const std::string& host) {
    std::array<char, 256> own{};
    if (host == "localhost" ||
        (gethostname(own.data(), own.size() - 1) == 0 && host == own.data())) {
        return true;
    }
    in_addr v4{};
    in6_addr v6{};
    const bool is_v4 = inet_pton(AF_INET, host.c_str(), &v4) == 1;
    const bool is_v6 = !is_v4 && inet_pton(AF_INET6, host.c_str(), &v6) == 1;
    if (is_v4 && (ntohl(v4.s_addr) >> 24U) == 127) {
        return true;
    }
    ifaddrs* first = nullptr;
    if ((!is_v4 && !is_v6) || getifaddrs(&first) != 0) {
        return false;
    }
    const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> all(first, &freeifaddrs);
    for (const ifaddrs* one = first; one != nullptr; one = one->ifa_next) {
        if (one->ifa_addr == nullptr) {
            continue;
        }
        if (is_v4 && one->ifa_addr->sa_family == AF_INET) {
            const auto* in = reinterpret_cast<const sockaddr_in*>(one->ifa_addr);
            if (in->sin_addr.s_addr == v4.s_addr) {
                return true;
            }
        } else if (is_v6 && one->ifa_addr->sa_family == AF_INET6) {
            const auto* in6 = reinterpret_cast<const sockaddr_in6*>(one->ifa_addr);
            if (IN6_ARE_ADDR_EQUAL(&in6->sin6_addr, &v6)) {
                return true;
            }
        }
    }
    return false;
}

}  // namespace plimsoll
