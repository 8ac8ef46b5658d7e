#include "app/plan.hpp"

#include "app/request_estimate.hpp"
#include "base/units.hpp"
#include "probes/postgres/target.hpp"
#include "run/exporter_kinds.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr std::size_t kCurveWidth = 60;

std::string level_text(const Executor& executor, double level) {
    return is_open(executor.kind) ? format_rate(Rate::per_second(level))
                                  : fmt::format("{:.0f}", level);
}

/// The level over the whole scenario, in one line.
std::string curve(const Executor& executor, Nanoseconds length, double highest, bool unicode) {
    constexpr std::array<std::string_view, 9> kBlocks{" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    constexpr std::array<std::string_view, 9> kLetters{" ", ".", ":", "-", "=", "+", "*", "#", "@"};
    const auto& marks = unicode ? kBlocks : kLetters;
    std::string line;
    for (std::size_t column = 0; column < kCurveWidth && highest > 0; ++column) {
        const double at_s = to_seconds(length) * (static_cast<double>(column) + 0.5) / kCurveWidth;
        const auto offset = Nanoseconds(std::llround(at_s * 1e9)) - executor.start_time;
        const double level = offset < Nanoseconds{} ? 0 : executor.ramp.at(offset);
        const double eighths = std::ceil(8 * level / highest - 1e-9);
        line += marks.at(static_cast<std::size_t>(std::clamp(eighths, 0.0, 8.0)));
    }
    return line;
}

std::string stage_rows(const Executor& executor) {
    const bool open = is_open(executor.kind);
    std::string text = fmt::format("    {:>5}  {:>8}  {:>8}  {:>10}{}\n", "stage", "from", "for",
                                   open ? "to rate" : "to users", open ? "    arrivals" : "");
    Nanoseconds from = executor.start_time;
    Nanoseconds offset{};
    int number = 1;
    for (const Ramp::Stage& stage : executor.ramp.stages()) {
        const double arrivals =
            executor.ramp.integral(offset + stage.duration) - executor.ramp.integral(offset);
        text += fmt::format("    {:>5}  {:>8}  {:>8}  {:>10}", number++, format_duration(from),
                            format_duration(stage.duration), level_text(executor, stage.target));
        text += open ? fmt::format("  {:>10.0f}\n", arrivals) : "\n";
        from += stage.duration;
        offset += stage.duration;
    }
    return text;
}

/// Which user classes it takes, where not all.
std::string classes_text(const Scenario& scenario, const Executor& executor) {
    if (executor.users.empty()) {
        return {};
    }
    std::string text = "    of";
    for (const std::uint32_t index : executor.users) {
        text += " " + scenario.users[index].name;
    }
    return text + "\n";
}

std::string executor_text(const Scenario& scenario, const Executor& executor, bool unicode) {
    const double expected = executor.ramp.integral(executor.ramp.duration());
    const std::string_view kind = to_string(executor.kind);
    std::string text = executor.name == kind ? fmt::format("\nload {}", kind)
                                             : fmt::format("\nload {}: {}", executor.name, kind);
    if (!executor.profile.empty()) {
        text += fmt::format(", profile {}", executor.profile);
    }
    if (is_steered(executor.kind)) {
        text += fmt::format(", {}{} until it is told another level, at most {} users at once\n",
                            level_text(executor, executor.ramp.highest()),
                            is_open(executor.kind) ? "" : " users", executor.max_vus);
    } else if (is_open(executor.kind)) {
        text += fmt::format(", up to {}, about {:.0f} {}arrivals, at most {} users at once\n",
                            format_rate(Rate::per_second(executor.ramp.highest())), expected,
                            executor.arrivals == ArrivalProcess::Poisson ? "random " : "",
                            executor.max_vus);
    } else if (is_counted(executor.kind)) {
        text += fmt::format(", {:.0f} users, {} iterations {}, for at most {}\n",
                            executor.ramp.highest(), executor.iterations,
                            executor.kind == ExecutorKind::PerVuIterations ? "each" : "in all",
                            format_duration(executor.ramp.duration()));
    } else {
        text += fmt::format(", up to {:.0f} users\n", executor.ramp.highest());
    }
    text += classes_text(scenario, executor);
    if (is_counted(executor.kind) || is_steered(executor.kind)) {
        return text;
    }
    const std::string left = level_text(executor, executor.ramp.highest());
    text += fmt::format("    {} |{}|\n", left,
                        curve(executor, scenario.duration(), executor.ramp.highest(), unicode));
    return text + stage_rows(executor);
}

std::string estimate_text(const RequestEstimate& estimate) {
    if (estimate.unknown) {
        return "as many requests as are answered";
    }
    return fmt::format("{}{:.0f} requests", estimate.at_most ? "at most " : "about ",
                       estimate.requests);
}

std::string users_text(const Scenario& scenario) {
    double weights = 0;
    for (const UserClass& user : scenario.users) {
        weights += user.weight;
    }
    const auto estimates = estimate_requests(scenario);
    std::size_t widest = 8;
    for (const EndpointInfo& endpoint : scenario.endpoints) {
        widest = std::max(widest, endpoint.method.size() + 1 + endpoint.name.size());
    }
    widest = std::min<std::size_t>(widest, 60);
    std::string text = "\n";
    for (const UserClass& user : scenario.users) {
        text +=
            fmt::format("user {}: {:.3g} % of the users\n", user.name, 100 * user.weight / weights);
        for (std::size_t e = 0; e < scenario.endpoints.size(); ++e) {
            const EndpointInfo& endpoint = scenario.endpoints[e];
            if (endpoint.user == user.name) {
                text += fmt::format("    {:<{}}  {}\n", endpoint.method + " " + endpoint.name,
                                    widest, estimate_text(estimates[e]));
            }
        }
    }
    return text;
}

// Who is asked, as whom; never the password.
std::string server_text(const std::string& dsn) {
    const auto target = PgTarget::parse(dsn);
    if (!target) {
        return "an address that cannot be read";
    }
    std::string text = target->where();
    if (!target->database().empty()) {
        text += ", database " + target->database();
    }
    return target->user().empty() ? text : text + ", role " + target->user();
}

std::string pods_text(const ContainerProbeConfig& container) {
    return "pods " + container.pods +
           (container.name_space.empty() ? "" : " of " + container.name_space);
}

std::string container_text(const ContainerProbeConfig& container) {
    const std::string what = !container.docker.empty()   ? "container " + container.docker
                             : !container.label.empty()  ? "containers labelled " + container.label
                             : !container.pods.empty()   ? pods_text(container)
                             : !container.cgroup.empty() ? "cgroup " + container.cgroup
                             : container.pid != 0
                                 ? fmt::format("process {}", container.pid)
                                 : fmt::format("what listens on port {}", container.port);
    return fmt::format("{} ({})", what, container.role);
}

std::string probes_text(const Scenario& scenario) {
    const ProbesConfig& probes = scenario.probes;
    std::string lines;
    const auto add = [&](std::string_view kind, const std::string& what) {
        lines += fmt::format("    {:<12}  {}\n", kind, what);
    };
    for (const PostgresProbeConfig& postgres : probes.postgres) {
        add("postgres", server_text(postgres.dsn));
    }
    for (const PgbouncerProbeConfig& pgbouncer : probes.pgbouncer) {
        add("pgbouncer", server_text(pgbouncer.dsn));
    }
    for (const ContainerProbeConfig& container : probes.containers) {
        add("container", container_text(container));
    }
    for (const AppMetricsConfig& app : probes.app_metrics) {
        add("app_metrics", app.url.substr(0, app.url.find('?')));
    }
    for (const CanaryConfig& canary : probes.canaries) {
        add("canary",
            fmt::format("{}: GET {}", canary.name, canary.path.substr(0, canary.path.find('?'))));
    }
    return lines.empty()
               ? ""
               : fmt::format("\nprobes, every {}\n{}", format_duration(probes.interval), lines);
}

std::string exports_text(const Scenario& scenario) {
    std::string lines;
    for (const ExporterKind& kind : exporter_kinds()) {
        std::string_view name = kind.name;
        for (const std::string& line : tell_exporter(kind, scenario)) {
            lines += fmt::format("    {:<12}  {}\n", name, line);
            name = "";
        }
    }
    return lines.empty() ? "" : "\nexports\n" + lines;
}

std::string thresholds_text(const Scenario& scenario) {
    std::string text;
    for (const Threshold& threshold : scenario.thresholds) {
        text += text.empty() ? "\nmust hold\n" : "";
        text += fmt::format("    {}: {}", threshold.key, threshold.expression);
        if (threshold.window > Nanoseconds{}) {
            text += fmt::format(" in every {}", format_duration(threshold.window));
        }
        text += threshold.abort_on_fail ? ", else the run stops\n" : "\n";
    }
    return text;
}

}  // namespace

