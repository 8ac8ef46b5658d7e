// Where metrics and traces go.
#include "scenario/listen_address.hpp"
#include "scenario/parse.hpp"
#include "scenario/parts.hpp"

#include <array>

#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr std::uint16_t kDefaultMetricsPort = 9464;

std::optional<ListenAddress> read_listen(const Item& item) {
    const auto text = item.text("an address and port, or a port");
    if (!text) {
        return std::nullopt;
    }
    auto address = parse_listen(*text);
    if (!address) {
        item.fault(address.error().what, address.error().hint);
        return std::nullopt;
    }
    return *std::move(address);
}

std::vector<Nanoseconds> read_buckets(const Item& item) {
    constexpr const char* kExample = "e.g. buckets: [5ms, 10ms, 25ms, 50ms, 100ms, 1s]";
    constexpr std::size_t kMost = 500;
    constexpr Nanoseconds kLongest = std::chrono::hours(1);
    std::vector<Nanoseconds> out;
    const auto items = item.list("bounds", kExample);
    if (items.size() > kMost) {
        item.fault(fmt::format("must be at most {} bounds, got {}", kMost, items.size()),
                   "each is a series of every histogram");
        return {};
    }
    for (const Item& each : items) {
        const auto bound = each.positive_duration();
        if (!bound) {
            continue;
        }
        if (*bound > kLongest) {
            each.fault("must be at most 1h");
        } else if (!out.empty() && *bound <= out.back()) {
            each.fault("must be above the bound before it", kExample);
        }
        out.push_back(*bound);
    }
    return out;
}

void read_prometheus(const Item& item, ExportConfig& exports) {
    constexpr std::array<std::string_view, 2> kKeys{"listen", "buckets"};
    if (!item.is_map()) {
        exports.prometheus = read_listen(item);
        return;
    }
    exports.prometheus = ListenAddress{"127.0.0.1", kDefaultMetricsPort};
    const Fields fields(item, {kKeys});
    if (const auto listen = fields.get("listen")) {
        exports.prometheus = read_listen(*listen);
    }
    if (const auto buckets = fields.get("buckets")) {
        exports.prometheus_buckets = read_buckets(*buckets);
    }
}

std::string read_url(const Item& item, const std::string& example) {
    const auto text = item.text("a URL");
    const auto url = text ? parse_target(*text) : Result<TargetUrl>(TargetUrl{});
    if (!url) {
        item.fault(url.error().what, example);
    }
    return text.value_or("");
}

void read_otlp(const Item& item, ExportConfig& exports) {
    constexpr std::array<std::string_view, 5> kKnown{"endpoint", "sample", "signals", "temporality",
                                                     "interval"};
    constexpr std::array<std::string_view, 2> kLater{"headers", "compression"};
    constexpr std::array<std::string_view, 3> kSignals{"traces", "metrics", "logs"};
    constexpr std::array<std::string_view, 2> kTemporalities{"cumulative", "delta"};
    if (!item.require_map("a map with endpoint", "e.g. otlp: {endpoint: http://127.0.0.1:4318}")) {
        return;
    }
    const Fields fields(item, {kKnown, kLater});
    OtlpConfig otlp;
    OtlpMetricsConfig metrics;
    if (const auto endpoint = fields.get("endpoint")) {  // else OTEL_EXPORTER_OTLP_... say where
        otlp.endpoint =
            read_url(*endpoint, "e.g. http://127.0.0.1:4318; /v1/traces and the like is appended");
    }
    if (const auto sample = fields.get("sample")) {
        otlp.sample = sample->ratio().value_or(otlp.sample);
    }
    if (const auto temporality = fields.get("temporality")) {
        metrics.delta = temporality->choice(kTemporalities) == std::size_t{1};
    }
    if (const auto interval = fields.get("interval")) {
        metrics.interval = interval->positive_duration();
    }
    std::array<bool, kSignals.size()> wanted{true, false, false};
    if (const auto signals = fields.get("signals")) {
        wanted = {};
        for (const Item& each : signals->list("signals", "e.g. signals: [traces, metrics]")) {
            if (const auto signal = each.choice(kSignals)) {
                wanted.at(*signal) = true;
            }
        }
    }
    metrics.endpoint = otlp.endpoint;
    if (wanted[1]) {
        exports.otlp_metrics = metrics;
    }
    if (wanted[2]) {
        exports.otlp_logs = OtlpLogsConfig{otlp.endpoint};
    }
    if (wanted[0]) {
        exports.otlp = std::move(otlp);
    }
}

