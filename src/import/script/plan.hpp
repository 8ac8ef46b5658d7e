// What a script does, as far as it could be read: a scenario with its structure, before it is
// written.
#pragma once

#include "import/import.hpp"
#include "import/script/yaml.hpp"
#include "import/secrets.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll::import::script {

using NamedYaml = std::vector<std::pair<std::string, Yaml>>;

/// Conditions on one value of a response: at_least, contains ... with what it is compared to.
struct ValueChecks {
    std::string where;  // a JSON pointer, a header's name
    NamedYaml conditions;
};

/// All text is template text: ${...} is an expression of ours, a literal ${ stands as $${.
struct Request {
    int line = 0;
    std::string method = "get";
    std::string path = "/";  // or a whole URL
    std::string name;
    Yaml query;
    NamedYaml headers;
    std::string body_key;  // json, form, multipart, body
    Yaml body;
    std::vector<std::string> statuses;
    std::vector<ValueChecks> json_checks;
    std::vector<ValueChecks> header_checks;
    NamedYaml body_checks;
    Yaml size;
    std::string longest;                                        // a duration
    std::vector<std::pair<std::string, std::string>> captures;  // variable, source as flow YAML
    std::string timeout;
    std::optional<unsigned> redirects;
    std::string on_fail;
    std::vector<std::pair<std::string, std::string>> tags;
    Yaml auth;
};
using RequestPtr = std::shared_ptr<Request>;

struct Step;
using Steps = std::vector<std::shared_ptr<Step>>;
struct Step {
    enum class Kind : std::uint8_t {
        Request,
        Group,     // text: name; branches[0]
        Repeat,    // text: rounds
        If,        // text: condition; branches: then, else
        Weighted,  // weights and branches
        Parallel,  // branches[0]: requests
        Set,       // values
        Think,     // values: one, the think time
        Remark     // nothing but its comments
    };
    Kind kind = Kind::Remark;
    int line = 0;
    std::string text;
    RequestPtr request;
    NamedYaml values;
    std::vector<Steps> branches;
    std::vector<std::uint32_t> weights;
    std::vector<std::string> remarks;
    bool dropped = false;
};

struct PlanUser {
    std::string name;
    std::uint32_t weight = 1;
    Yaml pacing;
    Steps start;
    Steps flow;
    Steps stop;
};

struct PlanExecutor {
    NamedYaml keys;                  // in the order in which they are written
    std::vector<std::string> users;  // empty: all
};

struct PlanThreshold {
    std::string key;
    Yaml value;  // an expression, or a map with `threshold`
    int line = 0;
};

struct Plan {
    std::string origin;  // "a k6 script, load.js"
    std::string target;  // template text
    NamedYaml http;
    NamedYaml data;
    Steps setup;
    Steps teardown;
    std::vector<PlanUser> users;
    std::vector<PlanExecutor> load;
    std::vector<PlanThreshold> thresholds;
    Secrets secrets;
    std::set<std::string> environment;               // without a default: must be set
    std::vector<std::pair<int, std::string>> notes;  // by the script's line; 0: of the whole
    std::string folder;                              // that data files are relative to

    /// Once each.
    void note(int line, const std::string& text);
};

/// The scenario's text. It is parsed; what it comes to must be valid, so a step or threshold that
/// is not is left out with a note. Error: no request is left.
[[nodiscard]] Result<Imported> write(Plan plan);

}  // namespace plimsoll::import::script
