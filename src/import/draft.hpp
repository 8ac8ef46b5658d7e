// What every reader makes of its input: a scenario before it is written.
#pragma once

#include "base/clock.hpp"
#include "import/import.hpp"
#include "import/secrets.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/value.hpp>

namespace plimsoll::import {

using Pairs = std::vector<std::pair<std::string, std::string>>;

/// One request. All text in it is template text: a ${ of the input stands as $${, and ${...} is an
/// expression of ours.
struct DraftStep {
    std::string method = "get";  // lower case, as the scenario's key
    std::string path = "/";      // with query; or a whole URL for a host beside the target
    std::string name;            // empty: the path without query says it
    Pairs headers;
    enum class Body { None, Json, Form, Text } body = Body::None;
    boost::json::value json;
    Pairs form;
    std::string text;
    Pairs captures;             // variable, JSON pointer
    std::vector<int> statuses;  // empty: what the step's default accepts
    Nanoseconds think{};        // after it
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

    /// In order, each once: for what is read request by request.
    void sort_notes();
};

/// How many things of a kind were left out; becomes notes.
class LeftOut {
public:
    void add(const std::string& what) { ++counts_[what]; }
    void note(Draft& draft) const;

private:
    std::map<std::string, std::size_t> counts_;
};

/// The file's text. Moves headers that all steps share to the defaults. Error: no steps.
[[nodiscard]] Result<Imported> write(Draft draft);

}  // namespace plimsoll::import
