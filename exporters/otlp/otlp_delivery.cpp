#include "exporters/otlp/otlp_delivery.hpp"

#include "exporters/otlp/otlp_http.hpp"

#include <utility>

#include <fmt/format.h>

namespace plimsoll {
namespace {

DeliveryAnswer judge_otlp(const HttpResponse& reply) {
    using Kind = DeliveryAnswer::Kind;
    const std::string status = fmt::format("HTTP status {}", reply.status);
    switch (judge(reply.status)) {
        case OtlpVerdict::Accepted: {
            PartialSuccess partial = read_partial_success(reply.body);
            return {Kind::Taken, partial.rejected_spans,
                    partial.rejected_spans > 0
                        ? fmt::format("{} rejected: {}", partial.rejected_spans, partial.message)
                        : std::string()};
        }
        case OtlpVerdict::Retry:
            return {Kind::Later, 0, status};
        case OtlpVerdict::Refused:
            break;
    }
    const std::string message = read_error_message(reply.body);
    return {Kind::Refused, 0, message.empty() ? status : status + ": " + message};
}

}  // namespace

HttpDeliveryOptions delivery_options(const OtlpOptions& options, const char* what) {
    HttpDeliveryOptions out;
    out.what = what;
    out.access.endpoint = options.endpoint;
    out.timeout = options.timeout;
    out.give_up_after = options.give_up_after;
    out.first_wait = options.first_wait;
    out.most_items = options.queue_points;
    out.access.headers = options.headers;
    return out;
}

DeliveryJudge otlp_judge() {
    return judge_otlp;
}

}  // namespace plimsoll
