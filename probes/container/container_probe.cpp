#include "probes/container/container_probe.hpp"

#include "probes/container/cgroup.hpp"
#include "probes/container/port_owner.hpp"
#include "probes/container/process_tree.hpp"
#include "probes/container/system_files.hpp"
#include "signal/names.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <sched.h>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace plimsoll {
namespace {

enum Metric : std::uint32_t { Cpu, CpuLimit, Periods, Throttled, Memory, MemoryLimit, OomKills };

std::vector<MetricDescriptor> describe_metrics() {
    using enum MetricType;
    const std::vector<std::string> labels{"container", "role"};
    return {
        {metric::kContainerCpuSeconds, Counter, "CPU time used.", labels},
        {metric::kContainerCpuLimit, Gauge, "CPU quota in cores.", labels},
        {metric::kContainerPeriods, Counter, "Quota periods in which it wanted to run.", labels},
        {metric::kContainerThrottled, Counter, "Quota periods in which it was held back.", labels},
        {metric::kContainerMemory, Gauge, "Memory in use, without droppable file cache.", labels},
        {metric::kContainerMemoryLimit, Gauge, "Memory limit.", labels},
        {metric::kContainerOomKills, Counter, "Processes killed for lack of memory.", labels},
    };
}

std::string default_name(const ContainerProbeOptions& options) {
    if (!options.name.empty()) {
        return options.name;
    }
    if (options.pid != 0) {
        return fmt::format("pid:{}", options.pid);
    }
    if (options.port != 0) {
        return fmt::format("port:{}", options.port);
    }
    if (!options.cgroup.empty()) {
        std::string path = options.cgroup;
        while (path.size() > 1 && path.ends_with('/')) {
            path.pop_back();
        }
        return std::filesystem::path(path).filename();
    }
    return options.docker;
}

class ContainerProbe final : public Probe {
public:
    explicit ContainerProbe(ContainerProbeOptions options)
        : options_(std::move(options)), container_(default_name(options_)) {}

    [[nodiscard]] std::string name() const override {
        return (options_.cgroup.empty() && options_.docker.empty() ? "process:" : "container:") +
               container_;
    }
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
    Status find_process();
    Status find_folders();
    Result<CgroupSample> sample();
    void note_facts(const CgroupSample& sample);
    void add(Reading& reading, Metric metric, const std::optional<double>& value) const;

