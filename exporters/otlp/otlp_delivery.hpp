// How metrics and logs go out over OTLP/HTTP.
#pragma once

#include "exporters/otlp/otlp_options.hpp"
#include "net/http_delivery.hpp"

namespace plimsoll {

/// The delivery adds the options' headers: requests are made without them.
[[nodiscard]] HttpDeliveryOptions delivery_options(const OtlpOptions& options, const char* what);
/// By OTLP 1.x: a partial success too.
[[nodiscard]] DeliveryJudge otlp_judge();

}  // namespace plimsoll
