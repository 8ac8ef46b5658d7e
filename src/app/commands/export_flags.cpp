#include "app/commands/export_flags.hpp"

#include "app/commands/common_flags.hpp"
#include "scenario/listen_address.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr const char* kOut = "-o/--out";

Status set_prometheus(const std::string& where, const char* flag, ExportConfig& exports) {
    auto listen = parse_listen(where);
    if (!listen) {
        return Error{listen.error().what, flag, listen.error().hint};
    }
    exports.prometheus = *std::move(listen);
    return {};
}

void set_otlp(const std::string& url, ExportConfig& exports) {
    if (!exports.otlp) {
        exports.otlp.emplace();
    }
    exports.otlp->endpoint = url;
}

Status set_json(const std::string& file, SessionOptions& options) {
    if (file == "-" || file.ends_with(".gz")) {
        return Error{fmt::format("json must be a file that can be followed, got \"{}\"", file),
                     kOut, "e.g. -o json=run.ndjson, then tail -f run.ndjson; gzip it afterwards"};
    }
    if (!options.json.empty()) {
        return Error{"json is given twice", kOut, "one file holds everything"};
    }
    options.json = file;
    return check_writable(file, kOut);
}

}  // namespace

void ExportFlags::add_to(CLI::App& command) {
    command
        .add_option("--prometheus", prometheus, "serve metrics here (default address 127.0.0.1)")
        ->type_name("ADDR:PORT");
    command
        .add_option("--otlp", otlp,
                    "send traces of 1 % of the iterations to this OTLP/HTTP endpoint")
        ->type_name("URL");
    command
        .add_option("-o,--out", outs,
                    "also write figures while it runs: json=FILE (a line per second, metric and "
                    "endpoint), csv=PREFIX, prometheus=ADDR:PORT or otlp=URL; may be repeated")
        ->type_name("KIND=WHERE")
        ->allow_extra_args(false);
}

Status ExportFlags::apply_out(const std::string& out, ExportConfig& exports,
                              SessionOptions& options) {
    const auto equals = out.find('=');
    const std::string kind = out.substr(0, equals);
    const std::string where = equals == std::string::npos ? "" : out.substr(equals + 1);
    const bool known = kind == "json" || kind == "csv" || kind == "prometheus" || kind == "otlp";
    if (!known || where.empty()) {
        return Error{
            known ? fmt::format("{} needs a place, {}=WHERE", kind, kind)
                  : fmt::format("must be json, csv, prometheus or otlp, got \"{}\"", kind),
            kOut,
            "e.g. -o json=run.ndjson, -o csv=PREFIX, -o prometheus=127.0.0.1:9464, -o otlp=URL"};
    }
    if (kind == "json") {
        return set_json(where, options);
    }
    if (kind == "prometheus") {
        return set_prometheus(where, kOut, exports);
    }
    if (kind == "otlp") {
        set_otlp(where, exports);
        return {};
    }
    options.csv_prefix = where;
    return check_writable(where + "_stats.csv", kOut);
}

Status ExportFlags::apply(ExportConfig& exports, SessionOptions& options) const {
    if (!prometheus.empty()) {
        if (Status set = set_prometheus(prometheus, "--prometheus", exports); !set) {
            return set;
        }
    }
    if (!otlp.empty()) {
        set_otlp(otlp, exports);
    }
    for (const std::string& out : outs) {
        if (Status applied = apply_out(out, exports, options); !applied) {
            return applied;
        }
    }
    return {};
}

}  // namespace plimsoll
