#include "exporters/otlp/redact.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace plimsoll {
namespace {

/// Too much redacted costs a look at the scenario; too little costs a secret.
constexpr std::array<std::string_view, 12> kSecretParts{"token",      "secret",    "passw",  "pwd",
                                                        "credential", "session",   "auth",   "key",
                                                        "jwt",        "signature", "cookie", "otp"};
constexpr std::array<std::string_view, 3> kSecretNames{"sig", "sid", "pass"};

bool is_secret(std::string_view name) {
    std::string folded;
    for (const char c : name) {
        if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
            folded += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        }
    }
    return std::find(kSecretNames.begin(), kSecretNames.end(), folded) != kSecretNames.end() ||
           std::any_of(kSecretParts.begin(), kSecretParts.end(), [&](std::string_view part) {
               return folded.find(part) != std::string::npos;
           });
}

}  // namespace

std::string redact_query(std::string_view path) {
    const std::size_t question = path.find('?');
    if (question == std::string_view::npos) {
        return std::string(path);
    }
    std::string out(path.substr(0, question));
    char before = '?';
    for (std::string_view rest = path.substr(question + 1);; before = '&') {
        const std::size_t end = std::min(rest.find('&'), rest.size());
        const std::string_view parameter = rest.substr(0, end);
        const std::size_t equals = parameter.find('=');
        out += before;
        if (equals != std::string_view::npos && is_secret(parameter.substr(0, equals))) {
            out.append(parameter.substr(0, equals + 1)).append("REDACTED");
        } else {
            out.append(parameter);
        }
        if (end == rest.size()) {
            return out;
        }
        rest.remove_prefix(end + 1);
    }
}

}  // namespace plimsoll
