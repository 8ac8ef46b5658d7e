#include "run/probe_setup.hpp"

#include "probes/app_metrics/app_metrics_probe.hpp"
#include "probes/canary/canary.hpp"
#include "probes/container/container_probe.hpp"
#include "probes/container/listening_process.hpp"
#include "probes/host/host_probe.hpp"
#include "probes/pgbouncer/pgbouncer_probe.hpp"
#include "probes/postgres/postgres_probe.hpp"
#include "probes/postgres/target.hpp"
#include "probes/target/target_probe.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>

namespace plimsoll {
namespace {

// Finer than this, the target's own figures and the machine's say no more, and cost both sides.
constexpr Nanoseconds kScrapePeriod = std::chrono::seconds(1);
constexpr Nanoseconds kHostPeriod = std::chrono::seconds(1);
constexpr Nanoseconds kEngineAnswersWithin = std::chrono::milliseconds(500);

/// "postgres", "postgres-2" ...
std::string numbered(const std::string& name, std::size_t index) {
    return index == 0 ? name : fmt::format("{}-{}", name, index + 1);
}

/// The ports that the DSNs name, of databases and of their poolers.
std::set<std::uint16_t> database_ports(const ProbesConfig& config) {
    std::vector<std::string> dsns;
    for (const PostgresProbeConfig& each : config.postgres) {
        dsns.push_back(each.dsn);
    }
    for (const PgbouncerProbeConfig& each : config.pgbouncer) {
        dsns.push_back(each.dsn);
    }
    std::set<std::uint16_t> ports;
    for (const std::string& dsn : dsns) {
        const auto target = PgTarget::parse(dsn);
        if (!target) {
            continue;  // its own probe complains
        }
        for (const auto& [key, value] : target->parameters()) {
            std::uint16_t port = 0;
            std::from_chars(value.data(), value.data() + value.size(), port);
            if (key == "port" && port != 0) {
                ports.insert(port);
            }
        }
    }
    return ports;
}

/// Makes the probes one after the other; the first Error stays.
class ProbeList {
public:
    ProbeList(const ProbesConfig& config, const TargetUrl& target)
        : config_(config), target_(target) {}

    void add(Result<ProbePtr> made) {
        if (!made) {
            trouble_ = trouble_.ok() ? Status(made.error()) : trouble_;
        } else if (*made != nullptr) {
            probes_.push_back(std::move(*made));
        }
    }
    void add_postgres(const std::string& connect_dsn);
    void add_pgbouncer();
    void add_containers();
    void add_app_metrics();
    void add_canaries();
    void add_host();
    [[nodiscard]] pid_t process_of(const ContainerProbeConfig& container) const;

    Result<std::vector<ProbePtr>> take() {
        if (!trouble_) {
            return trouble_.error();
        }
        return std::move(probes_);
    }

private:
    [[nodiscard]] bool wants(std::string_view canary) const {
        return std::find(config_.canaries_off.begin(), config_.canaries_off.end(), canary) ==
               config_.canaries_off.end();
    }

