#include "scenario/listen_address.hpp"

#include "scenario/wording.hpp"

#include <arpa/inet.h>
#include <charconv>
#include <optional>

#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr const char* kListenExample =
    "e.g. 127.0.0.1:9464; port 0 takes a free one; 0.0.0.0:9464 opens it to other machines";

std::optional<std::uint16_t> port_from(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), port);
    const bool whole = code == std::errc{} && end == text.data() + text.size();
    return whole ? std::optional(port) : std::nullopt;
}

bool is_address(int family, const std::string& text) {
    in6_addr storage{};
    return inet_pton(family, text.c_str(), &storage) == 1;
}

Result<std::string> host_from(std::string_view text) {
    std::string host(text);
    if (host == "localhost") {
        return std::string("127.0.0.1");
    }
    if (host.starts_with('[') && host.ends_with(']')) {
        host = host.substr(1, host.size() - 2);
        if (is_address(AF_INET6, host)) {
            return host;
        }
    } else if (is_address(AF_INET, host)) {
        return host;
    } else if (host.find(':') != std::string::npos) {
        return Error{fmt::format("needs brackets around an IPv6 address, got {}", in_quotes(text)),
                     {},
                     "e.g. [::1]:9464"};
    }
    return Error{fmt::format("must have an IP address or localhost before its port, got {}",
                             in_quotes(text)),
                 {},
                 kListenExample};
}

}  // namespace

Result<ListenAddress> parse_listen(std::string_view text) {
    if (const auto port = port_from(text)) {
        return ListenAddress{"127.0.0.1", *port};
    }
    const std::size_t colon = text.rfind(':');
    const auto port =
        colon == std::string_view::npos ? std::nullopt : port_from(text.substr(colon + 1));
    if (!port || colon == 0) {
        return Error{
            fmt::format("must be an IP address and a port, or a port, got {}", in_quotes(text)),
            {},
            kListenExample};
    }
    auto host = host_from(text.substr(0, colon));
    if (!host) {
        return host.error();
    }
    return ListenAddress{*std::move(host), *port};
}

}  // namespace plimsoll
