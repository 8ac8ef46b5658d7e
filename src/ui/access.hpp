// Who may read the live page's data, and who may steer.
#pragma once

#include "base/constant_time.hpp"
#include "base/result.hpp"
#include "net/http_message.hpp"

#include <string>
#include <string_view>

namespace plimsoll {

/// Two keys: the token of the printed URL opens everything; the view key, which the page is given
/// for the token, reads and no more. A browser sends the first as a header that no other page can
/// make it send; the second stands in addresses, where a header cannot be set.
class Access {
public:
    /// With keys that nobody can guess.
    [[nodiscard]] static Access make();
    Access(std::string token, std::string view_key)
        : token_(std::move(token)), view_key_(std::move(view_key)) {}

    [[nodiscard]] const std::string& token() const { return token_; }
    [[nodiscard]] const std::string& view_key() const { return view_key_; }

    [[nodiscard]] bool has_token(const HttpRequest& request) const;
    /// By either; the view key in the query of a GET.
    [[nodiscard]] bool may_read(const HttpRequest& request) const;

private:
    std::string token_;
    std::string view_key_;
};

/// Whether a change is asked for by a page of ours, or by no page: `Origin`, where a browser says
/// it, is the address that the request came to, and its `Sec-Fetch-Site` does not deny it.
[[nodiscard]] bool is_same_origin(const HttpRequest& request);

}  // namespace plimsoll
