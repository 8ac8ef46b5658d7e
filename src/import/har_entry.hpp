// One entry of a recording, and which of them count.
#pragma once

#include "import/draft.hpp"
#include "import/request_text.hpp"

#include <optional>
#include <string>
#include <vector>

#include <boost/json/value.hpp>

namespace plimsoll::import {

struct HarEntry {
    const boost::json::value* raw = nullptr;
    UrlParts url;
    std::string method;
    int status = 0;
    double start_s = 0;  // from some epoch
    double end_s = 0;
    std::string type;  // of the response: the media type; or what the browser called it
};

/// nullopt and a count: no HTTP request, or of a method that a step cannot have. `raw` outlives it.
[[nodiscard]] std::optional<HarEntry> read_har_entry(const boost::json::value& raw,
                                                     LeftOut& left_out);
/// It sends the client elsewhere, and says where.
[[nodiscard]] bool redirects(const HarEntry& entry);
/// What a browser asks by itself before a request to another origin; other OPTIONS requests are the
/// page's own.
[[nodiscard]] bool is_preflight(const HarEntry& entry);
/// An image, a script, a style, a font.
[[nodiscard]] bool is_static(const HarEntry& entry);
/// The origins of --host; without it that of the first page which is one, and no redirect to it.
[[nodiscard]] std::vector<std::string> wanted_origins(const std::vector<HarEntry>& entries,
                                                      const ImportOptions& options);

}  // namespace plimsoll::import