std::string plan_text(const Scenario& scenario, bool unicode) {
    double peak = 0;
    for (const Executor& executor : scenario.load) {
        peak += is_open(executor.kind) || is_steered(executor.kind) ? executor.max_vus
                                                                    : executor.ramp.highest();
    }
    std::string text = fmt::format(
        "{}: valid\n    target  {}\n    length  {}{}\n    users   at most {:.0f} at once\n",
        scenario.name, scenario.target.to_string(),
        std::any_of(scenario.load.begin(), scenario.load.end(),
                    [](const Executor& e) { return is_counted(e.kind); })
            ? "at most "
            : "",
        format_duration(scenario.duration()), peak);
    for (const Executor& executor : scenario.load) {
        text += executor_text(scenario, executor, unicode);
    }
    return text + users_text(scenario) + probes_text(scenario) + exports_text(scenario) +
           thresholds_text(scenario);
}

bool locale_is_utf8() {
    for (const char* const name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
        const char* const value = std::getenv(name);
        if (value == nullptr || *value == '\0') {
            continue;
        }
        std::string text(value);
        std::transform(text.begin(), text.end(), text.begin(),
                       [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        return text.find("utf-8") != std::string::npos || text.find("utf8") != std::string::npos;
    }
    return false;
}

}  // namespace plimsoll
