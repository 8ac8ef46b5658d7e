// Postman collections, format 2.0 and 2.1.
#include "import/bodies.hpp"
#include "import/draft.hpp"
#include "import/json_access.hpp"
#include "import/naming.hpp"
#include "import/postman_url.hpp"
#include "import/postman_variables.hpp"
#include "import/request_text.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

namespace plimsoll {
namespace import {
namespace {

namespace json = boost::json;

class Collection {
public:
    Collection(const json::value& root, Draft& draft) : root_(root), draft_(draft) {}

    void read() {
        variables_.take(root_);
        walk(root_, "", find(&root_, "auth"));
        left_out_.note(draft_);
    }

private:
    void walk(const json::value& folder, const std::string& path, const json::value* auth) {
        for (const json::value& item : items_at(&folder, "item")) {
            const json::value* const own = find(&item, "auth");
            const json::value* const valid = own != nullptr && !own->is_null() ? own : auth;
            if (!items_at(&item, "event").empty()) {
                left_out_.add("script (pre-request or test)");
            }
            auto outer = variables_.values();
            variables_.take(item);
            if (find(&item, "item") != nullptr) {
                walk(item, path + text_at(&item, "name") + " / ", valid);
            } else {
                add(item, path, valid);
            }
            variables_.restore(std::move(outer));
        }
    }

    void add(const json::value& item, const std::string& folder, const json::value* auth) {
        const json::value* const request = find(&item, "request");
        const json::value* const url =
            request != nullptr && request->is_string() ? request : find(request, "url");
        const std::string raw = postman_url(url);
        const std::string method = text_at(request, "method");
        const auto verb = step_method(method.empty() ? "GET" : method);
        if (raw.empty() || !verb) {
            left_out_.add("request without a URL or of a method that a step cannot have");
            return;
        }
        DraftStep step;
        step.method = *verb;
        add_headers(find(request, "header"), step);
        add_body(find(request, "body"), step);
        const json::value* const own = find(request, "auth");
        std::string query = add_auth(own != nullptr && !own->is_null() ? own : auth, step);
        set_url(step, with_path_variables(raw, url), query);
        step.name = step_name(folder + text_at(&item, "name"), step.path);
        const auto status = number_at(
            items_at(&item, "response").empty() ? nullptr : &items_at(&item, "response")[0],
            "code");
        if (status && *status >= 100 && *status < 600) {
            step.statuses = {static_cast<int>(*status)};
        }
        draft_.users.front().steps.push_back(std::move(step));
    }

    // A list, or (2.0) lines of text.
    void add_headers(const json::value* headers, DraftStep& step) {
        for (const json::value& header : items_at(headers)) {
            if (!true_at(find(&header, "disabled"))) {
                add_text_header(step, text_at(&header, "key"), text_at(&header, "value"));
            }
        }
        std::string lines = text_at(headers);
        while (!lines.empty()) {
            const std::size_t end = std::min(lines.find('\n'), lines.size());
            std::string line = lines.substr(0, end);
            line.erase(line.find_last_not_of("\r\t ") + 1);
            const std::size_t colon = line.find(':');
            if (colon != std::string::npos && !line.starts_with("//")) {
                const std::size_t first = line.find_first_not_of(" \t", colon + 1);
                add_text_header(step, line.substr(0, colon),
                                first == std::string::npos ? "" : line.substr(first));
            }
            lines.erase(0, std::min(end + 1, lines.size()));
        }
    }

    void add_text_header(DraftStep& step, const std::string& name, const std::string& value) {
        if (name.empty()) {
            return;
        }
        if (is_engine_header(name)) {
            left_out_.add("header that Plimsoll writes by itself");
        } else if (value.find("{{") == std::string::npos) {
            static_cast<void>(add_header(step, draft_.secrets, name, value));
        } else if (!has_header(step, name)) {
            step.headers.emplace_back(name, variables_.filled(value));
        }
    }

