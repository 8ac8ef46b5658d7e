// What OTLP's three signals have in common. Field numbers: opentelemetry-proto, common/v1 and
// resource/v1. Only this folder's sources include it: it has protozero in it.
#pragma once

#include "base/clock.hpp"
#include "exporters/otlp/otlp_encode.hpp"

#include <array>
#include <cstdint>
#include <string_view>

#include <protozero/pbf_writer.hpp>

namespace plimsoll::otlp {

inline constexpr std::string_view kSchemaUrl = "https://opentelemetry.io/schemas/1.30.0";

[[nodiscard]] inline protozero::data_view view(std::string_view text) {
    return {text.data(), text.size()};
}
template <std::size_t N>
[[nodiscard]] protozero::data_view view(const std::array<std::uint8_t, N>& id) {
    return {static_cast<const char*>(static_cast<const void*>(id.data())), N};
}

/// Adds a KeyValue message; `put` writes the AnyValue.
template <typename Put>
void add_attribute(protozero::pbf_writer& to, protozero::pbf_tag_type field, std::string_view key,
                   Put put) {
    protozero::pbf_writer pair(to, field);
    pair.add_string(1, view(key));
    protozero::pbf_writer value(pair, 2);
    put(value);
}

inline void add_text(protozero::pbf_writer& to, protozero::pbf_tag_type field, std::string_view key,
                     std::string_view text) {
    add_attribute(to, field, key,
                  [&](protozero::pbf_writer& value) { value.add_string(1, view(text)); });
}
inline void add_integer(protozero::pbf_writer& to, protozero::pbf_tag_type field,
                        std::string_view key, std::int64_t number) {
    add_attribute(to, field, key,
                  [&](protozero::pbf_writer& value) { value.add_int64(3, number); });
}
inline void add_double(protozero::pbf_writer& to, protozero::pbf_tag_type field,
                       std::string_view key, double number) {
    add_attribute(to, field, key,
                  [&](protozero::pbf_writer& value) { value.add_double(4, number); });
}

[[nodiscard]] inline std::uint64_t unix_nanos(const WallAnchor& anchor, Clock::time_point at) {
    const auto since =
        std::chrono::duration_cast<Nanoseconds>(anchor.to_wall(at).time_since_epoch());
    return static_cast<std::uint64_t>(since.count());
}

/// Field 1 of each Export...ServiceRequest: the resource and the one scope, which `fill` fills.
template <typename Fill>
void add_of_scope(protozero::pbf_writer& request, const TraceOrigin& origin, Fill fill) {
    protozero::pbf_writer of_resource(request, 1);
    {
        protozero::pbf_writer resource(of_resource, 1);
        for (const auto& [key, value] : origin.resource) {
            add_text(resource, 1, key, value);
        }
    }
    {
        protozero::pbf_writer of_scope(of_resource, 2);
        {
            protozero::pbf_writer scope(of_scope, 1);
            scope.add_string(1, "plimsoll");
            scope.add_string(2, origin.version);
        }
        fill(of_scope);
        of_scope.add_string(3, view(kSchemaUrl));
    }
    of_resource.add_string(3, view(kSchemaUrl));
}

}  // namespace plimsoll::otlp
