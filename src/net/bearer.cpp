#include "net/bearer.hpp"

namespace plimsoll {

std::optional<std::string_view> bearer_token(const HttpHeaders& headers) {
    constexpr std::string_view kScheme = "Bearer ";
    const std::string* const given = find_header(headers, "Authorization");
    if (given == nullptr || given->size() <= kScheme.size()) {
        return std::nullopt;
    }
    const std::string_view text = *given;
    return equal_ignoring_case(text.substr(0, kScheme.size()), kScheme)
               ? std::optional(text.substr(kScheme.size()))
               : std::nullopt;
}

}  // namespace plimsoll
