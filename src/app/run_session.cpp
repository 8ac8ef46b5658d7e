#include "app/run_session.hpp"

#include "app/console.hpp"
#include "app/fit.hpp"
#include "app/linger.hpp"
#include "app/load_control.hpp"
#include "app/memory_reserve.hpp"
#include "app/probe_setup.hpp"
#include "app/run_id.hpp"
#include "app/run_report.hpp"
#include "app/snapshot_hub.hpp"
#include "app/threshold_judge.hpp"
#include "app/version.hpp"
#include "base/log.hpp"
#include "engine/calibrate.hpp"
#include "engine/engine.hpp"
#include "engine/single_run.hpp"
#include "exporters/json/json_exporter.hpp"
#include "exporters/prometheus/prometheus_exporter.hpp"
#include "net/http_server.hpp"
#include "signal/exporter_worker.hpp"
#include "signal/probe_runner.hpp"
#include "store/run_writer.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <sys/resource.h>
#include <unistd.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace plimsoll {
namespace {

constexpr const char* kPrometheus = "prometheus";
constexpr const char* kOtlp = "otlp";
constexpr std::chrono::seconds kProbeStartWithin{5};
constexpr std::chrono::seconds kExportersFinishWithin{5};
// Between fixing t = 0 and the first arrival: exporters start and probes take a first reading
// meanwhile.
constexpr std::chrono::milliseconds kLead{400};
constexpr std::chrono::milliseconds kLoopPeriod{200};
constexpr std::chrono::milliseconds kCalibration{300};

Error cannot_make_folder(const std::filesystem::path& folder, const std::string& why) {
    return Error{"cannot create the run folder: " + why, folder.string(),
                 "choose another with --results or --run-dir"};
}

std::filesystem::path run_dir_of(const RunInfo& run, const SessionOptions& options) {
    return options.run_dir ? *options.run_dir
                           : options.results / (run.id + "-" + run.scenario_name);
}

/// Whether the run's folder can be made, and holds no run. Nothing is made.
Status check_run_dir(const std::filesystem::path& folder) {
    std::error_code error;
    if (std::filesystem::exists(folder / "run.db", error)) {
        return cannot_make_folder(folder, "it holds a run already");
    }
    std::filesystem::path there = std::filesystem::absolute(folder, error);
    while (there.has_relative_path() && !std::filesystem::exists(there, error)) {
        there = there.parent_path();
    }
    if (!std::filesystem::is_directory(there, error)) {
        return cannot_make_folder(folder, there.string() + " is no folder");
    }
    if (::access(there.c_str(), W_OK) != 0) {
        return cannot_make_folder(folder, there.string() + ": " + std::strerror(errno));
    }
    return {};
}

Result<std::filesystem::path> make_run_dir(const std::filesystem::path& folder) {
    if (Status free = check_run_dir(folder); !free) {
        return free.error();
    }
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) {
        return cannot_make_folder(folder, error.message());
    }
    return folder;
}

struct Usage {
    double cpu_seconds;
    std::uint64_t max_rss_bytes;
};
Usage own_usage() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return {seconds(usage.ru_utime) + seconds(usage.ru_stime),
            static_cast<std::uint64_t>(usage.ru_maxrss) * 1024};
}

