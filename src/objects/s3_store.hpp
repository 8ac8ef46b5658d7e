// Whole objects in S3-compatible storage: put, get, list.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "net/http_client.hpp"
#include "objects/s3_sign.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

/// s3://bucket/prefix. The prefix has no slash at its ends; it may be empty.
struct S3Location {
    std::string bucket;
    std::string prefix;
    [[nodiscard]] std::string key(std::string_view name) const;
    [[nodiscard]] std::string to_string() const;
};

/// Error: another scheme, or a bucket that no server would have (Amazon's rules for names).
[[nodiscard]] Result<S3Location> parse_s3(std::string_view text);

struct S3Access {
    S3Credentials credentials;
    S3Scope scope;
    /// Of another server than Amazon's, which then has the bucket in the path.
    std::optional<Url> endpoint;
    std::string ca_file;  // PEM; empty: the system's
};

/// From what AWS' own tools read: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN,
/// AWS_REGION (else AWS_DEFAULT_REGION, else us-east-1), AWS_ENDPOINT_URL_S3 (else
/// AWS_ENDPOINT_URL), AWS_CA_BUNDLE. Error: a key is missing, or the address is none; never a
/// value.
[[nodiscard]] Result<S3Access> s3_access(
    const std::function<const char*(const char* name)>& environment);

/// Each call asks again, with growing waits, where the server or the network failed, for at most
/// kS3Patience; what the server refuses (4xx) it refuses at once. An Error names the object and
/// what the server said, never a credential. Threading: one thread at a time.
class S3Store {
public:
    [[nodiscard]] static Result<S3Store> create(const S3Access& access, std::string bucket);

    [[nodiscard]] Status put(const std::string& key, std::string body);
    [[nodiscard]] Result<std::string> get(const std::string& key);
    /// The keys that begin with `prefix`, in order, however many pages that takes.
    [[nodiscard]] Result<std::vector<std::string>> list(const std::string& prefix);

private:
    S3Store(S3Access access, std::string bucket, Url server, HttpClient client);
    Result<HttpResponse> send(const std::string& what, const std::string& method,
                              const std::string& key, const std::string& query, std::string body);

    S3Access access_;
    std::string bucket_;
    Url server_;
    HttpClient client_;
    bool in_path_ = false;  // the bucket
};

inline constexpr Nanoseconds kS3Patience = std::chrono::seconds(60);

/// The text of every element <name> in an answer's XML, with its five entities decoded; in order.
[[nodiscard]] std::vector<std::string> xml_texts(std::string_view xml, std::string_view name);

}  // namespace plimsoll
