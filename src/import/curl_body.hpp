// What curl's -d, --json, -F and -T make of their values.
#pragma once

#include "import/curl_options.hpp"
#include "import/draft.hpp"

#include <optional>
#include <string>

namespace plimsoll::import {

/// What bodies are read from.
struct CurlSource {
    std::string folder;                // of files
    std::optional<std::string> input;  // stdin, where it is known
    LeftOut& left_out;
};

/// -d and its kin, joined as curl does; nullopt: none stands there.
[[nodiscard]] std::optional<std::string> curl_data(const CurlTransfer& transfer,
                                                   CurlSource& source);
/// --url-query, joined; "" for none.
[[nodiscard]] std::string curl_url_query(const CurlTransfer& transfer, CurlSource& source);
/// -F and --form-string as parts.
void set_curl_form(const CurlTransfer& transfer, CurlSource& source, DraftStep& step,
                   Secrets& secrets);
/// A file's content, or stdin's for "-"; nullopt and a note where it is not known.
[[nodiscard]] std::optional<std::string> curl_file(const std::string& name, CurlSource& source);

}  // namespace plimsoll::import
