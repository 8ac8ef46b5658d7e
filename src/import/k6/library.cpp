// What k6's own modules do: k6, k6/metrics, k6/crypto, k6/encoding, the utils of jslib.
#include "import/k6/script.hpp"
#include "import/script/step_yaml.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace plimsoll::import::k6 {

using script::Steps;

std::optional<Value> Script::builtin(Call& call) {
    const std::string& name = call.name;
    const auto begins = [&](std::string_view word) { return name.starts_with(word); };
    if (begins("http.")) {
        return of_http(call);
    }
    if (begins("k6.")) {
        return of_k6(call);
    }
    if (begins("response.")) {
        return of_response(call);
    }
    if (begins("new ")) {
        return made_new(call);
    }
    if (begins("console.") || begins("metric.") || begins("exec.vu.tags") ||
        begins("exec.vu.metrics")) {
        return Value{};
    }
    if (begins("exec.test.abort")) {
        throw_here();
        return Value{};
    }
    if (auto made = of_files(call)) {
        return made;
    }
    return of_utils(call);
}

std::optional<Value> Script::builtin_member(const Value& object, const std::string& name) {
    if (!object.is(Type::Builtin)) {
        if (name == "__VU") {
            return Value::expression("user + 1", true);
        }
        return name == "__ITER" ? std::optional(Value::expression("iteration", true))
                                : std::nullopt;
    }
    if (object.name == "__ENV") {
        if (role_ != nullptr) {
            const auto given = role_->environment.find(name);
            if (given != role_->environment.end()) {
                return Value::text(given->second);
            }
        }
        return Value::environment(name, std::nullopt);
    }
    if (object.name == "exec.vu") {
        if (name == "idInTest" || name == "idInInstance") {
            return Value::expression("user + 1", true);
        }
        if (name.starts_with("iterationIn")) {
            return Value::expression("iteration", true);
        }
    }
    if (object.name == "exec.scenario" && name.starts_with("iterationIn")) {
        return Value::expression("iteration", true);
    }
    if (object.name == "parsed csv" && name == "data" && object.self) {
        return *object.self;
    }
    return std::nullopt;
}

void Script::import(const Node& node, const ScopePtr& scope) {
    const std::string& from = node.text;
    struct Module {
        std::string_view name;
        std::string_view prefix;
    };
    constexpr std::array kModules{Module{"k6/http", "http"},      Module{"k6", "k6"},
                                  Module{"k6/data", "data"},      Module{"k6/execution", "exec"},
                                  Module{"k6/metrics", "metric"}, Module{"k6/encoding", "encoding"},
                                  Module{"k6/crypto", "crypto"}};
    const auto* const known = std::find_if(kModules.begin(), kModules.end(),
                                           [&](const Module& one) { return one.name == from; });
    std::string prefix = known != kModules.end() ? std::string(known->prefix) : "";
    if (from.find("k6-utils") != std::string::npos) {
        prefix = "utils";
    } else if (from.find("papaparse") != std::string::npos) {
        prefix = "papaparse";
    }
    const bool local = from.starts_with("./") || from.starts_with("../");
    const ScopePtr read = prefix.empty() && local ? module(from, node.line) : nullptr;
    for (const NodePtr& one : node.children) {
        const std::string& here = one->child(0)->text;
        const bool whole = one->text == "default" || one->text == "*";
        if (!prefix.empty()) {
            scope->values[here] = Value::builtin(whole ? prefix : prefix + "." + one->text);
            if (prefix == "http") {
                http_names_.insert(here);
            }
            continue;
        }
        Value* const found = read ? read->find(one->text) : nullptr;
        if (read && one->text == "*") {
            Map all;
            for (const auto& [name, value] : read->values) {
                all.emplace_back(name, value);
            }
            scope->values[here] = Value::map_of(std::move(all));
        } else {
            scope->values[here] = found != nullptr ? *found : Value::unknown("module " + from);
        }
    }
}

