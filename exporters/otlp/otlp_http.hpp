// OTLP/HTTP above HTTP itself: what to send, what a reply means, what may be tried again and when.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "exporters/otlp/otlp_options.hpp"
#include "net/http_delivery.hpp"
#include "net/retry.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace plimsoll {

/// Over one kept connection to the options' endpoint. Error: the CA file cannot be read.
[[nodiscard]] Result<HttpTransport> http_transport(const OtlpOptions& options);

/// The POST for an encoded ExportTraceServiceRequest.
[[nodiscard]] HttpRequest make_otlp_request(const OtlpOptions& options, std::string body);

/// RFC 1952. Never fails but for lack of memory.
[[nodiscard]] std::string gzip(std::string_view data);

enum class OtlpVerdict { Accepted, Retry, Refused };

/// 2xx is accepted; 429, 502, 503 and 504 may be tried again (OTLP 1.x, "Failures"); every other
/// status would be refused again.
[[nodiscard]] OtlpVerdict judge(int status);

/// What a 2xx reply says was not taken.
struct PartialSuccess {
    std::uint64_t rejected_spans = 0;
    std::string message;
};
/// All accepted where the body is empty or no ExportTraceServiceResponse.
[[nodiscard]] PartialSuccess read_partial_success(std::string_view body);

/// The message of a google.rpc.Status, which is what an error's body should be, else empty.
[[nodiscard]] std::string read_error_message(std::string_view body);

}  // namespace plimsoll
