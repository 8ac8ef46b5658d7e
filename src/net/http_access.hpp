// How a server of somebody else's is reached: where, with which credentials, trusting whom.
#pragma once

#include "net/http_message.hpp"
#include "net/url.hpp"

#include <string>

namespace plimsoll {

struct HttpAccess {
    Url endpoint;
    HttpHeaders headers;  // Authorization among them; values are secrets: never logged
    std::string ca_file;  // PEM; empty: the system's
    std::string cert_file;
    std::string key_file;
    bool verify_tls = true;
};

}  // namespace plimsoll