bool Script::is_request(const Node& call) const {
    constexpr std::array<std::string_view, 10> kNames{"get",   "post",        "put",     "patch",
                                                      "del",   "head",        "options", "request",
                                                      "batch", "asyncRequest"};
    const NodePtr callee = call.child(0);
    return callee && callee->kind == Kind::Member && callee->child(0) &&
           callee->child(0)->kind == Kind::Name && http_names_.contains(callee->child(0)->text) &&
           std::find(kNames.begin(), kNames.end(), callee->text) != kNames.end();
}

std::optional<Value> Script::of_k6(Call& call) {
    if (call.name == "k6.sleep") {
        think(call.argument(0), call.at->line);
        return Value{};
    }
    if (call.name == "k6.check") {
        return check(call);
    }
    if (call.name == "k6.group") {
        return group(call);
    }
    if (call.name == "k6.fail") {
        throw_here();
        return Value{};
    }
    return std::nullopt;
}

Value Script::group(Call& call) {
    Value result;
    const std::string name = call.argument(0).literal().value_or("group");
    Steps steps = collect([&] {
        if (call.argument(1).is(Type::Function)) {
            result = this->call(call.argument(1), {}, {}, *call.at, call.scope);
        }
    });
    if (!does_something(steps) || name.empty()) {
        for (auto& step : steps) {
            emit(std::move(step));
        }
        return result;
    }
    auto step = std::make_shared<script::Step>();
    step->kind = script::Step::Kind::Group;
    step->line = call.at->line;
    step->text = as_literal(name.substr(0, 200));
    step->branches.push_back(std::move(steps));
    emit(std::move(step));
    return result;
}

Value Script::check(Call& call) {
    const Value& subject = call.argument(0);
    Value result;
    result.type = Type::Condition;
    result.name = "check";
    result.request = subject.request;
    result.comparisons = std::make_shared<std::vector<script::Comparison>>();
    if (!call.argument(1).is(Type::Map)) {
        plan().note(call.at->line, "left out: checks that are not known before it runs");
        return Value::unknown("check()");
    }
    for (const auto& [name, test] : Map(*call.argument(1).map)) {
        const Value outcome =
            test.is(Type::Function) ? this->call(test, {subject}, {}, *call.at, call.scope) : test;
        const auto known = truth(outcome);
        if (known && *known) {
            continue;
        }
        if (!script::expect(outcome)) {
            plan().note(call.at->line,
                        fmt::format("left out: the check \"{}\", which cannot be said here", name));
            continue;
        }
        if (outcome.is(Type::Condition) && (!outcome.flag || outcome.comparisons->size() == 1)) {
            result.comparisons->insert(result.comparisons->end(), outcome.comparisons->begin(),
                                       outcome.comparisons->end());
        }
    }
    return result;
}

bool Script::special_branch(const Node& node, const Value& test, const ScopePtr& scope) {
    const bool condition = test.is(Type::Condition) && !node.child(2);
    if (!condition) {
        return false;
    }
    const bool failed_check = test.name == "check" && node.child(0)->kind == Kind::Unary;
    script::RequestPtr request = failed_check ? test.request : nullptr;
    const bool status = test.comparisons->size() == 1 &&
                        test.comparisons->front().left.is(Type::Captured) &&
                        test.comparisons->front().left.from == script::From::Status;
    if (!request && status) {
        request = test.comparisons->front().left.request;
    }
    if (!request || requests_in(node) > 0 ||
        !(has_kind(node, Kind::Return) || has_kind(node, Kind::Throw) ||
          has_kind(node, Kind::Call))) {
        return false;
    }
    script::Jump jump = script::Jump::None;
    const Steps steps = collect([&] { jump = exec(node.child(1), scope); });
    const bool ends = jump == script::Jump::Throw || (jump == script::Jump::Return && outermost());
    if (!ends || does_something(steps)) {
        return false;
    }
    if (!failed_check && !script::expect(negate(test))) {
        return false;
    }
    request->on_fail = "next_iteration";
    return true;
}

