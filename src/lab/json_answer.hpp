// Private to lab: answers in JSON.
#pragma once

#include "net/http_message.hpp"

#include <string>
#include <string_view>

namespace plimsoll {

/// {"error": "..."} with the status.
[[nodiscard]] HttpResponse json_error(int status, std::string_view message);

/// `body` is JSON already.
[[nodiscard]] HttpResponse json_answer(int status, std::string body);

}  // namespace plimsoll
