// Where metrics and traces go.
#include "scenario/listen_address.hpp"
#include "scenario/parse.hpp"
#include "scenario/parts.hpp"

#include <array>

namespace plimsoll {
namespace {

std::optional<ListenAddress> read_prometheus(const Item& item) {
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

std::optional<OtlpConfig> read_otlp(const Item& item) {
    constexpr std::array<std::string_view, 2> kKnown{"endpoint", "sample"};
    constexpr std::array<std::string_view, 2> kLater{"headers", "compression"};
    if (!item.require_map("a map with endpoint", "e.g. otlp: {endpoint: http://127.0.0.1:4318}")) {
        return std::nullopt;
    }
    const Fields fields(item, {kKnown, kLater});
    OtlpConfig otlp;
    if (const auto endpoint = fields.get("endpoint")) {  // else OTEL_EXPORTER_OTLP_... say where
        const auto text = endpoint->text("a URL");
        const auto url = text ? parse_target(*text) : Result<TargetUrl>(TargetUrl{});
        if (!url) {
            endpoint->fault(url.error().what, "e.g. http://127.0.0.1:4318; /v1/traces is appended");
        }
        otlp.endpoint = text.value_or("");
    }
    if (const auto sample = fields.get("sample")) {
        otlp.sample = sample->ratio().value_or(otlp.sample);
    }
    return otlp;
}

}  // namespace

ExportConfig read_export(const Item& item) {
    constexpr std::array<std::string_view, 2> kKnown{"prometheus", "otlp"};
    constexpr std::array<std::string_view, 3> kLater{"remote_write", "grafana", "influxdb"};
    ExportConfig exports;
    if (!item.require_map("a map of exporters", "e.g. export: {prometheus: 127.0.0.1:9464}")) {
        return exports;
    }
    const Fields fields(item, {kKnown, kLater});
    if (const auto prometheus = fields.get("prometheus")) {
        exports.prometheus = read_prometheus(*prometheus);
    }
    if (const auto otlp = fields.get("otlp")) {
        exports.otlp = read_otlp(*otlp);
    }
    return exports;
}

}  // namespace plimsoll
