// The headers of a curl command.
#pragma once

#include "import/curl_body.hpp"
#include "import/curl_options.hpp"
#include "import/draft.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace plimsoll::import {

/// The value of -H for this name (in lower case); "" where that takes the header away or is empty.
[[nodiscard]] std::optional<std::string> curl_header(const CurlTransfer& transfer,
                                                     std::string_view name);

/// What -H says, and what other options and the URL's `user_info` make of headers; -H goes first.
/// The step's body, with its Content-Type, is there already.
void add_curl_headers(const CurlTransfer& transfer, const std::string& user_info,
                      CurlSource& source, DraftStep& step, Secrets& secrets);

}  // namespace plimsoll::import
