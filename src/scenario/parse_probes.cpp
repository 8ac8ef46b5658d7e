// What to sample beside the load.
#include "scenario/parts.hpp"
#include "scenario/pod_choice.hpp"
#include "scenario/wording.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr Nanoseconds kShortestInterval = std::chrono::milliseconds(10);
constexpr Nanoseconds kLongestInterval = std::chrono::minutes(1);
constexpr std::uint64_t kHighestPid = 4'194'304;  // the kernel's PID_MAX_LIMIT

// Nothing here ever repeats what was written: it holds a password.
bool looks_like_dsn(std::string_view dsn) {
    const bool url = dsn.starts_with("postgres://") || dsn.starts_with("postgresql://");
    const bool printable = std::none_of(
        dsn.begin(), dsn.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; });
    return printable && (url || dsn.find('=') != std::string_view::npos);
}

std::string label(const Item& item, std::string_view what) {
    const auto text = item.text(what);
    const bool good = text && !text->empty() && text->find_first_of("\n\r\t") == std::string::npos;
    if (text && !good) {
        item.fault(fmt::format("must be {} on one line, not empty", what));
    }
    return good ? *text : std::string();
}

/// What differs between the kinds of DSN; `what` as in "must be a PostgreSQL connection string".
struct DsnKind {
    const char* what;
    const char* map_example;
    const char* key_example;
    const char* text_example;
};
constexpr DsnKind kPostgres{
    "a PostgreSQL connection string", "e.g. postgres: {dsn: \"${env.PLIMSOLL_PG_DSN}\"}",
    "dsn: \"${env.PLIMSOLL_PG_DSN}\"",
    "e.g. postgresql://user@127.0.0.1:5432/app, or host=127.0.0.1 dbname=app"};
constexpr DsnKind kPgbouncer{
    "the connection string of PgBouncer's console",
    "e.g. pgbouncer: {dsn: \"${env.PLIMSOLL_PGBOUNCER_DSN}\"}",
    "dsn: \"${env.PLIMSOLL_PGBOUNCER_DSN}\"",
    "e.g. postgresql://stats@127.0.0.1:6432/pgbouncer, or host=127.0.0.1 port=6432"};

template <typename Config>
void read_server(const Item& item, const DsnKind& kind, std::vector<Config>& probes,
                 std::vector<Secret>& secrets) {
    constexpr std::array<std::string_view, 2> kKnown{"dsn", "name"};
    constexpr std::array<std::string_view, 2> kLater{"interval", "role"};
    if (!item.is_map()) {
        if (item.is_scalar()) {
            secrets.push_back({Secret::Kind::Dsn, item.shared_node()});
        }
        item.fault("must be a map with dsn", kind.map_example);
        return;
    }
    const Fields fields(item, {kKnown, kLater});
    const auto dsn = fields.require("dsn", kind.key_example);
    Config config;
    if (const auto name = fields.get("name")) {
        config.name = label(*name, "a name");
        const bool taken = !config.name.empty() &&
                           std::any_of(probes.begin(), probes.end(), [&](const Config& other) {
                               return other.name == config.name;
                           });
        if (taken) {
            name->fault(fmt::format("must be unique, \"{}\" is another one's", config.name));
        }
    }
    if (!dsn) {
        return;
    }
    if (!dsn->is_scalar()) {
        dsn->wrong_type(kind.what);
        return;
    }
    secrets.push_back({Secret::Kind::Dsn, dsn->shared_node()});
    const auto text = dsn->secret_text();
    if (!text) {
        return;
    }
    if (!looks_like_dsn(*text)) {
        dsn->fault(fmt::format("must be {}", kind.what), kind.text_example);
        return;
    }
    config.dsn = *text;
    probes.push_back(std::move(config));
}

template <typename Config>
void read_servers(const Item& item, const DsnKind& kind, std::vector<Config>& probes,
                  std::vector<Secret>& secrets) {
    for (const Item& one : item.is_list() ? item.items() : std::vector{item}) {
        read_server(one, kind, probes, secrets);
    }
}

