// plimsoll probe [CONFIG]: the probes alone, as a Prometheus exporter.
#include "app/commands/command_line.hpp"
#include "app/commands/commands.hpp"
#include "app/commands/export_flags.hpp"
#include "app/commands/files.hpp"
#include "app/commands/probe_flags.hpp"
#include "app/console.hpp"
#include "app/exit_code.hpp"
#include "app/live_page.hpp"
#include "app/stop_request.hpp"
#include "app/version.hpp"
#include "base/log.hpp"
#include "base/units.hpp"
#include "run/exporter_set.hpp"
#include "run/probe_setup.hpp"
#include "run/run_id.hpp"
#include "scenario/parse.hpp"
#include "signal/mark.hpp"
#include "signal/probe_runner.hpp"

#include <atomic>
#include <cstdlib>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace plimsoll {
namespace {

constexpr const char* kOut = "-o/--out";
constexpr const char* kDefaultListen = "127.0.0.1:9464";
constexpr std::chrono::seconds kStartWithin{5};
constexpr std::chrono::milliseconds kShortestInterval{10};

struct ProbeCommandFlags {
    std::string config;
    std::string target;
    ProbeFlags probes;
    std::string interval;
    std::string prometheus;
    std::string run_id;
    std::vector<std::string> tags;
    std::vector<std::string> outs;  // KIND=WHERE
    std::string duration;
    bool verbose = false;
    UiFlags ui;
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

/// "json=FILE, prometheus=ADDR:PORT or remote-write[=URL]"
std::string probe_kinds() {
    std::set<std::string> kinds;
    for (const ExporterKind& kind : exporter_kinds()) {
        if (kind.of_probes) {
            kinds.insert(fmt::format("{}{}={}{}", kind.name, kind.place_optional ? "[" : "",
                                     kind.where, kind.place_optional ? "]" : ""));
        }
    }
    const std::string last = *kinds.rbegin();
    kinds.erase(last);
    return fmt::format("{} or {}", fmt::join(kinds, ", "), last);
}

/// One --out; `given` has the kinds that have their place already.
Status apply_out(const std::string& out, std::set<std::string>& given, ExportConfig& exports) {
    const auto equals = out.find('=');
    const std::string name = out.substr(0, equals);
    const ExporterKind* const kind = find_exporter_kind(name);
    const std::string where = equals == std::string::npos ? "" : out.substr(equals + 1);
    const bool alone = kind != nullptr && kind->place_optional && equals == std::string::npos;
    if (kind == nullptr || !kind->of_probes || (where.empty() && !alone)) {
        return Error{fmt::format("must be {}", probe_kinds()), kOut,
                     "there is no load here, so neither traces nor Locust's tables"};
    }
    if (!given.insert(name).second) {
        return Error{name + " is given twice", kOut, "each kind has one place"};
    }
    return set_export(*kind, where, kOut, exports);
}

Status apply_exports(const ProbeCommandFlags& flags, ExportConfig& exports) {
    const ExporterKind& prometheus = *find_exporter_kind("prometheus");
    std::set<std::string> given;
    if (!flags.prometheus.empty()) {
        if (Status set = set_export(prometheus, flags.prometheus, "--prometheus", exports); !set) {
            return set;
        }
        given.emplace(prometheus.name);
    }
    for (const std::string& out : flags.outs) {
        if (Status set = apply_out(out, given, exports); !set) {
            return set;
        }
    }
    return exports.prometheus ? Status() : set_exporter(prometheus, kDefaultListen, exports);
}

Status apply(const ProbeCommandFlags& flags, Scenario& scenario) {
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
    return apply_exports(flags, scenario.exports);
}

Status check_names(const ProbeCommandFlags& flags) {
    for (const std::string& tag : flags.tags) {
        if (Status good = check_tag(tag); !good) {
            return good;
        }
    }
    return flags.run_id.empty() ? Status() : check_run_id(flags.run_id, "--run-id");
}

/// Probes that hand over to their exporters, until told to stop.
class ProbeSession {
public:
    ProbeSession(const Scenario& scenario, const ProbeCommandFlags& flags)
        : scenario_(scenario), flags_(flags) {}
    int run(const std::optional<Nanoseconds>& duration);

private:
    Status start_probes();
    ExitCode open_page(const UiOptions& options);
    [[nodiscard]] Status steer(const ControlRequest& request);
    ExitCode start_exporters();

