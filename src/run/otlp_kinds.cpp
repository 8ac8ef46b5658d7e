#include "run/otlp_kinds.hpp"

#include "base/log.hpp"
#include "exporters/otlp/otlp_file.hpp"
#include "exporters/otlp/otlp_http.hpp"
#include "exporters/otlp/otlp_logs.hpp"
#include "exporters/otlp/otlp_metrics.hpp"
#include "exporters/otlp/otlp_options.hpp"

#include <memory>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace plimsoll {
namespace {

/// After warnings of what the environment says. Nothing: switched off there.
Result<std::optional<OtlpOptions>> heard_options(const OtlpSettings& settings, OtlpSignal signal) {
    auto options = otlp_options(settings, process_environment(), signal);
    if (!options) {
        return options.error();
    }
    for (const std::string& warning : options->warnings) {
        spdlog::warn("{}", warning);
    }
    return options->disabled ? std::optional<OtlpOptions>() : std::optional(*std::move(options));
}

template <typename Kind>
Result<ExporterPtr> make_otlp_signal(const OtlpSettings& settings, OtlpSignal signal) {
    auto options = heard_options(settings, signal);
    if (!options) {
        return options.error();
    }
    if (!*options) {
        return ExporterPtr();
    }
    auto transport = http_transport(**options);
    if (!transport) {
        return transport.error();
    }
    return ExporterPtr(std::make_unique<Kind>(**std::move(options), *std::move(transport)));
}

OtlpSettings settings_of(const OtlpMetricsConfig& config) {
    OtlpSettings out;
    out.endpoint = config.endpoint;
    out.delta = config.delta;
    out.interval = config.interval;
    return out;
}
OtlpSettings settings_of(const OtlpLogsConfig& config) {
    OtlpSettings out;
    out.endpoint = config.endpoint;
    return out;
}

template <typename Config>
void set_endpoint(std::optional<Config>& config, const std::string& where) {
    if (!config) {
        config.emplace();
    }
    if (!where.empty()) {  // else the scenario's, or what OTEL_EXPORTER_OTLP_... say
        config->endpoint = where;
    }
}
Status set_otlp_metrics(const std::string& where, ExportConfig& exports) {
    set_endpoint(exports.otlp_metrics, where);
    const auto options = otlp_options(settings_of(*exports.otlp_metrics), process_environment(),
                                      OtlpSignal::Metrics);
    return options ? Status() : options.error();
}
Status set_otlp_logs(const std::string& where, ExportConfig& exports) {
    set_endpoint(exports.otlp_logs, where);
    const auto options =
        otlp_options(settings_of(*exports.otlp_logs), process_environment(), OtlpSignal::Logs);
    return options ? Status() : options.error();
}

std::string shown_endpoint(const OtlpSettings& settings, OtlpSignal signal) {
    const auto options = otlp_options(settings, process_environment(), signal);
    return !options            ? settings.endpoint
           : options->disabled ? "switched off by the environment"
                               : display(options->endpoint);
}
std::vector<std::string> tell_otlp_metrics(const Scenario& scenario) {
    if (!scenario.exports.otlp_metrics) {
        return {};
    }
    return {shown_endpoint(settings_of(*scenario.exports.otlp_metrics), OtlpSignal::Metrics)};
}
std::vector<std::string> tell_otlp_logs(const Scenario& scenario) {
    if (!scenario.exports.otlp_logs) {
        return {};
    }
    return {shown_endpoint(settings_of(*scenario.exports.otlp_logs), OtlpSignal::Logs)};
}
Result<ExporterPtr> make_otlp_metrics(const ExportConfig& exports) {
    return exports.otlp_metrics ? make_otlp_signal<OtlpMetricsExporter>(
                                      settings_of(*exports.otlp_metrics), OtlpSignal::Metrics)
                                : ExporterPtr();
}
Result<ExporterPtr> make_otlp_logs(const ExportConfig& exports) {
    return exports.otlp_logs ? make_otlp_signal<OtlpLogsExporter>(settings_of(*exports.otlp_logs),
                                                                  OtlpSignal::Logs)
                             : ExporterPtr();
}

constexpr std::string_view kFile = "otlp-file";

Status set_otlp_file(const std::string& where, ExportConfig& exports) {
    if (where == "-" || where.ends_with(".gz")) {
        return Error{
            fmt::format("otlp-file must be a file that can be followed, got \"{}\"", where),
            {},
            "e.g. -o otlp-file=run.jsonl"};
    }
    exports.places[std::string(kFile)] = where;
    return {};
}
std::vector<std::string> tell_otlp_file(const Scenario& scenario) {
    const auto place = scenario.exports.places.find(kFile);
    return place == scenario.exports.places.end() ? std::vector<std::string>()
                                                  : std::vector{place->second};
}
Result<ExporterPtr> make_otlp_file(const ExportConfig& exports) {
    const auto place = exports.places.find(kFile);
    if (place == exports.places.end()) {
        return ExporterPtr();
    }
    const auto traces = trace_options(exports);
    OtlpOptions options = traces.value_or(OtlpOptions{});
    if (exports.otlp_metrics) {
        options.delta = exports.otlp_metrics->delta.value_or(options.delta);
        options.interval = exports.otlp_metrics->interval.value_or(options.interval);
    }
    return make_otlp_file_exporter(place->second, std::move(options));
}

}  // namespace

std::optional<OtlpOptions> trace_options(const ExportConfig& exports) {
    if (!exports.otlp && !exports.places.contains(kFile)) {
        return std::nullopt;
    }
    OtlpSettings settings;
    if (exports.otlp) {
        settings = {exports.otlp->endpoint, exports.otlp->sample};
    } else {
        settings.endpoint = "http://localhost";  // where nothing goes
    }
    auto options = otlp_options(settings, process_environment());
    return options && !options->disabled ? std::optional(*std::move(options)) : std::nullopt;
}

std::vector<ExporterKind> otlp_kinds() {
    return {
        // name, where, what, place_optional, of_probes, may_refuse
        with_config({"otlp-metrics", "URL", "alone: where OTEL_EXPORTER_OTLP_ENDPOINT says", true,
                     true, false},
                    set_otlp_metrics, tell_otlp_metrics, make_otlp_metrics),
        with_config({"otlp-logs", "URL", "events and findings; alone: likewise", true, true, false},
                    set_otlp_logs, tell_otlp_logs, make_otlp_logs),
        with_config({kFile, "FILE", "traces, metrics and logs as OTLP/JSON", false, true, true},
                    set_otlp_file, tell_otlp_file, make_otlp_file),
    };
}

}  // namespace plimsoll
