// What a request carries: bodies of all kinds, queries and credentials.
#include "base/user_file.hpp"
#include "scenario/digest.hpp"
#include "scenario/parts.hpp"
#include "scenario/secret_file.hpp"
#include "scenario/wording.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>

#include <fmt/format.h>

namespace plimsoll {
namespace {

bool same_name(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
        return std::tolower(x) == std::tolower(y);
    });
}

void set_content_type(Step& step, const char* type) {
    if (!has_header(step.headers, "Content-Type")) {
        step.headers.push_back({"Content-Type", Template::literal(type)});
    }
}

// The path of a file beside the scenario; one without expressions must be there.
std::optional<Template> read_file_path(const Item& item) {
    const auto path = item.text_template("a file");
    if (!path) {
        return std::nullopt;
    }
    if (!path->is_constant()) {
        // The folder is fixed now, the name when it is sent.
        const bool absolute = item.node().text.starts_with('/');
        Template whole = Template::literal(absolute ? "" : item.context().path_of(".") + "/");
        whole.append(*path);
        return whole;
    }
    const std::string name = item.context().path_of(path->text());
    if (const auto file = open_user_file(name); !file) {
        item.fault(about_file(name, file.error()));
        return std::nullopt;
    }
    return Template::literal(name);
}

// Bytes that are no text.
Template read_base64(const Item& item) {
    const auto text = item.text("base64");
    auto bytes = text ? decode_base64(*text) : std::nullopt;
    if (text && !bytes) {
        item.fault("must be base64 (RFC 4648)", "or give a file: {file: upload.bin}");
    }
    return Template::literal(std::move(bytes).value_or(std::string()));
}

void read_plain_body(const Item& item, Step& step) {
    constexpr std::array<std::string_view, 2> kKeys{"file", "base64"};
    if (!item.is_map()) {
        if (const auto text = item.text_template("text (or write json: for a JSON body)")) {
            step.body = *text;
        }
        return;
    }
    const Fields fields(item, {kKeys, {}, "for a JSON body write json: in place of body:"});
    if (const auto bytes = fields.get("base64"); bytes && !fields.get("file")) {
        step.body = read_base64(*bytes);
        return;
    }
    if (const auto bytes = fields.get("base64")) {
        bytes->fault("stands beside file; a body is one of them");
    }
    const auto file = fields.require("file", "body: {file: upload.bin}");
    const auto path = file ? read_file_path(*file) : std::nullopt;
    if (path) {
        step.body_from_file = true;
        step.body = *path;
    }
}

void read_graphql(const Item& item, Step& step) {
    constexpr std::array<std::string_view, 3> kKeys{"query", "variables", "operation"};
    constexpr const char* kExample = "e.g. graphql: {query: \"{ me { name } }\"}";
    if (!item.require_map("a map with a query", kExample)) {
        return;
    }
    const Fields fields(item, {kKeys});
    const auto query = fields.require("query", "query: \"{ me { name } }\"");
    const auto text = query ? query->text_template("a GraphQL query") : std::nullopt;
    if (text) {
        step.body = Template::literal("{\"query\":\"");
        step.body.append(text->encoded(Encoding::JsonText));
        step.body.append(Template::literal("\""));
    }
    if (const auto operation = fields.get("operation")) {
        if (const auto name = operation->text_template("an operation's name")) {
            step.body.append(Template::literal(",\"operationName\":\""));
            step.body.append(name->encoded(Encoding::JsonText));
            step.body.append(Template::literal("\""));
        }
    }
    if (const auto variables = fields.get("variables")) {
        if (variables->require_map("a map of variables", "e.g. variables: {id: 5}")) {
            step.body.append(Template::literal(",\"variables\":"));
            step.body.append(read_json(*variables));
        }
    }
    step.body.append(Template::literal("}"));
}

bool is_part_text(std::string_view text) {
    return !text.empty() && is_header_text(text) &&
           text.find_first_of("\"\t") == std::string_view::npos;
}

// One part: text, or a map with `file` or `text`.
void read_part(const Item& item, const std::string& name, Step& step) {
    constexpr std::array<std::string_view, 5> kKeys{"file", "text", "base64", "name", "type"};
    FormPart part;
    part.name = name;
    if (item.is_scalar()) {
        if (const auto text = item.text_template()) {
            part.value = *text;
            step.multipart.push_back(std::move(part));
        }
        return;
    }
    if (!item.require_map("text, or a map with file",
                          "e.g. photo: {file: cat.png, type: image/png}")) {
        return;
    }
    const Fields fields(item, {kKeys});
    const auto file = fields.get("file");
    const auto text = fields.get("text");
    const auto bytes = fields.get("base64");
    const int values = (file ? 1 : 0) + (text ? 1 : 0) + (bytes ? 1 : 0);
    if (values != 1) {
        item.fault("must have file, text or base64, one of them", "e.g. photo: {file: cat.png}");
        return;
    }
    const auto label = [&](std::string_view key, std::string& into) {
        if (const auto value = fields.get(key)) {
            into = value->text().value_or("x");
            if (!is_part_text(into)) {
                value->fault("must be text on one line without quotes");
            }
        }
    };
    if (file) {
        part.from_file = true;
        part.file_name = std::filesystem::path(file->node().text).filename().string();
        part.content_type = "application/octet-stream";
        part.value = read_file_path(*file).value_or(Template{});
        if (part.file_name.find("${") != std::string::npos) {
            part.file_name = "file";
        } else if (!is_header_text(part.file_name)) {
            file->fault("must be the name of a file without control characters");
        }
    } else {
        part.value = text ? text->text_template().value_or(Template{}) : read_base64(*bytes);
    }
    label("name", part.file_name);
    label("type", part.content_type);
    step.multipart.push_back(std::move(part));
}