/// Everything that a run has open, in the order in which it must come up.
class Session {
public:
    Session(const Scenario& scenario, SessionOptions& options, StopRequest& stop)
        : scenario_(scenario), options_(options), stop_(stop) {}
    ~Session() { close_endpoint(); }
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    SessionResult run();

private:
    void describe_run();
    /// Everything that can be wrong with what was asked for, found before anything is sent.
    Status check();
    Status make_parts();
    /// From a target that is looked for to all that the run needs, open.
    ExitCode open_all();
    void remove_empty_run_dir() const;
    void tell_endpoints() const;
    void start_probes();
    ExitCode start_exporters();
    ExitCode drive();
    void wind_up(const Usage& before);
    void add_new_facts(const ProbeInfo& probe, std::map<std::string, std::string>& facts) const;
    void publish(const SnapshotPtr& snapshot);
    void announce(EventKind kind, std::string text);
    void push(const Event& event);
    [[nodiscard]] std::uint64_t own_descriptors() const;
    [[nodiscard]] EngineOptions engine_options();
    /// Events of a flow run once; false where it failed.
    [[nodiscard]] bool run_once(const char* what, const UserClass& user,
                                std::vector<Event>& events);
    void tell_single(const char* what, const SingleRun& run, std::vector<Event>& events) const;
    [[nodiscard]] ExitCode tear_down(ExitCode code);
    [[nodiscard]] std::optional<std::string> abort_reason() const;
    void finish_worker(ExporterWorker& worker, Clock::time_point deadline);
    void add_deliveries(std::map<std::string, std::string>& facts) const;
    void tell_deliveries() const;
    void close_endpoint();
    void linger();
    ExitCode start_control();
    void record_stages();
    void follow_pilot();
    void measure_ceiling();

    const Scenario& scenario_;
    SessionOptions& options_;
    StopRequest& stop_;
    RunInfo run_;
    std::filesystem::path run_dir_;
    std::vector<ProbePtr> made_probes_;
    ExporterPtr otlp_;
    std::vector<ProbeInfo> probe_infos_;
    RunFileWriter* run_file_ = nullptr;
    PrometheusExporter* prometheus_ = nullptr;
    std::atomic<bool> abort_by_threshold_ = false;
    std::vector<ExecutorState> last_states_;
    std::optional<ThresholdJudge> judge_;
    std::mutex outcome_mutex_;
    std::optional<RunOutcome> outcome_;  // once the run is judged
    std::vector<Variable> shared_;       // made by setup
    mutable std::mutex abort_mutex_;
    std::vector<Event> setup_events_;
    std::optional<std::string> abort_reason_;  // of a step with on_fail: abort_run
    // What has threads hands over to what stands before it, and so must end first.
    std::vector<std::unique_ptr<ExporterWorker>> workers_;
    ExporterWorker* run_file_worker_ = nullptr;
    std::optional<LiveView> view_;
    std::optional<SnapshotHub> hub_;
    std::optional<Engine> engine_;
    std::optional<ProbeRunner> probes_;
    std::optional<Nanoseconds> run_length_;  // once the load is over
    std::optional<double> ceiling_;          // requests per second, all shards
    std::unique_ptr<LoadControl> control_;
    bool pilot_landed_ = false;
};

void Session::describe_run() {
    run_ = describe(scenario_, options_.segment);
    run_.start = {Clock::now(), WallClock::now()};
    run_.id = make_run_id(run_.start.wall);
    run_.version = version();
    run_.seed = options_.seed;
    run_.shards = options_.shards;
    run_.tags = options_.tags;
    if (!options_.judge_thresholds) {
        run_.thresholds.clear();
    }
}

Status Session::check() {
    if (Status fits =
            check_fits(scenario_, options_.segment, read_machine_limits(own_descriptors()));
        !fits) {
        return fits;
    }
    if (Status made = make_parts(); !made) {
        return made;
    }
    if (Status free = check_run_dir(run_dir_of(run_, options_)); !free) {
        return free;
    }
    return Engine(scenario_, run_, {}).check();
}

Status Session::make_parts() {
    auto probes = make_probes(scenario_.probes, scenario_.target, options_.connect_canary_dsn);
    if (!probes) {
        return probes.error();
    }
    made_probes_ = *std::move(probes);
    if (scenario_.exports.otlp) {
        auto exporter = make_otlp_from(*scenario_.exports.otlp);
        if (!exporter) {
            return exporter.error();
        }
        otlp_ = *std::move(exporter);
    }
    return {};
}

