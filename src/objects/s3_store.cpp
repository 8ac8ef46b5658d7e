#include "objects/s3_store.hpp"

#include "base/utf8.hpp"
#include "net/retry.hpp"
#include "net/url_text.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstdint>
#include <thread>

#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr std::chrono::minutes kOneTransfer{10};
constexpr std::size_t kMostBytes = std::size_t{5} << 30U;  // what one PUT may have
constexpr std::string_view kScheme = "s3://";

/// Amazon's rules for the names of general purpose buckets.
bool is_bucket(std::string_view name) {
    const auto outer = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
    return name.size() >= 3 && name.size() <= 63 && outer(name.front()) && outer(name.back()) &&
           name.find("..") == std::string_view::npos &&
           std::all_of(name.begin(), name.end(),
                       [&](char c) { return outer(c) || c == '-' || c == '.'; });
}

/// Each part of a key percent-encoded, the slashes kept.
std::string encoded_path(std::string_view key) {
    std::string out;
    for (const char c : key) {
        out += c == '/' ? "/" : percent_encoded(std::string_view(&c, 1));
    }
    return out;
}

/// Takes the character of "&#39;" or "&#x27;" at the beginning of `text`, which is shortened by it,
/// to `out`; false where there is none.
bool take_character(std::string_view& text, std::string& out) {
    const bool hex = text.starts_with("&#x");
    const std::size_t digits = hex ? 3 : 2;
    const auto end = text.starts_with("&#") ? text.find(';') : std::string_view::npos;
    if (end == std::string_view::npos) {
        return false;
    }
    std::uint32_t code = 0;
    const char* const stop = text.data() + end;
    const auto read = std::from_chars(text.data() + digits, stop, code, hex ? 16 : 10);
    if (read.ec != std::errc{} || read.ptr != stop) {
        return false;
    }
    text.remove_prefix(end + 1);
    append_code_point(code, out);
    return true;
}

std::string decoded(std::string_view text) {
    constexpr std::array<std::pair<std::string_view, char>, 5> kEntities{
        {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}}};
    std::string out;
    while (!text.empty()) {
        if (take_character(text, out)) {
            continue;
        }
        const auto entity = std::find_if(kEntities.begin(), kEntities.end(), [&](const auto& each) {
            return text.starts_with(each.first);
        });
        out += entity == kEntities.end() ? text.front() : entity->second;
        text.remove_prefix(entity == kEntities.end() ? 1 : entity->first.size());
    }
    return out;
}

/// What the server says in its XML, else by its status.
std::string refusal(const HttpResponse& reply, const HttpHeaders& sent) {
    const auto codes = xml_texts(reply.body, "Code");
    const auto messages = xml_texts(reply.body, "Message");
    std::string text = fmt::format("the server answered {}", reply.status);
    if (!codes.empty()) {
        text += ' ' + safe_excerpt(codes.front(), sent);
    }
    if (!messages.empty()) {
        text += ": " + safe_excerpt(messages.front(), sent);
    }
    return text;
}

std::string hint_for(const HttpResponse& reply) {
    const auto codes = xml_texts(reply.body, "Code");
    const std::string code = codes.empty() ? "" : codes.front();
    if (code == "NoSuchBucket") {
        return "make the bucket first";
    }
    if (code == "SignatureDoesNotMatch" || code == "InvalidAccessKeyId" || code == "InvalidToken" ||
        code == "ExpiredToken") {
        return "see AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN";
    }
    if (reply.status == 301 || reply.status == 307 || code == "AuthorizationHeaderMalformed") {
        return "the bucket is in another region: set AWS_REGION";
    }
    return reply.status == 403 ? "may these credentials read, write and list there?" : "";
}

bool may_pass(const HttpResponse& reply) {
    return reply.status >= 500 || reply.status == 429 || reply.status == 408;
}

}  // namespace

std::string S3Location::key(std::string_view name) const {
    return prefix.empty() ? std::string(name) : prefix + '/' + std::string(name);
}

