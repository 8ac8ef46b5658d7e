// Postman collections, format 2.0 and 2.1.
#include "import/bodies.hpp"
#include "import/draft.hpp"
#include "import/json_access.hpp"
#include "import/naming.hpp"
#include "import/postman_url.hpp"
#include "import/request_text.hpp"

#include <algorithm>
#include <map>
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
        take_variables(root_);
        walk(root_, "", find(&root_, "auth"));
        left_out_.note(draft_);
    }

private:
    // Of the collection, a folder or an item; the innermost that has a name says its value.
    void take_variables(const json::value& of) {
        for (const json::value& variable : items_at(&of, "variable")) {
            if (!true_at(find(&variable, "disabled"))) {
                const std::string key = text_at(&variable, "key");
                variables_[key.empty() ? text_at(&variable, "id") : key] =
                    scalar_text(find(&variable, "value"));
            }
        }
    }

    void walk(const json::value& folder, const std::string& path, const json::value* auth) {
        for (const json::value& item : items_at(&folder, "item")) {
            const json::value* const own = find(&item, "auth");
            const json::value* const valid = own != nullptr && !own->is_null() ? own : auth;
            if (!items_at(&item, "event").empty()) {
                left_out_.add("script (pre-request or test)");
            }
            const auto outer = variables_;
            take_variables(item);
            if (find(&item, "item") != nullptr) {
                walk(item, path + text_at(&item, "name") + " / ", valid);
            } else {
                add(item, path, valid);
            }
            variables_ = outer;
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

    // Template text: {{name}} becomes an environment reference, all else is the secrets' to judge.
    std::string filled(std::string_view text) {
        std::string result;
        while (!text.empty()) {
            const std::size_t open = text.find("{{");
            const std::size_t close = open == std::string_view::npos ? open : text.find("}}", open);
            if (close == std::string_view::npos) {
                return result + draft_.secrets.text(text);
            }
            result += draft_.secrets.text(text.substr(0, open));
            result += variable(std::string(text.substr(open + 2, close - open - 2)));
            text.remove_prefix(close + 2);
        }
        return result;
    }

    std::string variable(const std::string& name) {
        if (name == "$guid" || name == "$randomUUID") {
            return "${uuid()}";
        }
        if (name.starts_with('$')) {
            draft_.notes.push_back(fmt::format("{{{{{}}}}} became a random number", name));
            return "${random_int(0,1000000)}";
        }
        const auto known = variables_.find(name);
        const bool has_value = known != variables_.end() && !known->second.empty();
        if (!has_value || is_secret_name(name)) {
            return draft_.secrets.reference(name, has_value ? known->second : "{{" + name + "}}");
        }
        const std::string& value = known->second;
        if (value.find("{{") != std::string::npos && depth_ < 5) {
            ++depth_;
            std::string text = filled(value);
            --depth_;
            return text;
        }
        return draft_.secrets.text(value);
    }

    std::string field(std::string_view name, std::string_view value) {
        return value.find("{{") != std::string_view::npos ? filled(value)
                                                          : draft_.secrets.field(name, value);
    }

    JsonTree fill_json(const JsonTree& value, std::string_view name = {}) {
        JsonTree result = value;
        for (auto& [key, member] : result.members) {
            member = fill_json(member, key);
            key = filled(key);
        }
        for (JsonTree& item : result.items) {
            item = fill_json(item, name);
        }
        if (value.kind == JsonTree::Kind::String) {
            result.text = field(name, value.text);
        }
        return result;
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
            step.headers.emplace_back(name, filled(value));
        }
    }

    void add_body(const json::value* body, DraftStep& step) {
        const std::string mode = true_at(find(body, "disabled")) ? "" : text_at(body, "mode");
        if (mode == "raw") {
            add_raw(body, step);
        } else if (mode == "urlencoded" || mode == "formdata") {
            add_form(items_at(body, mode), mode == "formdata", step);
        } else if (mode == "graphql") {
            json::object query{{"query", filled(text_at(body, "graphql", "query"))}};
            const auto variables = parse_tree(text_at(body, "graphql", "variables"), "variables");
            step.json = query;
            if (variables) {
                step.json.members.emplace_back("variables", fill_json(*variables));
            }
            if (const std::string name = text_at(body, "graphql", "operationName"); !name.empty()) {
                step.json.members.emplace_back("operationName", JsonTree::string(filled(name)));
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
            step.json = fill_json(*tree);
            std::erase_if(step.headers, [](const auto& header) {
                return lower_case(header.first) == "content-type" &&
                       header.second == "application/json";
            });
            return;
        }
        step.body = DraftStep::Body::Text;
        step.text = filled(raw);
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
                           field(name, text_at(&entry, "value")),
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
            form.emplace_back(filled(name), part.value);
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
            return value.find("{{") != std::string::npos ? filled(value)
                                                         : draft_.secrets.reference(name, value);
        };
        if (has_header(step, "authorization")) {
            return "";
        }
        if (type == "bearer" || type == "oauth2") {
            const std::string token = parameter(of, type == "bearer" ? "token" : "accessToken");
            step.headers.emplace_back("Authorization", "Bearer " + secret("API_TOKEN", token));
        } else if (type == "basic") {
            step.basic = {filled(parameter(of, "username")),
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

    // Path text keeps {{name}} through percent-encoding.
    std::string filled_path(std::string_view text) {
        std::string result;
        while (!text.empty()) {
            const std::size_t open = text.find("{{");
            const std::size_t close = open == std::string_view::npos ? open : text.find("}}", open);
            if (close == std::string_view::npos) {
                return result + draft_.secrets.path(clean_target(text));
            }
            result += draft_.secrets.path(clean_target(text.substr(0, open)));
            result += variable(std::string(text.substr(open + 2, close - open - 2)));
            text.remove_prefix(close + 2);
        }
        return result;
    }

    void set_url(DraftStep& step, const std::string& written, const std::string& query) {
        std::string raw = resolve_variables(written, variables_);
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
            origin = filled_origin(origin);
        } else {
            const auto parts = split_url(raw, true);
            origin = parts ? parts->origin : "http://127.0.0.1:8080";
            target = parts ? parts->target : target;
        }
        if (draft_.target.empty()) {
            draft_.target = origin;
        }
        step.path = (origin == draft_.target ? "" : origin) + filled_path(target);
        if (!query.empty()) {
            step.path += (step.path.find('?') == std::string::npos ? "?" : "&") + query;
        }
    }

    // Scheme, host and port in which variables are left: what stands alone is a whole URL, else
    // each is one part of it.
    std::string filled_origin(std::string origin) {
        const bool alone = origin.starts_with("{{") && origin.find("}}") == origin.size() - 2;
        if (!alone && origin.find("://") == std::string::npos) {
            origin.insert(0, "http://");
        }
        std::string result;
        for (std::size_t at = 0; at < origin.size();) {
            const std::size_t open = std::min(origin.find("{{", at), origin.size());
            const std::size_t close = origin.find("}}", open);
            result += origin.substr(at, open - at);
            if (close == std::string::npos) {
                return result + origin.substr(open);
            }
            const std::string name = origin.substr(open + 2, close - open - 2);
            const std::string reference = draft_.secrets.reference(name, "{{" + name + "}}");
            if (!alone && reference.size() > 7) {
                const std::string variable = reference.substr(6, reference.size() - 7);
                const bool port = result.ends_with(':');
                draft_.samples[variable] = result.empty() ? "http" : port ? "8080" : "localhost";
            }
            result += reference;
            at = close + 2;
        }
        return result;
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
    std::map<std::string, std::string> variables_;
    int depth_ = 0;
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
