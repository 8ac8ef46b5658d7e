#include "unit/scenario/dump.hpp"

#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

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
    for (const StatusRange& range : step.expect.statuses) {
        out += fmt::format("    status {}-{}\n", range.low, range.high);
    }
    if (step.think) {
        out += fmt::format("    think {}\n", think(*step.think));
    }
    out += fmt::format("    timeout {}\n", seconds(step.timeout));
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
    constexpr std::array kMetrics{"response", "service",        "failed",     "requests", "dropped",
                                  "checks",   "group duration", "iterations", "sent",     "received",
                                  "probe"};
    constexpr std::array kStatistics{"avg",      "min",  "med",   "max",
                                     "quantile", "rate", "count", "last"};
    constexpr std::array kComparisons{"<", "<=", ">", ">="};
    out +=
        fmt::format("threshold {} {}\n  {} {} {:g} {} {:g}", threshold.key, threshold.expression,
                    kMetrics[static_cast<std::size_t>(threshold.metric)],
                    kStatistics[static_cast<std::size_t>(threshold.statistic)], threshold.quantile,
                    kComparisons[static_cast<std::size_t>(threshold.comparison)], threshold.limit);
    if (!threshold.endpoint.empty()) {
        out += fmt::format(", endpoint {}", threshold.endpoint);
    }
    if (!threshold.endpoints.empty()) {
        out += fmt::format(", endpoints {}", fmt::join(threshold.endpoints, " "));
    }
    if (threshold.status_low != 0) {
        out += fmt::format(", status {}-{}", threshold.status_low, threshold.status_high);
    }
    if (!threshold.outcome.empty()) {
        out += fmt::format(", outcome {}", threshold.outcome);
    }
    if (!threshold.probe_metric.empty()) {
        out += fmt::format(", probe {}", threshold.probe_metric);
    }
    for (const auto& [label, value] : threshold.labels) {
        out += fmt::format(", {}={}", label, value);
    }
    if (threshold.window > Nanoseconds{}) {
        out += fmt::format(", window {}", seconds(threshold.window));
    }
    if (threshold.sla) {
        out += ", sla";
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
        out += fmt::format("  container role {}: docker \"{}\" cgroup \"{}\" pid {} port {}\n",
                           c.role, c.docker, c.cgroup, c.pid, c.port);
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
