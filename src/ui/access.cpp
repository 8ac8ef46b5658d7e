#include "ui/access.hpp"

#include "base/random_key.hpp"
#include "net/url_text.hpp"

namespace plimsoll {

Access Access::make() {
    return {random_key(), random_key()};
}

bool Access::has_token(const HttpRequest& request) const {
    constexpr std::string_view kScheme = "Bearer ";
    const std::string* const given = find_header(request.headers, "Authorization");
    return given != nullptr && given->size() > kScheme.size() &&
           equal_ignoring_case(std::string_view(*given).substr(0, kScheme.size()), kScheme) &&
           equal_in_constant_time(std::string_view(*given).substr(kScheme.size()), token_);
}

bool Access::may_read(const HttpRequest& request) const {
    const bool reads = request.method == "GET" || request.method == "HEAD";
    return has_token(request) ||
           (reads && equal_in_constant_time(query_value(request, "view").value_or(""), view_key_));
}

bool is_same_origin(const HttpRequest& request) {
    const std::string* const site = find_header(request.headers, "Sec-Fetch-Site");
    if (site != nullptr && *site != "same-origin" && *site != "none") {
        return false;
    }
    const std::string* const origin = find_header(request.headers, "Origin");
    if (origin == nullptr) {
        return true;
    }
    // The server has looked at the Host header already. A proxy before it may speak TLS.
    const std::string* const host = find_header(request.headers, "Host");
    return host != nullptr && (equal_ignoring_case(*origin, "http://" + *host) ||
                               equal_ignoring_case(*origin, "https://" + *host));
}

}  // namespace plimsoll
