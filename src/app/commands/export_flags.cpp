#include "app/commands/export_flags.hpp"

#include "app/commands/command_line.hpp"
#include "app/commands/files.hpp"

#include <algorithm>
#include <cctype>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace plimsoll {
namespace {

constexpr const char* kOut = "-o/--out";
constexpr const char* kExample =
    "e.g. -o json=run.ndjson, -o csv=PREFIX, -o prometheus=127.0.0.1:9464, -o otlp=URL";
constexpr std::string_view kCsv = "csv";  // no exporter: its files are written at the end

/// "prometheus=ADDR:PORT, json=FILE (a line per ...), ... or csv=PREFIX"
std::string out_help() {
    std::string text;
    for (const ExporterKind& kind : exporter_kinds()) {
        text += fmt::format("{}={}{}, ", kind.name, kind.where,
                            kind.what.empty() ? "" : fmt::format(" ({})", kind.what));
    }
    return text + "or " + std::string(kCsv) + "=PREFIX";
}

bool is_known(std::string_view kind) {
    return kind == kCsv || find_exporter_kind(kind) != nullptr;
}

/// "csv, json, otlp or prometheus"
std::string all_kinds() {
    std::set<std::string_view> names{kCsv};
    for (const ExporterKind& kind : exporter_kinds()) {
        names.insert(kind.name);
    }
    const std::string_view last = *names.rbegin();
    names.erase(last);
    return fmt::format("{} or {}", fmt::join(names, ", "), last);
}

/// What stands there may be a place without its kind, with a password in it: only a word that
/// cannot be one is repeated.
std::string unknown_kind(std::string_view kind) {
    constexpr std::size_t kLongestWord = 12;
    const bool word =
        !kind.empty() && kind.size() <= kLongestWord &&
        std::all_of(kind.begin(), kind.end(), [](unsigned char c) { return std::isalpha(c) != 0; });
    return word ? fmt::format("must be {}, got \"{}\"", all_kinds(), kind)
                : "write it as KIND=WHERE; the kind is " + all_kinds();
}

}  // namespace

Status set_export(const ExporterKind& kind, const std::string& where, const char* flag,
                  ExportConfig& exports) {
    if (const Status set = set_exporter(kind, where, exports); !set) {
        return Error{set.error().what, flag, set.error().hint};
    }
    return kind.where == "FILE" ? check_writable(where, flag) : Status();
}

void ExportFlags::add_to(Command& command) {
    command
        .add_option("--prometheus", prometheus, "serve metrics here (default address 127.0.0.1)")
        ->type_name("ADDR:PORT");
    command
        .add_option("--otlp", otlp,
                    "send traces of 1 % of the iterations to this OTLP/HTTP endpoint")
        ->type_name("URL");
    command
        .add_option("-o,--out", outs,
                    "also write figures while it runs: " + out_help() + "; may be repeated")
        ->type_name("KIND=WHERE")
        ->allow_extra_args(false);
}

Status ExportFlags::apply_out(const std::string& out, ExportConfig& exports,
                              SessionOptions& options) {
    const auto equals = out.find('=');
    const std::string kind = out.substr(0, equals);
    const std::string where = equals == std::string::npos ? "" : out.substr(equals + 1);
    const ExporterKind* const exporter = find_exporter_kind(kind);
    const bool alone =
        exporter != nullptr && exporter->place_optional && equals == std::string::npos;
    if (!is_known(kind) || (where.empty() && !alone)) {
        return Error{is_known(kind) ? fmt::format("{} needs a place, {}=WHERE", kind, kind)
                                    : unknown_kind(kind),
                     kOut, kExample};
    }
    if (exporter != nullptr) {
        return set_export(*exporter, where, kOut, exports);
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
    for (const auto& [kind, flag, where] :
         {std::tuple<const char*, const char*, const std::string&>{"prometheus", "--prometheus",
                                                                   prometheus},
          {"otlp", "--otlp", otlp}}) {
        if (!where.empty()) {
            if (Status set = set_export(*find_exporter_kind(kind), where, flag, exports); !set) {
                return set;
            }
        }
    }
    for (const std::string& out : outs) {
        if (Status applied = apply_out(out, exports, options); !applied) {
            return applied;
        }
    }
    return {};
}

}  // namespace plimsoll
