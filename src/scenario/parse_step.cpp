// One request of a flow, the defaults of all of them, and the time a user thinks.
#include "scenario/expression.hpp"
#include "scenario/parts.hpp"
#include "scenario/wording.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr std::array<std::string_view, 7> kMethods{"get",    "post", "put",    "patch",
                                                   "delete", "head", "options"};
constexpr std::array<std::string_view, 14> kStepKeys{
    "get",  "post",    "put",  "patch", "delete", "head",    "options",
    "name", "headers", "json", "body",  "expect", "timeout", "think"};
constexpr std::array<std::string_view, 6> kStepLater{"capture", "until", "tags",
                                                     "form",    "files", "repeat"};
constexpr std::size_t kLongestName = 200;  // of an endpoint: it becomes a label

std::string upper(std::string_view word) {
    std::string result(word);
    std::transform(result.begin(), result.end(), result.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return result;
}

// `written` up to the query; a ? inside ${...} does not begin one.
std::string without_query(std::string_view written) {
    std::size_t at = 0;
    while (at < written.size() && written[at] != '?') {
        if (written.substr(at).starts_with("${")) {
            at = std::min(expression_end(written, at), written.size() - 1);
        }
        ++at;
    }
    return std::string(written.substr(0, at));
}

bool begins_with_slash(const Template& path, std::string_view written) {
    const bool literal_first =
        path.is_constant() || written.starts_with('/') || written.starts_with("${env.");
    return literal_first && path.literals().starts_with('/');
}

std::optional<Item> read_method(const Fields& fields, Step& step) {
    std::optional<Item> path;
    for (const std::string_view method : kMethods) {
        const auto item = fields.get(method);
        if (!item) {
            continue;
        }
        if (path) {
            item->fault(fmt::format("stands beside {}; a step is one request",
                                    in_quotes(path->path().substr(path->path().rfind('.') + 1))),
                        "make it a step of its own, with a dash before it");
            continue;
        }
        path = item;
        step.method = upper(method);
    }
    if (!path && !fields.has_unknown()) {
        fields.map().fault(fmt::format("has no request; one of {} is needed", any_of(kMethods)),
                           "e.g. get: /health");
    }
    return path;
}

std::optional<std::string> read_name(const Item& item) {
    auto name = item.text("a name");
    if (!name) {
        return std::nullopt;
    }
    const bool printable = std::none_of(name->begin(), name->end(), [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
    });
    if (name->empty() || name->size() > kLongestName || !printable) {
        item.fault(fmt::format("must be 1 to {} characters on one line", kLongestName));
        return std::nullopt;
    }
    return name;
}

EndpointId endpoint_id(EndpointInfo wanted, std::vector<EndpointInfo>& endpoints) {
    const auto found = std::find_if(endpoints.begin(), endpoints.end(), [&](const EndpointInfo& e) {
        return e.user == wanted.user && e.name == wanted.name && e.method == wanted.method;
    });
    const auto id = static_cast<EndpointId>(found - endpoints.begin());
    if (found == endpoints.end()) {
        endpoints.push_back(std::move(wanted));
    }
    return id;
}

bool has_header(const std::vector<Header>& headers, std::string_view name) {
    return std::any_of(headers.begin(), headers.end(),
                       [&](const Header& header) { return upper(header.name) == upper(name); });
}

void read_body(const Fields& fields, Step& step) {
    const auto json = fields.get("json");
    const auto body = fields.get("body");
    if (json && body) {
        body->fault("stands beside json; a request has one body", "keep json or body");
    }
    step.has_body = json || body;
    if (json) {
        step.body = read_json(*json);
        if (!has_header(step.headers, "Content-Type")) {
            step.headers.push_back({"Content-Type", Template::literal("application/json")});
        }
    } else if (body) {
        if (const auto text = body->text_template("text (or write json: for a JSON body)")) {
            step.body = *text;
        }
    }
}

std::optional<Think> read_think_pair(const Item& item, Think::Kind kind, std::string_view what) {
    const auto items = item.is_list() ? item.items() : std::vector<Item>{};
    if (items.size() != 2) {
        item.fault(fmt::format("must be a list of two durations, {}", what), "e.g. [500ms, 2s]");
        return std::nullopt;
    }
    const auto a = items[0].duration();
    const auto b = items[1].duration();
    if (!a || !b) {
        return std::nullopt;
    }
    return Think{kind, *a, *b};
}

void note_bad_character(const Item& item, char bad) {
    const auto byte = static_cast<unsigned char>(bad);
    std::string what = in_quotes(std::string_view(&bad, 1));
    std::string hint = "percent-encode it, e.g. %20 for a space";
    if (bad == ' ') {
        what = "a space";
    } else if (byte >= 0x7F) {
        what = "a character outside ASCII";
    } else if (bad == '#') {
        hint = "leave the fragment out, it is never sent; or write %23";
    } else if (bad == '{' || bad == '}') {
        hint = "write ${...} for a value, or percent-encode it (%7B, %7D)";
    }
    item.fault(fmt::format("holds {}, which a path must not hold", what), hint);
}

}  // namespace