    void add_body(const json::value* body, DraftStep& step) {
        const std::string mode = true_at(find(body, "disabled")) ? "" : text_at(body, "mode");
        if (mode == "raw") {
            add_raw(body, step);
        } else if (mode == "urlencoded" || mode == "formdata") {
            add_form(items_at(body, mode), mode == "formdata", step);
        } else if (mode == "graphql") {
            json::object query{{"query", variables_.filled(text_at(body, "graphql", "query"))}};
            const auto variables = parse_tree(text_at(body, "graphql", "variables"), "variables");
            step.json = query;
            if (variables) {
                step.json.members.emplace_back("variables", variables_.fill_json(*variables));
            }
            if (const std::string name = text_at(body, "graphql", "operationName"); !name.empty()) {
                step.json.members.emplace_back("operationName",
                                               JsonTree::string(variables_.filled(name)));
            }
            step.body = DraftStep::Body::Json;
        } else if (mode == "file") {
            const std::string content = text_at(body, "file", "content");
            if (content.empty()) {
                left_out_.remark("body that is a file; it is sent empty");
            }
            set_body(step, draft_.secrets, "", content);
        }
    }

    static std::string type_of_language(const std::string& language) {
        return language == "json"         ? "application/json"
               : language == "xml"        ? "application/xml"
               : language == "html"       ? "text/html"
               : language == "javascript" ? "application/javascript"
                                          : "text/plain";
    }

    void add_raw(const json::value* body, DraftStep& step) {
        const std::string raw = text_at(body, "raw");
        if (raw.empty()) {
            return;
        }
        std::string type;
        for (const auto& [name, value] : step.headers) {
            type = lower_case(name) == "content-type" ? value : type;
        }
        const bool typed = !type.empty();
        type = typed ? type : type_of_language(text_at(body, "options", "raw", "language"));
        const auto tree = parse_tree(raw, "a body");
        const bool json = lower_case(type).find("json") != std::string::npos ||
                          (!typed && text_at(body, "options", "raw", "language").empty());
        const bool container = tree && tree->is_container() && !tree->repeats_names();
        if (raw.find("{{") == std::string::npos) {
            const bool guess = json && container && !typed;
            set_body(step, draft_.secrets, guess ? "application/json" : type, raw);
            return;
        }
        if (json && container) {
            step.body = DraftStep::Body::Json;
            step.json = variables_.fill_json(*tree);
            std::erase_if(step.headers, [](const auto& header) {
                return lower_case(header.first) == "content-type" &&
                       header.second == "application/json";
            });
            return;
        }
        step.body = DraftStep::Body::Text;
        step.text = variables_.filled(raw);
        if (!typed) {
            step.headers.emplace_back("Content-Type", type);
        }
    }

    void add_form(const json::array& fields, bool multipart, DraftStep& step) {
        Pairs form;
        std::vector<DraftPart> parts;
        for (const json::value& entry : fields) {
            if (true_at(find(&entry, "disabled"))) {
                continue;
            }
            const std::string name = text_at(&entry, "key");
            DraftPart part{name,
                           variables_.field(name, text_at(&entry, "value")),
                           false,
                           {},
                           text_at(&entry, "contentType")};
            if (text_at(&entry, "type") == "file") {
                std::string file = text_at(&entry, "src");
                file = file.empty() && !items_at(&entry, "src").empty()
                           ? text_at(&items_at(&entry, "src")[0])
                           : file;
                part.file_name = file.empty() ? "file" : file.substr(file.find_last_of("/\\") + 1);
                part.value.clear();
                left_out_.remark(
                    "file in a form whose content the collection does not have; it is "
                    "sent empty");
            }
            form.emplace_back(variables_.filled(name), part.value);
            parts.push_back(std::move(part));
        }
        if (multipart) {
            set_parts(step, std::move(parts));
        } else if (!form.empty()) {
            set_form(step, form);
        }
    }

    // A parameter of an auth: a list of {key, value} in 2.1, an object in 2.0.
    static std::string parameter(const json::value* of, std::string_view key) {
        for (const json::value& entry : items_at(of)) {
            if (text_at(&entry, "key") == key) {
                return text_at(&entry, "value");
            }
        }
        return text_at(of, key);
    }

