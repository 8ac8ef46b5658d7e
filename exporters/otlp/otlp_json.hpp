// OTLP's protobuf messages as OTLP/JSON.
// https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
#pragma once

#include "exporters/otlp/otlp_options.hpp"

#include <string>
#include <string_view>

namespace plimsoll {

/// An Export...ServiceRequest, as our encoders make them, on one line without its end: names in
/// lowerCamelCase, ids in hex, 64-bit numbers as text, enumerators as numbers. Fields that no
/// encoder of ours writes are left out.
[[nodiscard]] std::string otlp_json(OtlpSignal signal, std::string_view request);

}  // namespace plimsoll
