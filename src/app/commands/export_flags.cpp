#include "app/commands/export_flags.hpp"

#include "app/commands/common_flags.hpp"
#include "scenario/listen_address.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr const char* kOut = "-o/--out";
constexpr const char* kExample =
    "e.g. -o json=run.ndjson, -o csv=PREFIX, -o prometheus=127.0.0.1:9464, -o otlp=URL";
constexpr std::array<std::string_view, 4> kKinds{"json", "csv", "prometheus", "otlp"};

bool is_known(std::string_view kind) {
    return std::find(kKinds.begin(), kKinds.end(), kind) != kKinds.end();
}

/// What stands there may be a place without its kind, with a password in it: only a word that
/// cannot be one is repeated.
std::string unknown_kind(std::string_view kind) {
    constexpr std::size_t kLongestWord = 12;
    const bool word =
        !kind.empty() && kind.size() <= kLongestWord &&
        std::all_of(kind.begin(), kind.end(), [](unsigned char c) { return std::isalpha(c) != 0; });
    return word ? fmt::format("must be json, csv, prometheus or otlp, got \"{}\"", kind)
                : "write it as KIND=WHERE; the kind is json, csv, prometheus or otlp";
}

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
    if (!url.empty()) {  // else the scenario's, or what OTEL_EXPORTER_OTLP_... say
        exports.otlp->endpoint = url;
    }
}

Status set_json(const std::string& file, SessionOptions& options) {
    if (file == "-" || file.ends_with(".gz")) {
        return Error{fmt::format("json must be a file that can be followed, got \"{}\"", file),
                     kOut, "e.g. -o json=run.ndjson, then tail -f run.ndjson; gzip it afterwards"};
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
        .add_option(
            "-o,--out", outs,
            "also write figures while it runs: json=FILE (a line per second, metric and "
            "endpoint), csv=PREFIX, prometheus=ADDR:PORT or otlp=URL; otlp alone goes where "
            "OTEL_EXPORTER_OTLP_ENDPOINT says; may be repeated")
        ->type_name("KIND=WHERE")
        ->allow_extra_args(false);
}

Status ExportFlags::apply_out(const std::string& out, ExportConfig& exports,
                              SessionOptions& options) {
    const auto equals = out.find('=');
    const std::string kind = out.substr(0, equals);
    const std::string where = equals == std::string::npos ? "" : out.substr(equals + 1);
    if (out == "otlp") {
        set_otlp("", exports);
        return {};
    }
    if (!is_known(kind) || where.empty()) {
        return Error{is_known(kind) ? fmt::format("{} needs a place, {}=WHERE", kind, kind)
                                    : unknown_kind(kind),
                     kOut, kExample};
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

Status ExportFlags::check_once(const SessionOptions& options) const {
    std::vector<std::string> given;  // by flags of their own
    for (const auto& [kind, flag] :
         {std::pair<const char*, const std::string&>{"csv", options.csv_prefix},
          {"prometheus", prometheus},
          {"otlp", otlp}}) {
        if (!flag.empty()) {
            given.emplace_back(kind);
        }
    }
    const std::size_t flags = given.size();
    for (const std::string& out : outs) {
        std::string kind = out.substr(0, out.find('='));
        const auto same = std::find(given.begin(), given.end(), kind);
        if (is_known(kind) && same != given.end()) {
            const bool by_flag = same < given.begin() + static_cast<std::ptrdiff_t>(flags);
            return Error{fmt::format("{} is given twice", kind), kOut,
                         by_flag ? fmt::format("leave out one of --{0} and -o {0}=", kind)
                                 : "each kind has one place"};
        }
        given.push_back(std::move(kind));
    }
    return {};
}

Status ExportFlags::apply(ExportConfig& exports, SessionOptions& options) const {
    if (Status once = check_once(options); !once) {
        return once;
    }
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
