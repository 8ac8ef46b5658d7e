#include "run/exporter_kinds.hpp"

#include "base/log.hpp"
#include "exporters/json/json_exporter.hpp"
#include "exporters/otlp/otlp_exporter.hpp"
#include "exporters/prometheus/prometheus_exporter.hpp"
#include "exporters/prometheus/series_count.hpp"
#include "run/otlp_kinds.hpp"
#include "run/push_kinds.hpp"
#include "scenario/listen_address.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace plimsoll {
namespace {

Status set_prometheus(const std::string& where, ExportConfig& exports) {
    auto listen = parse_listen(where);
    if (!listen) {
        return listen.error();
    }
    exports.prometheus = *std::move(listen);
    return {};
}

std::vector<std::string> tell_prometheus(const Scenario& scenario) {
    if (!scenario.exports.prometheus) {
        return {};
    }
    const auto& [address, port] = *scenario.exports.prometheus;
    const bool v6 = address.find(':') != std::string::npos;
    const SeriesCount cost = series_count(describe(scenario), scenario.exports.prometheus_buckets);
    return {
        fmt::format("http://{}{}{}:{}/metrics", v6 ? "[" : "", address, v6 ? "]" : "", port),
        fmt::format("{} series of the load, {} buckets a histogram", cost.series, cost.buckets)};
}

Result<ExporterPtr> make_prometheus(const ExportConfig& exports) {
    if (!exports.prometheus) {
        return ExporterPtr();
    }
    const auto& [address, port] = *exports.prometheus;
    return ExporterPtr(make_prometheus_exporter({address, port, exports.prometheus_buckets}));
}

Status check_json(const std::string& where) {
    if (where == "-" || where.ends_with(".gz")) {
        return Error{fmt::format("json must be a file that can be followed, got \"{}\"", where),
                     {},
                     "e.g. -o json=run.ndjson, then tail -f run.ndjson; gzip it afterwards"};
    }
    return {};
}

Result<ExporterPtr> make_json(const std::string& where) {
    return make_json_exporter(where);
}

Status set_otlp(const std::string& where, ExportConfig& exports) {
    if (!exports.otlp) {
        exports.otlp.emplace();
    }
    if (!where.empty()) {  // else the scenario's, or what OTEL_EXPORTER_OTLP_... say
        exports.otlp->endpoint = where;
    }
    return {};
}

std::vector<std::string> tell_otlp(const Scenario& scenario) {
    if (!scenario.exports.otlp) {
        return {};
    }
    const OtlpConfig& otlp = *scenario.exports.otlp;
    const auto options = otlp_options({otlp.endpoint, otlp.sample}, process_environment());
    return {fmt::format("{}, {:.3g} % of the iterations",
                        !options            ? otlp.endpoint
                        : options->disabled ? "switched off by the environment"
                                            : display(options->endpoint),
                        100 * otlp.sample)};
}

Result<ExporterPtr> make_otlp(const ExportConfig& exports) {
    if (!exports.otlp) {
        return ExporterPtr();
    }
    auto options =
        otlp_options({exports.otlp->endpoint, exports.otlp->sample}, process_environment());
    if (!options) {
        return options.error();
    }
    for (const std::string& warning : options->warnings) {
        spdlog::warn("{}", warning);
    }
    if (options->disabled) {
        return ExporterPtr();
    }
    auto exporter = make_otlp_exporter(std::move(*options));
    if (!exporter) {
        return exporter.error();
    }
    return ExporterPtr(std::move(*exporter));
}

std::vector<ExporterKind> all_kinds() {
    std::vector<ExporterKind> out{
        // name, where, what, place_optional, of_probes, may_refuse
        with_config({"prometheus", "ADDR:PORT", "", false, true, true}, set_prometheus,
                    tell_prometheus, make_prometheus),
        ExporterKind{"json", "FILE", "a line per second, metric and endpoint", false, true, true,
                     make_json, check_json},
        with_config({"otlp", "URL", "traces; otlp alone: where OTEL_EXPORTER_OTLP_ENDPOINT says",
                     true, false, false},
                    set_otlp, tell_otlp, make_otlp),
    };
    for (const auto& more : {otlp_kinds(), push_kinds()}) {
        out.insert(out.end(), more.begin(), more.end());
    }
    return out;
}

}  // namespace

std::span<const ExporterKind> exporter_kinds() {
    static const std::vector<ExporterKind> kinds = all_kinds();
    return kinds;
}

const ExporterKind* find_exporter_kind(std::string_view name) {
    const auto kinds = exporter_kinds();
    const auto found = std::find_if(kinds.begin(), kinds.end(),
                                    [&](const ExporterKind& kind) { return kind.name == name; });
    return found == kinds.end() ? nullptr : &*found;
}

Status set_exporter(const ExporterKind& kind, const std::string& where, ExportConfig& exports) {
    if (kind.set != nullptr) {
        return kind.set(where, exports);
    }
    Status can_be = kind.check != nullptr ? kind.check(where) : Status();
    if (can_be) {
        exports.places[std::string(kind.name)] = where;
    }
    return can_be;
}

std::vector<std::string> tell_exporter(const ExporterKind& kind, const Scenario& scenario) {
    if (kind.tell != nullptr) {
        return kind.tell(scenario);
    }
    const auto place = scenario.exports.places.find(kind.name);
    if (place == scenario.exports.places.end()) {
        return {};
    }
    // A URL may hold a password.
    return {kind.where == "FILE" ? place->second : std::string(kind.what)};
}

Result<ExporterPtr> make_exporter(const ExporterKind& kind, const ExportConfig& exports) {
    if (kind.make != nullptr) {
        return kind.make(exports);
    }
    const auto place = exports.places.find(kind.name);
    return place == exports.places.end() ? ExporterPtr() : kind.make_at(place->second);
}

Result<RunExporters> make_exporters(const ExportConfig& exports, bool with_load) {
    RunExporters out;
    for (const ExporterKind& kind : exporter_kinds()) {
        if (!with_load && !kind.of_probes) {
            continue;
        }
        auto made = make_exporter(kind, exports);
        if (!made) {
            return made.error();
        }
        if (*made != nullptr) {
            (kind.may_refuse ? out.before_run_file : out.after_run_file)
                .push_back(*std::move(made));
        }
    }
    return out;
}

double trace_share_of(const ExportConfig& exports) {
    const auto options = trace_options(exports);
    return options ? options->sample : 0;
}

bool traceparent_of(const ExportConfig& exports) {
    const auto options = trace_options(exports);
    return options && options->propagate;
}

}  // namespace plimsoll