void read_pods(const Fields& fields, ContainerProbeConfig& container) {
    if (const auto pods = fields.get("pods")) {
        container.pods = label(*pods, "a label selector of pods");
        if (!container.pods.empty() && !is_pod_selector(container.pods)) {
            pods->fault("must be a label selector as kubectl's -l takes it",
                        "e.g. {pods: \"app=web,tier!=batch\", namespace: shop, role: app}");
        }
    }
    if (const auto name_space = fields.get("namespace")) {
        container.name_space = label(*name_space, "a namespace of Kubernetes");
        if (!container.name_space.empty() && !is_dns_label(container.name_space)) {
            name_space->fault("must be a namespace: lower-case letters, digits and -", "");
        }
        if (!fields.has("pods")) {
            name_space->fault("is of pods alone",
                              "e.g. {pods: app=web, namespace: shop, role: app}");
        }
    }
}

void read_container(const Item& item, std::vector<ContainerProbeConfig>& containers) {
    constexpr std::array<std::string_view, 9> kKnown{
        "docker", "label", "pods", "cgroup", "pid", "port", "role", "namespace", "name"};
    constexpr std::array<std::string_view, 6> kSources{"docker", "label", "pods",
                                                       "cgroup", "pid",   "port"};
    constexpr const char* kExample = "e.g. {port: 8080, role: app}";
    if (!item.require_map("a map with a container and its role", kExample)) {
        return;
    }
    const Fields fields(item, {kKnown});
    const auto given = std::count_if(kSources.begin(), kSources.end(),
                                     [&](std::string_view key) { return fields.has(key); });
    if (given != 1) {
        item.fault(fmt::format("must have exactly one of {}, has {}", any_of(kSources),
                               given == 0 ? std::string("none") : std::to_string(given)),
                   kExample);
    }
    ContainerProbeConfig container;
    if (const auto docker = fields.get("docker")) {
        container.docker = label(*docker, "a container's name");
    }
    if (const auto given_label = fields.get("label")) {
        container.label = label(*given_label, "a label of containers, key or key=value");
    }
    read_pods(fields, container);
    if (const auto name = fields.get("name")) {
        container.name = label(*name, "a name");
    }
    if (const auto cgroup = fields.get("cgroup")) {
        container.cgroup = label(*cgroup, "a cgroup's path");
    }
    if (const auto pid = fields.get("pid")) {
        container.pid = static_cast<int>(pid->whole(1, kHighestPid).value_or(0));
    }
    if (const auto port = fields.get("port")) {
        container.port = static_cast<std::uint16_t>(port->whole(1, 65535).value_or(0));
    }
    if (const auto role = fields.require("role", "role: app, or role: database")) {
        container.role = label(*role, "a role");
    }
    const auto same = std::find_if(containers.begin(), containers.end(), [&](const auto& other) {
        return given == 1 && container.is_same(other);
    });
    if (same != containers.end()) {
        item.fault(fmt::format("is the same container as number {}", same - containers.begin() + 1),
                   "name each once: its CPU would count twice");
    }
    containers.push_back(std::move(container));
}

/// pg_connect: off. True where that is what stands there, right or wrong.
bool read_canary_off(const Item::Named& entry, ProbesConfig& probes) {
    const bool built_in = std::find(kBuiltInCanaries.begin(), kBuiltInCanaries.end(), entry.name) !=
                          kBuiltInCanaries.end();
    const std::string& text = entry.item.node().text;
    const bool off = entry.item.is_scalar() && (text == "off" || text == "false");
    if (off && built_in) {
        probes.canaries_off.push_back(entry.name);
    } else if (off) {
        entry.item.fault(fmt::format("only {} can be switched off", any_of(kBuiltInCanaries)),
                         "leave other canaries out instead");
    } else if (built_in) {
        entry.item.fault("must be off: a canary of this name comes with its probe",
                         fmt::format("e.g. {}: off, or choose another name", entry.name));
    }
    return off || built_in;
}

