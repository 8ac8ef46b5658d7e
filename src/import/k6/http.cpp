// k6/http: requests and their parameters.
#include "base/units.hpp"
#include "import/k6/script.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace plimsoll::import::k6 {
namespace {

// 200, or {min: 200, max: 299}, as a step's expect has them.
std::vector<std::string> statuses_of(const script::List& arguments) {
    std::vector<std::string> statuses;
    for (const Value& one : arguments) {
        if (const auto code = one.as_number()) {
            statuses.push_back(script::number_text(*code));
            continue;
        }
        const Value* const low = one.member("min");
        const Value* const high = one.member("max");
        const double from = low != nullptr ? low->as_number().value_or(0) : 0;
        const double to = high != nullptr ? high->as_number().value_or(0) : 0;
        if (from < 100 || to > 599 || from > to) {
            return {};
        }
        for (double code = from; code <= to;) {
            const bool hundred = static_cast<int>(code) % 100 == 0 && code + 99 <= to;
            statuses.push_back(hundred ? fmt::format("{}xx", static_cast<int>(code) / 100)
                                       : script::number_text(code));
            code += hundred ? 100 : 1;
        }
    }
    return statuses;
}

}  // namespace

std::optional<Value> Script::of_http(Call& call) {
    const std::string name = call.name.substr(5);
    const Value& first = call.argument(0);
    if (name == "get" || name == "head") {
        return send(name, first, {}, call.argument(1), *call.at);
    }
    if (name == "request" || name == "asyncRequest") {
        const auto method = first.literal();
        return send(method.value_or(""), call.argument(1), call.argument(2), call.argument(3),
                    *call.at);
    }
    if (!script::method_key(name).empty()) {
        return send(name, first, call.argument(1), call.argument(2), *call.at);
    }
    if (name == "batch") {
        return batch(call);
    }
    if (name == "url") {
        return first;
    }
    if (name == "file") {
        Value file = Value::builtin("file");
        file.list = std::make_shared<script::List>(call.arguments);
        return file;
    }
    if (name == "expectedStatuses") {
        Value statuses = Value::builtin("statuses");
        statuses.list = std::make_shared<script::List>(call.arguments);
        return statuses;
    }
    if (name == "setResponseCallback") {
        statuses_ =
            first.name == "statuses" ? statuses_of(*first.list) : std::vector<std::string>{};
        return Value{};
    }
    if (name.starts_with("cookieJar")) {
        plan().note(call.at->line, "left out: cookies that the script sets or reads by hand");
    }
    return Value::unknown("http." + name + "()");
}

bool Script::apply_params(const Value& params, script::Request& request, int line) {
    for (const auto& [key, value] : *params.map) {
        const auto text = value.plain();
        if (key == "timeout") {
            const auto time = duration_of(value);
            request.timeout = time ? time->text : "";
        } else if (key == "redirects" && value.is(Type::Number) && value.number >= 0) {
            request.redirects = static_cast<unsigned>(std::min(value.number, 100.0));
        } else if (key == "tags" && value.is(Type::Map)) {
            for (const auto& [tag, said] : *value.map) {
                if (const auto word = said.plain(); word && tag != "name") {
                    request.tags.emplace_back(tag, as_literal(*word));
                }
            }
        } else if (key == "responseCallback" && value.name == "statuses") {
            request.statuses = statuses_of(*value.list);
        } else if (key == "cookies" && value.is(Type::Map)) {
            std::string all;
            for (const auto& [name, said] : *value.map) {
                const Value* const inner_value = said.member("value");
                all += (all.empty() ? "" : "; ") + as_literal(name) + "=" +
                       text_of(inner_value != nullptr ? *inner_value : said, name, line);
            }
            const bool secret = all.find("${") == std::string::npos;
            request.headers.emplace_back(
                "Cookie", Yaml::quoted(secret ? plan().secrets.header("Cookie", all) : all));
        } else if (key == "auth" && text && *text != "basic") {
            plan().note(line, fmt::format("left out: authentication by {}", *text));
        } else if (key == "compression" || key == "jar" || (key == "auth" && !text)) {
            plan().note(line, fmt::format("left out: the parameter {}", key));
        }
    }
    return true;
}

Value Script::send(const std::string& method, const Value& url, const Value& body,
                   const Value& params, const Node& at) {
    script::RequestParts parts;
    parts.line = at.line;
    parts.method = method;
    parts.url = url;
    parts.body = body;
    const bool none = params.is(Type::Undefined) || params.is(Type::Null);
    if (!none && !params.is(Type::Map)) {
        remark(at.line, fmt::format("left out: 1 request whose parameters are not known before it "
                                    "runs ({})",
                                    params.name));
        return Value::unknown("a response");
    }
    if (const Value* const headers = params.member("headers")) {
        parts.headers = *headers;
    }
    if (const Value* const tags = params.member("tags")) {
        const Value* const name = tags->member("name");
        parts.name = name != nullptr ? *name : Value{};
    }
    const bool unknown_headers = !parts.headers.is(Type::Map) && !parts.headers.is(Type::Undefined);
    if (unknown_headers) {
        remark(at.line, "left out: 1 request whose headers are not known before it runs");
        return Value::unknown("a response");
    }
    const script::RequestPtr request = script::make_request(*this, parts);
    if (!request) {
        return Value::unknown("a response");
    }
    request->statuses = statuses_;
    if (!none) {
        apply_params(params, *request, at.line);
    }
    if (role_ != nullptr) {
        for (const auto& tag : role_->tags) {
            request->tags.push_back(tag);
        }
    }
    Value response;
    response.type = Type::Response;
    response.request = request;
    return response;
}

Value Script::batched(const Value& one, const Node& at) {
    if (one.is(Type::List)) {
        const auto part = [&](std::size_t n) {
            return n < one.list->size() ? (*one.list)[n] : Value{};
        };
        return send(part(0).literal().value_or(""), part(1), part(2), part(3), at);
    }
    if (one.is(Type::Map)) {
        const auto part = [&](std::string_view key) {
            const Value* const found = one.member(key);
            return found != nullptr ? *found : Value{};
        };
        return send(part("method").literal().value_or("GET"), part("url"), part("body"),
                    part("params"), at);
    }
    return send("GET", one, {}, {}, at);
}

Value Script::batch(Call& call) {
    const Value& all = call.argument(0);
    if (!all.is(Type::List) && !all.is(Type::Map)) {
        remark(call.at->line, "left out: requests of a batch that is not known before it runs");
        return Value::unknown("http.batch()");
    }
    script::List list;
    Map map;
    script::Steps steps = collect([&] {
        if (all.is(Type::List)) {
            for (const Value& one : script::List(*all.list)) {
                list.push_back(batched(one, *call.at));
            }
        } else {
            for (const auto& [name, one] : Map(*all.map)) {
                map.emplace_back(name, batched(one, *call.at));
            }
        }
    });
    auto parallel = std::make_shared<script::Step>();
    parallel->kind = script::Step::Kind::Parallel;
    parallel->line = call.at->line;
    parallel->branches.emplace_back();
    for (auto& step : steps) {
        if (step->kind == script::Step::Kind::Request) {
            parallel->branches.front().push_back(std::move(step));
        } else {
            emit(std::move(step));
        }
    }
    if (parallel->branches.front().size() == 1) {
        emit(parallel->branches.front().front());
    } else if (!parallel->branches.front().empty()) {
        emit(std::move(parallel));
    }
    return all.is(Type::List) ? Value::list_of(std::move(list)) : Value::map_of(std::move(map));
}

}  // namespace plimsoll::import::k6
