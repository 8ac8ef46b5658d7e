// Postman collections, format 2.0 and 2.1.
#include "import/draft.hpp"
#include "import/json_access.hpp"
#include "import/naming.hpp"
#include "import/request_text.hpp"

#include <map>
#include <optional>

#include <fmt/format.h>

namespace plimsoll {
namespace import {
namespace {

namespace json = boost::json;

class Collection {
public:
    Collection(const json::value& root, Draft& draft) : root_(root), draft_(draft) {
        for (const json::value& variable : items_at(&root, "variable")) {
            std::string key = text_at(&variable, "key");
            variables_[key.empty() ? text_at(&variable, "id") : key] = text_at(&variable, "value");
        }
    }

    void read() {
        walk(root_, "", find(&root_, "auth"));
        left_out_.note(draft_);
    }

private:
    void walk(const json::value& folder, const std::string& path, const json::value* auth) {
        for (const json::value& item : items_at(&folder, "item")) {
            const json::value* const own = find(&item, "auth");
            const json::value* const valid = own != nullptr ? own : auth;
            if (!items_at(&item, "event").empty()) {
                left_out_.add("script (pre-request or test)");
            }
            if (find(&item, "item") != nullptr) {
                walk(item, path + text_at(&item, "name") + " / ", valid);
            } else {
                add(item, path, valid);
            }
        }
    }

