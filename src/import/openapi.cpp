// OpenAPI 3 and Swagger 2 descriptions, in JSON or YAML.
#include "import/draft.hpp"
#include "import/json_access.hpp"
#include "import/request_text.hpp"
#include "import/schema_example.hpp"
#include "scenario/yaml_tree.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

namespace plimsoll {
namespace import {
namespace {

namespace json = boost::json;

// A plain scalar of YAML's core schema, as far as JSON has it.
json::value scalar_value(const YamlNode& node) {
    const std::string& text = node.text;
    if (node.quoted) {
        return json::value(text);
    }
    if (text == "true" || text == "false") {
        return text == "true";
    }
    if (text == "null" || text == "~") {
        return nullptr;
    }
    const char* const end = text.data() + text.size();
    std::int64_t whole = 0;
    if (const auto read = std::from_chars(text.data(), end, whole);
        read.ec == std::errc{} && read.ptr == end) {
        return whole;
    }
    double number = 0;
    const auto read = std::from_chars(text.data(), end, number);
    return read.ec == std::errc{} && read.ptr == end && std::isfinite(number) ? json::value(number)
                                                                              : json::value(text);
}

json::value to_json(const YamlNode& node) {
    switch (node.kind) {
        case YamlNode::Kind::Null:
            return nullptr;
        case YamlNode::Kind::Scalar:
            return scalar_value(node);
        case YamlNode::Kind::List: {
            json::array items;
            for (const YamlNodePtr& item : node.items) {
                items.push_back(to_json(*item));
            }
            return items;
        }
        case YamlNode::Kind::Map:
            break;
    }
    json::object members;
    for (const YamlNode::Entry& entry : node.entries) {
        members[entry.key] = to_json(*entry.value);
    }
    return members;
}

Result<json::value> read_document(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    if (first != std::string_view::npos && text[first] == '{') {
        return parse_json(text, "an OpenAPI description");
    }
    const YamlDocument document = read_yaml(text);
    if (!document.root || !document.faults.empty()) {
        const Fault fault = document.faults.empty() ? Fault{} : document.faults.front();
        return Error{"must be an OpenAPI description in YAML or JSON: " + fault.what,
                     fmt::format("line {}", fault.line), fault.hint};
    }
    return to_json(*document.root);
}

std::string replace_variables(std::string url, const json::value* variables) {
    for (std::size_t open = url.find('{'); open != std::string::npos; open = url.find('{', open)) {
        const std::size_t close = url.find('}', open);
        if (close == std::string::npos) {
            break;
        }
        const std::string value =
            text_at(variables, url.substr(open + 1, close - open - 1), "default");
        url.replace(open, close - open + 1, value);
        open += value.size();
    }
    return url;
}

std::string target_of(const json::value& root) {
    constexpr const char* kLocal = "http://127.0.0.1:8080";
    std::string url;
    if (!items_at(&root, "servers").empty()) {
        const json::value& server = items_at(&root, "servers")[0];
        url = replace_variables(text_at(&server, "url"), find(&server, "variables"));
    } else if (const std::string host = text_at(&root, "host"); !host.empty()) {
        const json::array& schemes = items_at(&root, "schemes");
        url = fmt::format("{}://{}{}", schemes.empty() ? "http" : text_at(&schemes[0]), host,
                          text_at(&root, "basePath"));
    } else {
        url = text_at(&root, "basePath");
    }
    const auto parts = split_url(url);
    std::string target =
        parts ? parts->origin + parts->target : kLocal + url.substr(0, url.find('?'));
    while (target.ends_with('/')) {
        target.pop_back();
    }
    return target;
}

class Description {
public:
    Description(const json::value& root, Draft& draft)
        : root_(root), draft_(draft), examples_(root, draft.secrets) {}