std::string read_secret(const Item& item, std::string_view what, std::vector<Secret>& secrets) {
    secrets.push_back({Secret::Kind::Value, item.shared_node()});
    return item.secret_text(what).value_or("");
}

void read_auth(const Item& item, AccessConfig& access, std::vector<Secret>& secrets) {
    constexpr std::array<std::string_view, 2> kKeys{"bearer", "basic"};
    constexpr std::array<std::string_view, 2> kBasic{"user", "password"};
    constexpr const char* kExample = "e.g. auth: {bearer: \"${env.TOKEN}\"}";
    if (!item.require_map("a map with bearer or basic", kExample)) {
        return;
    }
    const Fields fields(item, {kKeys});
    const auto bearer = fields.get("bearer");
    const auto basic = fields.get("basic");
    if (bearer.has_value() == basic.has_value()) {
        if (!fields.has_unknown()) {
            item.fault("must have bearer or basic, one of them", kExample);
        }
        return;
    }
    if (bearer) {
        access.token = read_secret(*bearer, "a token", secrets);
        return;
    }
    constexpr const char* kBasicExample = "e.g. basic: {user: u, password: \"${env.PASSWORD}\"}";
    if (!basic->require_map("a map with user and password", kBasicExample)) {
        return;
    }
    const Fields pair(*basic, {kBasic});
    if (const auto user = pair.require("user", "user: u")) {
        access.user = user->text("a user name").value_or("");
    }
    if (const auto password = pair.require("password", "password: \"${env.PASSWORD}\"")) {
        access.password = read_secret(*password, "a password", secrets);
    }
}

void read_tls(const Item& item, AccessConfig& access) {
    constexpr std::array<std::string_view, 4> kKeys{"ca", "cert", "key", "insecure_skip_verify"};
    if (!item.require_map("a map", "e.g. tls: {ca: ca.pem}")) {
        return;
    }
    const Fields fields(item, {kKeys});
    const auto file = [&](std::string_view key, std::string& into) {
        if (const auto name = fields.get(key)) {
            const auto text = name->text("a file's name");
            into = text ? item.context().path_of(*text) : "";
        }
    };
    file("ca", access.ca_file);
    file("cert", access.cert_file);
    file("key", access.key_file);
    if (access.cert_file.empty() != access.key_file.empty()) {
        item.fault("must have cert and key together", "the key may be in the certificate's file");
    }
    if (const auto insecure = fields.get("insecure_skip_verify")) {
        access.verify_tls = !insecure->boolean().value_or(false);
    }
}

constexpr std::array<std::string_view, 4> kAccessKeys{"url", "headers", "auth", "tls"};

/// The four keys above, and no fault of others.
void read_access(const Fields& fields, const char* example, AccessConfig& access,
                 std::vector<Secret>& secrets) {
    if (const auto url = fields.require("url", example)) {
        access.url = read_url(*url, std::string("e.g. ") + example);
    }
    if (const auto headers = fields.get("headers");
        headers &&
        headers->require_map("a map of headers", "e.g. headers: {X-Scope-OrgID: team}")) {
        for (const auto& [name, item] : headers->named()) {
            access.headers.emplace_back(name, read_secret(item, "a header's value", secrets));
        }
    }
    if (const auto auth = fields.get("auth")) {
        read_auth(*auth, access, secrets);
    }
    if (const auto tls = fields.get("tls")) {
        read_tls(*tls, access);
    }
}

template <std::size_t N>
constexpr auto with_access(const std::array<std::string_view, N>& own) {
    std::array<std::string_view, N + kAccessKeys.size()> out{};
    std::size_t at = 0;
    for (const std::string_view key : kAccessKeys) {
        out.at(at++) = key;
    }
    for (const std::string_view key : own) {
        out.at(at++) = key;
    }
    return out;
}

