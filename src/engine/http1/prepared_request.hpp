// Request bytes, made ahead of the run where they do not change.
#pragma once

#include "engine/http1/cookie_jar.hpp"
#include "engine/transport/origin.hpp"
#include "engine/transport/upload.hpp"
#include "scenario/scenario.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

/// Where a request goes in place of the step's own path on the target: a step with a whole URL, or
/// the next hop of a redirect.
struct RequestAim {
    Origin* origin = nullptr;
    std::string target;  // path and query
    std::string method;  // empty: the step's
    bool with_body = true;
    bool credentials = true;  // the step's credentials and Host are sent on
};

/// What one sending adds to a step.
struct RequestParts {
    std::string_view header = {};        // "name: value\r\n", or empty
    const RequestAim* aim = nullptr;     // nullptr: as the step says
    const CookieJar* cookies = nullptr;  // nullptr: none to send
    std::int64_t now_unix_s = 0;         // for cookies
    const Origin* origin = nullptr;      // where it goes, for cookies
    Upload* upload = nullptr;            // takes what comes from files
};

/// One step's request in HTTP/1.1 wire form. A step without expressions is rendered once; sending
/// it copies nothing. Immutable, shared by all shards.
class PreparedRequest {
public:
    PreparedRequest(const Step& step, const TargetUrl& target, const HttpOptions& options,
                    std::string_view user_agent);

    [[nodiscard]] const Step& step() const noexcept { return *step_; }
    [[nodiscard]] bool is_head() const noexcept { return head_; }
    /// Sending it twice has the effect of sending it once (RFC 9110, 9.2.2).
    [[nodiscard]] bool is_idempotent() const noexcept { return idempotent_; }
    /// The step's path is a whole URL.
    [[nodiscard]] bool is_absolute() const noexcept { return absolute_; }
    /// Its body, or a part of it, comes from a file.
    [[nodiscard]] bool has_files() const noexcept { return files_; }

    /// What of the response is kept for captures and checks.
    [[nodiscard]] bool keeps_body() const noexcept { return keeps_body_; }
    [[nodiscard]] bool keeps_headers() const noexcept { return keeps_headers_; }
    /// The limits that hold for it; `total` bounds the others.
    struct Limits {
        Nanoseconds connect;
        Nanoseconds first_byte;
        Nanoseconds body;
        Nanoseconds total;
        std::uint64_t max_body;
        std::uint64_t max_decoded;  // and where the body is kept at all
        std::uint32_t redirects;
    };
    [[nodiscard]] const Limits& limits() const noexcept { return limits_; }
    /// Whether a response of this status is followed to where it points.
    [[nodiscard]] bool follows(std::uint16_t status) const noexcept;

    /// The whole request where it never changes, else empty.
    [[nodiscard]] std::string_view constant() const noexcept { return constant_; }
    /// The bytes to send. Points into this object, or into `scratch` where the step has expressions
    /// or something is added; valid until `scratch` changes. With files it is the header, and the
    /// body is put into `parts.upload`. Error: a file cannot be read.
    [[nodiscard]] Result<std::string_view> bytes(const RenderContext& context,
                                                 const RequestParts& parts,
                                                 std::string& scratch) const;
    /// Whether what `bytes` returned stays valid as long as this object.
    [[nodiscard]] bool owns(std::string_view bytes) const noexcept {
        return bytes.data() == constant_.data();
    }

private:
    [[nodiscard]] Status render(const RenderContext& context, const RequestParts& parts,
                                std::string& out) const;
    void render_headers(const RenderContext& context, const RequestAim* aim, bool with_body,
                        std::string& out) const;
    void render_body(const RenderContext& context, std::string& out) const;
    [[nodiscard]] Status render_files(const RenderContext& context, Upload& upload,
                                      std::string& out) const;
    void render_part(const FormPart& part, const RenderContext& context, std::string& value,
                     std::string& out) const;

    const Step* step_;
    std::string base_path_;
    std::string host_;           // the Host header's line, unless the step has its own
    std::string fixed_headers_;  // User-Agent, Connection: everything else that never changes
    std::string constant_;       // the whole request, when constant
    std::string boundary_;       // of a multipart body
    Limits limits_{};
    bool head_;
    bool idempotent_;
    bool absolute_ = false;
    bool absolute_form_ = false;
    bool files_ = false;
    bool own_cookies_ = false;  // the step has a Cookie header: the jar's are not added
    bool own_trace_ = false;    // the step has a traceparent header: `RequestParts::header` is not
    bool keeps_body_ = false;
    bool keeps_headers_ = false;
};

/// The path of a request in wire form, query included.
[[nodiscard]] std::string_view path_of(std::string_view request);

}  // namespace plimsoll