std::optional<Template> read_path(const Item& item) {
    const auto path = item.text_template("a path such as /health");
    if (!path) {
        return std::nullopt;
    }
    const std::string& written = item.node().text;
    if (!begins_with_slash(*path, written)) {
        const bool whole_url = written.find("://") != std::string::npos;
        item.fault(fmt::format("must be a path that starts with /, got {}", in_quotes(written)),
                   whole_url ? "write the path only; scheme and host belong to target" : "");
        return std::nullopt;
    }
    const std::string literals = path->literals();
    const auto bad = std::find_if(literals.begin(), literals.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte <= 0x20 || byte >= 0x7F || c == '#' || c == '{' || c == '}';
    });
    if (bad == literals.end()) {
        return path;
    }
    note_bad_character(item, *bad);
    return std::nullopt;
}

std::optional<Think> read_think(const Item& item) {
    constexpr std::array<std::string_view, 4> kKinds{"constant", "uniform", "normal",
                                                     "exponential"};
    constexpr std::string_view kExample = "e.g. think: 1s, or think: {uniform: [500ms, 2s]}";
    if (item.is_scalar()) {
        const auto time = item.duration();
        return time ? std::optional(Think{Think::Kind::Constant, *time, {}}) : std::nullopt;
    }
    if (!item.require_map("a duration or a map with one distribution", std::string(kExample))) {
        return std::nullopt;
    }
    const Fields fields(item, {kKinds, {}, kExample});
    const auto entries = item.named();
    if (entries.size() != 1) {
        item.fault(fmt::format("must name exactly one of {}", any_of(kKinds)),
                   std::string(kExample));
        return std::nullopt;
    }
    if (const auto pair = fields.get("uniform")) {
        auto think = read_think_pair(*pair, Think::Kind::Uniform, "shortest and longest");
        if (think && think->a > think->b) {
            pair->fault("must give the shorter duration first");
        }
        return think;
    }
    if (const auto pair = fields.get("normal")) {
        return read_think_pair(*pair, Think::Kind::Normal, "mean and standard deviation");
    }
    const auto constant = fields.get("constant");
    const auto single = constant ? constant : fields.get("exponential");
    const auto time = single ? single->duration() : std::nullopt;
    if (!time) {
        return std::nullopt;
    }
    return Think{constant ? Think::Kind::Constant : Think::Kind::Exponential, *time, {}};
}

StepDefaults read_defaults(const Item& item, std::vector<Secret>& secrets) {
    constexpr std::array<std::string_view, 2> kKnown{"timeout", "headers"};
    constexpr std::array<std::string_view, 2> kLater{"think", "expect"};
    StepDefaults defaults;
    if (!item.require_map("a map", "e.g. defaults: {timeout: 30s}")) {
        return defaults;
    }
    const Fields fields(item, {kKnown, kLater});
    if (const auto timeout = fields.get("timeout")) {
        defaults.timeout = timeout->positive_duration().value_or(defaults.timeout);
    }
    if (const auto headers = fields.get("headers")) {
        defaults.headers = read_headers(*headers, secrets);
    }
    return defaults;
}

Step read_step(const Item& item, const std::string& user, const StepDefaults& defaults,
               std::vector<EndpointInfo>& endpoints, std::vector<Secret>& secrets) {
    Step step;
    step.timeout = defaults.timeout;
    if (!item.require_map("a map with one request", "e.g. - get: /health")) {
        return step;
    }
    const Fields fields(item, {kStepKeys, kStepLater});
    if (const auto headers = fields.get("headers")) {
        step.headers = read_headers(*headers, secrets);
    }
    for (const Header& header : defaults.headers) {
        if (!has_header(step.headers, header.name)) {
            step.headers.push_back(header);
        }
    }
    read_body(fields, step);
    if (const auto expect = fields.get("expect")) {
        step.expect = read_expect(*expect);
    }
    if (const auto timeout = fields.get("timeout")) {
        step.timeout = timeout->positive_duration().value_or(step.timeout);
    }
    if (const auto think = fields.get("think")) {
        step.think = read_think(*think);
    }
    const auto name_item = fields.get("name");
    auto name = name_item ? read_name(*name_item) : std::nullopt;
    if (const auto path_item = read_method(fields, step)) {
        step.path = read_path(*path_item).value_or(Template{});
        if (!name_item && path_item->is_scalar()) {
            name = without_query(path_item->node().text);
        }
    }
    step.endpoint = endpoint_id({user, name.value_or(""), step.method}, endpoints);
    return step;
}

}  // namespace plimsoll
