// What a locustfile calls: its client, random, time, os.
#include "import/locust/file.hpp"
#include "import/script/step_yaml.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace plimsoll::import::locust {
namespace {

Value joined(const Value& session, const Value& own) {
    Map all;
    for (const Value* const side : {&session, &own}) {
        if (side->is(Type::Map)) {
            for (const auto& [key, value] : *side->map) {
                std::erase_if(all, [&](const auto& one) { return one.first == key; });
                all.emplace_back(key, value);
            }
        }
    }
    return all.empty() ? Value{} : Value::map_of(std::move(all));
}

}  // namespace

bool File::is_request(const Node& call) const {
    constexpr std::array<std::string_view, 9> kNames{
        "get", "post", "put", "patch", "delete", "head", "options", "request", "rest"};
    const NodePtr callee = call.child(0);
    return callee && callee->kind == Kind::Member && callee->child(0) &&
           (callee->child(0)->text == "client" || callee->text == "rest") &&
           std::find(kNames.begin(), kNames.end(), callee->text) != kNames.end();
}

std::optional<Value> File::send(Call& call, const std::string& method, bool rest) {
    const int line = call.at->line;
    script::RequestParts parts;
    parts.line = line;
    parts.base = base_;
    const bool named_method = method == "request" || rest;
    parts.method = named_method ? call.argument("method", 0).literal().value_or("") : method;
    const std::size_t place = named_method ? 1 : 0;
    parts.url = call.argument(rest ? "path" : "url", place);
    if (parts.url.is(Type::Undefined)) {
        parts.url = call.argument("path", place);
    }
    constexpr std::size_t kNowhere = 99;
    const auto given = [&](std::string_view key) { return call.argument(key, kNowhere); };
    const bool is_get = parts.method == "get" || parts.method == "head";
    const bool writes = !is_get && !named_method;
    parts.name = given("name");
    parts.query = given("params");
    if (parts.query.is(Type::Undefined) && method == "get") {
        parts.query = call.argument(1);
    }
    const Value json = writes && method == "post" ? call.argument("json", 2) : given("json");
    const Value data = writes ? call.argument("data", 1) : given("data");
    const bool of_json = !json.is(Type::Undefined) && !json.is(Type::Null);
    parts.body = of_json ? json : data;
    parts.as = of_json ? script::RequestParts::As::Json : script::RequestParts::As::Auto;
    parts.headers = joined(client_, given("headers"));
    const auto there = [](const Value& value) {
        return !value.is(Type::Undefined) && !value.is(Type::Null);
    };
    const Value headers = given("headers");
    if (there(given("files")) || (there(headers) && !headers.is(Type::Map))) {
        remark(line, "left out: 1 request with files, or with headers that are not known");
        return Value::unknown("a response");
    }
    const script::RequestPtr request = script::make_request(*this, parts);
    if (!request) {
        return Value::unknown("a response");
    }
    if (const auto time = seconds(given("timeout")); time && time->kind == Yaml::Kind::Scalar) {
        request->timeout = time->text;
    }
    const Value follows = given("allow_redirects");
    if (follows.is(Type::Bool) && !follows.flag) {
        request->redirects = 0;
    }
    if (const Value auth = given("auth"); auth.is(Type::List) && auth.list->size() == 2) {
        const auto password = (*auth.list)[1].literal();
        request->auth = Yaml::map(
            {{"basic",
              Yaml::map({{"user", Yaml::quoted(text_of((*auth.list)[0], "user", line))},
                         {"password",
                          Yaml::quoted(password ? plan().secrets.field("password", *password)
                                                : text_of((*auth.list)[1], "password", line))}},
                        true)}},
            true);
    }
    if (there(given("cookies"))) {
        plan().note(line, "left out: cookies that the script sets by hand");
    }
    Value response;
    response.type = Type::Response;
    response.request = request;
    return response;
}

std::optional<Value> File::random(Call& call) {
    const Value& first = call.argument(0);
    const Value& second = call.argument(1);
    if (call.name == "random.choice") {
        return random_item(first, *call.at);
    }
    if (call.name == "random.random" || call.name == "random.uniform") {
        Value made;
        made.type = Type::Uniform;
        made.number = call.name == "random.random" ? 0 : first.number;
        made.high = call.name == "random.random" ? 1 : second.number;
        return made;
    }
    if (call.name == "random.randint" || call.name == "random.randrange") {
        const bool range = call.name == "random.randrange";
        const bool one = range && second.is(Type::Undefined);
        const auto low = one ? std::optional(0.0) : first.as_number();
        const auto high = one ? first.as_number() : second.as_number();
        if (!low || !high) {
            return Value::unknown("random");
        }
        Value made = Value::expression(fmt::format("random_int({}, {})", script::number_text(*low),
                                                   script::number_text(*high - (range ? 1 : 0))),
                                       true, true);
        made.ranged = true;
        made.number = *low;
        made.high = *high - (range ? 1 : 0);
        return made;
    }
    return std::nullopt;
}

