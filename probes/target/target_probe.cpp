#include "probes/target/target_probe.hpp"

#include "probes/container/target_process.hpp"
#include "probes/target/pace.hpp"
#include "probes/target/target_sockets.hpp"
#include "probes/target/thread_figures.hpp"
#include "signal/names.hpp"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace plimsoll {
namespace {

using Facts = std::vector<std::pair<std::string, std::string>>;

// Of a core: a hundred threads take half a millisecond.
constexpr double kThreads = 0.001;

bool has(ProcessTree tree, pid_t pid) {
    (void)tree.sample();
    const std::vector<pid_t> members = tree.members();
    return std::find(members.begin(), members.end(), pid) != members.end();
}

/// Those of `behind` that are not the target itself: neither below it nor above it.
std::set<pid_t> others_of(const TargetProbeOptions& options, pid_t target) {
    std::set<pid_t> others;
    for (const pid_t pid : options.behind) {
        if (!has({options.proc_root, target, options.apart}, pid) &&
            !has({options.proc_root, pid, options.apart}, target)) {
            others.insert(pid);
        }
    }
    return others;
}

/// What both have in common: a target that is found by its port, and again after a restart.
class TargetProbe : public Probe {
public:
    TargetProbe(TargetProbeOptions options, std::string name, Nanoseconds period,
                std::vector<MetricDescriptor> descriptors)
        : options_(std::move(options)),
          name_(std::move(name)),
          period_(period),
          descriptors_(std::move(descriptors)),
          target_(options_.port, options_.proc_root, options_.docker_host, name_) {}

    [[nodiscard]] std::string name() const override { return name_; }
    [[nodiscard]] std::span<const MetricDescriptor> descriptors() const override {
        return descriptors_;
    }
    [[nodiscard]] Nanoseconds period() const override { return period_; }
    [[nodiscard]] Facts facts() const override { return facts_; }

    [[nodiscard]] Status start(Clock::time_point deadline) override {
        if (const auto pid = target_.find(deadline); !pid) {
            return pid.error();
        }
        const auto first = read(deadline);
        return first ? Status() : Status(first.error());
    }

    [[nodiscard]] Result<Reading> read(Clock::time_point deadline) override {
        const Clock::time_point from = Clock::now();
        const auto pid = target_.current(deadline);
        if (!pid) {
            return pid.error();
        }
        if (*pid != pid_) {
            pid_ = *pid;
            begin(pid_);
        }
        Reading reading;
        if (Status looked = look(reading); !looked) {
            pid_ = 0;
            return Error{looked.error().what, name_, looked.error().hint};
        }
        reading.took = Clock::now() - from;
        reading.at = from + reading.took / 2;
        return reading;
    }

protected:
    /// The target is this process from now on.
    virtual void begin(pid_t pid) = 0;
    [[nodiscard]] virtual Status look(Reading& reading) = 0;

