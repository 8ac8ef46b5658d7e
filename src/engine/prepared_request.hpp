// Request bytes, made ahead of the run where they do not change.
#pragma once

#include "scenario/scenario.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

/// One step's request in HTTP/1.1 wire form. A step without expressions is rendered once; sending
/// it copies nothing.
class PreparedRequest {
public:
    PreparedRequest(const Step& step, const TargetUrl& target, std::string_view user_agent);

    [[nodiscard]] const Step& step() const noexcept { return *step_; }
    [[nodiscard]] bool is_head() const noexcept { return head_; }
    /// Sending it twice has the effect of sending it once (RFC 9110, 9.2.2).
    [[nodiscard]] bool is_idempotent() const noexcept { return idempotent_; }
    [[nodiscard]] bool keeps_body() const noexcept { return keeps_body_; }
    [[nodiscard]] bool keeps_headers() const noexcept { return keeps_headers_; }
    /// The bytes to send. Points into this object, or into `scratch` where the step has expressions
    /// or `extra_header` ("name: value\r\n", or empty) is to be added; valid until `scratch`
    /// changes.
    [[nodiscard]] std::string_view bytes(const RenderContext& context,
                                         std::string_view extra_header, std::string& scratch) const;

private:
    void render(const RenderContext& context, std::string_view extra_header,
                std::string& out) const;

    const Step* step_;
    std::string base_path_;
    std::string fixed_headers_;  // Host, User-Agent, Accept: everything that never changes
    std::string constant_;       // the whole request, when constant
    bool head_;
    bool idempotent_;
    bool keeps_body_;
    bool keeps_headers_;
};

/// The path of a request in wire form, query included.
[[nodiscard]] std::string_view path_of(std::string_view request);

}  // namespace plimsoll