    const ProbesConfig& config_;
    const TargetUrl& target_;
    std::vector<ProbePtr> probes_;
    std::map<std::string, std::size_t> process_names_;  // how many have each
    Status trouble_;
};

void ProbeList::add_postgres(const std::string& connect_dsn) {
    for (std::size_t i = 0; i < config_.postgres.size(); ++i) {
        const auto& [dsn, name] = config_.postgres[i];
        const auto refusals = std::make_shared<Refusals>();
        add(make_postgres_probe({dsn, name.empty() ? numbered("postgres", i) : name,
                                 config_.interval, true, refusals}));
        if (wants("select_1")) {
            add(make_select_canary({dsn, numbered("select_1", i), kCanaryPeriod, nullptr}));
        }
        if (wants("pg_connect")) {
            add(make_connect_canary({connect_dsn.empty() ? dsn : connect_dsn,
                                     numbered("pg_connect", i), kCanaryPeriod, refusals}));
        }
    }
}

void ProbeList::add_pgbouncer() {
    for (std::size_t i = 0; i < config_.pgbouncer.size(); ++i) {
        const auto& [dsn, name] = config_.pgbouncer[i];
        add(make_pgbouncer_probe(
            {dsn, name.empty() ? numbered("pgbouncer", i) : name, config_.interval}));
        if (wants("pgbouncer_connect")) {
            add(make_pooler_canary(
                {dsn, config_.postgres.empty() ? std::string() : config_.postgres.front().dsn,
                 numbered("pgbouncer_connect", i), kCanaryPeriod}));
        }
    }
}

void ProbeList::add_containers() {
    for (const ContainerProbeConfig& each : config_.containers) {
        ContainerProbeOptions options;
        options.name = each.name;
        options.role = each.role;
        options.pid = each.pid;
        for (const ContainerProbeConfig& other : config_.containers) {
            if (other.pid != 0 && other.pid != each.pid) {
                options.apart.insert(other.pid);
            }
        }
        options.port = each.port;
        options.cgroup = each.cgroup;
        options.docker = each.docker;
        options.label = each.label;
        options.pods = {each.pods, each.name_space};
        options.kubernetes = kubernetes_from_environment();
        if (each.name.empty() && each.pid != 0) {
            // A number is another one in every run: two processes of one name are the first and
            // the second.
            const std::string name = process_name(each.pid);
            options.name = numbered(name, process_names_[name]++);
        }
        const bool processes = each.pid != 0 || each.port != 0;
        options.period = processes ? std::max(config_.interval, kProcessPeriod) : config_.interval;
        add(make_container_probe(std::move(options)));
    }
}

void ProbeList::add_app_metrics() {
    for (std::size_t i = 0; i < config_.app_metrics.size(); ++i) {
        AppMetricsOptions options;
        options.url = config_.app_metrics[i].url;
        options.map = config_.app_metrics[i].map;
        options.name = numbered("app_metrics", i);
        options.period = std::max<Nanoseconds>(config_.interval, kScrapePeriod);
        add(make_app_metrics_probe(std::move(options)));
    }
}

/// The process that a container was given by, or that listens on the port that it was given by;
/// 0: it is neither, or none does.
pid_t ProbeList::process_of(const ContainerProbeConfig& container) const {
    if (container.port == 0 || container.port == target_.port) {
        return container.pid;
    }
    const auto found =
        find_target_process(container.port, HostProbeOptions().proc_root, engine_from_environment(),
                            Clock::now() + kEngineAnswersWithin);
    return found ? *found : 0;
}

/// This machine, and the target's TCP where it runs here. Unasked only what is sure to work: no
/// complaint about what nobody wanted.
void ProbeList::add_host() {
    if (!config_.host.value_or(true)) {
        return;
    }
    HostProbeOptions options;
    options.period = std::max<Nanoseconds>(config_.interval, kHostPeriod);
    add(make_host_probe(options));
    if (target_.host.empty() || !target_.unix_path.empty() || !is_this_machine(target_.host)) {
        return;
    }
    options.side = HostSide::Target;
    options.port = target_.port;
    const bool asked = config_.host.has_value();
    const bool found =
        find_target_process(target_.port, options.proc_root, engine_from_environment(),
                            Clock::now() + kEngineAnswersWithin)
            .ok();
    if (asked || found) {
        add(make_host_probe(options));
    }
    if (found) {
        TargetProbeOptions target;
        target.port = target_.port;
        target.period = config_.interval;
        target.database_ports.merge(database_ports(config_));
        for (const ContainerProbeConfig& each : config_.containers) {
            if (each.pid != 0 && each.role == "database") {
                target.apart.insert(each.pid);
            } else if (each.role == "app") {
                const pid_t pid = process_of(each);
                if (pid != 0) {
                    target.behind.insert(pid);
                }
            }
        }
        add(make_socket_probe(target));
        add(make_thread_probe(target));
    }
}

void ProbeList::add_canaries() {
    if (target_.host.empty() && !config_.canaries.empty()) {
        add(Error{"canaries need a target to send their requests to", "probes.canaries",
                  "add e.g. target: http://127.0.0.1:8080"});
        return;
    }
    const bool over_tcp = !target_.host.empty() && target_.unix_path.empty();
    if (!config_.canaries.empty() && (!over_tcp || target_.scheme != "http")) {
        add(Error{"canaries need a target on plain http over TCP", "probes.canaries", {}});
        return;
    }
    for (const CanaryConfig& each : config_.canaries) {
        add(make_http_canary({each.name, target_.host, target_.port, target_.host_header(),
                              target_.base_path + each.path, kCanaryPeriod}));
    }
    if (!probes_.empty() && over_tcp && wants("tcp_connect")) {
        add(make_tcp_canary({"tcp_connect", target_.host, target_.port, kCanaryPeriod}));
    }
}

}  // namespace

Result<std::vector<ProbePtr>> make_probes(const ProbesConfig& config, const TargetUrl& target,
                                          const std::string& connect_canary_dsn) {
    ProbeList probes(config, target);
    probes.add_postgres(connect_canary_dsn);
    probes.add_pgbouncer();
    probes.add_containers();
    probes.add_app_metrics();
    probes.add_canaries();
    probes.add_host();
    return probes.take();
}

}  // namespace plimsoll
