// AWS Signature Version 4: who asks, proven without sending the secret key. Pure.
#pragma once

#include "base/clock.hpp"
#include "net/http_message.hpp"

#include <string>
#include <string_view>

namespace plimsoll {

/// All but the access key are secrets: never logged.
struct S3Credentials {
    std::string access_key;
    std::string secret_key;
    std::string session_token;  // empty: none
};

struct S3Scope {
    std::string region = "us-east-1";
    std::string service = "s3";
};

/// Adds x-amz-date, x-amz-content-sha256, x-amz-security-token (where there is one) and
/// Authorization to `request`, which is to be sent to `host` as it is; its target must be
/// percent-encoded as RFC 3986 asks (all but unreserved characters, and '/' in the path), its query
/// parameters in any order. Every header that it has then is signed.
/// Source: "Authenticating Requests: Using the Authorization Header (AWS Signature Version 4)",
/// Amazon S3 API Reference.
void sign_s3(HttpRequest& request, std::string_view host, const S3Credentials& credentials,
             const S3Scope& scope, WallClock::time_point now);

}  // namespace plimsoll
