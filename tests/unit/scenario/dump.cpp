#include "unit/scenario/dump.hpp"

#include <array>

#include <fmt/format.h>

namespace plimsoll {
namespace {

std::string seconds(Nanoseconds duration) {
    return fmt::format("{:g}s", to_seconds(duration));
}

// Rendered for the fourth iteration of the third user; what is random shows by its shape only.
std::string render(const Template& text) {
    Random random(1, 2, 3);
    std::string out;
    if (!text.render({2, 3, &random}, out)) {
        out = "-";
    }
    return (text.is_constant() ? "" : "~ ") + out;
}

std::string think(const Think& think) {
    constexpr std::array kKinds{"none", "constant", "uniform", "normal", "exponential"};
    return fmt::format("{} {} {}", kKinds[static_cast<std::size_t>(think.kind)], seconds(think.a),
                       seconds(think.b));
}

std::string dump_options(const HttpStepOptions& options);

void dump_step(const Scenario& scenario, const Step& step, std::string& out) {
    out += fmt::format("  step {} {}\n", step.method, render(step.path));
    const EndpointInfo& endpoint = scenario.endpoints.at(step.endpoint);
    out += fmt::format("    endpoint {}: {} | {} | {}\n", step.endpoint, endpoint.user,
                       endpoint.name, endpoint.method);
    for (const Header& header : step.headers) {
        out += fmt::format("    header {}: {}\n", header.name, render(header.value));
    }
    if (step.has_body) {
        out += fmt::format("    body {}\n", render(step.body));
    }
    if (step.body_from_file) {
        out += "    from that file\n";
    }
    if (const std::string options = dump_options(step.http); !options.empty()) {
        out += fmt::format("    http{}\n", options);
    }
    for (const StatusRange& range : step.expect.statuses) {
        out += fmt::format("    status {}-{}\n", range.low, range.high);
    }
    if (step.think) {
        out += fmt::format("    think {}\n", think(*step.think));
    }
    out += fmt::format("    timeout {}\n", seconds(step.timeout));
}

std::string dump_options(const HttpStepOptions& options) {
    std::string out;
    const auto time = [&](const char* name, const std::optional<Nanoseconds>& value) {
        out += value ? fmt::format(" {} {}", name, seconds(*value)) : "";
    };
    time("connect", options.connect);
    time("first_byte", options.first_byte);
    time("body", options.body);
    out += options.redirects ? fmt::format(" redirects {}", *options.redirects) : "";
    out += options.max_body ? fmt::format(" max_body {}", *options.max_body) : "";
    return out;
}

/// Nothing where all is as it is without an http block.
void dump_http(const HttpOptions& http, std::string& out) {
    const HttpOptions usual;
    const bool same = http.reuse_connections == usual.reuse_connections &&
                      http.cookies == usual.cookies && http.tls.verify &&
                      dump_options(http.defaults).empty();
    if (same) {
        return;
    }
    out += fmt::format("http reuse {} absolute_form {} cookies {} dns_ttl {}{}\n",
                       http.reuse_connections, http.absolute_form,
                       static_cast<int>(http.cookies), seconds(http.dns_ttl),
                       dump_options(http.defaults));
    out += fmt::format("  tls verify {} ca {} cert {} key {} name {} resume {}\n",
                       http.tls.verify, http.tls.ca_file, http.tls.cert_file, http.tls.key_file,
                       http.tls.server_name, http.tls.resume);
    for (const std::string& address : http.local_addresses) {
        out += fmt::format("  from {}\n", address);
    }
}

void dump_executor(const Scenario& scenario, const Executor& executor, std::string& out) {
    out += fmt::format("executor {} ({}), {}, max_vus {}, graceful_stop {}\n  {:g}", executor.name,
                       to_string(executor.kind),
                       executor.arrivals == ArrivalProcess::Poisson ? "poisson" : "uniform",
                       executor.max_vus, seconds(executor.graceful_stop), executor.ramp.start());
    for (const Ramp::Stage& stage : executor.ramp.stages()) {
        out += fmt::format(" -> {:g} in {}", stage.target, seconds(stage.duration));
    }
    out += "\n";
    if (!executor.profile.empty()) {
        out += fmt::format("  profile {}: {}\n", executor.profile, stages_text(executor));
    }
    if (executor.kind == ExecutorKind::RampingVus) {
        out += fmt::format("  graceful_ramp_down {}\n", seconds(executor.graceful_ramp_down));
    }
    if (executor.iterations != 0) {
        out += fmt::format("  {} iterations\n", executor.iterations);
    }
    if (executor.start_time != Nanoseconds{}) {
        out += fmt::format("  starts after {}\n", seconds(executor.start_time));
    }
    for (const std::uint32_t user : executor.users) {
        out += fmt::format("  user class {}\n", scenario.users.at(user).name);
    }
}

void dump_threshold(const Threshold& threshold, std::string& out) {
    constexpr std::array kMetrics{"response", "service", "failed", "requests", "dropped"};
    constexpr std::array kStatistics{"avg", "min", "med", "max", "quantile", "rate", "count"};
    constexpr std::array kComparisons{"<", "<=", ">", ">="};
    out +=
        fmt::format("threshold {} {}\n  {} {} {:g} {} {:g}", threshold.key, threshold.expression,
                    kMetrics[static_cast<std::size_t>(threshold.metric)],
                    kStatistics[static_cast<std::size_t>(threshold.statistic)], threshold.quantile,
                    kComparisons[static_cast<std::size_t>(threshold.comparison)], threshold.limit);
    if (!threshold.endpoint.empty()) {
        out += fmt::format(", endpoint {}", threshold.endpoint);
    }
    if (threshold.abort_on_fail) {
        out += fmt::format(", aborts after {}", seconds(threshold.delay_abort));
    }
    out += "\n";
}

void dump_surroundings(const Scenario& scenario, std::string& out) {
    out += fmt::format("probes every {}\n", seconds(scenario.probes.interval));
    for (const PostgresProbeConfig& postgres : scenario.probes.postgres) {
        out += fmt::format("  postgres {}{}{}\n", postgres.name, postgres.name.empty() ? "" : ": ",
                           postgres.dsn);
    }
    for (const PgbouncerProbeConfig& pgbouncer : scenario.probes.pgbouncer) {
        out += fmt::format("  pgbouncer {}\n", pgbouncer.dsn);
    }
    for (const std::string& canary : scenario.probes.canaries_off) {
        out += fmt::format("  canary {} is off\n", canary);
    }
    for (const ContainerProbeConfig& c : scenario.probes.containers) {
        out += fmt::format(
            "  container role {}: name \"{}\" docker \"{}\" label \"{}\" cgroup \"{}\" pid {} "
            "port {}\n",
            c.role, c.name, c.docker, c.label, c.cgroup, c.pid, c.port);
    }
    for (const AppMetricsConfig& app : scenario.probes.app_metrics) {
        out += fmt::format("  app_metrics {}\n", app.url);
        for (const auto& [figure, selector] : app.map) {
            out += fmt::format("    {} {}\n", figure, selector);
        }
    }
    if (scenario.probes.host) {
        out += fmt::format("  host {}\n", *scenario.probes.host);
    }
    for (const CanaryConfig& canary : scenario.probes.canaries) {
        out += fmt::format("  canary {}: {}\n", canary.name, canary.path);
    }
    if (scenario.exports.prometheus) {
        out += fmt::format("prometheus {} port {}\n", scenario.exports.prometheus->first,
                           scenario.exports.prometheus->second);
    }
    if (scenario.exports.otlp) {
        out += fmt::format("otlp {} sample {:g}\n", scenario.exports.otlp->endpoint,
                           scenario.exports.otlp->sample);
    }
}

}  // namespace

std::string dump(const Scenario& scenario) {
    std::string out = fmt::format("scenario {}\ntarget {} (Host: {})\n", scenario.name,
                                  scenario.target.to_string(), scenario.target.host_header());
    dump_http(scenario.http, out);
    for (const UserClass& user : scenario.users) {
        out +=
            fmt::format("user {} weight {} think {}\n", user.name, user.weight, think(user.think));
        for (const Step& step : user.steps) {
            dump_step(scenario, step, out);
        }
    }
    for (const Executor& executor : scenario.load) {
        dump_executor(scenario, executor, out);
    }
    for (const Threshold& threshold : scenario.thresholds) {
        dump_threshold(threshold, out);
    }
    dump_surroundings(scenario, out);
    return out + "text:\n" + scenario.text;
}

}  // namespace plimsoll
