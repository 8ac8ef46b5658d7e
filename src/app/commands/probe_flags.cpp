#include "app/commands/probe_flags.hpp"

#include "app/commands/command_line.hpp"
#include "app/commands/flag_text.hpp"
#include "scenario/pod_choice.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <tuple>
#include <utility>

#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr std::array<std::string_view, 5> kKinds{"label:", "pods:", "cgroup:", "pid:", "port:"};

bool has_kind(std::string_view text) {
    for (const std::string_view kind : kKinds) {
        if (text.starts_with(kind)) {
            return true;
        }
    }
    return false;
}

template <typename Number>
bool read_number(std::string_view text, Number& number) {
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    return failed == std::errc() && end == text.data() + text.size() && number > 0;
}

/// SELECTOR[@NAMESPACE]: no selector has an '@'.
bool read_pods(const std::string& text, ContainerProbeConfig& config) {
    const std::size_t at = std::min(text.find('@'), text.size());
    config.pods = text.substr(0, at);
    config.name_space = at < text.size() ? text.substr(at + 1) : "";
    return is_pod_selector(config.pods) && (at == text.size() || is_dns_label(config.name_space));
}

/// The part before '=' where that is a role, and not the label's or selector's own.
std::pair<std::string, std::string> role_and_rest(const std::string& text) {
    const std::size_t equals = text.find('=');
    return equals == std::string::npos || has_kind(text)
               ? std::pair(std::string("app"), text)
               : std::pair(text.substr(0, equals), text.substr(equals + 1));
}

}  // namespace

Result<ContainerProbeConfig> parse_container(const std::string& text) {
    ContainerProbeConfig config;
    std::string what;
    std::tie(config.role, what) = role_and_rest(text);
    const std::size_t colon = what.find(':');
    const std::string value = has_kind(what) ? what.substr(colon + 1) : what;
    bool good = !config.role.empty() && !value.empty();
    if (what.starts_with("label:")) {
        config.label = value;
    } else if (what.starts_with("pods:")) {
        good = good && read_pods(value, config);
    } else if (what.starts_with("cgroup:")) {
        config.cgroup = value;
    } else if (what.starts_with("pid:")) {
        good = good && read_number(value, config.pid);
    } else if (what.starts_with("port:")) {
        good = good && read_number(value, config.port);
    } else {
        config.docker = value;
    }
    if (!good) {
        return Error{fmt::format("must be [ROLE=]NAME, got \"{}\"", text), "--container",
                     "NAME is a container's name, label:KEY=VALUE, pods:SELECTOR[@NAMESPACE], "
                     "cgroup:PATH, pid:N or port:N"};
    }
    return config;
}

void ProbeFlags::add_to(Command& command) {
    command
        .add_option("--pg", pg,
                    "also probe this PostgreSQL; may be repeated; @FILE: its first line. Without "
                    "it, PLIMSOLL_PG_DSN. Keep passwords in ~/.pgpass or a service file: a list "
                    "of processes shows what stands here")
        ->type_name("DSN")
        ->allow_extra_args(false);
    command
        .add_option("--pgbouncer", pgbouncer,
                    "also probe this PgBouncer's console; may be repeated; @FILE as above. Without "
                    "it, PLIMSOLL_PGBOUNCER_DSN")
        ->type_name("DSN")
        ->allow_extra_args(false);
    command
        .add_option("--container", containers,
                    "also probe this container: [ROLE=]NAME, label:K=V, cgroup:PATH, pid:N, "
                    "port:N, or, of Kubernetes' pods on this node, pods:SELECTOR[@NAMESPACE]; the "
                    "role is app unless given")
        ->type_name("NAME")
        ->allow_extra_args(false);
    command
        .add_option("--app-metrics", app_metrics,
                    "also read the target's connection pools from its Prometheus endpoint; @FILE "
                    "as above")
        ->type_name("URL")
        ->allow_extra_args(false);
}

Status ProbeFlags::apply(ProbesConfig& config) const {
    const auto databases =
        flags_or_environment(pg, "--pg", "PLIMSOLL_PG_DSN", !config.postgres.empty());
    const auto poolers = flags_or_environment(pgbouncer, "--pgbouncer", "PLIMSOLL_PGBOUNCER_DSN",
                                              !config.pgbouncer.empty());
    if (!databases || !poolers) {
        return databases ? poolers.error() : databases.error();
    }
    for (const std::string& dsn : *databases) {
        config.postgres.push_back({dsn});
    }
    for (const std::string& dsn : *poolers) {
        config.pgbouncer.push_back({dsn});
    }
    for (const std::string& text : containers) {
        auto container = parse_container(text);
        if (!container) {
            return container.error();
        }
        if (std::any_of(config.containers.begin(), config.containers.end(),
                        [&](const auto& other) { return container->is_same(other); })) {
            return Error{fmt::format("\"{}\" is a container that is given already", text),
                         "--container", "name each once: its CPU would count twice"};
        }
        config.containers.push_back(std::move(*container));
    }
    for (const std::string& text : app_metrics) {
        auto url = flag_text(text, "--app-metrics");
        if (!url) {
            return url.error();
        }
        config.app_metrics.push_back({*std::move(url), {}});
    }
    return {};
}

}  // namespace plimsoll
