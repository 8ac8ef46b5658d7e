// Private to lab: where a statement's parameters and an answer's members come from.
#pragma once

#include "base/result.hpp"
#include "lab/database_connection.hpp"
#include "lab/route_table.hpp"
#include "net/http_message.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/value.hpp>

namespace plimsoll {

/// What one request carries, copied, since its work goes on after the HTTP thread has let go.
struct ProfileRequest {
    std::vector<std::pair<std::string, std::string>> path;
    HttpRequest http;
    boost::json::value body;                         // null when it is no JSON
    std::string hash;                                // of the route's `hash`
    std::map<std::string, boost::json::value> rows;  // of the steps so far, by name
};

/// One source: "path.id", "query.status", "body.user.name", "header.X-Tenant", "token", "hash",
/// "random", or "STEP.column" for a column of an earlier step. With "?" at the end it may be
/// missing and is NULL then; with "=text" the text stands in for it.
class ProfileValue {
public:
    /// Error: not of that form. `steps`: the names a source may begin with.
    [[nodiscard]] static Result<ProfileValue> parse(std::string_view text,
                                                    const std::vector<std::string>& steps);

    /// The value as a SQL parameter. Error: it is missing though it must not be; `where` is the
    /// source ("token", "body.name").
    [[nodiscard]] Result<PgParam> read(const ProfileRequest& request) const;
    /// As JSON, null when it is missing.
    [[nodiscard]] boost::json::value read_json(const ProfileRequest& request) const;

private:
    std::string text_;                // as written, without "?" and "=..."
    std::string source_;              // its first part
    std::vector<std::string> parts_;  // the others
    bool optional_ = false;
    std::optional<std::string> fallback_;
};

/// `shape` with each text "$SOURCE" replaced by that source's value; "$$" begins a text with "$".
[[nodiscard]] boost::json::value fill_shape(const boost::json::value& shape,
                                            const ProfileRequest& request);

/// Error: a text of `shape` that begins with "$" names no source.
[[nodiscard]] Status check_shape(const boost::json::value& shape,
                                 const std::vector<std::string>& steps);

}  // namespace plimsoll
