// OpenAPI 3 and Swagger 2 descriptions, in JSON or YAML.
#include "import/bodies.hpp"
#include "import/draft.hpp"
#include "import/json_access.hpp"
#include "import/openapi_document.hpp"
#include "import/openapi_server.hpp"
#include "import/parameter_text.hpp"
#include "import/request_text.hpp"
#include "import/schema_example.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

namespace plimsoll {
namespace import {
namespace {

namespace json = boost::json;

class Description {
public:
    Description(const json::value& root, Draft& draft)
        : root_(root), draft_(draft), examples_(root, draft.secrets) {}

    void read() {
        server_ = root_server(root_);
        draft_.users = {{"reader", 9, {}}, {"writer", 1, {}}};
        const json::value* const paths = find(&root_, "paths");
        static const json::object kNone;
        const auto& all = paths != nullptr && paths->is_object() ? paths->get_object() : kNone;
        // Where all have the same server, its base belongs to the target.
        common_ = std::none_of(all.begin(), all.end(), [&](const auto& entry) {
            return has_own_server(examples_.resolve(&entry.value()));
        });
        draft_.target = server_.origin + (common_ ? server_.base : "");
        for (const auto& [path, item] : all) {
            const json::value* const of = examples_.resolve(&item);
            if (of == nullptr) {
                left_out_.add("path behind a $ref that leads nowhere");
                continue;
            }
            for (const char* const method : kMethods) {
                const json::value* const written = find(of, method);
                const json::value* const operation = examples_.resolve(written);
                if (operation == nullptr && written != nullptr) {
                    left_out_.add("operation behind a $ref that leads nowhere");
                }
                if (operation != nullptr) {
                    add(std::string(path), method, *operation, of);
                }
            }
        }
        if (const auto* const hooks = find(&root_, "webhooks");
            hooks != nullptr && hooks->is_object()) {
            for (std::size_t hook = 0; hook < hooks->get_object().size(); ++hook) {
                left_out_.add("webhook");
            }
        }
        left_out_.note(draft_);
        std::erase_if(draft_.users, [](const DraftUser& user) { return user.steps.empty(); });
        if (draft_.users.size() == 1) {
            draft_.users.front().weight = 1;
        }
    }

private:
    static constexpr std::array kMethods{"get",  "head", "options", "trace",
                                         "post", "put",  "patch",   "delete"};

    [[nodiscard]] bool has_own_server(const json::value* item) const {
        return !items_at(item, "servers").empty() ||
               std::any_of(kMethods.begin(), kMethods.end(), [&](const char* method) {
                   return !items_at(examples_.resolve(find(item, method)), "servers").empty();
               });
    }

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
        fill_undescribed(filled);
        add_body(operation, step);
        add_security(operation, step, query);
        const auto own = own_server(&operation, server_);
        const auto of_path = own_server(item, server_);
        const Server server = own ? *own : of_path ? *of_path : server_;
        const std::string before = common_                           ? ""
                                   : server.origin == server_.origin ? server.base
                                                                     : server.origin + server.base;
        step.path = before + escape_rest(filled) + query;
        step.name = as_literal(path);
        constexpr std::size_t kLongestName = 200;
        if (step.name == step.path.substr(0, step.path.find('?')) ||
            step.name.size() > kLongestName) {
            step.name.clear();
        }
        step.statuses = expected(operation, filled != path);
        const bool reads =
            method == "get" || method == "head" || method == "options" || method == "trace";
        draft_.users[reads ? 0 : 1].steps.push_back(std::move(step));
    }

