#include "exporters/otlp/otlp_options.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstdlib>

#include <fmt/format.h>

namespace plimsoll {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

constexpr std::string_view kDefaultEndpoint = "http://localhost:4318";

struct SignalNames {
    std::string_view path;
    std::string_view variable;  // OTEL_EXPORTER_OTLP_<this>_ENDPOINT
    std::string_view exporter;  // the variable that says whether it is sent
};
constexpr SignalNames names_of(OtlpSignal signal) {
    switch (signal) {
        case OtlpSignal::Metrics:
            return {"/v1/metrics", "METRICS", "OTEL_METRICS_EXPORTER"};
        case OtlpSignal::Logs:
            return {"/v1/logs", "LOGS", "OTEL_LOGS_EXPORTER"};
        case OtlpSignal::Traces:
            break;
    }
    return {"/v1/traces", "TRACES", "OTEL_TRACES_EXPORTER"};
}
constexpr std::array kSignals{OtlpSignal::Traces, OtlpSignal::Metrics, OtlpSignal::Logs};

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return out;
}

std::string_view trim(std::string_view text) {
    const auto space = [](char c) { return c == ' ' || c == '\t'; };
    while (!text.empty() && space(text.front())) {
        text.remove_prefix(1);
    }
    while (!text.empty() && space(text.back())) {
        text.remove_suffix(1);
    }
    return text;
}

template <typename T>
std::optional<T> number(std::string_view text) {
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() ? std::optional(value)
                                                                    : std::nullopt;
}

std::optional<int> hex_digit(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    const char folded = static_cast<char>(c | 0x20);
    return folded >= 'a' && folded <= 'f' ? std::optional(folded - 'a' + 10) : std::nullopt;
}

std::optional<std::string> percent_decode(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        const auto high = i + 2 < text.size() ? hex_digit(text[i + 1]) : std::nullopt;
        const auto low = i + 2 < text.size() ? hex_digit(text[i + 2]) : std::nullopt;
        if (!high || !low) {
            return std::nullopt;
        }
        out += static_cast<char>(*high * 16 + *low);
        i += 2;
    }
    return out;
}

/// "key=value,key=value", values percent-encoded: the form of OTEL_RESOURCE_ATTRIBUTES and
/// OTEL_EXPORTER_OTLP_HEADERS (OpenTelemetry specification, after W3C Baggage). Nothing when one
/// entry is not of that form.
std::optional<Pairs> read_pairs(std::string_view text) {
    Pairs out;
    while (!text.empty()) {
        const std::size_t comma = std::min(text.find(','), text.size());
        const std::string_view entry = trim(text.substr(0, comma));
        text.remove_prefix(std::min(comma + 1, text.size()));
        if (entry.empty()) {
            continue;
        }
        const std::size_t equals = entry.find('=');
        if (equals == std::string_view::npos) {
            return std::nullopt;
        }
        const std::string_view key = trim(entry.substr(0, equals));
        auto value = percent_decode(trim(entry.substr(equals + 1)));
        if (key.empty() || !value) {
            return std::nullopt;
        }
        out.emplace_back(std::string(key), std::move(*value));
    }
    return out;
}

/// The Error says where the URL stands and never repeats it: it may hold a password.
Result<Url> read_url(std::string_view text, const std::string& where) {
    auto url = parse_url(text);
    if (url && url->scheme != Url::Scheme::Unix) {
        return url;
    }
    return Error{url ? "must be an http or https URL" : url.error().what, where,
                 url ? "for example http://127.0.0.1:4318" : url.error().hint};
}

/// One that ends in a signal's path is that of the base.
Result<Url> with_path(Result<Url> base, OtlpSignal signal) {
    if (base) {
        const std::size_t query = std::min(base->target.find('?'), base->target.size());
        std::string path = base->target.substr(0, query);
        while (path.ends_with('/')) {
            path.pop_back();
        }
        for (const OtlpSignal each : kSignals) {
            if (path.ends_with(names_of(each).path)) {
                path.resize(path.size() - names_of(each).path.size());
                break;
            }
        }
        base->target = path + std::string(names_of(signal).path) + base->target.substr(query);
    }
    return base;
}

/// Reads variables and notes what it had to ignore.
class Environment {
public:
    Environment(const GetEnv& get, OtlpSignal signal, std::vector<std::string>& warnings)
        : get_(get), signal_(signal), warnings_(warnings) {}

