// --html and --format html, as several commands have them.
#pragma once

#include "base/result.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace plimsoll {

/// Makes the page where it is asked for: for `file`, and for stdout where `format` is "html".
/// Error: why there is none, or what the system says of the file.
[[nodiscard]] Status put_page(const std::function<Result<std::string>()>& page,
                              const std::string& file, std::string_view format);

}  // namespace plimsoll