std::optional<Value> File::builtin(Call& call) {
    const std::string& name = call.name;
    if (name.starts_with("client.")) {
        const std::string method = name.substr(7);
        return method == "request" || !script::method_key(method).empty()
                   ? send(call, method, false)
                   : std::optional(Value::unknown(name));
    }
    if (name == "self.rest") {
        return send(call, "rest", true);
    }
    if (name == "self.interrupt") {
        interrupted_ = true;
        return Value{};
    }
    if (name == "response.json") {
        return Value::captured(call.self.request, script::From::Json, "");
    }
    if (name == "response.raise_for_status" || name == "response.success") {
        return Value{};
    }
    if (name == "response.failure") {
        plan().note(call.at->line, "left out: a response that is marked as failed by hand");
        return Value{};
    }
    if (name == "time.sleep" || name == "gevent.sleep" || name == "self.wait") {
        if (name != "self.wait") {
            think(call.argument(0), call.at->line);
        }
        return Value{};
    }
    if (name == "time.time") {
        return Value::expression("now()", true, true);
    }
    if (name == "uuid.uuid4") {
        return Value::expression("uuid()", false, true);
    }
    if (name == "os.environ.get" || name == "os.getenv") {
        const auto variable = call.argument(0).literal();
        const auto fallback = call.argument(1).plain();
        return variable ? Value::environment(*variable, fallback) : Value::unknown(name);
    }
    if (name.starts_with("locust.between") || name.starts_with("locust.constant")) {
        Value wait = Value::builtin("wait " + name.substr(7));
        wait.list = std::make_shared<script::List>(call.arguments);
        return wait;
    }
    return name.starts_with("random.") ? random(call) : std::nullopt;
}

std::optional<Value> File::builtin_member(const Value& object, const std::string& name) {
    if (object.is(Type::Builtin) && object.name == "client" && name == "headers") {
        return client_;
    }
    if (object.is(Type::Builtin) && object.name == "os.environ" && name != "get") {
        return Value::environment(name, std::nullopt);
    }
    return std::nullopt;
}

void File::import(const Node& node, const ScopePtr& scope) {
    for (const NodePtr& one : node.children) {
        const std::string& here = one->child(0)->text;
        const bool local = node.text.starts_with('.');
        scope->values[here] = local               ? Value::unknown("module " + node.text)
                              : node.text.empty() ? Value::builtin(one->text)
                                                  : Value::builtin(node.text + "." + one->text);
    }
}

// `if response.status_code != 200: response.failure(...)` as what is expected.
void File::judge(const Node& node, const ScopePtr& scope, const std::string& target) {
    const auto marks = [&](const NodePtr& branch, const char* how) {
        return branch && std::any_of(branch->children.begin(), branch->children.end(),
                                     [&](const NodePtr& one) {
                                         return one && one->kind == Kind::Call &&
                                                one->child(0)->kind == Kind::Member &&
                                                one->child(0)->text == how &&
                                                one->child(0)->child(0)->text == target;
                                     });
    };
    const Value test = eval(node.child(0), scope);
    const bool fails = marks(node.child(1), "failure");
    const bool otherwise = marks(node.child(2), "failure");
    const bool passes = marks(node.child(1), "success") && !node.child(2);
    bool said = fails ? script::expect(negate(test)) : otherwise && script::expect(test);
    if (passes && test.is(Type::Condition) && test.comparisons->size() == 1) {
        const auto& one = test.comparisons->front();
        const auto status = one.right.as_number();
        if (one.left.from == script::From::Status && one.op == "==" && status && one.left.request) {
            one.left.request->statuses = {"2xx", "3xx", script::number_text(*status)};
            said = true;
        }
    }
    if (!said) {
        plan().note(node.line, fmt::format("left out: the judgement by {}", words(node.child(0))));
    }
    if (otherwise && node.child(2)->children.size() == 1 &&
        node.child(2)->child(0)->kind == Kind::If) {
        judge(*node.child(2)->child(0), scope, target);
    }
}

script::Jump File::with(const Node& node, const ScopePtr& scope) {
    const Value context = eval(node.child(0), scope);
    bind(node.child(1), context, scope, true);
    const std::string target = node.child(1) ? node.child(1)->text : "";
    for (const NodePtr& one : node.child(2)->children) {
        const bool judges =
            context.is(Type::Response) && one && one->kind == Kind::If && requests_in(*one) == 0;
        if (judges) {
            judge(*one, scope, target);
            continue;
        }
        const script::Jump jump = exec(one, scope);
        if (jump != script::Jump::None) {
            return jump;
        }
    }
    return script::Jump::None;
}

}  // namespace plimsoll::import::locust