    [[nodiscard]] std::string text(const std::string& name) const {
        return std::string(trim(get_(name).value_or("")));
    }
    /// (name, value) of e.g. OTEL_EXPORTER_OTLP_TRACES_<what>, or else OTEL_EXPORTER_OTLP_<what>.
    [[nodiscard]] std::pair<std::string, std::string> signal(const std::string& what) const {
        const std::string own = own_name(what);
        const std::string general = "OTEL_EXPORTER_OTLP_" + what;
        return text(own).empty() ? std::pair{general, text(general)} : std::pair{own, text(own)};
    }
    [[nodiscard]] std::string own_name(const std::string& what) const {
        return fmt::format("OTEL_EXPORTER_OTLP_{}_{}", names_of(signal_).variable, what);
    }
    [[nodiscard]] OtlpSignal which() const { return signal_; }
    void ignored(const std::string& name, const std::string& should) {
        warnings_.push_back(name + " is ignored: " + should);
    }

private:
    const GetEnv& get_;
    OtlpSignal signal_;
    std::vector<std::string>& warnings_;
};

Result<Url> choose_endpoint(const OtlpSettings& settings, const Environment& env) {
    if (!settings.endpoint.empty()) {
        return with_path(read_url(settings.endpoint, "export.otlp.endpoint"), env.which());
    }
    const std::string own = env.own_name("ENDPOINT");
    if (const std::string url = env.text(own); !url.empty()) {
        return read_url(url, own);
    }
    const std::string base = "OTEL_EXPORTER_OTLP_ENDPOINT";
    const std::string url = env.text(base);
    return with_path(read_url(url.empty() ? kDefaultEndpoint : url, base), env.which());
}

HttpHeaders choose_headers(Environment& env) {
    const auto [name, text] = env.signal("HEADERS");
    HttpHeaders out;
    auto pairs = read_pairs(text);
    for (auto& [key, value] : pairs ? *pairs : Pairs{}) {
        out.push_back({key, std::move(value)});
    }
    if (!pairs || !std::all_of(out.begin(), out.end(), is_sendable)) {
        env.ignored(name, "must be name=value,name=value with percent-encoded values");
        return {};
    }
    return out;
}

void set(Pairs& pairs, const std::string& key, std::string value) {
    const auto at = std::find_if(pairs.begin(), pairs.end(),
                                 [&](const auto& pair) { return pair.first == key; });
    if (at == pairs.end()) {
        pairs.emplace_back(key, std::move(value));
    } else {
        at->second = std::move(value);
    }
}

Pairs choose_resource(Environment& env) {
    Pairs out{{"service.name", "plimsoll"}};
    const std::string name = "OTEL_RESOURCE_ATTRIBUTES";
    if (auto attributes = read_pairs(env.text(name))) {
        for (auto& [key, value] : *attributes) {
            set(out, key, std::move(value));
        }
    } else {
        env.ignored(name, "must be key=value,key=value with percent-encoded values");
    }
    if (std::string service = env.text("OTEL_SERVICE_NAME"); !service.empty()) {
        set(out, "service.name", std::move(service));
    }
    return out;
}

void choose_transfer(OtlpOptions& out, Environment& env) {
    if (const auto [name, text] = env.signal("TIMEOUT"); !text.empty()) {
        const auto ms = number<std::int32_t>(text);
        if (ms && *ms > 0) {
            out.timeout = std::chrono::milliseconds(*ms);
        } else {
            env.ignored(name, "must be a whole number of milliseconds above 0");
        }
    }
    if (const auto [name, text] = env.signal("COMPRESSION"); !text.empty()) {
        out.gzip = text == "gzip";
        if (!out.gzip && text != "none") {
            env.ignored(name, "must be gzip or none");
        }
    }
    if (const auto [name, text] = env.signal("PROTOCOL");
        !text.empty() && text != "http/protobuf") {
        env.ignored(name, "only http/protobuf is spoken here; its usual port is 4318");
    }
    out.certificate_file = env.signal("CERTIFICATE").second;
    const auto [certificate, file] = env.signal("CLIENT_CERTIFICATE");
    const auto [key, key_file] = env.signal("CLIENT_KEY");
    if (file.empty() == key_file.empty()) {
        out.client_certificate_file = file;
        out.client_key_file = key_file;
    } else {
        env.ignored(
            file.empty() ? key : certificate,
            "a client certificate and its key come together: " + certificate + " and " + key);
    }
}

/// The entries of a comma-separated list, in lower case.
std::vector<std::string> entries_of(std::string_view list) {
    std::vector<std::string> out;
    while (!list.empty()) {
        const std::size_t comma = std::min(list.find(','), list.size());
        if (const auto entry = trim(list.substr(0, comma)); !entry.empty()) {
            out.push_back(lower(entry));
        }
        list.remove_prefix(std::min(comma + 1, list.size()));
    }
    return out;
}