    TargetProbeOptions options_;
    Facts facts_;

private:
    std::string name_;
    Nanoseconds period_;
    std::vector<MetricDescriptor> descriptors_;
    TargetProcess target_;
    pid_t pid_ = 0;
};

enum SocketMetric : std::uint32_t {
    AcceptQueue,
    AcceptLimit,
    Connections,
    Unread,
    UnreadBytes,
    Waiting,
    LongestWait,
    Workers
};

std::vector<MetricDescriptor> describe_sockets() {
    using enum MetricType;
    const std::vector<std::string> peer{"peer", "remote"};
    return {
        {metric::kTargetAcceptQueue, Gauge, "Connections that the target has not accepted.", {}},
        {metric::kTargetAcceptLimit, Gauge, "Connections that may wait to be accepted.", {}},
        {metric::kTargetConnections, Gauge, "The target's connections.", peer},
        {metric::kTargetUnread, Gauge, "Connections with bytes that it has not read.", peer},
        {metric::kTargetUnreadBytes, Gauge, "Bytes received and not read.", peer},
        {metric::kTargetWaiting, Gauge, "Connections on which it waits for an answer.", peer},
        {metric::kTargetLongestWait, Gauge, "The longest of these waits so far.", peer},
        {metric::kTargetWorkers, Gauge, "Processes that serve its port.", {}},
    };
}

class SocketProbe final : public TargetProbe {
public:
    explicit SocketProbe(const TargetProbeOptions& options)
        : TargetProbe(options, "target:sockets", options.period, describe_sockets()) {}

protected:
    void begin(pid_t pid) override {
        target_pid_ = pid;
        behind_ = others_of(options_, pid);
        sockets_.emplace(TargetSocketsOptions{pid, options_.port, options_.database_ports,
                                              options_.proc_root, true, options_.apart, behind_});
    }
    [[nodiscard]] Status look(Reading& reading) override;

private:
    pid_t target_pid_ = 0;
    std::set<pid_t> behind_;
    std::optional<TargetSockets> sockets_;
};

Status SocketProbe::look(Reading& reading) {
    const auto figures = sockets_->sample(Clock::now());
    if (!figures) {
        return figures.error();
    }
    facts_ = {{"pid", std::to_string(target_pid_)}, {"source", std::string(sockets_->source())}};
    if (!behind_.empty()) {
        facts_.emplace_back("behind", fmt::format("{}", fmt::join(behind_, ",")));
    }
    const auto add = [&](SocketMetric metric, const std::optional<double>& value,
                         std::vector<std::string> labels) {
        if (value) {
            reading.values.push_back({metric, std::move(labels), *value});
        }
    };
    add(AcceptQueue, figures->accept_queue, {});
    add(AcceptLimit, figures->accept_limit, {});
    add(Workers, figures->workers, {});
    for (const auto& [key, peer] : figures->peers) {
        const std::vector<std::string> labels{std::string(peer_name(key.peer)), key.remote};
        add(Connections, peer.connections, labels);
        add(Unread, peer.unread, labels);
        add(UnreadBytes, peer.unread_bytes, labels);
        add(Waiting, peer.waiting, labels);
        add(LongestWait, peer.longest_wait_s, labels);
    }
    return {};
}

enum ThreadMetric : std::uint32_t { Processes, Threads, AtWork, Hottest, RunDelay, GcCpu };

std::vector<MetricDescriptor> describe_threads() {
    using enum MetricType;
    return {
        {metric::kTargetProcesses, Gauge, "The target's processes.", {}},
        {metric::kTargetThreads, Gauge, "Their threads.", {}},
        {metric::kTargetThreadsAtWork, Gauge, "Threads among which their work is shared out.", {}},
        {metric::kTargetHottest,
         Gauge,
         "Share of a core that the busiest thread used, but for those that collect garbage.",
         {}},
        {metric::kTargetRunDelay, Counter, "Time that threads waited for a CPU.", {}},
        {metric::kTargetGcCpu, Counter, "CPU time of threads that collect garbage.", {}},
    };
}

class ThreadProbe final : public TargetProbe {
public:
    explicit ThreadProbe(const TargetProbeOptions& options)
        : TargetProbe(options, "target:threads", std::max(options.period, kThreadsPeriod),
                      describe_threads()) {}

protected:
    void begin(pid_t pid) override {
        watch_.emplace(options_.proc_root, pid, options_.apart, others_of(options_, pid));
        facts_ = {{"pid", std::to_string(pid)}};
        pace_ = Pace(kThreads);
    }
    [[nodiscard]] Status look(Reading& reading) override;

private:
    std::optional<ThreadWatch> watch_;
    std::optional<ThreadFigures> last_;
    Pace pace_{kThreads};
};

Status ThreadProbe::look(Reading& reading) {
    const Clock::time_point now = Clock::now();
    if (pace_.due(now)) {
        last_ = pace_.run([&] { return watch_->sample(now); });
    }
    if (!last_) {
        return Error{"its threads cannot be looked at", "", "does it run?"};
    }
    const auto add = [&](ThreadMetric metric, const std::optional<double>& value) {
        if (value) {
            reading.values.push_back({metric, {}, *value});
        }
    };
    add(Processes, last_->processes);
    add(Threads, last_->threads);
    add(AtWork, last_->at_work);
    add(Hottest, last_->hottest_ratio);
    add(RunDelay, last_->run_delay_s);
    add(GcCpu, last_->gc_cpu_s);
    return {};
}

}  // namespace

ProbePtr make_socket_probe(TargetProbeOptions options) {
    options.period = std::max(options.period, kSocketsPeriod);
    return std::make_unique<SocketProbe>(options);
}

ProbePtr make_thread_probe(TargetProbeOptions options) {
    return std::make_unique<ThreadProbe>(options);
}

}  // namespace plimsoll