void read_multipart(const Item& item, Step& step) {
    if (!item.require_map("a map of parts",
                          "e.g. multipart: {title: Cat, photo: {file: cat.png}}")) {
        return;
    }
    for (const Item::Named& entry : item.named()) {
        if (!is_part_text(entry.name)) {
            entry.item.fault("must be a part's name on one line without quotes");
        } else if (entry.item.is_list()) {
            for (const Item& one : entry.item.items()) {
                read_part(one, entry.name, step);
            }
        } else {
            read_part(entry.item, entry.name, step);
        }
    }
    if (step.multipart.empty()) {
        item.fault("must be a map of parts, got none that could be read");
    }
}

// Credentials: never shown, and cut out of the text that a run keeps.
std::optional<Template> read_credential(const Item& item, std::string_view what,
                                        std::vector<Secret>& secrets) {
    if (!item.is_scalar()) {
        item.fault(fmt::format("must be {}", what));
        return std::nullopt;
    }
    secrets.push_back({Secret::Kind::Value, item.shared_node()});
    return read_header_value(item, what);
}

std::optional<Template> read_basic(const Item& item, std::vector<Secret>& secrets) {
    constexpr std::array<std::string_view, 2> kKeys{"user", "password"};
    if (!item.is_map()) {
        item.fault("must be a map with user and password",
                   "e.g. basic: {user: ann, password: \"${env.PASSWORD}\"}");
        return std::nullopt;
    }
    const Fields fields(item, {kKeys});
    const auto user = fields.require("user", "user: ann");
    const auto password = fields.require("password", "password: \"${env.PASSWORD}\"");
    auto whole = user ? read_header_value(*user, "a user's name") : std::nullopt;
    const auto secret = password ? read_credential(*password, "a password", secrets) : std::nullopt;
    if (!whole || !secret) {
        return std::nullopt;
    }
    whole->append(Template::literal(":"));
    whole->append(*secret);
    return whole->in_base64();
}

}  // namespace

bool has_header(const std::vector<Header>& headers, std::string_view name) {
    return std::any_of(headers.begin(), headers.end(),
                       [&](const Header& header) { return same_name(header.name, name); });
}

void read_auth(const Item& item, Step& step, std::vector<Secret>& secrets) {
    constexpr std::array<std::string_view, 2> kKeys{"bearer", "basic"};
    constexpr const char* kExample = "e.g. auth: {bearer: \"${token}\"}";
    if (!item.is_map()) {
        item.fault("must be a map with bearer or basic", kExample);
        return;
    }
    const Fields fields(item, {kKeys});
    const auto bearer = fields.get("bearer");
    const auto basic = fields.get("basic");
    if (bearer.has_value() == basic.has_value()) {
        if (!fields.has_unknown()) {
            item.fault("must have bearer or basic, one of them", kExample);
        }
        return;
    }
    const auto value =
        bearer ? read_credential(*bearer, "a token", secrets) : read_basic(*basic, secrets);
    if (!value) {
        return;
    }
    std::erase_if(step.headers,
                  [](const Header& header) { return same_name(header.name, "Authorization"); });
    Template header = Template::literal(bearer ? "Bearer " : "Basic ");
    header.append(*value);
    step.headers.push_back({"Authorization", std::move(header)});
}

Template read_pairs(const Item& item, std::string_view what) {
    Template pairs;
    if (!item.require_map(fmt::format("a map of names to values", what),
                          fmt::format("e.g. {}: {{page: 2}}", what))) {
        return pairs;
    }
    bool first = true;
    const auto add = [&](const std::string& name, const Item& value) {
        if (value.node().kind == YamlNode::Kind::Null) {
            value.fault("must be text, got nothing", "write \"\" for an empty value");
            return;
        }
        const auto text = value.text_template();
        const auto key = Template::compile(name, value.context().scope());
        if (!key) {
            value.fault(key.error());
            return;
        }
        if (text) {
            pairs.append(Template::literal(first ? "" : "&"));
            pairs.append(key->encoded(Encoding::Query));
            pairs.append(Template::literal("="));
            pairs.append(text->encoded(Encoding::Query));
            first = false;
        }
    };
    for (const Item::Named& entry : item.named()) {
        if (entry.item.is_list()) {
            for (const Item& one : entry.item.items()) {
                add(entry.name, one);
            }
        } else {
            add(entry.name, entry.item);
        }
    }
    return pairs;
}

void read_body(const Fields& fields, Step& step) {
    constexpr std::array<std::string_view, 5> kKinds{"json", "form", "multipart", "body",
                                                     "graphql"};
    std::string_view kept;
    for (const std::string_view kind : kKinds) {
        const auto item = fields.get(kind);
        if (!item) {
            continue;
        }
        if (!kept.empty()) {
            item->fault(fmt::format("stands beside {}; a request has one body", kept),
                        fmt::format("keep {} or {}", kept, kind));
            continue;
        }
        kept = kind;
        step.has_body = true;
        if (kind == "json") {
            step.body = read_json(*item);
            set_content_type(step, "application/json");
        } else if (kind == "form") {
            step.body = read_pairs(*item, "form");
            set_content_type(step, "application/x-www-form-urlencoded");
        } else if (kind == "multipart") {
            read_multipart(*item, step);
        } else if (kind == "graphql") {
            read_graphql(*item, step);
            set_content_type(step, "application/json");
        } else {
            read_plain_body(*item, step);
        }
    }
}

}  // namespace plimsoll