std::string S3Location::to_string() const {
    return std::string(kScheme) + bucket + (prefix.empty() ? "" : '/' + prefix);
}

Result<S3Location> parse_s3(std::string_view text) {
    const Error wrong{fmt::format("must be s3://BUCKET/PREFIX, got \"{}\"", text),
                      {},
                      "e.g. s3://load-runs/checkout-42"};
    if (!text.starts_with(kScheme)) {
        return wrong;
    }
    const std::string_view rest = text.substr(kScheme.size());
    const auto slash = std::min(rest.find('/'), rest.size());
    S3Location location{std::string(rest.substr(0, slash)), {}};
    std::string_view prefix = rest.substr(std::min(slash + 1, rest.size()));
    while (prefix.ends_with('/')) {
        prefix.remove_suffix(1);
    }
    // Servers and proxies disagree on what these name.
    if (!is_bucket(location.bucket) || prefix.starts_with('/') ||
        prefix.find("//") != std::string_view::npos ||
        std::any_of(prefix.begin(), prefix.end(), [](unsigned char c) {
            return c < 0x20 || c == 0x7F || c == '?' || c == '#';
        })) {
        return wrong;
    }
    for (std::string_view parts = prefix; !parts.empty();) {
        const auto end = std::min(parts.find('/'), parts.size());
        if (parts.substr(0, end) == "." || parts.substr(0, end) == "..") {
            return wrong;
        }
        parts.remove_prefix(std::min(end + 1, parts.size()));
    }
    location.prefix = prefix;
    return location;
}

Result<S3Access> s3_access(const std::function<const char*(const char* name)>& environment) {
    const auto value = [&](const char* name) {
        const char* const found = environment(name);
        return std::string(found == nullptr ? "" : found);
    };
    S3Access access;
    access.credentials = {value("AWS_ACCESS_KEY_ID"), value("AWS_SECRET_ACCESS_KEY"),
                          value("AWS_SESSION_TOKEN")};
    for (const auto& [text, name] :
         {std::pair{&access.credentials.access_key, "AWS_ACCESS_KEY_ID"},
          std::pair{&access.credentials.secret_key, "AWS_SECRET_ACCESS_KEY"}}) {
        if (text->empty()) {
            return Error{fmt::format("the environment variable {} is not set", name),
                         "object storage", "AWS_ENDPOINT_URL says where a server of your own is"};
        }
    }
    for (const char* const name : {"AWS_DEFAULT_REGION", "AWS_REGION"}) {
        if (const std::string region = value(name); !region.empty()) {
            access.scope.region = region;
        }
    }
    access.ca_file = value("AWS_CA_BUNDLE");
    for (const char* const name : {"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"}) {
        if (const std::string text = value(name); !text.empty() && !access.endpoint) {
            auto url = parse_url(text);
            if (!url) {
                return Error{url.error().what, name, "e.g. https://minio.example:9000"};
            }
            access.endpoint = *url;
        }
    }
    const auto plain = [](unsigned char c) { return c > 0x20 && c < 0x7F; };
    for (const std::string* const text :
         {&access.credentials.access_key, &access.credentials.session_token,
          &access.scope.region}) {
        if (!std::all_of(text->begin(), text->end(), plain)) {
            return Error{
                "AWS_ACCESS_KEY_ID, AWS_SESSION_TOKEN and AWS_REGION must hold no blanks "
                "and no other characters than ASCII",
                "object storage"};
        }
    }
    return access;
}

S3Store::S3Store(S3Access access, std::string bucket, Url server, HttpClient client)
    : access_(std::move(access)),
      bucket_(std::move(bucket)),
      server_(std::move(server)),
      client_(std::move(client)) {
    // A certificate's * stands for one part of a name, so a bucket with a dot goes into the path.
    in_path_ = access_.endpoint.has_value() || bucket_.find('.') != std::string::npos;
}

