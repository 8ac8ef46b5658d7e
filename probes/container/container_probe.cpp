#include "probes/container/container_probe.hpp"

#include "probes/container/cgroup.hpp"
#include "probes/container/container_engine.hpp"
#include "probes/container/container_values.hpp"
#include "probes/container/listening_process.hpp"
#include "probes/container/port_owner.hpp"
#include "probes/container/process_tree.hpp"
#include "probes/container/runtime_source.hpp"
#include "probes/container/server_name.hpp"
#include "probes/container/steady_counter.hpp"
#include "probes/container/system_files.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <sched.h>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace plimsoll {
namespace {

// An engine's own figures are no newer than this.
constexpr Nanoseconds kEnginePeriod = std::chrono::seconds(1);
// A server elsewhere may be slow to answer. Nobody waits for it: it is asked again while the others
// are read.
constexpr Nanoseconds kPodsAtStart = std::chrono::seconds(1);

std::string default_name(const ContainerProbeOptions& options) {
    if (!options.name.empty()) {
        return options.name;
    }
    if (options.pid != 0) {
        return process_name(options.pid, options.proc_root);
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
    if (!options.pods.selector.empty()) {
        const PodChoice& pods = options.pods;
        return pods.selector + (pods.name_space.empty() ? "" : '@' + pods.name_space);
    }
    return options.docker.empty() ? options.label : options.docker;
}

class ContainerProbe final : public Probe {
public:
    explicit ContainerProbe(ContainerProbeOptions options)
        : options_(std::move(options)), container_(default_name(options_)) {}

    [[nodiscard]] std::string name() const override {
        const bool process = options_.pid != 0 || options_.port != 0;
        const bool container = !options_.cgroup.empty() || by_runtime();
        return (process || !container ? "process:" : "container:") + container_;
    }
    [[nodiscard]] std::span<const MetricDescriptor> descriptors() const override {
        return descriptors_;
    }
    [[nodiscard]] Nanoseconds period() const override {
        const bool slow = runtime_ && runtime_->slow();
        return slow ? std::max<Nanoseconds>(options_.period, kEnginePeriod) : options_.period;
    }
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> facts() const override {
        return facts_;
    }
    [[nodiscard]] Status start(Clock::time_point deadline) override;
    [[nodiscard]] Result<Reading> read(Clock::time_point deadline) override;

private:
    [[nodiscard]] bool by_runtime() const {
        return !options_.docker.empty() || !options_.label.empty() ||
               !options_.pods.selector.empty();
    }
    Status start_docker(ContainerChoice choice, Clock::time_point deadline);
    Status start_runtime(std::unique_ptr<ContainerRuntime> runtime, Clock::time_point deadline);
    bool is_published(Clock::time_point deadline);
    /// Who was asked, and what was said.
    [[nodiscard]] Error of_runtime(const Error& error) const {
        return {error.where.empty() ? error.what : error.where + ": " + error.what, name(),
                error.hint};
    }
    Status find_process();
    Status find_folders();
    Result<std::vector<ContainerFigures>> sample();
    Result<CgroupSample> sample_process();
    Result<CgroupSample> sample_ended_process();
    bool has_killed();
    Result<CgroupSample> sample_cgroup();
    void note_facts(const std::vector<ContainerFigures>& sample);
    void note_process(pid_t pid);
    void note_cgroup();

    ContainerProbeOptions options_;
    std::string container_;
    std::vector<MetricDescriptor> descriptors_ = describe_container_metrics();
    std::vector<std::pair<std::string, std::string>> facts_;
    std::optional<ProcessTree> tree_;  // of a pid or port
    std::optional<CgroupFolders> folders_;
    std::optional<double> kills_;  // for lack of memory, as the last sample of these folders had it
    std::unique_ptr<RuntimeSource> runtime_;
    SteadyCgroup steady_;
};

Status ContainerProbe::start(Clock::time_point deadline) {
    const int sources = (options_.pid != 0 ? 1 : 0) + (options_.port != 0 ? 1 : 0) +
                        (options_.cgroup.empty() ? 0 : 1) + (options_.docker.empty() ? 0 : 1) +
                        (options_.label.empty() ? 0 : 1) + (options_.pods.selector.empty() ? 0 : 1);
    if (sources != 1) {
        return Error{
            "a container probe wants exactly one of docker, label, pods, cgroup, pid and "
            "port",
            name()};
    }
    if (by_runtime()) {
        const Status begun =
            options_.pods.selector.empty()
                ? start_docker({options_.docker, options_.label, 0}, deadline)
                : start_runtime(
                      make_pod_runtime(options_.kubernetes, options_.pods, options_.cgroup_root),
                      std::min(deadline, Clock::now() + kPodsAtStart));
        if (!begun) {
            return of_runtime(begun.error());
        }
    } else if (options_.port != 0 && is_published(deadline)) {
        tree_.reset();
    }
    const auto first = sample();
    if (!first) {
        return first.error();
    }
    note_facts(*first);
    return {};
}

Status ContainerProbe::start_docker(ContainerChoice choice, Clock::time_point deadline) {
    const std::string host =
        options_.docker_host.empty() ? engine_from_environment() : options_.docker_host;
    return start_runtime(make_engine_runtime(host, std::move(choice)), deadline);
}

Status ContainerProbe::start_runtime(std::unique_ptr<ContainerRuntime> runtime,
                                     Clock::time_point deadline) {
    runtime_ = std::make_unique<RuntimeSource>(std::move(runtime), options_.proc_root,
                                               options_.cgroup_root);
    return runtime_->start(deadline);
}

/// Whether the port is an engine's, for one of its containers: then that is what we watch.
bool ContainerProbe::is_published(Clock::time_point deadline) {
    const Result<pid_t> listener = find_listener(options_.port, options_.proc_root);
    if (listener) {
        const auto stat = read_stat(options_.proc_root, *listener);
        if (stat && !is_engine_proxy(stat->command)) {
            return false;
        }
    }
    if (start_docker({"", "", options_.port}, deadline)) {
        return true;
    }
    runtime_.reset();  // the proxy itself, or nobody
    return false;
}

void ContainerProbe::note_process(pid_t pid) {
    facts_.emplace_back("pid", std::to_string(pid));
    if (const auto stat = read_stat(options_.proc_root, pid)) {
        const auto line = read_small_file(std::filesystem::path(options_.proc_root) /
                                          std::to_string(pid) / "cmdline");
        facts_.emplace_back("command", server_name(stat->command, line.value_or("")));
    }
}

void ContainerProbe::note_cgroup() {
    const std::filesystem::path& folder = folders_->cpu.empty()       ? folders_->memory
                                          : folders_->cpuacct.empty() ? folders_->cpu
                                                                      : folders_->cpuacct;
    facts_.emplace_back("cgroup", folder);
    facts_.emplace_back("cgroup_version", std::to_string(folders_->version));
}

void ContainerProbe::note_facts(const std::vector<ContainerFigures>& sample) {
    facts_.clear();
    const bool process = tree_.has_value();
    facts_.emplace_back("source", runtime_ ? "container" : process ? "process" : "cgroup");
    facts_.emplace_back("role", options_.role);
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    const pid_t pid = process ? tree_->root() : 0;
    if (sched_getaffinity(pid, sizeof(allowed), &allowed) == 0) {
        facts_.emplace_back("cpus", std::to_string(CPU_COUNT(&allowed)));
    }
    if (process) {
        note_process(pid);
    }
    if (runtime_) {
        for (auto& fact : runtime_->facts()) {
            facts_.push_back(std::move(fact));
        }
    } else if (folders_ && folders_->any()) {
        note_cgroup();
    }
    if (!sample.empty() && sample.front().limit_cores) {
        facts_.emplace_back("cpu_limit_cores", fmt::format("{:g}", *sample.front().limit_cores));
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
    tree_.emplace(options_.proc_root, pid, options_.apart);
    steady_.rebase();
    return {};
}

Status ContainerProbe::find_folders() {
    const Result<CgroupFolders> found = find_cgroup(options_.cgroup, options_.cgroup_root);
    if (!found) {
        return Error{found.error().what, name(), found.error().hint};
    }
    folders_ = *found;
    steady_.rebase();
    return {};
}

Result<CgroupSample> ContainerProbe::sample_cgroup() {
    if (!folders_) {
        if (Status found = find_folders(); !found) {
            return found.error();
        }
    }
    const CgroupSample sample = read_cgroup(*folders_);
    if (sample.cpu_s || sample.working_set_bytes) {
        return sample;
    }
    std::error_code ignored;
    for (const std::filesystem::path& folder :
         {folders_->cpu, folders_->cpuacct, folders_->memory}) {
        if (!folder.empty() && std::filesystem::exists(folder, ignored)) {
            return Error{"the cgroup has no figures of CPU time or memory: " + options_.cgroup,
                         name(),
                         "enable the controllers cpuacct (version 1), cpu and memory for it, or "
                         "name its process instead (pid:N, port:N)"};
        }
    }
    folders_.reset();
    return Error{"the cgroup is gone: " + options_.cgroup, name()};
}

/// Whether the kernel has killed in the process's cgroup since it was last read.
bool ContainerProbe::has_killed() {
    const std::optional<double> before = kills_;
    kills_ = folders_ ? read_cgroup(*folders_).oom_kills : std::nullopt;
    return before && kills_ && *kills_ > *before;
}

/// The last word of the cgroup, once, where the kernel ended the process for lack of memory.
Result<CgroupSample> ContainerProbe::sample_ended_process() {
    if (has_killed()) {
        CgroupSample last;
        last.oom_kills = kills_;
        return last;
    }
    folders_.reset();  // who is killed there from now on is somebody else
    kills_.reset();
    const pid_t gone = tree_->root();
    if (options_.port != 0) {
        tree_.reset();  // a restarted server has another pid
    }
    return Error{fmt::format("process {} is gone", gone), name()};
}

/// The cgroup's figures, with CPU and memory replaced by the process tree's.
Result<CgroupSample> ContainerProbe::sample_process() {
    if (!tree_) {
        if (Status found = find_process(); !found) {
            return found.error();
        }
    }
    const std::optional<ProcessTree::Sample> tree = tree_->sample();
    if (!tree) {
        return sample_ended_process();
    }
    // A quota may come later than the process: it is then moved into a cgroup that has one. In
    // version 1 a process that is being killed is listed at the root before it is gone.
    CgroupFolders now = cgroup_of(tree_->root(), options_.proc_root, options_.cgroup_root);
    CgroupSample sample;
    if (folders_ && folders_ != now && has_killed()) {
        sample.oom_kills = kills_;
    } else {
        if (folders_ != now) {
            folders_ = std::move(now);
            steady_.rebase_limits();
        }
        sample = read_cgroup(*folders_);
        kills_ = sample.oom_kills;
    }
    sample.cpu_s = tree->cpu_s;
    sample.working_set_bytes = tree->memory_bytes;
    return sample;
}

Result<std::vector<ContainerFigures>> ContainerProbe::sample() {
    if (runtime_) {
        auto figures = runtime_->sample();
        return figures ? figures : of_runtime(figures.error());
    }
    if (by_runtime()) {
        return Error{"the probe was not started", name()};
    }
    auto sampled = options_.cgroup.empty() ? sample_process() : sample_cgroup();
    if (!sampled) {
        return sampled.error();
    }
    ContainerFigures figures;
    static_cast<CgroupSample&>(figures) = std::move(*sampled);
    figures.name = container_;
    steady_.update(figures);
    return std::vector{std::move(figures)};
}

Result<Reading> ContainerProbe::read(Clock::time_point) {
    const Clock::time_point from = Clock::now();
    const auto sampled = sample();
    if (!sampled) {
        return sampled.error();
    }
    Reading reading;
    reading.took = Clock::now() - from;
    reading.at = from + reading.took / 2;
    for (const ContainerFigures& figures : *sampled) {
        add_container_values(figures, options_.role, reading);
    }
    return reading;
}

}  // namespace

std::string process_name(pid_t pid, const std::string& proc_root) {
    std::ifstream file(fmt::format("{}/{}/comm", proc_root, pid));
    std::string name;
    return std::getline(file, name) && !name.empty() ? name : fmt::format("pid:{}", pid);
}

ProbePtr make_container_probe(ContainerProbeOptions options) {
    return std::make_unique<ContainerProbe>(std::move(options));
}

}  // namespace plimsoll