    void read() {
        draft_.target = target_of(root_);
        draft_.users = {{"reader", 9, {}}, {"writer", 1, {}}};
        const json::value* const paths = find(&root_, "paths");
        if (paths == nullptr || !paths->is_object()) {
            return;
        }
        for (const auto& [path, item] : paths->get_object()) {
            const json::value* const of = examples_.resolve(&item);
            for (const std::string_view method :
                 {"get", "head", "post", "put", "patch", "delete"}) {
                if (const json::value* const operation = find(of, method)) {
                    add(std::string(path), std::string(method), *operation, of);
                }
            }
        }
        left_out_.note(draft_);
        std::erase_if(draft_.users, [](const DraftUser& user) { return user.steps.empty(); });
        if (draft_.users.size() == 1) {
            draft_.users.front().weight = 1;
        }
    }

private:
    void add(const std::string& path, const std::string& method, const json::value& operation,
             const json::value* item) {
        if (true_at(find(&operation, "deprecated"))) {
            left_out_.add("deprecated operation");
            return;
        }
        DraftStep step;
        step.method = method;
        std::string query;
        std::string filled = path;
        add_parameters(operation, item, step, filled, query);
        add_body(operation, step);
        add_security(operation, step, query);
        step.path = escape_rest(filled) + query;
        step.name = as_literal(path);
        if (step.name == step.path.substr(0, step.path.find('?'))) {
            step.name.clear();
        }
        step.statuses = expected(operation, filled != path);
        draft_.users[method == "get" || method == "head" ? 0 : 1].steps.push_back(std::move(step));
    }

    // Percent-encodes what is not an expression of ours.
    static std::string escape_rest(std::string_view text) {
        std::string result;
        while (!text.empty()) {
            const std::size_t open = std::min(text.find("${"), text.size());
            result += clean_target(text.substr(0, open));
            const std::size_t end =
                open < text.size() ? std::min(text.find('}', open), text.size() - 1) + 1 : open;
            result += text.substr(open, end - open);
            text.remove_prefix(end);
        }
        return result;
    }

    // The operation's own parameters win over the path's.
    std::vector<const json::value*> parameters(const json::value& operation,
                                               const json::value* item) const {
        std::vector<const json::value*> all;
        for (const json::value* const from : {&operation, item}) {
            for (const json::value& raw : items_at(from, "parameters")) {
                const json::value* const one = examples_.resolve(&raw);
                const bool known =
                    std::any_of(all.begin(), all.end(), [&](const json::value* other) {
                        return text_at(other, "name") == text_at(one, "name") &&
                               text_at(other, "in") == text_at(one, "in");
                    });
                if (one != nullptr && !known) {
                    all.push_back(one);
                }
            }
        }
        return all;
    }

    void add_parameters(const json::value& operation, const json::value* item, DraftStep& step,
                        std::string& path, std::string& query) {
        for (const json::value* const one : parameters(operation, item)) {
            const std::string name = text_at(one, "name");
            const std::string in = text_at(one, "in");
            const bool needed = true_at(find(one, "required")) || find(one, "example") != nullptr;
            if (in == "path") {
                const std::string mark = "{" + name + "}";
                if (const std::size_t at = path.find(mark); at != std::string::npos) {
                    path.replace(at, mark.size(), examples_.parameter(one));
                }
            } else if (in == "query" && needed) {
                query += fmt::format("{}{}={}", query.empty() ? "?" : "&", clean_target(name),
                                     escape_rest(examples_.parameter(one)));
            } else if (in == "header" && needed) {
                step.headers.emplace_back(name, examples_.parameter(one));
            } else if (in == "body") {  // Swagger 2
                step.body = DraftStep::Body::Json;
                step.json = examples_.example(find(one, "schema"));
            } else if (in == "formData" && text_at(one, "type") != "file") {
                step.body = DraftStep::Body::Form;
                step.form.emplace_back(as_literal(name), examples_.parameter(one));
            }
        }
    }

    void add_body(const json::value& operation, DraftStep& step) {
        const json::value* const body = examples_.resolve(find(&operation, "requestBody"));
        const json::value* const content = find(body, "content");
        if (content == nullptr || !content->is_object() || content->get_object().empty()) {
            return;
        }
        const auto& types = content->get_object();
        const auto* chosen = types.begin();
        for (const auto* one = types.begin(); one != types.end(); ++one) {
            if (std::string_view(one->key()).find("json") != std::string_view::npos) {
                chosen = one;
                break;
            }
        }
        const std::string type(chosen->key());
        const json::value value = body_value(chosen->value());
        if (type.find("json") != std::string::npos) {
            step.body = DraftStep::Body::Json;
            step.json = value;
            if (type != "application/json") {
                step.headers.emplace_back("Content-Type", as_literal(type));
            }
        } else if (type == "application/x-www-form-urlencoded" && value.is_object()) {
            step.body = DraftStep::Body::Form;
            for (const auto& [name, member] : value.get_object()) {
                step.form.emplace_back(name, member.is_string() ? std::string(member.get_string())
                                                                : json::serialize(member));
            }
        } else {
            left_out_.add(fmt::format("body of type {}", type.size() < 60 ? type : "unknown"));
        }
    }