void Session::start_probes() {
    ProbeSink sink;
    sink.on_reading = [this](std::size_t probe, const Reading& reading, const ProbeHealth& health) {
        for (const auto& worker : workers_) {
            worker->push_reading(probe, reading, health);
        }
        judge_->on_reading(probe_infos_[probe], reading);
        if (options_.pilot != nullptr) {
            options_.pilot->on_reading(probe_infos_[probe], reading);
        }
        for (const std::string& note : reading.notes) {
            announce(EventKind::Note, probe_infos_[probe].name + ": " + note);
        }
        view_->on_reading(probe, reading);
    };
    sink.on_gap = [this](std::size_t probe, const Gap& gap, const ProbeHealth& health) {
        for (const auto& worker : workers_) {
            worker->push_gap(probe, gap, health);
        }
        announce(EventKind::ProbeGap,
                 fmt::format("{}: {} ({})", gap.probe, gap.open ? "no readings" : "readings again",
                             gap.reason));
    };
    probes_.emplace(std::move(made_probes_), std::move(sink));
    const auto statuses = probes_->start(kProbeStartWithin);
    probe_infos_ = probes_->infos();
    // The run goes on without them: their absence is a gap, and the verdict says what is missing.
    // One server that is down is one message, however many probes look at it.
    std::vector<std::pair<std::string, std::vector<std::string>>> down;
    for (std::size_t i = 0; i < statuses.size(); ++i) {
        if (statuses[i]) {
            continue;
        }
        const std::string why = statuses[i].error().to_string();
        auto same = std::find_if(down.begin(), down.end(),
                                 [&](const auto& entry) { return entry.first == why; });
        same = same == down.end() ? down.insert(same, {why, {}}) : same;
        same->second.push_back(probe_infos_[i].name);
    }
    for (const auto& [why, names] : down) {
        say(stderr, "plimsoll: no readings yet from {}: {}\n", fmt::join(names, ", "), why);
    }
}

ExitCode Session::start_exporters() {
    // First those that can find their port or file not to be had: then no run file is left without
    // a run.
    if (scenario_.exports.prometheus) {
        PrometheusOptions options;
        std::tie(options.address, options.port) = *scenario_.exports.prometheus;
        options.exporters = [this] {
            std::vector<std::pair<std::string, Deliveries>> counts;
            for (const auto& worker : workers_) {
                counts.emplace_back(worker->name(), worker->deliveries());
            }
            return counts;
        };
        options.thresholds = [this] {
            const std::lock_guard lock(outcome_mutex_);
            return outcome_ ? outcome_->thresholds : judge_->states();
        };
        options.findings = [this] {
            const std::lock_guard lock(outcome_mutex_);
            return outcome_ ? outcome_->findings : decltype(outcome_->findings){};
        };
        options.broke_at = [this] {
            const std::lock_guard lock(outcome_mutex_);
            return outcome_ ? outcome_->broke_at : std::nullopt;
        };
        auto exporter = make_prometheus_exporter(std::move(options));
        prometheus_ = exporter.get();
        workers_.push_back(std::make_unique<ExporterWorker>(std::move(exporter)));
    }
    if (!options_.json.empty()) {
        workers_.push_back(std::make_unique<ExporterWorker>(make_json_exporter(options_.json)));
    }
    auto run_file = make_run_file_exporter(run_dir_ / "run.db");
    run_file_ = run_file.get();
    workers_.push_back(std::make_unique<ExporterWorker>(std::move(run_file)));
    run_file_worker_ = workers_.back().get();
    if (otlp_) {
        workers_.push_back(std::make_unique<ExporterWorker>(std::move(otlp_)));
    }
    for (const auto& worker : workers_) {
        if (const Status started = worker->start(run_, probe_infos_); !started) {
            complain(started.error());
            return worker->name() == kPrometheus ? ExitCode::PortInUse : ExitCode::SetupFailed;
        }
    }
    return ExitCode::Passed;
}

void Session::announce(EventKind kind, std::string text) {
    push({Clock::now(), kind, std::move(text)});
}

void Session::push(const Event& event) {
    for (const auto& worker : workers_) {
        worker->push_event(event);
    }
}