std::optional<Value> Script::of_response(Call& call) {
    const Value& response = call.self;
    if (call.name == "response.json") {
        const auto selector = call.argument(0).plain();
        std::string path;
        if (selector) {
            if (selector->find_first_of("#*?@|\\{") != std::string::npos) {
                return Value::unknown("json(...)");
            }
            std::size_t at = 0;
            while (at <= selector->size()) {
                const std::size_t end = std::min(selector->find('.', at), selector->size());
                path += script::pointer_key(selector->substr(at, end - at));
                at = end + 1;
            }
        } else if (!call.arguments.empty()) {
            return Value::unknown("json(...)");
        }
        return Value::captured(response.request, script::From::Json, path);
    }
    if (call.name == "response.submitForm" || call.name == "response.clickLink") {
        remark(call.at->line, fmt::format("left out: 1 request made by {}()", call.name.substr(9)));
    }
    return Value::unknown(call.name.substr(9) + "()");
}

std::optional<Value> Script::made_new(Call& call) {
    if (call.name == "new data.SharedArray") {
        return call.argument(1).is(Type::Function)
                   ? this->call(call.argument(1), {}, {}, *call.at, call.scope)
                   : Value::unknown("SharedArray");
    }
    if (call.name.starts_with("new metric.")) {
        plan().note(call.at->line, fmt::format("left out: the metric {} of the script's own",
                                               call.argument(0).literal().value_or("")));
        return Value::builtin("metric");
    }
    if (call.name == "new Date") {
        return Value::builtin("date");
    }
    if (call.name == "new Error") {
        return Value{};
    }
    return Value::unknown(call.name + "()");
}

std::optional<Value> Script::of_utils(Call& call) {
    const Value& first = call.argument(0);
    const auto inner_of = [&](const Value& value) {
        const auto literal = value.literal();
        return literal ? script::in_expression(*literal) : expression_of(value);
    };
    if (call.name == "utils.randomIntBetween") {
        const auto low = first.as_number();
        const auto high = call.argument(1).as_number();
        const std::string a = expression_of(first);
        const std::string b = expression_of(call.argument(1));
        Value made = a.empty() || b.empty()
                         ? Value::unknown("randomIntBetween()")
                         : Value::expression(fmt::format("random_int({}, {})", a, b), true, true);
        made.ranged = low && high;
        made.number = low.value_or(0);
        made.high = high.value_or(0);
        return made;
    }
    if (call.name == "utils.randomItem") {
        Value any = Value::expression("0", true, true);
        return first.is(Type::Row) ? index(first, any, *call.at) : random_item(first, *call.at);
    }
    if (call.name == "utils.uuidv4") {
        return Value::expression("uuid()", false, true);
    }
    if (call.name == "utils.randomString" && call.arguments.size() == 1) {
        const std::string length = expression_of(first);
        return length.empty() ? Value::unknown("randomString()")
                              : Value::expression("random_text(" + length + ")", false, true);
    }
    if (call.name == "date.toISOString") {
        return Value::expression("now('iso')", false, true);
    }
    if (call.name == "date.getTime") {
        return Value::expression("now('unix_ms')", true, true);
    }
    const std::string text = inner_of(first);
    if (call.name == "encoding.b64encode" && !text.empty()) {
        const auto kind = call.argument(1).literal().value_or("std");
        return kind == "std" || kind == "rawurl"
                   ? Value::expression((kind == "std" ? "base64(" : "base64url(") + text + ")",
                                       false, first.fresh)
                   : Value::unknown("b64encode()");
    }
    const bool hex =
        call.arguments.empty() || call.arguments.back().literal().value_or("") == "hex";
    if (call.name == "crypto.sha256" && hex && !text.empty()) {
        return Value::expression("sha256(" + text + ")", false, first.fresh);
    }
    if (call.name == "crypto.hmac" && hex && call.arguments.size() == 4) {
        const std::string key = inner_of(call.argument(1));
        const std::string data = inner_of(call.argument(2));
        constexpr std::array<std::string_view, 4> kDigests{"sha256", "sha1", "sha512", "md5"};
        const auto digest = first.literal().value_or("");
        const bool known = std::find(kDigests.begin(), kDigests.end(), digest) != kDigests.end();
        return known && !key.empty() && !data.empty() && call.argument(1).literal() == std::nullopt
                   ? Value::expression(fmt::format("hmac('{}', {}, {})", digest, key, data), false,
                                       call.argument(2).fresh)
                   : Value::unknown("hmac()");
    }
    return std::nullopt;
}

}  // namespace plimsoll::import::k6