void read_canary(const Item::Named& entry, ProbesConfig& probes) {
    constexpr std::array<std::string_view, 1> kKnown{"get"};
    if (read_canary_off(entry, probes)) {
        return;
    }
    if (!entry.item.require_map("a map with get", "e.g. no_database: {get: /health}")) {
        return;
    }
    const Fields fields(entry.item, {kKnown, {}, "a canary is a get of a path"});
    const auto get = fields.require("get", "get: /health");
    const auto path = get ? read_path(*get) : std::nullopt;
    if (!path) {
        return;
    }
    if (!path->is_constant()) {
        get->fault("must be the same for every request", "only ${env.NAME} may stand here");
        return;
    }
    probes.canaries.push_back({entry.name, path->text()});
}

void read_app_metrics(const Item& item, std::vector<AppMetricsConfig>& probes) {
    constexpr std::array<std::string_view, 2> kKnown{"url", "map"};
    constexpr std::array<std::string_view, 15> kFigures{
        "pool_size",      "pool_used",  "pool_idle",     "pool_pending",
        "pool_timeouts",  "pool_waits", "workers_size",  "workers_busy",
        "workers_queued", "loop_lag",   "loop_busy",     "gc_pause",
        "gc_cpu",         "cpu",        "scheduler_wait"};
    if (!item.require_map("a map with url", "e.g. {url: http://127.0.0.1:8080/metrics}")) {
        return;
    }
    const Fields fields(item, {kKnown});
    AppMetricsConfig config;
    if (const auto url = fields.require("url", "url: http://127.0.0.1:8080/metrics")) {
        config.url = url->text("a URL").value_or("");
        if (!config.url.starts_with("http://") && !config.url.starts_with("https://")) {
            url->fault("must be an http or https URL", "e.g. http://127.0.0.1:8080/metrics");
        }
    }
    const auto map = fields.get("map");
    if (map && map->require_map("a map of figures to metrics",
                                "e.g. {pool_used: my_pool_busy, pool_size: my_pool_max}")) {
        const Fields figures(*map, {kFigures});
        for (const std::string_view figure : kFigures) {
            if (const auto selector = figures.get(figure)) {
                config.map.emplace_back(figure, label(*selector, "a metric's name"));
            }
        }
    }
    probes.push_back(std::move(config));
}

void read_interval(const Item& item, ProbesConfig& probes) {
    const auto value = item.duration();
    if (value && (*value < kShortestInterval || *value > kLongestInterval)) {
        item.fault(fmt::format("must be from {} to {}, got {}", format_duration(kShortestInterval),
                               format_duration(kLongestInterval), format_duration(*value)),
                   "e.g. interval: 200ms");
    }
    probes.interval = value.value_or(probes.interval);
}

void read_canaries(const Item& item, ProbesConfig& probes) {
    if (!item.require_map("a map of canaries", "e.g. {no_database: {get: /health}}")) {
        return;
    }
    for (const Item::Named& entry : item.named()) {
        read_canary(entry, probes);
    }
}

}  // namespace

ProbesConfig read_probes(const Item& item, std::vector<Secret>& secrets) {
    constexpr std::array<std::string_view, 7> kKnown{
        "interval", "postgres", "pgbouncer", "containers", "canaries", "app_metrics", "host"};
    ProbesConfig probes;
    if (!item.require_map("a map of probes", "e.g. probes: {interval: 200ms}")) {
        return probes;
    }
    const Fields fields(item, {kKnown});
    if (const auto interval = fields.get("interval")) {
        read_interval(*interval, probes);
    }
    if (const auto postgres = fields.get("postgres")) {
        read_servers(*postgres, kPostgres, probes.postgres, secrets);
    }
    if (const auto pgbouncer = fields.get("pgbouncer")) {
        read_servers(*pgbouncer, kPgbouncer, probes.pgbouncer, secrets);
    }
    if (const auto containers = fields.get("containers")) {
        for (const Item& one :
             containers->list("containers", "e.g. containers: [{port: 8080, role: app}]")) {
            read_container(one, probes.containers);
        }
    }
    if (const auto app = fields.get("app_metrics")) {
        for (const Item& one : app->is_list() ? app->items() : std::vector{*app}) {
            read_app_metrics(one, probes.app_metrics);
        }
    }
    if (const auto host = fields.get("host")) {
        probes.host = host->boolean();
    }
    if (const auto canaries = fields.get("canaries")) {
        read_canaries(*canaries, probes);
    }
    return probes;
}

}  // namespace plimsoll
