#include "engine/prepared_request.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <iterator>

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

bool is_constant(const Step& step) {
    return step.path.is_constant() && step.body.is_constant() &&
           std::all_of(step.headers.begin(), step.headers.end(),
                       [](const Header& header) { return header.value.is_constant(); });
}

}  // namespace

PreparedRequest::PreparedRequest(const Step& step, const TargetUrl& target,
                                 std::string_view user_agent)
    : step_(&step),
      base_path_(target.base_path),
      head_(step.method == "HEAD"),
      idempotent_(is_idempotent_method(step.method)),
      keeps_body_(step.keeps_body()),
      keeps_headers_(step.keeps_headers()) {
    if (!has_header(step, "Host")) {
        fixed_headers_ += fmt::format("Host: {}\r\n", target.host_header());
    }
    if (!has_header(step, "User-Agent")) {
        fixed_headers_ += fmt::format("User-Agent: {}\r\n", user_agent);
    }
    if (is_constant(step)) {
        render({}, {}, constant_);
    }
}

void PreparedRequest::render(const RenderContext& context, std::string_view extra_header,
                             std::string& out) const {
    out += step_->method;
    out += ' ';
    out += base_path_;
    static_cast<void>(step_->path.render(context, out));
    out += " HTTP/1.1\r\n";
    out += fixed_headers_;
    for (const Header& header : step_->headers) {
        out += header.name;
        out += ": ";
        static_cast<void>(header.value.render(context, out));
        out += "\r\n";
    }
    out += extra_header;
    if (!step_->has_body) {
        out += "\r\n";
        return;
    }
    // The length is known only after rendering: leave room, render, fill in.
    constexpr std::string_view kLength = "Content-Length: ";
    constexpr std::size_t kDigits = 12;
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

std::string_view PreparedRequest::bytes(const RenderContext& context, std::string_view extra_header,
                                        std::string& scratch) const {
    if (!constant_.empty() && extra_header.empty()) {
        return constant_;
    }
    scratch.clear();
    render(context, extra_header, scratch);
    return scratch;
}

std::string_view path_of(std::string_view request) {
    const auto from = request.find(' ');
    const auto to = request.find(' ', from + 1);
    return from == std::string_view::npos ? std::string_view()
                                          : request.substr(from + 1, to - from - 1);
}

}  // namespace plimsoll