void Session::publish(const SnapshotPtr& snapshot) {
    for (const auto& worker : workers_) {
        worker->push_snapshot(snapshot);
    }
    view_->on_snapshot(snapshot);
    if (control_) {
        control_->on_snapshot(snapshot);
    }
    if (options_.pilot != nullptr) {
        options_.pilot->on_snapshot(snapshot);
    }
    for (std::size_t i = 0; i < snapshot->executors.size(); ++i) {
        if (i < last_states_.size() && snapshot->executors[i].stage != last_states_[i].stage &&
            !is_steered(scenario_.load[i].kind)) {
            announce(EventKind::StageChanged, fmt::format("{}: stage {}", run_.executors[i].name,
                                                          snapshot->executors[i].stage + 1));
        }
    }
    last_states_ = snapshot->executors;
    if (auto failed = judge_->on_tick(*snapshot)) {
        abort_by_threshold_ = true;
        announce(EventKind::ThresholdCrossed, *std::move(failed));
    }
}

ExitCode Session::drive() {
    hub_.emplace(
        run_, [this](const SnapshotPtr& snapshot) { publish(snapshot); },
        [this](std::uint32_t open) { return engine_->sockets_left(open); });
    if (options_.pilot != nullptr) {
        options_.pilot->begin(*engine_, run_);
    }
    engine_->start(hub_->sink());
    if (control_) {
        control_->begin();
    }
    for (const std::string& text : options_.opening_events) {
        announce(EventKind::FaultPlanted, text);
    }
    ExitCode code = ExitCode::Passed;
    int stops_seen = 0;
    const auto end_early = [&](ExitCode why, const std::string& text) {
        if (code == ExitCode::Passed) {
            code = why;
            view_->clear();
            say(stderr, "plimsoll: {}\n", text);
            announce(EventKind::Stopped, text);
            engine_->stop_gracefully();
        }
    };
    while (!hub_->finished()) {
        stop_.wait_until(Clock::now() + kLoopPeriod);
        if (stop_.count() > stops_seen) {
            if (stops_seen == 0) {
                end_early(ExitCode::Interrupted,
                          "stopping: running iterations may end (again to stop at once)");
            }
            stops_seen = stop_.count();
            if (stops_seen > 1) {
                engine_->abort();
            }
        }
        if (control_ && control_->stop_asked()) {
            end_early(ExitCode::Interrupted,
                      "stopping, as asked by the control port: running "
                      "iterations may end");
        }
        if (abort_by_threshold_) {
            end_early(ExitCode::ThresholdFailed, "a threshold with abort_on_fail failed; stopping");
        }
        if (const auto why = abort_reason(); why && code == ExitCode::Passed) {
            end_early(ExitCode::SafetyStop, "on_fail: abort_run: " + *why);
            engine_->abort();
        }
        if (memory_reserve_spent() && code == ExitCode::Passed) {
            end_early(ExitCode::InternalError, "no memory is left; stopping with what is known");
            engine_->abort();
        }
        if (options_.fatal && code == ExitCode::Passed) {
            if (const auto why = options_.fatal()) {
                end_early(ExitCode::SafetyStop, *why);
                engine_->abort();
            }
        }
        follow_pilot();
        view_->draw();
    }
    view_->clear();
    if (control_) {
        control_->end();
    }
    engine_->join();
    return code;
}

void Session::follow_pilot() {
    if (options_.pilot == nullptr) {
        return;
    }
    for (const std::string& line : options_.pilot->take_lines()) {
        announce(EventKind::Note, line);
        if (options_.view != ViewMode::Off) {
            view_->clear();
            say("find      {}\n", line);
        }
    }
    if (options_.pilot->finished() && !pilot_landed_) {
        pilot_landed_ = true;
        engine_->stop_gracefully();
    }
}

ExitCode Session::start_control() {
    if (!options_.control) {
        return ExitCode::Passed;
    }
    auto control = LoadControl::start(options_.control->first, options_.control->second,
                                      {scenario_, run_, *engine_, stop_, [this](std::string text) {
                                           announce(EventKind::StageChanged, std::move(text));
                                       }});
    if (!control) {
        complain(control.error());
        return ExitCode::PortInUse;
    }
    control_ = *std::move(control);
    return ExitCode::Passed;
}

