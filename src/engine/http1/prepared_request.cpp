#include "engine/http1/prepared_request.hpp"

#include "engine/http1/content_decoder.hpp"
#include "scenario/redact.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <initializer_list>
#include <utility>

#include <fmt/format.h>

namespace plimsoll {
namespace {

bool same_name(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
        return std::tolower(static_cast<unsigned char>(x)) ==
               std::tolower(static_cast<unsigned char>(y));
    });
}

bool has_header(const Step& step, std::string_view name) {
    return std::any_of(step.headers.begin(), step.headers.end(),
                       [&](const Header& header) { return same_name(header.name, name); });
}

bool is_idempotent_method(std::string_view method) {
    constexpr std::array<std::string_view, 6> kMethods{"GET",    "HEAD",    "PUT",
                                                       "DELETE", "OPTIONS", "TRACE"};
    return std::find(kMethods.begin(), kMethods.end(), method) != kMethods.end();
}

/// Methods whose content means something, so that having none is said too (RFC 9110, 8.6): some
/// servers answer 411 to silence.
bool expects_content(std::string_view method) {
    return method == "POST" || method == "PUT" || method == "PATCH";
}

/// What another origin must not get: credentials by name, what came from a file of secrets, and
/// the Host of this one.
bool stays_home(const Header& header) {
    return is_secret_header(header.name) || header.value.is_secret() ||
           same_name(header.name, "Host");
}

bool is_constant(const Step& step) {
    return step.path.is_constant() && step.body.is_constant() && !step.body_from_file &&
           step.multipart.empty() &&
           std::all_of(step.headers.begin(), step.headers.end(),
                       [](const Header& header) { return header.value.is_constant(); });
}

bool is_any_of(std::string_view name, std::initializer_list<std::string_view> names) {
    return std::any_of(names.begin(), names.end(),
                       [&](std::string_view each) { return same_name(name, each); });
}

bool starts_with_scheme(std::string_view path) {
    return path.starts_with("http://") || path.starts_with("https://");
}

/// A step's own limit, the run's, or none; never longer than the whole may take.
Nanoseconds limit_of(const std::optional<Nanoseconds>& step, const std::optional<Nanoseconds>& run,
                     Nanoseconds total) {
    return std::min(step ? *step : run.value_or(total), total);
}

PreparedRequest::Limits limits_of(const Step& step, const HttpOptions& options) {
    const HttpStepOptions& own = step.http;
    const HttpStepOptions& run = options.defaults;
    return {limit_of(own.connect, run.connect, step.timeout),
            limit_of(own.first_byte, run.first_byte, step.timeout),
            limit_of(own.body, run.body, step.timeout),
            step.timeout,
            own.max_body.value_or(run.max_body.value_or(options.max_body)),
            own.max_body.value_or(run.max_body.value_or(kMostDecoded)),
            own.redirects.value_or(run.redirects.value_or(options.redirects))};
}

/// A quoted string of a multipart header: what would end it is percent-encoded, as browsers do.
std::string in_header_quotes(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\r' || c == '\n') {
            out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
        } else {
            out += c;
        }
    }
    return out + '"';
}

/// Without the scheme and host that a proxy is given.
std::string origin_form(std::string target) {
    const auto mark = target.starts_with('/') ? std::string::npos : target.find("://");
    if (mark != std::string::npos) {
        target.erase(0, std::min(target.find('/', mark + 3), target.size()));
    }
    return target;
}

constexpr std::string_view kLength = "Content-Length: ";
constexpr std::size_t kDigits = 20;

}  // namespace

PreparedRequest::PreparedRequest(const Step& step, const TargetUrl& target,
                                 const HttpOptions& options, std::string_view user_agent)
    : step_(&step),
      base_path_(target.base_path),
      limits_(limits_of(step, options)),
      head_(step.method == "HEAD"),
      idempotent_(is_idempotent_method(step.method)),
      absolute_(starts_with_scheme(step.path.literals())),
      own_cookies_(has_header(step, "Cookie")),
      own_trace_(has_header(step, "traceparent")),
      keeps_body_(step.keeps_body()),
      keeps_headers_(step.keeps_headers()) {
    absolute_form_ = options.absolute_form;
    if (absolute_form_) {
        base_path_ = fmt::format("{}://{}{}", target.scheme, target.host_header(), base_path_);
    }
    if (!has_header(step, "Host")) {
        host_ = fmt::format("Host: {}\r\n", target.host_header());
    }
    if (!has_header(step, "User-Agent")) {
        fixed_headers_ += fmt::format("User-Agent: {}\r\n", user_agent);
    }
    if (!options.reuse_connections) {
        fixed_headers_ += "Connection: close\r\n";
    }
    files_ = step.body_from_file || !step.multipart.empty();
    if (!step.multipart.empty()) {
        // Long enough that no file holds it by chance; the same in every run.
        boundary_ = fmt::format("plimsoll-{:016x}{:016x}", mix64(step.endpoint + 1),
                                mix64(step.endpoint + 0x9e3779b9));
    }
    if (is_constant(step) && !absolute_ && render({}, {}, constant_)) {
        return;
    }
    constant_.clear();
}

bool PreparedRequest::follows(std::uint16_t status) const noexcept {
    if (status != 301 && status != 302 && status != 303 && status != 307 && status != 308) {
        return false;
    }
    // A step that names this very status wants to see it.
    const bool wanted = !step_->expect.statuses.empty() && step_->expect.accepts(status);
    return limits_.redirects != 0 && (step_->http.redirects || !wanted);
}