    void add(const json::value& item, const std::string& folder, const json::value* auth) {
        const json::value* const request = find(&item, "request");
        const json::value* const url =
            request != nullptr && request->is_string() ? request : find(request, "url");
        const std::string raw =
            url != nullptr && url->is_string() ? text_at(url) : text_at(url, "raw");
        const std::string method = text_at(request, "method");
        const auto verb = step_method(method.empty() ? "GET" : method);
        if (raw.empty() || !verb) {
            left_out_.add("request without a URL or of a method that a step cannot have");
            return;
        }
        DraftStep step;
        step.method = *verb;
        for (const json::value& header : items_at(request, "header")) {
            const std::string name = text_at(&header, "key");
            if (!true_at(find(&header, "disabled"))) {
                add_text_header(step, name, text_at(&header, "value"));
            }
        }
        add_body(find(request, "body"), step);
        const json::value* const own = find(request, "auth");
        std::string query = add_auth(own != nullptr && !own->is_null() ? own : auth, step);
        set_url(step, url, with_path_variables(raw, url), query);
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

    json::value fill_json(const json::value& value, std::string_view name = {}) {
        if (const auto* const object = value.if_object()) {
            json::object result;
            for (const auto& [key, member] : *object) {
                result[filled(key)] = fill_json(member, key);
            }
            return result;
        }
        if (const auto* const array = value.if_array()) {
            json::array result;
            for (const auto& item : *array) {
                result.push_back(fill_json(item, name));
            }
            return result;
        }
        return value.is_string() ? json::value(field(name, value.get_string())) : value;
    }

    void add_text_header(DraftStep& step, const std::string& name, const std::string& value) {
        if (value.find("{{") == std::string::npos) {
            add_header(step, draft_.secrets, name, value);
        } else if (!has_header(step, name)) {
            step.headers.emplace_back(name, filled(value));
        }
    }

    void add_body(const json::value* body, DraftStep& step) {
        const std::string mode = text_at(body, "mode");
        if (mode == "raw") {
            add_raw(body, step);
        } else if (mode == "urlencoded" || mode == "formdata") {
            add_form(items_at(body, mode), mode == "formdata", step);
        } else if (mode == "graphql") {
            json::object query{{"query", filled(text_at(body, "graphql", "query"))}};
            const auto variables = parse_json(text_at(body, "graphql", "variables"), "variables");
            if (variables) {
                query["variables"] = fill_json(*variables);
            }
            step.json = std::move(query);
            step.body = DraftStep::Body::Json;
        } else if (mode == "file") {
            left_out_.add("body that is a file");
        }
    }

    void add_raw(const json::value* body, DraftStep& step) {
        const std::string raw = text_at(body, "raw");
        const std::string language = text_at(body, "options", "raw", "language");
        const auto parsed = parse_json(raw, "a body");
        const bool typed = has_header(step, "content-type");
        if (parsed && (language == "json" || language.empty()) &&
            (parsed->is_object() || parsed->is_array())) {
            step.body = DraftStep::Body::Json;
            step.json = fill_json(*parsed);
            std::erase_if(step.headers, [](const auto& header) {
                return lower_case(header.first) == "content-type" &&
                       header.second == "application/json";
            });
        } else if (!raw.empty()) {
            step.body = DraftStep::Body::Text;
            step.text = filled(raw);
            if (!typed) {
                step.headers.emplace_back("Content-Type",
                                          language == "json" ? "application/json" : "text/plain");
            }
        }
    }

    void add_form(const json::array& fields, bool multipart, DraftStep& step) {
        constexpr std::string_view kBoundary = "plimsoll-form-boundary";
        std::string parts;
        for (const json::value& entry : fields) {
            if (true_at(find(&entry, "disabled"))) {
                continue;
            }
            const std::string name = text_at(&entry, "key");
            if (text_at(&entry, "type") == "file") {
                left_out_.add("form field that is a file");
                continue;
            }
            std::string value = field(name, text_at(&entry, "value"));
            parts +=
                fmt::format("--{}\r\nContent-Disposition: form-data; name=\"{}\"\r\n\r\n{}\r\n",
                            kBoundary, filled(name), value);
            step.form.emplace_back(filled(name), std::move(value));
        }
        if (!multipart) {
            step.body = step.form.empty() ? DraftStep::Body::None : DraftStep::Body::Form;
            return;
        }
        step.form.clear();
        step.body = DraftStep::Body::Text;
        step.text = parts + fmt::format("--{}--\r\n", kBoundary);
        step.headers.emplace_back("Content-Type",
                                  fmt::format("multipart/form-data; boundary={}", kBoundary));
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
            step.headers.emplace_back(
                "Authorization",
                "Basic " + draft_.secrets.reference("BASIC_AUTH", parameter(of, "username") + ":" +
                                                                      parameter(of, "password")));
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

    // :name in a path takes the value that the collection has for it.
    std::string with_path_variables(std::string raw, const json::value* url) {
        for (const json::value& entry : items_at(url, "variable")) {
            const std::string mark = "/:" + text_at(&entry, "key");
            const std::size_t at = raw.find(mark);
            if (at == std::string::npos || mark.size() == 2) {
                continue;
            }
            const std::string value = text_at(&entry, "value");
            raw.replace(at, mark.size(),
                        "/" + (value.empty() ? "{{" + text_at(&entry, "key") + "}}" : value));
        }
        return raw;
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

    void set_url(DraftStep& step, const json::value* /*url*/, std::string raw,
                 const std::string& query) {
        // A leading variable is the base: its value, or the environment's.
        std::string origin;
        if (raw.starts_with("{{") && raw.find("}}") != std::string::npos) {
            const std::string name = raw.substr(2, raw.find("}}") - 2);
            const auto known = variables_.find(name);
            if (known != variables_.end() && !known->second.empty()) {
                raw.replace(0, raw.find("}}") + 2, known->second);
            } else {
                origin = draft_.secrets.reference(name, "{{" + name + "}}");
                raw.erase(0, raw.find("}}") + 2);
                raw.insert(0, raw.starts_with('/') ? "" : "/");
            }
        }
        if (origin.empty()) {
            const auto parts = split_url(raw, true);
            origin = parts ? parts->origin : "http://127.0.0.1:8080";
            raw = parts ? parts->target : raw;
        }
        raw = raw.substr(0, raw.find('#'));
        if (draft_.target.empty()) {
            draft_.target = origin;
        }
        step.path = (origin == draft_.target ? "" : origin) + filled_path(raw);
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
    if (find(&*document, "item") == nullptr) {
        return Error{"must be a Postman collection of format 2: a JSON object with item",
                     {},
                     "in Postman: Export, Collection v2.1"};
    }
    Draft draft;
    draft.origin = fmt::format("a Postman collection, {}", options.source);
    draft.users.push_back({"visitor", 1, {}});
    Collection(*document, draft).read();
    draft.sort_notes();
    return write(std::move(draft));
}

}  // namespace plimsoll
