// From other tools' files to the text of a scenario.
#pragma once

#include "base/result.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

struct ImportOptions {
    std::string source = "input";  // what the first line says it came from: a file's name
    /// The folder that names of files in the input are relative to; empty: no file is read.
    std::string folder = {};
    std::vector<std::string>
        hosts;                 // "host" or "host:port"; the first becomes the target, requests
                               // to others keep their whole URL. Empty: the main one alone
    bool keep_static = false;  // HAR: images, scripts, styles, fonts as well
    std::string into;          // scripts: where the scenario will stand; empty: here
};

/// A scenario file's text, which is valid, and what was left out of it. Credentials in the input
/// have become ${env.NAME}; `environment` names what must be set for it to be valid.
struct Imported {
    std::string text;
    std::size_t steps = 0;
    std::vector<std::string> environment;
    std::map<std::string, std::string> samples;  // what may stand for some of these; else a URL
    std::vector<std::string> notes;              // one line each, also in the text's head
};

/// `text` is the whole file. Error: it is not what it should be (with the place, as far as it is
/// known), or holds no request. Errors never repeat what stands in the file.
[[nodiscard]] Result<Imported> import_har(std::string_view text, const ImportOptions& options);
/// OpenAPI 3 or Swagger 2, in JSON or YAML.
[[nodiscard]] Result<Imported> import_openapi(std::string_view text, const ImportOptions& options);
/// One or more command lines of curl, as a shell takes them.
[[nodiscard]] Result<Imported> import_curl(std::string_view text, const ImportOptions& options);
/// A collection of version 2.0 or 2.1.
[[nodiscard]] Result<Imported> import_postman(std::string_view text, const ImportOptions& options);
/// A k6 script in JavaScript: read, never run.
[[nodiscard]] Result<Imported> import_k6(std::string_view text, const ImportOptions& options);
/// A locustfile in Python: read by Python's own parser (python3 on PATH), never imported or run.
[[nodiscard]] Result<Imported> import_locust(std::string_view text, const ImportOptions& options);

}  // namespace plimsoll
