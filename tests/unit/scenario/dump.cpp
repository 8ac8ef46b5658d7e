#include "unit/scenario/dump.hpp"

#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace plimsoll {
namespace {

std::string seconds(Nanoseconds duration) {
    return fmt::format("{:g}s", to_seconds(duration));
}

// Rendered for the fourth iteration of the third user, every variable with its name as value; what
// is random shows by its shape only.
std::string render(const Scenario& scenario, const Template& text) {
    Random random(1, 2, 3);
    std::vector<Variable> variables;
    for (const std::string& name : scenario.variables) {
        variables.push_back({ValueType::Text, "<" + name + ">"});
    }
    const std::vector<std::uint64_t> rows(scenario.data.size(), 0);
    std::string missing;
    RenderContext context{2, 3, &random};
    context.variables = variables;
    context.data = scenario.data;
    context.rows = rows;
    context.missing = &missing;
    std::string out;
    if (!text.render(context, out)) {
        out = "no value for " + missing;
    }
    return (text.is_constant() ? "" : "~ ") + out;
}

std::string think(const Think& think) {
    constexpr std::array kKinds{"none", "constant", "uniform", "normal", "exponential"};
    return fmt::format("{} {} {}", kKinds[static_cast<std::size_t>(think.kind)], seconds(think.a),
                       seconds(think.b));
}

std::string selector(const Selector& selector) {
    constexpr std::array kKinds{"pointer", "path", "regex", "header", "cookie", "status", "body"};
    return fmt::format("{} \"{}\"", kKinds[static_cast<std::size_t>(selector.kind())],
                       selector.text());
}

void dump_find(const FindPlan& find, std::string& out) {
    const auto level = [&](const char* name, const std::optional<double>& value) {
        return value ? fmt::format(" {} {:g}", name, *value) : std::string();
    };
    const auto time = [&](const char* name, const std::optional<Nanoseconds>& value) {
        return value ? fmt::format(" {} {}", name, seconds(*value)) : std::string();
    };
    const std::string said = level("start", find.start) + level("max", find.most) +
                             level("precision", find.precision) + time("window", find.window) +
                             time("budget", find.budget) + (find.closed ? " closed" : "");
    out += said.empty() ? "" : "find:" + said + "\n";
}

void dump_check(const Scenario& scenario, const Check& check, std::string& out) {
    constexpr std::array kOps{"exists", "absent", "type",    "==",       "!=",   "<",   "<=",
                              ">",      ">=",     "matches", "contains", "size", "time"};
    constexpr std::array kTypes{"any", "text", "number", "boolean", "null", "json"};
    out += fmt::format("    {} {} {} \"{}\" {}{}", check.id == kUncounted ? "until" : "check",
                       selector(check.selector), kOps[static_cast<std::size_t>(check.op)],
                       check.pattern ? check.pattern->text() : render(scenario, check.operand),
                       kTypes[static_cast<std::size_t>(check.type)], check.array ? " array" : "");
    if (check.high > 0) {
        out += fmt::format(" {:g} to {:g}", check.low, check.high);
    }
    out += check.id == kUncounted ? "\n" : fmt::format(": {}\n", scenario.checks.at(check.id));
}

void dump_flow(const char* what, const Scenario& scenario, const UserClass& user, const Flow& flow,
               std::string& out) {
    constexpr std::array kOps{"request", "think",    "group begin", "group end",
                              "loop",    "loop end", "jump",        "jump unless",
                              "choose",  "parallel", "set",         "end"};
    if (flow.ops.empty()) {
        return;
    }
    out += fmt::format("  {}: {} counters\n", what, flow.counters);
    for (std::size_t at = 0; at < flow.ops.size(); ++at) {
        const Op& op = flow.ops[at];
        out += fmt::format("    {}: {} {} {} -> {}", at, kOps[static_cast<std::size_t>(op.kind)],
                           op.a, op.b, op.target);
        if (op.kind == Op::Kind::Set) {
            out += fmt::format(" {} = {}", scenario.variables.at(op.a),
                               render(scenario, flow.templates.at(op.b)));
        } else if (op.kind == Op::Kind::Think) {
            out += " " + think(user.thinks.at(op.a));
        } else if (op.kind == Op::Kind::GroupBegin) {
            out += " " + scenario.groups.at(op.a);
        } else if (op.kind == Op::Kind::LoopBegin) {
            out += " times " + render(scenario, flow.templates.at(op.b));
        } else if (op.kind == Op::Kind::Choose) {
            for (std::size_t i = op.a; i < op.a + op.b; ++i) {
                out += fmt::format(" [{} -> {}]", flow.choices.at(i).weight,
                                   flow.choices.at(i).target);
            }
        }
        out += "\n";
    }
}

void dump_http(const HttpStepOptions& http, std::string& out) {
    if (http.redirects) {
        out += fmt::format("    redirects {}\n", *http.redirects);
    }
    const std::array parts{std::pair{"connect", http.connect},
                           std::pair{"first_byte", http.first_byte}, std::pair{"body", http.body}};
    for (const auto& [name, value] : parts) {
        if (value) {
            out += fmt::format("    {} timeout {}\n", name, seconds(*value));
        }
    }
    if (http.max_body) {
        out += fmt::format("    max_body {}\n", *http.max_body);
    }
}

/// Nothing where all is as it is without an http block.
void dump_run_http(const HttpOptions& http, std::string& out) {
    const HttpOptions usual;
    if (http.reuse_connections && http.cookies == usual.cookies && http.tls.verify) {
        return;
    }
    out += fmt::format("http reuse {} absolute_form {} cookies {} dns_ttl {}\n",
                       http.reuse_connections, http.absolute_form, static_cast<int>(http.cookies),
                       seconds(http.dns_ttl));
    dump_http(http.defaults, out);
    out += fmt::format("  tls verify {} ca {} cert {} key {} name {} resume {}\n", http.tls.verify,
                       http.tls.ca_file, http.tls.cert_file, http.tls.key_file,
                       http.tls.server_name, http.tls.resume);
    for (const std::string& address : http.local_addresses) {
        out += fmt::format("  from {}\n", address);
    }
}

void dump_step(const Scenario& scenario, const Step& step, std::string& out) {
    constexpr std::array kOnFail{"continue", "next_iteration", "stop_user", "abort_run"};
    out += fmt::format("  step {} {}\n", step.method, render(scenario, step.path));
    const EndpointInfo& endpoint = scenario.endpoints.at(step.endpoint);
    out += fmt::format("    endpoint {}: {} | {} | {}\n", step.endpoint, endpoint.user,
                       endpoint.name, endpoint.method);
    for (const Header& header : step.headers) {
        out += fmt::format("    header {}: {}\n", header.name, render(scenario, header.value));
    }
    if (step.has_body && step.multipart.empty()) {
        out += fmt::format("    body {}{}\n", step.body_from_file ? "of file " : "",
                           render(scenario, step.body));
    }
    for (const FormPart& part : step.multipart) {
        out += fmt::format("    part {} [{}] [{}] {}{}\n", part.name, part.file_name,
                           part.content_type, part.from_file ? "of file " : "",
                           render(scenario, part.value));
    }
    for (const StatusRange& range : step.expect.statuses) {
        out += fmt::format("    status {}-{}\n", range.low, range.high);
    }
    for (const Check& check : step.expect.checks) {
        dump_check(scenario, check, out);
    }
    for (const Capture& capture : step.captures) {
        out += fmt::format("    capture {} ({}) from {}\n", capture.name, capture.variable,
                           selector(capture.selector));
    }
    if (step.until) {
        out += fmt::format("    until every {} at most {}\n", seconds(step.until->every),
                           step.until->max);
        for (const Check& check : step.until->conditions) {
            dump_check(scenario, check, out);
        }
    }
    if (step.on_fail != OnFail::Continue) {
        out += fmt::format("    on_fail {}\n", kOnFail[static_cast<std::size_t>(step.on_fail)]);
    }
    for (const std::string& tag : step.tags) {
        out += fmt::format("    tag {}\n", tag);
    }
    dump_http(step.http, out);
    if (step.think) {
        out += fmt::format("    think {}\n", think(*step.think));
    }
    out += fmt::format("    timeout {}\n", seconds(step.timeout));
}

void dump_user(const Scenario& scenario, const UserClass& user, std::string& out) {
    out += fmt::format("user {} weight {} think {}\n", user.name, user.weight, think(user.think));
    if (user.pacing != Nanoseconds{}) {
        out += fmt::format("  pacing {}\n", seconds(user.pacing));
    }
    for (const Step& step : user.steps) {
        dump_step(scenario, step, out);
    }
    dump_flow("start", scenario, user, user.start, out);
    // A plain sequence of requests is its steps.
    const bool plain = user.flow.ops.size() == user.steps.size() + 1;
    if (!plain) {
        dump_flow("flow", scenario, user, user.flow, out);
    }
    dump_flow("stop", scenario, user, user.stop, out);
    for (const VariableId id : user.kept) {
        out += fmt::format("  keeps {}\n", scenario.variables.at(id));
    }
}

void dump_ground(const Scenario& scenario, std::string& out) {
    for (const std::string& tag : scenario.tags) {
        out += fmt::format("tag {}\n", tag);
    }
    for (const auto& source : scenario.data) {
        constexpr std::array kPicks{"sequential", "random", "unique"};
        out += fmt::format("data {}: {} rows, {}\n", source->name(), source->rows(),
                           kPicks[static_cast<std::size_t>(source->pick())]);
        for (std::uint32_t column = 0; column < source->columns().size(); ++column) {
            std::string value;
            source->append(source->rows() - 1, column, value);
            out += fmt::format("  {} = {}\n", source->columns()[column], value);
        }
    }
    if (!scenario.setup.name.empty()) {
        dump_user(scenario, scenario.setup, out);
    }
    if (!scenario.teardown.name.empty()) {
        dump_user(scenario, scenario.teardown, out);
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
    constexpr std::array kMetrics{"response", "service",  "failed",         "requests",
                                  "dropped",  "checks",   "group duration", "iterations",
                                  "sent",     "received", "probe"};
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

void dump_access(const char* what, const AccessConfig& access, std::string& out) {
    out += fmt::format("{} {} user \"{}\" password \"{}\" token \"{}\" ca \"{}\" verify {}\n", what,
                       access.url, access.user, access.password, access.token, access.ca_file,
                       access.verify_tls);
    for (const auto& [name, value] : access.headers) {
        out += fmt::format("  header {}: {}\n", name, value);
    }
}

void dump_pushed(const ExportConfig& exports, std::string& out) {
    if (exports.otlp_metrics) {
        out += fmt::format("otlp metrics {} delta {} every {}\n", exports.otlp_metrics->endpoint,
                           exports.otlp_metrics->delta.value_or(false),
                           seconds(exports.otlp_metrics->interval.value_or(Nanoseconds(0))));
    }
    if (exports.otlp_logs) {
        out += fmt::format("otlp logs {}\n", exports.otlp_logs->endpoint);
    }
    if (const auto& config = exports.remote_write) {
        dump_access("remote write", config->access, out);
        out += fmt::format("  version {} classic {} native {} every {}\n", config->version,
                           config->classic, config->native, seconds(config->interval));
        for (const auto& [name, value] : config->labels) {
            out += fmt::format("  label {}={}\n", name, value);
        }
        for (const Nanoseconds bound : config->buckets) {
            out += fmt::format("  bucket {}\n", seconds(bound));
        }
    }
    if (const auto& config = exports.grafana) {
        dump_access("grafana", config->access, out);
        out += fmt::format("  board {} tags {}\n", config->dashboard_uid, config->tags.size());
    }
    if (const auto& config = exports.influxdb) {
        dump_access("influxdb", config->access, out);
        out += fmt::format("  database \"{}\" bucket {} of {} every {}\n", config->database,
                           config->bucket, config->organization, seconds(config->interval));
    }
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
            "  container role {}: name \"{}\" docker \"{}\" label \"{}\" pods \"{}\" namespace "
            "\"{}\" cgroup \"{}\" pid {} "
            "port {}\n",
            c.role, c.name, c.docker, c.label, c.pods, c.name_space, c.cgroup, c.pid, c.port);
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
        for (const Nanoseconds bound : scenario.exports.prometheus_buckets) {
            out += fmt::format("  bucket {}\n", seconds(bound));
        }
    }
    if (scenario.exports.otlp) {
        out += fmt::format("otlp {} sample {:g}\n", scenario.exports.otlp->endpoint,
                           scenario.exports.otlp->sample);
    }
    dump_pushed(scenario.exports, out);
}

}  // namespace

std::string dump(const Scenario& scenario) {
    std::string out = fmt::format("scenario {}\ntarget {} (Host: {})\n", scenario.name,
                                  scenario.target.to_string(), scenario.target.host_header());
    dump_run_http(scenario.http, out);
    dump_ground(scenario, out);
    for (const UserClass& user : scenario.users) {
        dump_user(scenario, user, out);
    }
    for (const Executor& executor : scenario.load) {
        dump_executor(scenario, executor, out);
    }
    for (const Threshold& threshold : scenario.thresholds) {
        dump_threshold(threshold, out);
    }
    dump_find(scenario.find, out);
    dump_surroundings(scenario, out);
    return out + "text:\n" + scenario.text;
}

}  // namespace plimsoll
