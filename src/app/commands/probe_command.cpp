// plimsoll probe [CONFIG]: the probes alone, as a Prometheus exporter.
#include "app/commands/commands.hpp"
#include "app/commands/common_flags.hpp"
#include "app/commands/probe_flags.hpp"
#include "app/console.hpp"
#include "app/probe_setup.hpp"
#include "app/stop_request.hpp"
#include "app/version.hpp"
#include "base/log.hpp"
#include "base/units.hpp"
#include "exporters/prometheus/prometheus_exporter.hpp"
#include "scenario/listen_address.hpp"
#include "scenario/parse.hpp"
#include "signal/exporter_worker.hpp"
#include "signal/probe_runner.hpp"

#include <cstdlib>
#include <memory>
#include <optional>
#include <tuple>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr const char* kDefaultListen = "127.0.0.1:9464";
constexpr std::chrono::seconds kStartWithin{5};
constexpr std::chrono::seconds kFinishWithin{5};
constexpr std::chrono::milliseconds kShortestInterval{10};

struct Flags {
    std::string config;
    std::string target;
    ProbeFlags probes;
    std::string interval;
    std::string prometheus;
    std::string duration;
    bool verbose = false;
};

Result<std::optional<Nanoseconds>> optional_duration(const std::string& text, const char* flag) {
    if (text.empty()) {
        return std::optional<Nanoseconds>();
    }
    const auto duration = parse_duration(text);
    if (!duration) {
        return Error{duration.error().what, flag, duration.error().hint};
    }
    return std::optional(*duration);
}

/// What the file says; nothing where it is at fault (all is printed by then).
std::optional<Scenario> read_config(const std::string& path) {
    if (path.empty()) {
        Scenario scenario;
        scenario.name = "probe";
        return scenario;
    }
    const auto text = read_file(path);
    if (!text) {
        refuse(text.error());
        return std::nullopt;
    }
    ParseOptions options{path, [](const char* name) -> const char* { return std::getenv(name); }};
    options.probes_only = true;
    ParseOutcome parsed = parse_scenario(*text, options);
    if (!parsed.scenario) {
        say(stderr, "{}", format_faults(parsed.faults, path));
    }
    return std::move(parsed.scenario);
}

Status apply(const Flags& flags, Scenario& scenario) {
    if (!flags.target.empty()) {
        auto target = parse_target(flags.target);
        if (!target) {
            return Error{target.error().what, "--target", target.error().hint};
        }
        scenario.target = *std::move(target);
    }
    if (Status applied = flags.probes.apply(scenario.probes); !applied) {
        return applied;
    }
    const auto interval = optional_duration(flags.interval, "--interval");
    if (!interval) {
        return interval.error();
    }
    if (*interval && **interval < kShortestInterval) {
        return Error{fmt::format("must be at least 10ms, got {}", flags.interval), "--interval"};
    }
    scenario.probes.interval = interval->value_or(scenario.probes.interval);
    if (!flags.prometheus.empty() || !scenario.exports.prometheus) {
        auto listen = parse_listen(flags.prometheus.empty() ? kDefaultListen : flags.prometheus);
        if (!listen) {
            return Error{listen.error().what, "--prometheus", listen.error().hint};
        }
        scenario.exports.prometheus = *listen;
    }
    return {};
}

/// Probes that hand over to one exporter, until told to stop.
class ProbeSession {
public:
    explicit ProbeSession(const Scenario& scenario) : scenario_(scenario) {}
    int run(const std::optional<Nanoseconds>& duration);

private:
    Status start_probes();
    ExitCode start_endpoint();

    const Scenario& scenario_;
    PrometheusExporter* prometheus_ = nullptr;
    std::optional<ExporterWorker> worker_;
    std::optional<ProbeRunner> runner_;  // last: hands over to the worker
};