void PreparedRequest::render_headers(const RenderContext& context, const RequestAim* aim,
                                     bool with_body, std::string& out) const {
    std::string unused;
    const bool foreign = aim != nullptr && !aim->credentials;
    for (const Header& header : step_->headers) {
        const bool left_out =
            (foreign && stays_home(header)) ||
            (!with_body && step_->has_body &&
             is_any_of(header.name, {"Content-Type", "Content-Encoding", "Content-Language"})) ||
            (!boundary_.empty() && same_name(header.name, "Content-Type"));
        if (left_out) {
            static_cast<void>(
                header.value.render(context, unused));  // draws what it draws elsewhere
            continue;
        }
        out += header.name;
        out += ": ";
        static_cast<void>(header.value.render(context, out));
        out += "\r\n";
    }
}

Status PreparedRequest::render(const RenderContext& context, const RequestParts& parts,
                               std::string& out) const {
    const RequestAim* const aim = parts.aim;
    const bool other_method = aim != nullptr && !aim->method.empty();
    out += other_method ? aim->method : step_->method;
    out += ' ';
    const std::size_t target_at = out.size();
    if (aim == nullptr) {
        out += base_path_;
        static_cast<void>(step_->path.render(context, out));
    } else {
        static_cast<void>(step_->path.render(context, out));  // for its draws
        out.resize(target_at);
        if (absolute_form_) {
            out += fmt::format("{}://{}", aim->origin->url.scheme, aim->origin->host_header);
        }
        out += aim->target;
    }
    const std::size_t target_size = out.size() - target_at;
    out += " HTTP/1.1\r\n";
    if (aim != nullptr && (!host_.empty() || !aim->credentials)) {
        out += "Host: ";
        out += aim->origin->host_header;
        out += "\r\n";
    } else {
        out += host_;
    }
    out += fixed_headers_;
    const bool with_body = aim == nullptr || aim->with_body;
    render_headers(context, aim, with_body, out);
    if (!own_trace_) {
        out += parts.header;
    }
    if (parts.cookies != nullptr && (!own_cookies_ || (aim != nullptr && !aim->credentials))) {
        const std::string path = origin_form(out.substr(target_at, target_size));
        parts.cookies->append_header({parts.origin->url.host, path, parts.origin->secure},
                                     parts.now_unix_s, out);
    }
    const bool has_body = step_->has_body || files_;
    if (!has_body || !with_body) {
        const std::string& method = other_method ? aim->method : step_->method;
        out += expects_content(method) ? "Content-Length: 0\r\n\r\n" : "\r\n";
        return {};
    }
    if (files_) {
        return parts.upload != nullptr ? render_files(context, *parts.upload, out) : Status{};
    }
    render_body(context, out);
    return {};
}

void PreparedRequest::render_body(const RenderContext& context, std::string& out) const {
    // The length is known only after rendering: leave room, render, fill in.
    out += kLength;
    const std::size_t digits_at = out.size();
    out.append(kDigits, ' ');
    out += "\r\n\r\n";
    const std::size_t body_at = out.size();
    static_cast<void>(step_->body.render(context, out));
    const auto digits =
        fmt::format_to_n(out.data() + digits_at, kDigits, "{}", out.size() - body_at);
    out.erase(digits_at + digits.size, kDigits - digits.size);
}

void PreparedRequest::render_part(const FormPart& part, const RenderContext& context,
                                  std::string& value, std::string& out) const {
    out += fmt::format("--{}\r\nContent-Disposition: form-data; name={}", boundary_,
                       in_header_quotes(part.name));
    if (!part.file_name.empty()) {
        out += "; filename=" + in_header_quotes(part.file_name);
    }
    out += "\r\n";
    if (!part.content_type.empty()) {
        out += fmt::format("Content-Type: {}\r\n", part.content_type);
    }
    out += "\r\n";
    value.clear();
    static_cast<void>(part.value.render(context, value));
}

Status PreparedRequest::render_files(const RenderContext& context, Upload& upload,
                                     std::string& out) const {
    upload.clear();
    std::string value;
    if (step_->body_from_file) {
        static_cast<void>(step_->body.render(context, value));
        if (Status added = upload.add_file(value); !added) {
            return added;
        }
    }
    std::string text;
    for (const FormPart& part : step_->multipart) {
        render_part(part, context, value, text);
        if (!part.from_file) {
            text += value;
        } else {
            upload.add_text(std::exchange(text, {}));
            if (Status added = upload.add_file(value); !added) {
                return added;
            }
        }
        text += "\r\n";
    }
    if (!boundary_.empty()) {
        upload.add_text(fmt::format("{}--{}--\r\n", text, boundary_));
        out += fmt::format("Content-Type: multipart/form-data; boundary={}\r\n", boundary_);
    }
    out += fmt::format("{}{}\r\n\r\n", kLength, upload.left());
    return {};
}

Result<std::string_view> PreparedRequest::bytes(const RenderContext& context,
                                                const RequestParts& parts,
                                                std::string& scratch) const {
    if (!constant_.empty() && parts.aim == nullptr && parts.cookies == nullptr) [[likely]] {
        if (parts.header.empty() || own_trace_) {
            return std::string_view(constant_);
        }
        const std::size_t end_of_headers = constant_.find("\r\n\r\n") + 2;
        scratch.assign(constant_, 0, end_of_headers);
        scratch += parts.header;
        scratch.append(constant_, end_of_headers);
        return std::string_view(scratch);
    }
    scratch.clear();
    if (Status rendered = render(context, parts, scratch); !rendered) {
        return rendered.error();
    }
    return std::string_view(scratch);
}

std::string_view path_of(std::string_view request) {
    const auto from = request.find(' ');
    const auto to = request.find(' ', from + 1);
    return from == std::string_view::npos ? std::string_view()
                                          : request.substr(from + 1, to - from - 1);
}

}  // namespace plimsoll
