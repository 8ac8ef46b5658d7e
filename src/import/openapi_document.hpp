// An OpenAPI description as one document, whatever it was written in and however many files it has.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <string>
#include <string_view>

#include <boost/json/value.hpp>

namespace plimsoll::import {

struct OpenApiDocument {
    boost::json::value root;
    /// References to what was not read: other hosts, and files that are not there.
    std::size_t unread = 0;
};

/// JSON or YAML. Files that a $ref names, relative to `folder` and to each other, are read too;
/// what is in them stands in the root, and every reference points there. An empty folder: none is
/// read.
[[nodiscard]] Result<OpenApiDocument> read_openapi(std::string_view text,
                                                   const std::string& folder);

}  // namespace plimsoll::import
