// Where metrics and traces go.
#include "scenario/parts.hpp"
#include "scenario/wording.hpp"

#include <arpa/inet.h>
#include <array>
#include <charconv>

#include <fmt/format.h>

namespace plimsoll {
namespace {

using Address = std::pair<std::string, std::uint16_t>;

std::optional<std::uint16_t> port_from(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), port);
    const bool whole = code == std::errc{} && end == text.data() + text.size() && !text.empty();
    return whole ? std::optional(port) : std::nullopt;
}

bool is_address(const std::string& text) {
    in6_addr storage{};
    return inet_pton(AF_INET, text.c_str(), &storage) == 1 ||
           inet_pton(AF_INET6, text.c_str(), &storage) == 1;
}

std::optional<Address> address_from(std::string_view text) {
    if (const auto port = port_from(text)) {
        return Address{"127.0.0.1", *port};
    }
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) {
        return std::nullopt;
    }
    const auto port = port_from(text.substr(colon + 1));
    std::string host(text.substr(0, colon));
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
        host = host.substr(1, host.size() - 2);
    } else if (host.find(':') != std::string::npos) {
        return std::nullopt;  // IPv6 needs brackets
    }
    host = host == "localhost" ? "127.0.0.1" : host;
    return port && is_address(host) ? std::optional(Address{host, *port}) : std::nullopt;
}

std::optional<Address> read_prometheus(const Item& item) {
    const auto text = item.text("an address and port, or a port");
    if (!text) {
        return std::nullopt;
    }
    auto address = address_from(*text);
    if (!address) {
        item.fault(
            fmt::format("must be an IP address and a port, or a port, got {}", in_quotes(*text)),
            "e.g. 127.0.0.1:9464; 0.0.0.0:9464 opens it to other machines");
    }
    return address;
}

std::optional<OtlpConfig> read_otlp(const Item& item) {
    constexpr std::array<std::string_view, 2> kKnown{"endpoint", "sample"};
    constexpr std::array<std::string_view, 2> kLater{"headers", "compression"};
    if (!item.require_map("a map with endpoint", "e.g. otlp: {endpoint: http://127.0.0.1:4318}")) {
        return std::nullopt;
    }
    const Fields fields(item, {kKnown, kLater});
    OtlpConfig otlp;
    if (const auto endpoint = fields.require("endpoint", "endpoint: http://127.0.0.1:4318")) {
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
