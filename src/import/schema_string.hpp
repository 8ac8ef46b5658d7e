// Texts that fit a schema's format, pattern and lengths.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <boost/json/value.hpp>

namespace plimsoll::import {

/// What stands where each request should have a UUID of its own.
inline constexpr std::string_view kSampleUuid = "3fa85f64-5717-4562-b3fc-2c963f66afa6";

/// A text for this schema of type string; the `number`th of different ones, from 0.
[[nodiscard]] std::string sample_text(const boost::json::value& schema, std::size_t number = 0);

/// A text that a regular expression matches, with `more` repetitions where it leaves that open;
/// nullopt where it uses what is not understood here (look-around, back references, \p).
[[nodiscard]] std::optional<std::string> text_of_pattern(std::string_view pattern,
                                                         std::size_t more);

}  // namespace plimsoll::import