    ContainerProbeOptions options_;
    std::string container_;
    std::vector<MetricDescriptor> descriptors_ = describe_metrics();
    std::vector<std::pair<std::string, std::string>> facts_;
    std::optional<ProcessTree> tree_;  // of a pid or port
    std::optional<CgroupFolders> folders_;
    SteadyCounter cpu_;
};

Status ContainerProbe::start(Clock::time_point) {
    const int sources = (options_.pid != 0 ? 1 : 0) + (options_.port != 0 ? 1 : 0) +
                        (options_.cgroup.empty() ? 0 : 1) + (options_.docker.empty() ? 0 : 1);
    if (sources != 1) {
        return Error{"a container probe wants exactly one of pid, port and cgroup", name()};
    }
    const Result<CgroupSample> first = sample();
    if (!first) {
        return first.error();
    }
    note_facts(*first);
    return {};
}

void ContainerProbe::note_facts(const CgroupSample& sample) {
    facts_.clear();
    facts_.emplace_back("source", tree_ ? "process" : "cgroup");
    facts_.emplace_back("role", options_.role);
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    const pid_t process = tree_ ? tree_->root() : 0;
    if (sched_getaffinity(process, sizeof(allowed), &allowed) == 0) {
        facts_.emplace_back("cpus", std::to_string(CPU_COUNT(&allowed)));
    }
    if (tree_) {
        facts_.emplace_back("pid", std::to_string(process));
        if (const auto stat = read_stat(options_.proc_root, process)) {
            facts_.emplace_back("command", stat->command);
        }
    }
    if (folders_ && folders_->any()) {
        const std::filesystem::path& folder = folders_->cpu.empty()       ? folders_->memory
                                              : folders_->cpuacct.empty() ? folders_->cpu
                                                                          : folders_->cpuacct;
        facts_.emplace_back("cgroup", folder);
        facts_.emplace_back("cgroup_version", std::to_string(folders_->version));
    }
    if (sample.limit_cores) {
        facts_.emplace_back("cpu_limit_cores", fmt::format("{:g}", *sample.limit_cores));
    }
}

Status ContainerProbe::find_process() {
    pid_t pid = options_.pid;
    if (options_.port != 0) {
        const Result<pid_t> listener = find_listener(options_.port, options_.proc_root);
        if (!listener) {
            return Error{listener.error().what, name(), listener.error().hint};
        }
        pid = *listener;
    }
    if (!read_stat(options_.proc_root, pid)) {
        return Error{fmt::format("there is no process {}", pid), name()};
    }
    tree_.emplace(options_.proc_root, pid);
    folders_ = cgroup_of(pid, options_.proc_root, options_.cgroup_root);
    cpu_.rebase();
    return {};
}

Status ContainerProbe::find_folders() {
    const Result<CgroupFolders> found = find_cgroup(options_.cgroup, options_.cgroup_root);
    if (!found) {
        return Error{found.error().what, name(), found.error().hint};
    }
    folders_ = *found;
    cpu_.rebase();
    return {};
}

/// The cgroup's figures, with CPU and memory replaced by the process tree's where there is one.
Result<CgroupSample> ContainerProbe::sample() {
    if (!options_.docker.empty()) {
        return Error{"docker containers come later; use pid, port or cgroup", name()};
    }
    if (!options_.cgroup.empty()) {
        if (!folders_) {
            if (Status found = find_folders(); !found) {
                return found.error();
            }
        }
        const CgroupSample sample = read_cgroup(*folders_);
        if (!sample.cpu_s && !sample.working_set_bytes) {
            folders_.reset();
            return Error{"the cgroup is gone: " + options_.cgroup, name()};
        }
        return sample;
    }
    if (!tree_) {
        if (Status found = find_process(); !found) {
            return found.error();
        }
    }
    const std::optional<ProcessTree::Sample> tree = tree_->sample();
    if (!tree) {
        const pid_t gone = tree_->root();
        if (options_.port != 0) {
            tree_.reset();  // a restarted server has another pid
        }
        return Error{fmt::format("process {} is gone", gone), name()};
    }
    CgroupSample sample = read_cgroup(*folders_);
    sample.cpu_s = tree->cpu_s;
    sample.working_set_bytes = tree->memory_bytes;
    return sample;
}

void ContainerProbe::add(Reading& reading, Metric metric,
                         const std::optional<double>& value) const {
    if (value) {
        reading.values.push_back({metric, {container_, options_.role}, *value});
    }
}

Result<Reading> ContainerProbe::read(Clock::time_point) {
    const Clock::time_point from = Clock::now();
    const Result<CgroupSample> sampled = sample();
    if (!sampled) {
        return sampled.error();
    }
    Reading reading;
    reading.took = Clock::now() - from;
    reading.at = from + reading.took / 2;
    if (sampled->cpu_s) {
        add(reading, Cpu, cpu_.update(*sampled->cpu_s));
    }
    add(reading, CpuLimit, sampled->limit_cores);
    add(reading, Periods, sampled->periods);
    add(reading, Throttled, sampled->throttled_periods);
    add(reading, Memory, sampled->working_set_bytes);
    add(reading, MemoryLimit, sampled->memory_limit_bytes);
    add(reading, OomKills, sampled->oom_kills);
    return reading;
}

}  // namespace

ProbePtr make_container_probe(ContainerProbeOptions options) {
    return std::make_unique<ContainerProbe>(std::move(options));
}

}  // namespace plimsoll
