// One request of a flow.
#include "scenario/expression.hpp"
#include "scenario/parts.hpp"
#include "scenario/secret_text.hpp"
#include "scenario/wording.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr std::array<std::string_view, 8> kMethods{"get",    "post", "put",     "patch",
                                                   "delete", "head", "options", "trace"};
constexpr std::array<std::string_view, 26> kStepKeys{
    "get",     "post",  "put",     "patch", "delete",    "head", "options", "trace",     "name",
    "headers", "query", "auth",    "json",  "form",      "body", "graphql", "multipart", "expect",
    "capture", "until", "on_fail", "think", "redirects", "http", "tags",    "timeout"};
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

// Whether the request target's first character is known to be a slash.
bool begins_with_slash(const Template& path, std::string_view written) {
    const bool literal_first =
        path.is_constant() || written.starts_with('/') || written.starts_with("${env.");
    return literal_first && path.literals().starts_with('/');
}

// "${location}/x": what a response said, a column, or another expression that may give a path.
bool begins_with_value(const Item& item) {
    const std::string& written = item.node().text;
    if (!written.starts_with("${")) {
        return false;
    }
    const std::size_t end = expression_end(written, 0);
    const auto first = Template::compile(written.substr(0, end + 1), item.context().scope());
    return first && !first->is_constant() && !first->is_number() &&
           !written.starts_with("${uuid") && !written.starts_with("${random_text");
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

// A whole URL; where expressions stand in its host, that shows only when it is sent.
bool is_url(const Template& path, const Item& item) {
    const std::string literals = path.literals();
    const auto end = literals.find_first_of("/?#", literals.find("://") + 3);
    const auto target =
        path.is_constant() ? parse_target(literals.substr(0, end)) : Result<TargetUrl>(TargetUrl{});
    if (!target) {
        item.fault(target.error());
    }
    return target.ok();
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

void read_headers_of(const Fields& fields, const StepDefaults& defaults,
                     std::vector<Secret>& secrets, Step& step) {
    const auto own = fields.get("headers");
    if (own) {
        step.headers = read_headers(*own, secrets);
    }
    const auto left_out = [&](const Header& header) {
        const auto named = own ? own->named() : std::vector<Item::Named>{};
        return std::any_of(named.begin(), named.end(), [&](const Item::Named& entry) {
            return upper(entry.name) == upper(header.name);
        });
    };
    for (const Header& header : defaults.headers) {
        if (!left_out(header)) {
            step.headers.push_back(header);
        }
    }
}

// `written` with the step's query behind it.
Template with_query(const Template& written, const Item& query) {
    Template path = written;
    const Template pairs = read_pairs(query, "query");
    if (pairs.is_constant() && pairs.text().empty()) {
        return path;
    }
    const bool has_query = written.literals().find('?') != std::string::npos;
    path.append(Template::literal(has_query ? "&" : "?"));
    path.append(pairs);
    return path;
}

void read_limits(const Fields& fields, Step& step) {
    if (const auto http = fields.get("http")) {
        const HttpStepOptions own = read_step_http(*http);
        const auto take = [](auto& into, const auto& from) { into = from ? from : into; };
        take(step.http.redirects, own.redirects);
        take(step.http.connect, own.connect);
        take(step.http.first_byte, own.first_byte);
        take(step.http.body, own.body);
        take(step.http.max_body, own.max_body);
    }
    if (const auto timeout = fields.get("timeout")) {
        read_timeout(*timeout, step.timeout, step.http);
    }
    if (const auto redirects = fields.get("redirects")) {
        if (const auto most = read_redirects(*redirects)) {
            step.http.redirects = most;
        }
    }
    if (const auto on_fail = fields.get("on_fail")) {
        step.on_fail = read_on_fail(*on_fail);
    }
    if (const auto think = fields.get("think")) {
        step.think = read_think(*think);
    }
    if (const auto tags = fields.get("tags")) {
        for (std::string& tag : read_tags(*tags)) {
            const auto same_key = [&](const std::string& other) {
                return other.substr(0, other.find('=')) == tag.substr(0, tag.find('='));
            };
            std::erase_if(step.tags, same_key);
            step.tags.push_back(std::move(tag));
        }
    }
}

void read_response(const Fields& fields, const std::string& endpoint, FlowReading& reading,
                   Step& step) {
    ExpectDraft expect = reading.defaults.expect;
    if (const auto item = fields.get("expect")) {
        ExpectDraft own = read_expect(*item);
        if (!own.statuses.empty()) {
            expect.statuses = std::move(own.statuses);
        }
        expect.checks.insert(expect.checks.end(), own.checks.begin(), own.checks.end());
    }
    step.expect.statuses = std::move(expect.statuses);
    step.expect.checks = name_checks(expect.checks, endpoint, reading.scenario);
    if (const auto capture = fields.get("capture")) {
        step.captures = read_captures(*capture);
    }
    if (const auto until = fields.get("until")) {
        step.until = read_until(*until);
    }
}

}  // namespace

std::span<const std::string_view> request_methods() {
    return kMethods;
}

std::optional<Template> read_path(const Item& item, bool or_url) {
    const auto path = item.text_template("a path such as /health");
    if (!path) {
        return std::nullopt;
    }
    const std::string& written = item.node().text;
    // Also where the environment says it: ${env.OTHER}/path.
    const std::string known = path->literals();
    const bool whole_url = written.find("://") != std::string::npos ||
                           (written.starts_with("${env.") && known.starts_with("http"));
    const bool begins =
        written.starts_with("http") || (written.starts_with("${env.") && known.starts_with("http"));
    if (or_url && whole_url && begins) {
        if (!is_url(*path, item)) {
            return std::nullopt;
        }
    } else if (!begins_with_slash(*path, written) && !(or_url && begins_with_value(item))) {
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
        return path->encoded(Encoding::Path);
    }
    note_bad_character(item, *bad);
    return std::nullopt;
}

Step read_step(const Item& item, const std::string& user, FlowReading& reading) {
    const StepDefaults& defaults = reading.defaults;
    Step step;
    step.timeout = defaults.timeout;
    step.on_fail = defaults.on_fail;
    step.http = defaults.http;
    step.tags = defaults.tags;
    if (!item.require_map("a map with one request", "e.g. - get: /health")) {
        return step;
    }
    const Fields fields(item, {kStepKeys});
    read_headers_of(fields, defaults, reading.secrets, step);
    if (const auto auth = fields.get("auth")) {
        read_auth(*auth, step, reading.secrets);
    }
    read_body(fields, step);
    read_limits(fields, step);
    const auto name_item = fields.get("name");
    auto name = name_item ? read_name(*name_item) : std::nullopt;
    if (const auto path_item = read_method(fields, step)) {
        step.path = read_path(*path_item, true).value_or(Template{});
        if (!name_item && path_item->is_scalar()) {
            name = mask_secrets(without_query(path_item->node().text));
        }
    }
    if (const auto query = fields.get("query")) {
        step.path = with_query(step.path, *query);
    }
    read_response(fields, name.value_or(""), reading, step);
    step.endpoint = endpoint_id({user, name.value_or(""), step.method}, reading.scenario.endpoints);
    return step;
}

}  // namespace plimsoll