Status ProbeSession::start_probes() {
    auto made = make_probes(scenario_.probes, scenario_.target, "");
    if (!made) {
        return made.error();
    }
    ProbeSink sink;
    sink.on_reading = [this](std::size_t probe, const Reading& reading, const ProbeHealth& health) {
        worker_->push_reading(probe, reading, health);
    };
    sink.on_gap = [this](std::size_t probe, const Gap& gap, const ProbeHealth& health) {
        worker_->push_gap(probe, gap, health);
        if (gap.open) {
            spdlog::warn("probe {}: no readings: {}", gap.probe, gap.reason);
        } else {
            spdlog::info("probe {}: readings again after {:.1f} s", gap.probe,
                         to_seconds(gap.to - gap.from));
        }
    };
    runner_.emplace(std::move(*made), std::move(sink));
    const auto statuses = runner_->start(kStartWithin);
    const auto infos = runner_->infos();
    for (std::size_t i = 0; i < statuses.size(); ++i) {
        if (!statuses[i]) {
            say(stderr, "plimsoll: probe {} gives no readings yet: {}\n", infos[i].name,
                statuses[i].error().to_string());
        }
    }
    return {};
}

ExitCode ProbeSession::start_endpoint() {
    PrometheusOptions options;
    std::tie(options.address, options.port) = *scenario_.exports.prometheus;
    options.load = false;
    auto exporter = make_prometheus_exporter(std::move(options));
    prometheus_ = exporter.get();
    worker_.emplace(std::move(exporter));
    RunInfo run = describe(scenario_);
    run.start = WallAnchor::now();
    run.id = "probe";
    run.version = version();
    if (const Status started = worker_->start(run, runner_->infos()); !started) {
        say(stderr, "plimsoll: {}\n", started.error().to_string());
        return ExitCode::PortInUse;
    }
    return ExitCode::Passed;
}

int ProbeSession::run(const std::optional<Nanoseconds>& duration) {
    StopRequest stop;
    if (const Status started = start_probes(); !started) {
        return refuse(started.error());
    }
    if (const ExitCode code = start_endpoint(); code != ExitCode::Passed) {
        return to_int(code);
    }
    runner_->begin();
    say("metrics   {}\n", prometheus_->url());
    const auto end = duration ? Clock::now() + *duration : Clock::time_point::max();
    while (stop.count() == 0 && Clock::now() < end) {
        stop.wait_until(std::min(end, Clock::now() + std::chrono::seconds(1)));
    }
    runner_->stop();
    worker_->finish(Clock::now() + kFinishWithin);
    return to_int(ExitCode::Passed);
}

int probe(const Flags& flags) {
    init_logging(flags.verbose ? Verbosity::Verbose : Verbosity::Normal);
    const auto duration = optional_duration(flags.duration, "-d/--duration");
    if (!duration) {
        return refuse(duration.error());
    }
    auto scenario = read_config(flags.config);
    if (!scenario) {
        return to_int(ExitCode::InvalidInput);
    }
    if (const Status applied = apply(flags, *scenario); !applied) {
        return refuse(applied.error());
    }
    return ProbeSession(*scenario).run(*duration);
}

}  // namespace

void add_probe_command(CLI::App& app, Action& action) {
    auto flags = std::make_shared<Flags>();
    CLI::App* command = app.add_subcommand(
        "probe", "sample the target beside another load tool, as a Prometheus exporter");
    command->add_option("CONFIG", flags->config,
                        "a scenario file, of which target, probes and export count");
    command->add_option("--target", flags->target, "the service under load")->type_name("URL");
    flags->probes.add_to(*command);
    command->add_option("--interval", flags->interval, "time between readings (default 200ms)")
        ->type_name("TIME");
    command
        ->add_option("--prometheus", flags->prometheus,
                     fmt::format("serve metrics here (default {})", kDefaultListen))
        ->type_name("ADDR:PORT");
    command->add_option("-d,--duration", flags->duration, "end after so long (default: Ctrl-C)")
        ->type_name("TIME");
    command->add_flag("-v,--verbose", flags->verbose, "diagnostics on stderr");
    command->footer(
        "Examples:\n"
        "  plimsoll probe checkout.yaml\n"
        "  plimsoll probe --pg \"$DSN\" --container web --app-metrics "
        "http://127.0.0.1:8080/metrics");
    command->callback([flags, &action] { action = [flags] { return probe(*flags); }; });
}

}  // namespace plimsoll
