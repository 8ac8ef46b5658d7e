#include "run/export_access.hpp"

#include "scenario/digest.hpp"
#include "scenario/secret_file.hpp"

#include <algorithm>
#include <utility>

namespace plimsoll {
namespace {

/// Reads one access's variables.
class Variables {
public:
    Variables(std::string_view prefix, const EnvironmentLookup& lookup)
        : prefix_(prefix), lookup_(lookup) {}

    [[nodiscard]] std::string name(std::string_view what) const {
        return prefix_ + std::string(what);
    }
    [[nodiscard]] std::string text(std::string_view what) const {
        return lookup_(name(what)).value_or("");
    }
    /// Or what the file named by WHAT_FILE holds.
    [[nodiscard]] Result<std::string> secret(std::string_view what) const {
        std::string given = text(what);
        const std::string file = text(std::string(what) + "_FILE");
        if (!given.empty() || file.empty()) {
            return given;
        }
        auto read = read_secret_file(file, {});
        if (!read) {
            return Error{read.error().what, name(std::string(what) + "_FILE"), read.error().hint};
        }
        return read;
    }

private:
    std::string prefix_;
    const EnvironmentLookup& lookup_;
};

Status add_header(HttpHeader header, const std::string& where, HttpHeaders& headers) {
    if (!is_sendable(header)) {
        return Error{"a header's name must be a token and its value without line breaks", where};
    }
    headers.push_back(std::move(header));
    return {};
}

/// "Name=value,Name=value".
Status read_headers(const Variables& variables, HttpHeaders& headers) {
    const std::string all = variables.text("HEADERS");
    for (std::string_view text = all; !text.empty();) {
        const std::size_t comma = std::min(text.find(','), text.size());
        const std::string_view one = text.substr(0, comma);
        text.remove_prefix(std::min(comma + 1, text.size()));
        const std::size_t equals = one.find('=');
        if (equals == std::string_view::npos) {
            return Error{"must be Name=value,Name=value", variables.name("HEADERS")};
        }
        if (Status added = add_header(
                {std::string(one.substr(0, equals)), std::string(one.substr(equals + 1))},
                variables.name("HEADERS"), headers);
            !added) {
            return added;
        }
    }
    return {};
}

Status complete_credentials(AccessConfig& config, const Variables& variables) {
    if (!config.token.empty() || !config.user.empty()) {
        return {};
    }
    auto token = variables.secret("TOKEN");
    auto password = variables.secret("PASSWORD");
    if (!token || !password) {
        return token ? password.error() : token.error();
    }
    config.token = *std::move(token);
    config.user = variables.text("USER");
    config.password = *std::move(password);
    if (config.user.empty() != config.password.empty()) {
        return Error{"a user and a password come together",
                     variables.name(config.user.empty() ? "USER" : "PASSWORD")};
    }
    if (!config.user.empty() && !config.token.empty()) {
        return Error{"a token or a user with a password, one of them", variables.name("TOKEN")};
    }
    return {};
}

}  // namespace

std::string basic_authorization(const std::string& user, const std::string& password) {
    std::string out = user + ":" + password;
    append_base64(0, false, out);
    return "Basic " + out;
}

Result<HttpAccess> make_access(const AccessConfig& config, std::string_view prefix,
                               const EnvironmentLookup& environment) {
    const Variables variables(prefix, environment);
    AccessConfig full = config;
    const auto complete = [&](std::string& value, std::string_view what) {
        value = value.empty() ? variables.text(what) : value;
    };
    complete(full.url, "URL");
    complete(full.ca_file, "CA");
    complete(full.cert_file, "CERT");
    complete(full.key_file, "KEY");
    const bool from_environment = config.url.empty();
    auto url = parse_url(full.url);
    if (!url || url->scheme == Url::Scheme::Unix) {
        return Error{url ? "must be an http or https URL" : url.error().what,
                     from_environment ? variables.name("URL") : "url", url ? "" : url.error().hint};
    }
    HttpAccess out{*std::move(url), {}, full.ca_file, full.cert_file, full.key_file,
                   full.verify_tls};
    for (const auto& [name, value] : full.headers) {
        if (Status added = add_header({name, value}, "headers", out.headers); !added) {
            return added.error();
        }
    }
    if (full.headers.empty()) {
        if (Status read = read_headers(variables, out.headers); !read) {
            return read.error();
        }
    }
    if (Status known = complete_credentials(full, variables); !known) {
        return known.error();
    }
    if (!full.token.empty() || !full.user.empty()) {
        const std::string value = full.token.empty() ? basic_authorization(full.user, full.password)
                                                     : "Bearer " + full.token;
        if (Status added = add_header({"Authorization", value}, "credentials", out.headers);
            !added) {
            return added.error();
        }
    }
    return out;
}

}  // namespace plimsoll
