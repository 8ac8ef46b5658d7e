// What every reader makes of its input: a scenario before it is written.
#pragma once

#include "base/clock.hpp"
#include "import/import.hpp"
#include "import/json_tree.hpp"
#include "import/secrets.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace plimsoll::import {

using Pairs = std::vector<std::pair<std::string, std::string>>;

/// One part of a multipart body.
struct DraftPart {
    std::string name;
    std::string value;   // template text, or bytes as they are
    bool bytes = false;  // not UTF-8: written in base64
    std::string file_name;
    std::string type;  // its Content-Type
};

/// One request. All text in it is template text: a ${ of the input stands as $${, and ${...} is an
/// expression of ours.
struct DraftStep {
    std::string method = "get";  // lower case, as the scenario's key
    std::string path = "/";      // with query; or a whole URL for a host beside the target
    std::string name;            // empty: the path without query says it
    Pairs headers;               // those of one name stand together
    std::optional<std::pair<std::string, std::string>> basic = {};  // user and password
    enum class Body { None, Json, Form, Multipart, Text, Bytes } body = Body::None;
    JsonTree json;
    Pairs form;  // a name may stand twice
    std::vector<DraftPart> parts;
    std::string text;                        // Text: a template; Bytes: as they are
    Pairs captures;                          // variable, JSON pointer
    std::vector<int> statuses;               // empty: what the step's default accepts
    Nanoseconds think{};                     // after it
    std::optional<unsigned> redirects = {};  // nullopt: the scenario's default
};

struct DraftUser {
    std::string name;
    std::uint32_t weight = 1;
    std::vector<DraftStep> steps;
};

struct Draft {
    std::string origin;  // "a HAR recording, login.har"
    std::string target;  // http://host[:port][/base]
    std::vector<DraftUser> users;
    std::vector<std::string> notes;
    Secrets secrets;
    /// What may stand for a variable of the environment: a host's name, a port. Without: a URL.
    std::map<std::string, std::string> samples;

    /// In order, each once: for what is read request by request.
    void sort_notes();
};

/// "1 request that was cut off", "3 requests that were cut off": `what` is said of one.
[[nodiscard]] std::string counted(std::size_t count, std::string_view what);

/// Counts what is left out, or done in another way; becomes notes. `what` is said of one thing, and
/// begins with its noun: "static file", "request to a.example".
class LeftOut {
public:
    void add(const std::string& what) { ++left_out_[what]; }
    /// Something that is in the scenario, though not as it was: "body was read from ...".
    void remark(const std::string& what) { ++remarks_[what]; }
    void note(Draft& draft) const;

private:
    std::map<std::string, std::size_t> left_out_;
    std::map<std::string, std::size_t> remarks_;
};

/// The file's text, which parses as a scenario: steps that a scenario cannot hold are left out with
/// a note. Moves what all steps share to the defaults. Error: no steps.
[[nodiscard]] Result<Imported> write(Draft draft);

}  // namespace plimsoll::import