/// What was set while the run went on, for whoever reads it.
void Session::record_stages() {
    for (std::uint32_t i = 0; i < scenario_.load.size(); ++i) {
        if (is_steered(scenario_.load[i].kind)) {
            run_file_->write_stages(i, engine_->steered(i).stages);
        }
    }
}

/// Before anything of the run exists: it takes a third of a second and counts in nothing.
void Session::measure_ceiling() {
    if (!options_.calibrate) {
        return;
    }
    const auto ceiling = calibrate(scenario_, kCalibration);
    if (!ceiling) {
        spdlog::info("no ceiling reason=\"{}\"", ceiling.error().to_string());
        return;
    }
    ceiling_ = ceiling->per_shard() * run_.shards;
}

/// What the run itself opens, whatever the load does: the run file and the reports, the shards'
/// event loops, name lookups, probes, and the clients of our own ports.
std::uint64_t Session::own_descriptors() const {
    constexpr std::uint64_t kFiles = 24;
    constexpr std::uint64_t kOfShard = 2;
    const std::uint64_t ports =
        (scenario_.exports.prometheus ? 1U : 0U) + (options_.control ? 1U : 0U);
    return kFiles + kOfShard * run_.shards + ports * kOwnPortConnections;
}

EngineOptions Session::engine_options() {
    EngineOptions options;
    options.reserved_descriptors = own_descriptors();
    options.trace_share = trace_share_of(scenario_.exports);
    options.traceparent = traceparent_of(scenario_.exports);
    options.on_note = [this](std::string text) { announce(EventKind::Note, std::move(text)); };
    options.on_abort = [this](std::string reason) {
        const std::lock_guard lock(abort_mutex_);
        if (!abort_reason_) {
            abort_reason_ = std::move(reason);
        }
    };
    options.shared = shared_;
    return options;
}

std::optional<std::string> Session::abort_reason() const {
    const std::lock_guard lock(abort_mutex_);
    return abort_reason_;
}

void Session::tell_single(const char* what, const SingleRun& run,
                          std::vector<Event>& events) const {
    for (const SingleRequest& request : run.requests) {
        events.push_back({request.sample.completed, EventKind::Note,
                          fmt::format("{}: {}", what, plimsoll::describe(request, scenario_))});
    }
}

bool Session::run_once(const char* what, const UserClass& user, std::vector<Event>& events) {
    const int before = stop_.count();
    SingleRunOptions options;
    options.shared = shared_;
    options.traceparent = traceparent_of(scenario_.exports);
    options.stop = [this, before] { return stop_.count() > before; };
    const auto ran = run_single(scenario_, user, run_, std::move(options));
    if (!ran) {
        complain({fmt::format("{} failed: {}", what, ran.error().what), ran.error().where,
                  ran.error().hint});
        return false;
    }
    tell_single(what, *ran, events);
    if (!ran->ok) {
        complain({fmt::format("{} failed: {}", what, ran->failure), {}, {}});
        return false;
    }
    shared_ = ran->variables;
    return true;
}

/// Runs teardown, whatever became of the run: it cleans up after it.
ExitCode Session::tear_down(ExitCode code) {
    if (scenario_.teardown.steps.empty()) {
        return code;
    }
    std::vector<Event> events;
    const bool ok = run_once("teardown", scenario_.teardown, events);
    for (const Event& event : events) {
        push(event);
    }
    return ok || code != ExitCode::Passed ? code : ExitCode::TeardownFailed;
}

void Session::finish_worker(ExporterWorker& worker, Clock::time_point deadline) {
    if (worker.finish(deadline).left_behind) {
        say(stderr, "plimsoll: exporter {} did not finish in time\n", worker.name());
    }
}