    // {name} of a path that no parameter describes.
    void fill_undescribed(std::string& path) {
        for (std::size_t open = path.find('{'); open != std::string::npos;
             open = path.find('{', open)) {
            const std::size_t close = path.find('}', open);
            if (close == std::string::npos) {
                return;
            }
            if (open > 0 && path[open - 1] == '$') {
                open = close;
                continue;
            }
            path.replace(open, close - open + 1, "example");
            left_out_.remark("parameter of a path that is not described; it is sent as example");
        }
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
                    path.replace(at, mark.size(), path_text(*one, examples_.parameter(one)));
                }
            } else if (in == "query" && needed) {
                const std::string text = query_text(*one, examples_.parameter(one));
                query += text.empty() ? "" : (query.empty() ? "?" : "&") + text;
            } else if (in == "header" && needed) {
                add_header_parameter(name, one, step);
            } else if (in == "cookie" && needed) {
                static_cast<void>(add_header(step, draft_.secrets, "Cookie",
                                             query_text(*one, examples_.parameter(one))));
            } else if (in == "body") {  // Swagger 2
                set_json_body(examples_.example(find(one, "schema")), step);
            } else if (in == "formData") {
                add_form_parameter(name, one, step);
            }
        }
        if (step.body == DraftStep::Body::Multipart) {
            for (const auto& [name, value] : step.form) {
                step.parts.push_back({name, value, false, {}, {}});
            }
            step.form.clear();
        }
    }

    // These three are described elsewhere (OpenAPI 3, Parameter Object).
    void add_header_parameter(const std::string& name, const json::value* one, DraftStep& step) {
        const std::string lower = lower_case(name);
        const bool elsewhere =
            lower == "accept" || lower == "content-type" || lower == "authorization";
        if (!elsewhere && !is_engine_header(name) && !has_header(step, name)) {
            step.headers.emplace_back(name, simple_text(*one, examples_.parameter(one)));
        }
    }

    // Swagger 2: a file makes the form multipart.
    void add_form_parameter(const std::string& name, const json::value* one, DraftStep& step) {
        if (text_at(one, "type") == "file") {
            step.body = DraftStep::Body::Multipart;
            step.parts.push_back(
                {name, "example", false, "example.bin", "application/octet-stream"});
            return;
        }
        step.body = step.body == DraftStep::Body::None ? DraftStep::Body::Form : step.body;
        for (const auto& [key, value] : form_pairs(*one, examples_.parameter(one))) {
            step.form.emplace_back(as_literal(key), value);
        }
    }

    void set_json_body(const std::optional<json::value>& value, DraftStep& step) {
        if (!value) {
            left_out_.add("body behind a $ref that leads nowhere, or that would never end");
            return;
        }
        if (!examples_.last_fits()) {
            left_out_.remark(
                "body that does not fit its own schema, for nothing that was tried does");
        }
        step.body = DraftStep::Body::Json;
        step.json = *value;
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
        const auto value = body_value(chosen->value());
        const std::string kind = lower_case(type.substr(0, type.find(';')));
        if (kind.find("json") != std::string::npos) {
            set_json_body(value, step);
            if (step.body == DraftStep::Body::Json && type != "application/json") {
                step.headers.emplace_back("Content-Type", as_literal(type));
            }
        } else if (kind == "application/x-www-form-urlencoded" && value && value->is_object()) {
            Pairs fields;
            for (const auto& [name, member] : value->get_object()) {
                fields.emplace_back(name, member_text(member));
            }
            if (!fields.empty()) {
                set_form(step, fields);
            }
        } else if (kind == "multipart/form-data" && value && value->is_object()) {
            set_multipart(*value, find(&chosen->value(), "schema"), step);
        } else if (value && value->is_string() && kind.find("xml") == std::string::npos) {
            step.body = DraftStep::Body::Text;
            step.text = std::string(value->get_string());
            step.headers.emplace_back("Content-Type", as_literal(type));
        } else {
            left_out_.add(fmt::format("body of type {}", type.size() < 60 ? type : "unknown"));
        }
    }

    static std::string member_text(const json::value& member) {
        return member.is_string() ? std::string(member.get_string()) : json::serialize(member);
    }

    void set_multipart(const json::value& value, const json::value* schema, DraftStep& step) {
        std::vector<DraftPart> parts;
        for (const auto& [name, member] : value.get_object()) {
            const json::value* const property =
                examples_.resolve(find(examples_.resolve(schema), "properties", name));
            const bool file = text_at(property, "format") == "binary";
            parts.push_back({std::string(name), member_text(member), false,
                             file ? "example.bin" : "", file ? "application/octet-stream" : ""});
        }
        if (!parts.empty()) {
            set_parts(step, std::move(parts));
        }
    }

    std::optional<json::value> body_value(const json::value& media) {
        const json::value* const schema = find(&media, "schema");
        if (const json::value* const example = find(&media, "example")) {
            return examples_.given(*example, schema);
        }
        const json::value* const several = find(&media, "examples");
        if (several != nullptr && several->is_object() && !several->get_object().empty()) {
            const json::value* const first =
                examples_.resolve(&several->get_object().begin()->value());
            if (const json::value* const value = find(first, "value")) {
                return examples_.given(*value, schema);
            }
        }
        return examples_.example(schema);
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
                    const std::string header = in == "cookie" ? "Cookie" : key;
                    std::erase_if(step.headers, [&](const auto& one) {
                        return lower_case(one.first) == lower_case(header);
                    });
                    step.headers.emplace_back(
                        header, in == "cookie" ? fmt::format("{}={}", key, value) : value);
                }
            } else if (!type.empty() && !has_header(step, "authorization")) {
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
    Server server_;
    bool common_ = true;  // all operations have the root's server
};

}  // namespace
}  // namespace import

Result<Imported> import_openapi(std::string_view text, const ImportOptions& options) {
    using namespace import;
    const auto read = read_openapi(text, options.folder);
    if (!read) {
        return read.error();
    }
    const json::value* const document = &read->root;
    if (find(&*document, "openapi") == nullptr && find(&*document, "swagger") == nullptr) {
        return Error{"must be an OpenAPI description: it has neither openapi nor swagger", {}, {}};
    }
    Draft draft;
    const std::string title = text_at(&*document, "info", "title");
    draft.origin =
        fmt::format("the OpenAPI description {}{}", options.source,
                    title.empty() || title.size() > 80 ? "" : fmt::format(" ({})", title));
    Description(*document, draft).read();
    if (read->unread > 0) {
        draft.notes.push_back("not read: " + counted(read->unread, "$ref to another file or host"));
    }
    return write(std::move(draft));
}

}  // namespace plimsoll