std::optional<RemoteWriteConfig> read_remote_write(const Item& item, std::vector<Secret>& secrets) {
    static constexpr auto kKeys = with_access(
        std::array<std::string_view, 5>{"version", "histograms", "interval", "labels", "buckets"});
    constexpr const char* kExample = "url: http://127.0.0.1:9090/api/v1/write";
    constexpr std::array<std::string_view, 3> kForms{"classic", "native", "both"};
    if (!item.require_map("a map with url",
                          "e.g. remote_write: {url: http://127.0.0.1:9090/api/v1/write}")) {
        return std::nullopt;
    }
    const Fields fields(item, {kKeys});
    RemoteWriteConfig out;
    read_access(fields, kExample, out.access, secrets);
    if (const auto version = fields.get("version")) {
        out.version = static_cast<std::uint32_t>(
            version->whole(1, 2, "leave it out for whichever the other side speaks").value_or(0));
    }
    if (const auto histograms = fields.get("histograms")) {
        const auto form = histograms->choice(kForms).value_or(0);
        out.classic = form != 1;
        out.native = form != 0;
    }
    if (const auto buckets = fields.get("buckets")) {
        out.buckets = read_buckets(*buckets);
    }
    if (const auto interval = fields.get("interval")) {
        out.interval = interval->positive_duration().value_or(out.interval);
    }
    if (const auto labels = fields.get("labels");
        labels && labels->require_map("a map of labels", "e.g. labels: {env: ci}")) {
        for (const auto& [name, value] : labels->named()) {
            out.labels.emplace_back(name, value.text("a label's value").value_or(""));
        }
    }
    return out;
}

std::optional<GrafanaConfig> read_grafana(const Item& item, std::vector<Secret>& secrets) {
    static constexpr auto kKeys =
        with_access(std::array<std::string_view, 2>{"dashboard_uid", "tags"});
    if (!item.require_map("a map with url", "e.g. grafana: {url: http://127.0.0.1:3000}")) {
        return std::nullopt;
    }
    const Fields fields(item, {kKeys});
    GrafanaConfig out;
    read_access(fields, "url: http://127.0.0.1:3000", out.access, secrets);
    if (const auto uid = fields.get("dashboard_uid")) {
        out.dashboard_uid = uid->text("a dashboard's uid").value_or("");
    }
    if (const auto tags = fields.get("tags")) {
        for (const Item& tag : tags->list("tags", "e.g. tags: [checkout]")) {
            out.tags.push_back(tag.text("a tag").value_or(""));
        }
    }
    return out;
}

std::optional<InfluxConfig> read_influxdb(const Item& item, std::vector<Secret>& secrets) {
    static constexpr auto kKeys = with_access(
        std::array<std::string_view, 4>{"database", "bucket", "organization", "interval"});
    if (!item.require_map("a map with url",
                          "e.g. influxdb: {url: http://127.0.0.1:8086, database: k6}")) {
        return std::nullopt;
    }
    const Fields fields(item, {kKeys});
    InfluxConfig out;
    read_access(fields, "url: http://127.0.0.1:8086", out.access, secrets);
    const auto text = [&](std::string_view key, std::string& into) {
        if (const auto name = fields.get(key)) {
            into = name->text("a name").value_or("");
        }
    };
    text("database", out.database);
    text("bucket", out.bucket);
    text("organization", out.organization);
    if (out.database.empty() == out.bucket.empty() && !fields.has_unknown()) {
        item.fault("must have database (InfluxDB 1) or bucket (InfluxDB 2), one of them");
    }
    if (const auto interval = fields.get("interval")) {
        out.interval = interval->positive_duration().value_or(out.interval);
    }
    return out;
}

}  // namespace

ExportConfig read_export(const Item& item, std::vector<Secret>& secrets) {
    constexpr std::array<std::string_view, 5> kKnown{"prometheus", "otlp", "remote_write",
                                                     "grafana", "influxdb"};
    ExportConfig exports;
    if (!item.require_map("a map of exporters", "e.g. export: {prometheus: 127.0.0.1:9464}")) {
        return exports;
    }
    const Fields fields(item, {kKnown});
    if (const auto prometheus = fields.get("prometheus")) {
        read_prometheus(*prometheus, exports);
    }
    if (const auto otlp = fields.get("otlp")) {
        read_otlp(*otlp, exports);
    }
    if (const auto remote_write = fields.get("remote_write")) {
        exports.remote_write = read_remote_write(*remote_write, secrets);
    }
    if (const auto grafana = fields.get("grafana")) {
        exports.grafana = read_grafana(*grafana, secrets);
    }
    if (const auto influxdb = fields.get("influxdb")) {
        exports.influxdb = read_influxdb(*influxdb, secrets);
    }
    return exports;
}

}  // namespace plimsoll