/// What a probe has learnt since the run file was begun.
void Session::add_new_facts(const ProbeInfo& probe,
                            std::map<std::string, std::string>& facts) const {
    const auto same =
        std::find_if(probe_infos_.begin(), probe_infos_.end(),
                     [&](const ProbeInfo& before) { return before.name == probe.name; });
    for (const auto& fact : probe.facts) {
        const auto& known = same->facts;
        if (std::find(known.begin(), known.end(), fact) == known.end()) {
            facts[probe.name + "." + fact.first] = fact.second;
        }
    }
}

void Session::add_deliveries(std::map<std::string, std::string>& facts) const {
    for (const auto& worker : workers_) {
        const Deliveries counts = worker->deliveries();
        facts["exporter.sent." + worker->name()] = std::to_string(counts.sent);
        facts["exporter.retried." + worker->name()] = std::to_string(counts.retried);
        facts["exporter.rejected." + worker->name()] = std::to_string(counts.rejected);
        facts["exporter.dropped." + worker->name()] = std::to_string(counts.dropped);
        if (!counts.last_error.empty()) {
            facts["exporter.error." + worker->name()] = counts.last_error;
        }
    }
}

/// Of those that send to somebody, always; of the others where something was lost.
void Session::tell_deliveries() const {
    if (options_.view == ViewMode::Off) {
        return;
    }
    for (const auto& worker : workers_) {
        const Deliveries counts = worker->deliveries();
        const bool lossless = counts.rejected == 0 && counts.dropped == 0;
        if (lossless && worker->name() != kOtlp) {
            continue;
        }
        say("{:<9} {} {} sent, {} retried, {} rejected, {} dropped{}\n", worker->name(),
            counts.sent, counts.unit, counts.retried, counts.rejected, counts.dropped,
            counts.last_error.empty() ? "" : ": " + counts.last_error);
    }
}

/// Ends everything but the metrics endpoint, which a scraper may still want to read.
void Session::wind_up(const Usage& before) {
    const Usage after = own_usage();
    probes_->stop();
    if (prometheus_ != nullptr) {
        prometheus_->end_probes();
    }
    const auto deadline = Clock::now() + kExportersFinishWithin;
    std::map<std::string, std::string> facts{
        {"generator.cpu_seconds", fmt::format("{:.6f}", after.cpu_seconds - before.cpu_seconds)},
        {"generator.polled_seconds", fmt::format("{:.6f}", to_seconds(engine_->polled()))},
        {"generator.max_rss_bytes", std::to_string(after.max_rss_bytes)}};
    if (ceiling_) {
        facts["generator.ceiling_rate"] = fmt::format("{:.1f}", *ceiling_);
    }
    for (const ProbeInfo& probe : probes_->infos()) {
        add_new_facts(probe, facts);
    }
    if (options_.pilot != nullptr) {
        facts.merge(options_.pilot->facts());
    }
    finish_worker(*run_file_worker_, deadline);  // one that hangs must not take its time
    for (const auto& worker : workers_) {
        if (worker->name() != kPrometheus && worker.get() != run_file_worker_) {
            finish_worker(*worker, deadline);
        }
    }
    add_deliveries(facts);
    record_stages();
    run_file_->write_facts(facts);
    if (const auto error = run_file_->last_error()) {
        complain(*error);
        say(stderr,
            "plimsoll: {} writes to the run file failed: what they held is missing from every "
            "figure below\n",
            run_file_->failed_writes());
    }
}

void Session::linger() {
    if (options_.keep_text) {
        say("\n{}", *options_.keep_text);
        if (prometheus_ != nullptr) {
            say("metrics   {}\n", prometheus_->url());
        }
    } else if (prometheus_ == nullptr) {
        return;
    }
    if (stop_.count() > 0) {  // whoever ended the run does not wait for its endpoint
        close_endpoint();
        return;
    }
    const Scrapes at_end = prometheus_ != nullptr ? prometheus_->scrapes() : Scrapes{};
    const auto until = options_.keep_text
                           ? Clock::time_point::max()
                           : Clock::now() + options_.linger.value_or(linger_limit(at_end));
    const int before = stop_.count();
    const auto seen = [&] {
        return !options_.keep_text && !options_.linger &&
               has_seen_the_end(at_end, prometheus_->scrapes());
    };
    while (Clock::now() < until && stop_.count() == before && !seen()) {
        stop_.wait_until(std::min(until, Clock::now() + kLoopPeriod));
    }
    if (prometheus_ != nullptr && run_length_) {
        if (const auto warning = too_few_scrapes(prometheus_->scrapes(), *run_length_)) {
            say(stderr, "plimsoll: {}\n", *warning);
        }
    }
    close_endpoint();
}

