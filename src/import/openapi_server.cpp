#include "import/openapi_server.hpp"

#include "import/json_access.hpp"
#include "import/request_text.hpp"

#include <fmt/format.h>

namespace plimsoll::import {
namespace {

namespace json = boost::json;

std::string replace_variables(std::string url, const json::value* variables) {
    for (std::size_t open = url.find('{'); open != std::string::npos; open = url.find('{', open)) {
        const std::size_t close = url.find('}', open);
        if (close == std::string::npos) {
            break;
        }
        const json::value* const variable = find(variables, url.substr(open + 1, close - open - 1));
        std::string value = text_at(variable, "default");
        if (value.empty() && !items_at(variable, "enum").empty()) {
            value = text_at(&items_at(variable, "enum")[0]);
        }
        url.replace(open, close - open + 1, value);
        open += value.size();
    }
    return url;
}

Server server_of(const std::string& url, const Server& otherwise) {
    const auto parts = split_url(url);
    Server server{parts ? parts->origin : otherwise.origin,
                  parts ? parts->target : url.substr(0, url.find_first_of("?#"))};
    server.base = server.base.substr(0, server.base.find('?'));
    while (server.base.ends_with('/')) {
        server.base.pop_back();
    }
    if (!server.base.empty() && !server.base.starts_with('/')) {
        server.base.insert(0, "/");
    }
    return server;
}

}  // namespace

std::optional<Server> own_server(const json::value* of, const Server& otherwise) {
    const json::array& servers = items_at(of, "servers");
    if (servers.empty()) {
        return std::nullopt;
    }
    return server_of(replace_variables(text_at(&servers[0], "url"), find(&servers[0], "variables")),
                     otherwise);
}

Server root_server(const json::value& root) {
    const Server local{"http://127.0.0.1:8080", ""};
    if (const auto own = own_server(&root, local)) {
        return *own;
    }
    const std::string host = text_at(&root, "host");
    const std::string base = text_at(&root, "basePath");
    if (host.empty()) {
        return server_of(base, local);
    }
    const json::array& schemes = items_at(&root, "schemes");
    return server_of(fmt::format("{}://{}{}", schemes.empty() ? "http" : text_at(&schemes[0]), host,
                                 base == "/" ? "" : base),
                     local);
}

}  // namespace plimsoll::import
