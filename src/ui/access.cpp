#include "ui/access.hpp"

#include "base/random_key.hpp"
#include "net/bearer.hpp"
#include "net/url_text.hpp"

namespace plimsoll {

Access Access::make() {
    return {random_key(), random_key()};
}

bool Access::has_token(const HttpRequest& request) const {
    const auto given = bearer_token(request.headers);
    return given && equal_in_constant_time(*given, token_);
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
