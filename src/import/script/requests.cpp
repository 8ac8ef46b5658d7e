#include "import/script/requests.hpp"

#include "import/naming.hpp"
#include "import/request_text.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace plimsoll::import::script {
namespace {

/// A URL in two: where it goes, and what is asked there.
struct Place {
    Pieces origin;
    Pieces rest;
};

bool looks_like_origin(const Piece& piece) {
    if (piece.kind == Piece::Kind::Literal) {
        return piece.text.starts_with("http://") || piece.text.starts_with("https://");
    }
    return piece.kind == Piece::Kind::Environment;
}

Place split(const Pieces& url) {
    Place place;
    if (url.empty() || !looks_like_origin(url.front())) {
        place.rest = url;
        return place;
    }
    bool in_origin = true;
    for (const Piece& piece : url) {
        if (!in_origin || piece.kind != Piece::Kind::Literal) {
            (in_origin ? place.origin : place.rest).push_back(piece);
            continue;
        }
        const std::size_t scheme = piece.text.find("://");
        const bool first = place.origin.empty() && scheme != std::string::npos;
        const std::size_t end = piece.text.find_first_of("/?#", first ? scheme + 3 : 0);
        if (const std::string origin = piece.text.substr(0, end); !origin.empty()) {
            place.origin.push_back({Piece::Kind::Literal, origin, {}});
        }
        if (end != std::string::npos) {
            in_origin = false;
            place.rest.push_back({Piece::Kind::Literal, piece.text.substr(end), {}});
        }
    }
    return place;
}

// As a step's path: literals cleaned, credentials in the query replaced.
std::string target_text(const Pieces& pieces, Secrets& secrets) {
    std::string text;
    bool in_query = false;
    for (const Piece& piece : pieces) {
        if (piece.kind != Piece::Kind::Literal) {
            if (text.ends_with('$')) {
                text.replace(text.size() - 1, 1, "%24");
            }
            text += written({piece});
            continue;
        }
        const std::string literal = piece.text.substr(0, piece.text.find('#'));
        const std::string clean = clean_target(literal);
        text += in_query ? secrets.path("?" + clean).substr(1) : secrets.path(clean);
        in_query = in_query || clean.find('?') != std::string::npos;
        if (literal.size() < piece.text.size()) {
            break;
        }
    }
    return text.starts_with('?') ? "/" + text : text;
}

// user:password@ of a literal origin becomes `auth`.
void take_user_info(Pieces& origin, Request& request, Secrets& secrets) {
    if (origin.size() != 1 || origin.front().kind != Piece::Kind::Literal) {
        return;
    }
    std::string& text = origin.front().text;
    const std::size_t begin = text.find("://") + 3;
    const std::size_t at = text.rfind('@');
    if (at == std::string::npos || at < begin) {
        return;
    }
    const std::string info = text.substr(begin, at - begin);
    const std::size_t colon = std::min(info.find(':'), info.size());
    const std::string password = info.substr(std::min(colon + 1, info.size()));
    text.erase(begin, at + 1 - begin);
    request.auth = Yaml::map(
        {{"basic", Yaml::map({{"user", Yaml::quoted(as_literal(info.substr(0, colon)))},
                              {"password", Yaml::quoted(secrets.field("password", password))}},
                             true)}},
        true);
}

// Where it goes: the first origin is the target, others stand in their steps.
std::string path_at(Interpreter& interpreter, Place place, const RequestParts& parts,
                    Request& request) {
    Plan& plan = interpreter.plan();
    take_user_info(place.origin, request, plan.secrets);
    std::string rest = target_text(place.rest, plan.secrets);
    std::string origin = place.origin.empty() ? parts.base : written(place.origin);
    while (origin.ends_with('/')) {
        origin.pop_back();
    }
    if (rest.empty() || (!rest.starts_with('/') && !rest.starts_with("${"))) {
        rest.insert(0, "/");
    }
    if (origin.empty()) {
        return rest;
    }
    if (plan.target.empty()) {
        plan.target = origin;
    }
    if (origin == plan.target) {
        return rest;
    }
    if (origin.starts_with("http")) {
        return origin + rest;
    }
    auto set = std::make_shared<Step>();  // a path may begin with a variable, but not with env
    set->kind = Step::Kind::Set;
    set->line = parts.line;
    const std::string variable = interpreter.free_name("origin");
    set->values.emplace_back(variable, Yaml::quoted(origin));
    interpreter.emit(std::move(set));
    return "${" + variable + "}" + rest;
}

void name_it(const Value& wanted, Request& request) {
    constexpr std::size_t kLongest = 200;
    const auto literal = wanted.literal();
    std::string name = literal ? *literal : endpoint_name(request.path);
    if (!literal && wanted.is(Type::Text)) {
        name = endpoint_name(written(wanted.pieces));
    }
    if (name.empty() || name.find("${") != std::string::npos) {
        name = fmt::format("request of line {}", request.line);
    }
    std::replace_if(
        name.begin(), name.end(),
        [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, ' ');
    name = name.substr(0, kLongest);
    const bool said_by_path = name == request.path.substr(0, request.path.find('?'));
    request.name = said_by_path ? "" : as_literal(name);
}

bool is_json_type(const Request& request) {
    return std::any_of(request.headers.begin(), request.headers.end(), [](const auto& header) {
        return lower_case(header.first) == "content-type" &&
               header.second.text.find("json") != std::string::npos;
    });
}

void add_headers(Interpreter& interpreter, const RequestParts& parts, Request& request) {
    if (!parts.headers.is(Type::Map)) {
        if (!parts.headers.is(Type::Undefined) && !parts.headers.is(Type::Null)) {
            interpreter.remark(parts.line, "left out: headers that are not known before it runs");
        }
        return;
    }
    constexpr std::array<std::string_view, 3> kOurs{"content-length", "transfer-encoding",
                                                    "connection"};
    for (const auto& [name, value] : *parts.headers.map) {
        const bool ours = std::find(kOurs.begin(), kOurs.end(), lower_case(name)) != kOurs.end();
        if (ours || value.is(Type::Undefined) || value.is(Type::Null)) {
            continue;
        }
        const auto literal = value.plain();
        const bool known = literal && (value.literal() || value.is(Type::Number));
        std::string text = known ? interpreter.plan().secrets.header(name, *literal)
                                 : interpreter.text_of(value, name, parts.line);
        std::erase_if(request.headers, [&](const auto& header) {
            return lower_case(header.first) == lower_case(name);
        });
        request.headers.emplace_back(name, Yaml::quoted(text));
    }
}

// name: value, or a list of values, as a query or form has them.
Yaml pairs(Interpreter& interpreter, const Value& map, int line) {
    Yaml all = Yaml::map();
    const auto one = [&](const std::string& name, const Value& value) {
        const auto literal = value.literal();
        return Yaml::quoted(literal ? interpreter.plan().secrets.field(name, *literal)
                                    : interpreter.text_of(value, name, line));
    };
    for (const auto& [name, value] : *map.map) {
        if (value.is(Type::Undefined) || value.is(Type::Null)) {
            continue;
        }
        if (value.is(Type::List)) {
            Yaml list = Yaml::list();
            for (const Value& item : *value.list) {
                list.add(one(name, item));
            }
            all.add(as_literal(name), std::move(list));
        } else {
            all.add(as_literal(name), one(name, value));
        }
    }
    return all;
}

bool holds_file(const Value& map) {
    return std::any_of(map.map->begin(), map.map->end(), [](const auto& entry) {
        return entry.second.is(Type::Builtin) && entry.second.name == "file";
    });
}

void add_json(Interpreter& interpreter, const Value& value, const RequestParts& parts,
              Request& request) {
    request.body_key = "json";
    request.body = json_yaml(interpreter, value, "body", parts.line);
}

// False where what would be sent cannot be known.
bool add_body(Interpreter& interpreter, const RequestParts& parts, Request& request) {
    const Value& body = parts.body;
    if (parts.as == RequestParts::As::Nothing || body.is(Type::Undefined) || body.is(Type::Null)) {
        return true;
    }
    if (parts.as == RequestParts::As::Json) {
        add_json(interpreter, body, parts, request);
        return true;
    }
    if (body.is(Type::Builtin) && body.name == "json text") {
        if (!is_json_type(request)) {
            interpreter.plan().note(
                parts.line, "Content-Type: application/json is sent, which the script leaves out");
        }
        add_json(interpreter, *body.self, parts, request);
        return true;
    }
    if (body.is(Type::Map)) {
        if (holds_file(body)) {
            return false;
        }
        request.body_key = "form";
        request.body = pairs(interpreter, body, parts.line);
        return true;
    }
    if (const auto literal = body.literal()) {
        const auto json = is_json_type(request) ? value_of_json(*literal) : std::nullopt;
        if (json && (json->is(Type::Map) || json->is(Type::List))) {
            add_json(interpreter, *json, parts, request);
            return true;
        }
        request.body_key = "body";
        request.body = Yaml::quoted(interpreter.plan().secrets.text(*literal));
        return true;
    }
    if (body.is(Type::List) || body.is(Type::Function) || body.is(Type::Builtin)) {
        return false;
    }
    request.body_key = "body";
    request.body = Yaml::quoted(interpreter.text_of(body, "body", parts.line));
    return true;
}

}  // namespace

std::string method_key(std::string_view method) {
    std::string key = lower_case(method == "del" ? "delete" : method);
    constexpr std::array<std::string_view, 8> kMethods{"get",    "post", "put",     "patch",
                                                       "delete", "head", "options", "trace"};
    return std::find(kMethods.begin(), kMethods.end(), key) == kMethods.end() ? "" : key;
}

RequestPtr make_request(Interpreter& interpreter, const RequestParts& parts) {
    auto request = std::make_shared<Request>();
    request->line = parts.line;
    request->method = method_key(parts.method);
    const auto left_out = [&](std::string_view why) {
        interpreter.remark(parts.line, fmt::format("left out: 1 request {}", why));
        return RequestPtr{};
    };
    if (request->method.empty()) {
        return left_out("of a method that a step cannot have");
    }
    if (parts.url.is(Type::Unknown) || parts.url.is(Type::Undefined) ||
        (!parts.url.is(Type::Text) && !parts.url.is(Type::Captured) && !parts.url.is(Type::Row))) {
        return left_out(fmt::format("whose URL is not known before it runs ({})",
                                    parts.url.name.empty() ? "computed" : parts.url.name));
    }
    request->path = path_at(interpreter, split(interpreter.pieces_of(parts.url, "url", parts.line)),
                            parts, *request);
    name_it(parts.name, *request);
    add_headers(interpreter, parts, *request);
    if (!add_body(interpreter, parts, *request)) {
        return left_out("whose body holds a file, or cannot be known before it runs");
    }
    if (parts.query.is(Type::Map)) {
        request->query = pairs(interpreter, parts.query, parts.line);
    } else if (!parts.query.is(Type::Undefined) && !parts.query.is(Type::Null)) {
        return left_out("whose query is not known before it runs");
    }
    if (!request->query.empty() && request->query.entries.empty()) {
        request->query = {};
    }
    auto step = std::make_shared<Step>();
    step->kind = Step::Kind::Request;
    step->line = parts.line;
    step->request = request;
    interpreter.emit(std::move(step));
    return request;
}

}  // namespace plimsoll::import::script
