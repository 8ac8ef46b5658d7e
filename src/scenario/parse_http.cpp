// How requests travel: the scenario's `http` block, and a step's own.
#include "base/user_file.hpp"
#include "scenario/parts.hpp"
#include "scenario/secret_file.hpp"
#include "scenario/wording.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>

#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr std::array<std::string_view, 3> kStepHttpKeys{"redirects", "timeouts", "max_body"};
constexpr std::array<std::string_view, 10> kHttpKeys{"no_connection_reuse",
                                                     "insecure_skip_tls_verify",
                                                     "tls",
                                                     "cookies",
                                                     "redirects",
                                                     "timeouts",
                                                     "max_body",
                                                     "local_addresses",
                                                     "dns",
                                                     "absolute_form"};
constexpr std::uint64_t kMostRedirects = 100;

std::optional<std::uint64_t> read_size(const Item& item) {
    constexpr std::string_view kWhat = "a size with its unit, e.g. 10MB";
    constexpr std::array<std::pair<std::string_view, std::uint64_t>, 7> kUnits{
        {{"B", 1},
         {"kB", 1000},
         {"KB", 1000},
         {"KiB", 1024},
         {"MB", 1000 * 1000},
         {"MiB", 1024 * 1024},
         {"GB", 1000 * 1000 * 1000}}};
    const auto text = item.text(kWhat);
    if (!text) {
        return std::nullopt;
    }
    std::uint64_t number = 0;
    const char* const end = text->data() + text->size();
    const auto [stop, code] = std::from_chars(text->data(), end, number);
    const std::string_view unit(stop, static_cast<std::size_t>(end - stop));
    const auto* const known = std::find_if(kUnits.begin(), kUnits.end(),
                                           [&](const auto& each) { return each.first == unit; });
    constexpr std::uint64_t kMost = 1'000'000;  // of GB: far from where 64 bits end
    if (code != std::errc{} || known == kUnits.end() || number > kMost) {
        item.fault(fmt::format("must be {}, got {}", kWhat, in_quotes(*text)),
                   "units are B, kB, KiB, MB, MiB and GB");
        return std::nullopt;
    }
    return number * known->second;
}

void read_timeouts(const Item& item, HttpStepOptions& options) {
    constexpr std::array<std::string_view, 3> kKeys{"connect", "first_byte", "body"};
    if (!item.require_map("a map", "e.g. timeouts: {connect: 2s, first_byte: 5s}")) {
        return;
    }
    const Fields fields(item, {kKeys, {}, "the whole request's limit is the step's timeout"});
    const auto read = [&](std::string_view key, std::optional<Nanoseconds>& into) {
        if (const auto value = fields.get(key)) {
            if (const auto time = value->positive_duration()) {
                into = *time;
            }
        }
    };
    read("connect", options.connect);
    read("first_byte", options.first_byte);
    read("body", options.body);
}

void read_step_options(const Fields& fields, HttpStepOptions& options) {
    if (const auto item = fields.get("redirects")) {
        if (const auto most = item->whole(0, kMostRedirects)) {
            options.redirects = static_cast<std::uint32_t>(*most);
        }
    }
    if (const auto item = fields.get("max_body")) {
        options.max_body = read_size(*item);
    }
    if (const auto item = fields.get("timeouts")) {
        read_timeouts(*item, options);
    }
}

void read_file_name(const Fields& fields, std::string_view key, std::string& into) {
    const auto item = fields.get(key);
    const auto path = item ? item->text("a file") : std::nullopt;
    if (!path) {
        return;
    }
    into = item->context().path_of(*path);
    if (const auto file = open_user_file(into); !file) {
        item->fault(about_file(into, file.error()));
    }
}

void read_tls(const Item& item, TlsOptions& tls) {
    constexpr std::array<std::string_view, 5> kKeys{"ca", "cert", "key", "server_name", "resume"};
    if (!item.require_map("a map", "e.g. tls: {ca: ca.pem}")) {
        return;
    }
    const Fields fields(item, {kKeys});
    read_file_name(fields, "ca", tls.ca_file);
    read_file_name(fields, "cert", tls.cert_file);
    read_file_name(fields, "key", tls.key_file);
    if (const auto name = fields.get("server_name")) {
        tls.server_name = name->text("a host name").value_or("");
    }
    if (const auto resume = fields.get("resume")) {
        tls.resume = resume->boolean().value_or(true);
    }
}

void read_local_addresses(const Item& item, HttpOptions& http) {
    for (const Item& each : item.list("addresses", "e.g. local_addresses: [10.0.0.2, 10.0.0.3]")) {
        if (auto text = each.text("an IP address")) {
            http.local_addresses.push_back(*std::move(text));
        }
    }
}

void read_dns(const Item& item, HttpOptions& http) {
    constexpr std::array<std::string_view, 1> kKeys{"ttl"};
    if (!item.require_map("a map", "e.g. dns: {ttl: 5m}")) {
        return;
    }
    const Fields fields(item, {kKeys});
    if (const auto ttl = fields.get("ttl")) {
        http.dns_ttl = ttl->positive_duration().value_or(http.dns_ttl);
    }
}

}  // namespace

std::string ReadContext::path_of(const std::string& written) const {
    const std::filesystem::path path(written);
    return path.is_absolute() || folder.empty()
               ? written
               : (std::filesystem::path(folder) / path).lexically_normal().string();
}

HttpStepOptions read_step_http(const Item& item) {
    HttpStepOptions options;
    if (item.require_map("a map", "e.g. http: {redirects: 0}")) {
        read_step_options(Fields(item, {kStepHttpKeys}), options);
    }
    return options;
}

HttpOptions read_http(const Item& item) {
    constexpr std::array<std::string_view, 3> kPolicies{"iteration", "user", "off"};
    HttpOptions http;
    if (!item.require_map("a map", "e.g. http: {cookies: user}")) {
        return http;
    }
    const Fields fields(item, {kHttpKeys});
    const auto flag = [&](std::string_view key) {
        const auto value = fields.get(key);
        return value && value->boolean().value_or(false);
    };
    http.reuse_connections = !flag("no_connection_reuse");
    http.tls.verify = !flag("insecure_skip_tls_verify");
    http.absolute_form = flag("absolute_form");
    if (const auto tls = fields.get("tls")) {
        read_tls(*tls, http.tls);
    }
    if (const auto cookies = fields.get("cookies")) {
        if (const auto policy = cookies->choice(kPolicies)) {
            http.cookies = static_cast<CookiePolicy>(*policy);
        }
    }
    if (const auto addresses = fields.get("local_addresses")) {
        read_local_addresses(*addresses, http);
    }
    if (const auto dns = fields.get("dns")) {
        read_dns(*dns, http);
    }
    read_step_options(fields, http.defaults);
    return http;
}

}  // namespace plimsoll