    // What it adds to the query; "" for most.
    std::string add_auth(const json::value* auth, DraftStep& step) {
        const std::string type = text_at(auth, "type");
        const json::value* const of = find(auth, type);
        const auto secret = [&](std::string_view name, const std::string& value) {
            return value.find("{{") != std::string::npos ? variables_.filled(value)
                                                         : draft_.secrets.reference(name, value);
        };
        if (has_header(step, "authorization")) {
            return "";
        }
        if (type == "bearer" || type == "oauth2") {
            const std::string token = parameter(of, type == "bearer" ? "token" : "accessToken");
            step.headers.emplace_back("Authorization", "Bearer " + secret("API_TOKEN", token));
        } else if (type == "basic") {
            step.basic = {variables_.filled(parameter(of, "username")),
                          secret("PASSWORD", parameter(of, "password"))};
        } else if (type == "apikey") {
            const std::string key = parameter(of, "key");
            const std::string value = secret(key, parameter(of, "value"));
            if (parameter(of, "in") == "query") {
                return fmt::format("{}={}", as_literal(key), value);
            }
            step.headers.emplace_back(key, value);
        } else if (!type.empty() && type != "noauth") {
            left_out_.add(
                fmt::format("authentication of type {}", type.size() < 20 ? type : "unknown"));
        }
        return "";
    }

    void set_url(DraftStep& step, const std::string& written, const std::string& query) {
        std::string raw = resolve_variables(written, variables_.values());
        raw = raw.substr(0, raw.find('#'));
        const std::size_t scheme = raw.find("://");
        const std::size_t begin = scheme == std::string::npos ? 0 : scheme + 3;
        std::size_t end = begin;
        while (end < raw.size() && raw[end] != '/' && raw[end] != '?') {
            const std::size_t close =
                raw.compare(end, 2, "{{") == 0 ? raw.find("}}", end) : std::string::npos;
            end = close == std::string::npos ? end + 1 : close + 2;
        }
        std::string origin = raw.substr(0, end);
        std::string target = raw.substr(end);
        target.insert(0, target.starts_with('/') ? "" : "/");
        if (origin.find("{{") != std::string::npos) {
            origin = variables_.filled_origin(origin);
        } else {
            const auto parts = split_url(raw, true);
            origin = parts ? parts->origin : "http://127.0.0.1:8080";
            target = parts ? parts->target : target;
        }
        if (draft_.target.empty()) {
            draft_.target = origin;
        }
        step.path = (origin == draft_.target ? "" : origin) + variables_.filled_path(target);
        if (!query.empty()) {
            step.path += (step.path.find('?') == std::string::npos ? "?" : "&") + query;
        }
    }

    static std::string step_name(std::string name, const std::string& path) {
        constexpr std::size_t kLongest = 150;
        std::replace_if(
            name.begin(), name.end(),
            [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, ' ');
        const bool url_like =
            name.find("://") != std::string::npos || name.starts_with('/') || name.ends_with(" / ");
        if (name.empty() || url_like || name.find("{{") != std::string::npos ||
            name.size() > kLongest) {
            return endpoint_name(path);
        }
        return as_literal(name);
    }

    const json::value& root_;
    Draft& draft_;
    LeftOut left_out_;
    PostmanVariables variables_{draft_};
};

}  // namespace
}  // namespace import

Result<Imported> import_postman(std::string_view text, const ImportOptions& options) {
    using namespace import;
    const auto document = parse_json(text, "a Postman collection");
    if (!document) {
        return document.error();
    }
    const json::value* const wrapped = find(&*document, "collection");  // as Postman's API gives it
    const json::value& collection = wrapped != nullptr ? *wrapped : *document;
    if (find(&collection, "item") == nullptr) {
        return Error{"must be a Postman collection of format 2: a JSON object with item",
                     {},
                     "in Postman: Export, Collection v2.1"};
    }
    Draft draft;
    draft.origin = fmt::format("a Postman collection, {}", options.source);
    draft.users.push_back({"visitor", 1, {}});
    Collection(collection, draft).read();
    draft.sort_notes();
    return write(std::move(draft));
}

}  // namespace plimsoll