    json::value body_value(const json::value& media) {
        if (const json::value* const example = find(&media, "example")) {
            return examples_.given(*example);
        }
        const json::value* const several = find(&media, "examples");
        if (several != nullptr && several->is_object() && !several->get_object().empty()) {
            const json::value* const first =
                examples_.resolve(&several->get_object().begin()->value());
            if (const json::value* const value = find(first, "value")) {
                return examples_.given(*value);
            }
        }
        return examples_.example(find(&media, "schema"));
    }

    void add_security(const json::value& operation, DraftStep& step, std::string& query) {
        const json::value* const own = find(&operation, "security");
        const json::array& wanted = items_at(own != nullptr ? own : find(&root_, "security"));
        if (wanted.empty() || !wanted[0].is_object()) {
            return;
        }
        for (const auto& [name, scopes] : wanted[0].get_object()) {
            const json::value* scheme = find(&root_, "components", "securitySchemes", name);
            scheme = examples_.resolve(
                scheme != nullptr ? scheme : find(&root_, "securityDefinitions", name));
            const std::string type = text_at(scheme, "type");
            const bool basic = type == "basic" || lower_case(text_at(scheme, "scheme")) == "basic";
            if (type == "apiKey") {
                const std::string key = text_at(scheme, "name");
                const std::string value = draft_.secrets.reference(key, "\x01" + key);
                const std::string in = text_at(scheme, "in");
                if (in == "query") {
                    query +=
                        fmt::format("{}{}={}", query.empty() ? "?" : "&", clean_target(key), value);
                } else {
                    step.headers.emplace_back(
                        in == "cookie" ? "Cookie" : key,
                        in == "cookie" ? fmt::format("{}={}", key, value) : value);
                }
            } else if (!type.empty()) {
                const std::string variable = basic ? "BASIC_AUTH" : "API_TOKEN";
                step.headers.emplace_back(
                    "Authorization", (basic ? "Basic " : "Bearer ") +
                                         draft_.secrets.reference(variable, "\x01" + variable));
            }
        }
    }

    // The successes that are described; a drawn id may not exist.
    static std::vector<int> expected(const json::value& operation, bool drawn) {
        std::vector<int> statuses;
        const json::value* const responses = find(&operation, "responses");
        if (responses == nullptr || !responses->is_object()) {
            return statuses;
        }
        bool any_success = false;
        for (const auto& [code, response] : responses->get_object()) {
            const std::string_view text = code;
            int status = 0;
            const auto read = std::from_chars(text.data(), text.data() + text.size(), status);
            any_success = any_success || text == "2XX" || text == "2xx";
            if (read.ec == std::errc{} && read.ptr == text.data() + text.size() &&
                ((status >= 200 && status < 400) || (status == 404 && drawn))) {
                statuses.push_back(status);
            }
        }
        const bool success =
            std::any_of(statuses.begin(), statuses.end(), [](int s) { return s < 400; });
        if (!success || any_success) {
            statuses.clear();
        }
        std::sort(statuses.begin(), statuses.end());
        return statuses;
    }

    const json::value& root_;
    Draft& draft_;
    SchemaExamples examples_;
    LeftOut left_out_;
};

}  // namespace
}  // namespace import

Result<Imported> import_openapi(std::string_view text, const ImportOptions& options) {
    using namespace import;
    const auto document = read_document(text);
    if (!document) {
        return document.error();
    }
    if (find(&*document, "openapi") == nullptr && find(&*document, "swagger") == nullptr) {
        return Error{"must be an OpenAPI description: it has neither openapi nor swagger", {}, {}};
    }
    Draft draft;
    const std::string title = text_at(&*document, "info", "title");
    draft.origin =
        fmt::format("the OpenAPI description {}{}", options.source,
                    title.empty() || title.size() > 80 ? "" : fmt::format(" ({})", title));
    Description(*document, draft).read();
    return write(std::move(draft));
}

}  // namespace plimsoll