Result<S3Store> S3Store::create(const S3Access& access, std::string bucket) {
    Url server;
    if (access.endpoint) {
        server = *access.endpoint;
    } else {
        const bool dotted = bucket.find('.') != std::string::npos;
        auto url = parse_url(fmt::format("https://{}s3.{}.amazonaws.com",
                                         dotted ? "" : bucket + '.', access.scope.region));
        if (!url) {
            return Error{"AWS_REGION is no region's name", "object storage"};
        }
        server = *url;
    }
    HttpClientOptions options;
    options.max_response_bytes = kMostBytes;
    options.ca_file = access.ca_file;
    auto client = HttpClient::create(server, options);
    return client ? Result<S3Store>(
                        S3Store(access, std::move(bucket), std::move(server), *std::move(client)))
                  : client.error();
}

Result<HttpResponse> S3Store::send(const std::string& what, const std::string& method,
                                   const std::string& key, const std::string& query,
                                   std::string body) {
    HttpRequest request;
    request.method = method;
    request.target = base_path(server_) + (in_path_ ? '/' + bucket_ : "") + '/' +
                     encoded_path(key) + (query.empty() ? "" : '?' + query);
    request.body = std::move(body);
    const Clock::time_point give_up = Clock::now() + kS3Patience;
    for (unsigned attempt = 0;; ++attempt) {
        request.headers.clear();
        sign_s3(request, server_.authority(), access_.credentials, access_.scope, WallClock::now());
        auto reply = client_.send(request, Clock::now() + kOneTransfer);
        if (reply && reply->status >= 200 && reply->status < 300) {
            return reply;
        }
        const bool again = !reply || may_pass(*reply);
        const Nanoseconds wait =
            retry_wait(attempt, reply ? asked_to_wait(*reply) : std::nullopt, attempt);
        if (!again || Clock::now() + wait > give_up) {
            return reply ? Error{refusal(*reply, request.headers), what, hint_for(*reply)}
                         : Error{reply.error().to_string(), what};
        }
        std::this_thread::sleep_for(wait);
    }
}

Status S3Store::put(const std::string& key, std::string body) {
    const std::string what = fmt::format("s3://{}/{}", bucket_, key);
    if (body.size() > kMostBytes) {
        return Error{"has more than the 5 GiB that one object is put with", what};
    }
    const auto reply = send(what, "PUT", key, "", std::move(body));
    return reply ? Status() : reply.error();
}

Result<std::string> S3Store::get(const std::string& key) {
    auto reply = send(fmt::format("s3://{}/{}", bucket_, key), "GET", key, "", "");
    return reply ? Result<std::string>(std::move(reply->body)) : reply.error();
}

Result<std::vector<std::string>> S3Store::list(const std::string& prefix) {
    std::vector<std::string> keys;
    std::string token;
    for (;;) {
        std::string query = "encoding-type=url&list-type=2&prefix=" + percent_encoded(prefix);
        if (!token.empty()) {
            query += "&continuation-token=" + percent_encoded(token);
        }
        const auto reply = send(fmt::format("s3://{}/{}", bucket_, prefix), "GET", "", query, "");
        if (!reply) {
            return reply.error();
        }
        const bool coded = !xml_texts(reply->body, "EncodingType").empty();
        for (const std::string& key : xml_texts(reply->body, "Key")) {
            keys.push_back(coded ? percent_decode(key, true) : key);
        }
        const auto more = xml_texts(reply->body, "NextContinuationToken");
        if (more.empty() || more.front() == token) {
            return keys;
        }
        token = more.front();
    }
}

std::vector<std::string> xml_texts(std::string_view xml, std::string_view name) {
    const std::string open = fmt::format("<{}>", name);
    const std::string close = fmt::format("</{}>", name);
    std::vector<std::string> texts;
    for (auto at = xml.find(open); at != std::string_view::npos; at = xml.find(open, at)) {
        at += open.size();
        const auto end = xml.find(close, at);
        if (end == std::string_view::npos) {
            break;
        }
        texts.push_back(decoded(xml.substr(at, end - at)));
        at = end;
    }
    return texts;
}

}  // namespace plimsoll