bool contains(const std::vector<std::string>& list, std::string_view entry) {
    return std::find(list.begin(), list.end(), entry) != list.end();
}

void choose_sending(OtlpOptions& out, Environment& env) {
    const std::string variable(names_of(env.which()).exporter);
    const auto exporters = entries_of(env.text(variable));
    out.disabled = exporters == std::vector<std::string>{"none"};
    if (env.which() == OtlpSignal::Metrics && contains(exporters, "prometheus")) {
        env.ignored(variable, "metrics are served where --prometheus ADDR:PORT says");
    } else if (!out.disabled && !exporters.empty() &&
               exporters != std::vector<std::string>{"otlp"}) {
        env.ignored(variable, "must be otlp or none");
    }
}

/// What requests carry.
void choose_propagation(OtlpOptions& out, Environment& env) {
    const std::string propagators = "OTEL_PROPAGATORS";
    const auto propagate = entries_of(env.text(propagators));
    out.propagate = propagate.empty() || contains(propagate, "tracecontext");
    const bool others = std::any_of(
        propagate.begin(), propagate.end(),
        [](const std::string& each) { return each != "tracecontext" && each != "none"; });
    if (others) {
        env.ignored(propagators,
                    out.propagate ? "in part: only tracecontext is spoken, the header traceparent"
                                  : "only tracecontext is spoken, and it is not among them: no "
                                    "traceparent is sent");
    }
}

/// Also where the settings have them, so that nonsense is heard of.
void choose_metrics(OtlpOptions& out, const OtlpSettings& settings, Environment& env) {
    const std::string interval = "OTEL_METRIC_EXPORT_INTERVAL";
    if (const std::string text = env.text(interval); !text.empty()) {
        const auto ms = number<std::int32_t>(text);
        if (ms && *ms > 0) {
            out.interval = std::chrono::milliseconds(*ms);
        } else {
            env.ignored(interval, "must be a whole number of milliseconds above 0");
        }
    }
    const std::string temporality = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE";
    if (const std::string text = lower(env.text(temporality)); !text.empty()) {
        out.delta = text == "delta" || text == "lowmemory";
        if (!out.delta && text != "cumulative") {
            env.ignored(temporality, "must be cumulative, delta or lowmemory");
        }
    }
    const std::string aggregation = "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION";
    if (const std::string text = lower(env.text(aggregation));
        !text.empty() && text != "base2_exponential_bucket_histogram") {
        env.ignored(aggregation, "histograms are exponential ones");
    }
    out.delta = settings.delta.value_or(out.delta);
    out.interval = settings.interval.value_or(out.interval);
}

constexpr std::uint16_t kGrpcPort = 4317;

}  // namespace

std::string display(const Url& endpoint) {
    return endpoint.origin() + endpoint.target.substr(0, endpoint.target.find('?'));
}

GetEnv process_environment() {
    return [](std::string_view name) -> std::optional<std::string> {
        const char* value = std::getenv(std::string(name).c_str());
        return value == nullptr ? std::nullopt : std::optional<std::string>(value);
    };
}

Result<OtlpOptions> otlp_options(const OtlpSettings& settings, const GetEnv& env,
                                 OtlpSignal signal) {
    if (!(settings.sample > 0 && settings.sample <= 1)) {
        return Error{fmt::format("must be above 0 and at most 1, got {}", settings.sample),
                     "export.otlp.sample", "write it as a share, e.g. sample: 1%"};
    }
    OtlpOptions out;
    out.sample = settings.sample;
    Environment environment(env, signal, out.warnings);
    auto endpoint = choose_endpoint(settings, environment);
    if (!endpoint) {
        return endpoint.error();
    }
    out.endpoint = std::move(endpoint).value();
    out.headers = choose_headers(environment);
    out.resource = choose_resource(environment);
    choose_transfer(out, environment);
    const std::string disabled = lower(environment.text("OTEL_SDK_DISABLED"));
    choose_sending(out, environment);
    if (signal == OtlpSignal::Traces) {
        choose_propagation(out, environment);
    } else if (signal == OtlpSignal::Metrics) {
        choose_metrics(out, settings, environment);
    }
    out.disabled = out.disabled || disabled == "true";
    if (out.endpoint.port == kGrpcPort) {
        out.warnings.push_back(fmt::format(
            "{}: port {} is that of OTLP over gRPC, which is not spoken here; OTLP/HTTP's is 4318",
            display(out.endpoint), kGrpcPort));
    }
    if (!disabled.empty() && disabled != "true" && disabled != "false") {
        environment.ignored("OTEL_SDK_DISABLED", "must be true or false");
    }
    return out;
}

}  // namespace plimsoll