    const Scenario& scenario_;
    const ProbeCommandFlags& flags_;
    std::atomic<bool> stopped_ = false;  // by the page
    std::unique_ptr<LivePage> page_;
    std::optional<ExporterSet> exporters_;
    std::optional<ProbeRunner> runner_;  // last: hands over to the exporters
};

Status ProbeSession::start_probes() {
    auto made = make_probes(scenario_.probes, scenario_.target, "");
    if (!made) {
        return made.error();
    }
    ProbeSink sink;
    sink.on_reading = [this](std::size_t probe, const Reading& reading, const ProbeHealth& health) {
        exporters_->push_reading(probe, reading, health);
    };
    sink.on_gap = [this](std::size_t probe, const Gap& gap, const ProbeHealth& health) {
        exporters_->push_gap(probe, gap, health);
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

ExitCode ProbeSession::start_exporters() {
    auto made = make_exporters(scenario_.exports, false);
    if (!made) {
        say(stderr, "plimsoll: {}\n", made.error().to_string());
        return ExitCode::InvalidInput;
    }
    if (page_) {
        made->before_run_file.push_back(page_->exporter());
    }
    exporters_.emplace(*std::move(made), nullptr);
    RunInfo run = describe(scenario_);
    run.start = WallAnchor::now();
    run.id = flags_.run_id.empty() ? make_run_id(run.start.wall) : flags_.run_id;
    run.version = version();
    run.tags = flags_.tags;
    run.has_load = false;
    if (const auto refused = exporters_->start(run, runner_->infos())) {
        say(stderr, "plimsoll: {}\n", refused->error.to_string());
        return refused->port ? ExitCode::PortInUse : ExitCode::SetupFailed;
    }
    return ExitCode::Passed;
}

/// Without a load a note can be made, and an end.
Status ProbeSession::steer(const ControlRequest& request) {
    if (request.rate || request.vus || request.paused) {
        return Error{"there is no load here", {}, "probes alone have nothing to set"};
    }
    if (request.note) {
        exporters_->push_event({Clock::now(), EventKind::Note, mark_text(*request.note)});
    }
    stopped_ = stopped_ || request.stop;
    return {};
}

ExitCode ProbeSession::open_page(const UiOptions& options) {
    auto opened = LivePage::open(options, PageMode::Probe, false);
    if (!opened) {
        complain(opened.error());
        return ExitCode::PortInUse;
    }
    page_ = *std::move(opened);
    say("page      {}\n", page_->url());
    return ExitCode::Passed;
}

int ProbeSession::run(const std::optional<Nanoseconds>& duration) {
    StopRequest stop;
    const auto ui = flags_.ui.to_options();
    if (!ui) {
        return refuse(ui.error());
    }
    if (*ui) {
        if (const ExitCode code = open_page(**ui); code != ExitCode::Passed) {
            return to_int(code);
        }
    }
    if (const Status started = start_probes(); !started) {
        return refuse(started.error());
    }
    if (const ExitCode code = start_exporters(); code != ExitCode::Passed) {
        return to_int(code);
    }
    runner_->begin();
    if (page_) {
        page_->set_steering(
            Steering{[this](const ControlRequest& request) { return steer(request); },
                     [] { return std::string("{}"); }});
    }
    say("metrics   {}\n", exporters_->endpoint());
    const auto end = duration ? Clock::now() + *duration : Clock::time_point::max();
    while (stop.count() == 0 && !stopped_ && Clock::now() < end) {
        stop.wait_until(std::min(end, Clock::now() + std::chrono::seconds(1)));
        exporters_->tell_deliveries();
    }
    if (page_) {
        page_->set_steering(std::nullopt);
    }
    runner_->stop();
    for (const auto& late :
         {exporters_->finish(), exporters_->finish_judged(), exporters_->close_endpoint()}) {
        for (const std::string& name : late) {
            say(stderr, "plimsoll: exporter {} did not finish in time\n", name);
        }
    }
    return to_int(ExitCode::Passed);
}

int probe(const ProbeCommandFlags& flags) {
    init_logging(flags.verbose ? Verbosity::Verbose : Verbosity::Normal);
    const auto duration = optional_duration(flags.duration, "-d/--duration");
    if (!duration) {
        return refuse(duration.error());
    }
    auto scenario = read_config(flags.config);
    if (!scenario) {
        return to_int(ExitCode::InvalidInput);
    }
    if (const Status good = check_names(flags); !good) {
        return refuse(good.error());
    }
    if (const Status applied = apply(flags, *scenario); !applied) {
        return refuse(applied.error());
    }
    return ProbeSession(*scenario, flags).run(*duration);
}

}  // namespace

void add_probe_command(Command& app, Action& action) {
    auto flags = std::make_shared<ProbeCommandFlags>();
    Command* command = app.add_subcommand(
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
    flags->ui.add_to(*command);
    command
        ->add_option("-o,--out", flags->outs, "where readings go while they come: " + probe_kinds())
        ->type_name("KIND=WHERE")
        ->allow_extra_args(false);
    command
        ->add_option("--run-id", flags->run_id,
                     "what plimsoll_run_info calls this (default: the time)")
        ->type_name("ID");
    command
        ->add_option("--tag", flags->tags,
                     "key=value, a label of plimsoll_run_info; may be repeated")
        ->type_name("K=V")
        ->allow_extra_args(false);
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