/// Before any other exporter goes: a scrape asks them all what they dropped.
void Session::close_endpoint() {
    for (const auto& worker : workers_) {
        if (worker->name() == kPrometheus) {
            finish_worker(*worker, Clock::now() + kExportersFinishWithin);
        }
    }
}

void Session::remove_empty_run_dir() const {
    std::error_code not_empty;
    std::filesystem::remove(run_dir_, not_empty);
}

ExitCode Session::open_all() {
    engine_.emplace(scenario_, run_, engine_options());
    if (const Status reachable = engine_->prepare(); !reachable) {
        complain(reachable.error());
        say(stderr, "plimsoll: no request was sent, as the target cannot be reached\n");
        return ExitCode::Unreachable;
    }
    measure_ceiling();
    view_.emplace(run_, probe_infos_, options_.view, options_.colour);
    start_probes();
    if (stop_.count() > 0) {
        return ExitCode::Interrupted;
    }
    auto folder = make_run_dir(run_dir_of(run_, options_));
    if (!folder) {
        complain(folder.error());
        return ExitCode::InvalidInput;
    }
    run_dir_ = *std::move(folder);
    const auto now = WallAnchor::now();
    run_.start = {now.mono + kLead, now.wall + kLead};
    judge_.emplace(run_);
    ExitCode started = start_control();
    if (started == ExitCode::Passed) {
        started = start_exporters();
    }
    if (started != ExitCode::Passed) {
        remove_empty_run_dir();
    }
    return started;
}

void Session::tell_endpoints() const {
    if (options_.view == ViewMode::Off) {
        return;
    }
    if (prometheus_ != nullptr) {
        say("metrics   {}\n", prometheus_->url());
    }
    if (control_) {
        say("control   {}/v1/status\n", control_->url());
    }
}

SessionResult Session::run() {
    describe_run();
    if (const Status good = check(); !good) {
        complain(good.error());
        return {ExitCode::InvalidInput, {}};
    }
    const bool has_setup = !scenario_.setup.steps.empty();
    // Before t = 0, and before anything is open that would have to be closed again.
    if (has_setup && !run_once("setup", scenario_.setup, setup_events_)) {
        return {stop_.count() > 0 ? ExitCode::Interrupted : ExitCode::SetupFailed, {}};
    }
    if (const ExitCode opened = open_all(); opened != ExitCode::Passed) {
        return {has_setup ? tear_down(opened) : opened, {}};
    }
    tell_endpoints();
    for (Event event : setup_events_) {
        event.at = std::max(event.at, run_.start.mono);  // a run's file begins there
        push(event);
    }
    probes_->begin();
    const Usage before = own_usage();
    const ExitCode driven = drive();
    run_length_ = Clock::now() - run_.start.mono;
    ExitCode code = tear_down(driven);
    wind_up(before);
    RunOutcome outcome;
    code = report_run(run_dir_, options_, code, &outcome);
    tell_deliveries();
    if (run_file_->failed_writes() > 0 &&
        (code == ExitCode::Passed || code == ExitCode::MeasurementInvalid)) {
        code = ExitCode::InternalError;  // nobody knows whether it passed
    }
    {
        const std::lock_guard lock(outcome_mutex_);
        outcome_ = std::move(outcome);
    }
    linger();
    return {code, run_dir_};
}

}  // namespace

SessionResult run_session(const Scenario& scenario, SessionOptions options, StopRequest& stop) {
    return Session(scenario, options, stop).run();
}

}  // namespace plimsoll
