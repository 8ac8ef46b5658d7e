// Conditions on responses, as `expect` says them.
#include "import/script/requests.hpp"
#include "scenario/response.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

namespace plimsoll::import::script {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 10> kWords{
    {{"==", "equals"},
     {"!=", "not"},
     {"<", "below"},
     {"<=", "at_most"},
     {">", "above"},
     {">=", "at_least"},
     {"contains", "contains"},
     {"matches", "matches"},
     {"exists", "exists"},
     {"not exists", "exists"}}};

std::optional<std::pair<std::string, Yaml>> as_condition(const Comparison& one, bool typed) {
    const auto* const word = std::find_if(kWords.begin(), kWords.end(),
                                          [&](const auto& pair) { return pair.first == one.op; });
    if (word == kWords.end()) {
        return std::nullopt;
    }
    const std::string key(word->second);
    if (key == "exists") {
        return std::pair{key, Yaml::plain(one.op == "exists" ? "true" : "false")};
    }
    const bool ordered = one.op[0] == '<' || one.op[0] == '>';
    const Value& right = one.right;
    if (right.is(Type::Number)) {
        return std::pair{key, typed || ordered ? Yaml::plain(number_text(right.number))
                                               : Yaml::quoted(number_text(right.number))};
    }
    if (ordered) {
        return std::nullopt;
    }
    if (right.is(Type::Bool) && typed) {
        return std::pair{key, Yaml::plain(right.flag ? "true" : "false")};
    }
    if (key == "matches") {
        const auto pattern = right.literal();
        const bool good = pattern && Selector::compile(Selector::Kind::Regex, *pattern) &&
                          pattern->find("${") == std::string::npos;
        return good ? std::optional(std::pair{key, Yaml::quoted(*pattern)}) : std::nullopt;
    }
    if (const auto literal = right.literal()) {
        return std::pair{key, Yaml::quoted(as_literal(*literal))};
    }
    return std::nullopt;
}

bool add_to(std::vector<ValueChecks>& all, const std::string& where, const Comparison& one,
            bool typed) {
    auto condition = as_condition(one, typed);
    if (!condition || where.empty()) {
        return false;
    }
    auto found = std::find_if(all.begin(), all.end(),
                              [&](const ValueChecks& each) { return each.where == where; });
    if (found == all.end()) {
        all.push_back({where, {}});
        found = all.end() - 1;
    }
    auto& conditions = found->conditions;
    const bool twice = std::any_of(conditions.begin(), conditions.end(), [&](const auto& each) {
        return each.first == condition->first;
    });
    if (!twice) {
        conditions.push_back(*std::move(condition));
    }
    return true;
}

Comparison there(const Value& left, bool exists) {
    return {left, exists ? "exists" : "not exists", Value{}};
}

// length > 2 of a list: its third item is there.
bool expect_length(const Comparison& one) {
    if (!one.right.is(Type::Number) || one.right.number < 0 || one.right.number > 1e6) {
        return false;
    }
    const double count = std::floor(one.right.number);
    auto& checks = one.left.request->json_checks;
    const auto item = [&](double at) { return one.left.path + "/" + number_text(at); };
    const bool more = one.op == ">" || (one.op == "!=" && count == 0);
    if (more || one.op == ">=") {
        const double last = more ? count : count - 1;
        return last < 0 || add_to(checks, item(last), there(one.left, true), true);
    }
    if (one.op == "<" || one.op == "<=") {
        return add_to(checks, item(one.op == "<" ? std::max(count - 1, 0.0) : count),
                      there(one.left, false), true);
    }
    return one.op == "==" && add_to(checks, item(count), there(one.left, false), true) &&
           (count == 0 || add_to(checks, item(count - 1), there(one.left, true), true));
}

bool expect_duration(const Comparison& one) {
    if ((one.op != "<" && one.op != "<=") || !one.right.is(Type::Number) || one.right.number <= 0 ||
        one.right.number > 1e9) {
        return false;
    }
    const double milliseconds = one.right.number * (one.left.flag ? 1000 : 1);
    one.left.request->longest = fmt::format("{}ms", number_text(milliseconds));
    return true;
}

bool expect_size(const Comparison& one) {
    if (!one.right.is(Type::Number) || one.right.number < 0) {
        return false;
    }
    const bool more = one.op == ">" || (one.op == "!=" && one.right.number == 0);
    if (!more && one.op != ">=") {
        return false;
    }
    one.left.request->size = Yaml::map(
        {{"at_least", Yaml::plain(number_text(std::floor(one.right.number) + (more ? 1 : 0)))}},
        true);
    return true;
}

bool expect_body(const Comparison& one) {
    Comparison said = one;
    if (one.op == "exists") {
        said = {one.left, "matches", Value::text("(?s).")};
    }
    auto condition = as_condition(said, false);
    auto& checks = one.left.request->body_checks;
    const bool twice =
        condition && std::any_of(checks.begin(), checks.end(),
                                 [&](const auto& each) { return each.first == condition->first; });
    if (!condition || condition->first == "exists" || twice) {
        return false;
    }
    checks.push_back(*std::move(condition));
    return true;
}

bool expect_one(const Comparison& one) {
    if (!one.left.request) {
        return false;
    }
    Request& request = *one.left.request;
    switch (one.left.from) {
        case From::Json:
            return add_to(request.json_checks, one.left.path.empty() ? "$" : one.left.path, one,
                          true);
        case From::Header:
            return add_to(request.header_checks, one.left.path, one, false);
        case From::Body:
            return expect_body(one);
        case From::BodyLength:
            return expect_size(one);
        case From::Length:
            return expect_length(one);
        case From::Duration:
            return expect_duration(one);
        case From::Status:
        case From::Cookie:
            break;
    }
    return false;
}

// The statuses that all comparisons (or with `any` one of them) let pass.
std::vector<std::string> statuses_of(const std::vector<Comparison>& all, bool any) {
    std::vector<bool> passes(600, !any);
    for (const Comparison& one : all) {
        List wanted = one.op == "in" ? *one.right.list : List{one.right};
        for (std::size_t status = 100; status < 600; ++status) {
            const auto code = static_cast<double>(status);
            const bool fits = std::any_of(wanted.begin(), wanted.end(), [&](const Value& value) {
                const double other = value.as_number().value_or(-1);
                return one.op == "==" || one.op == "in" ? code == other
                       : one.op == "!="                 ? code != other
                       : one.op == "<"                  ? code < other
                       : one.op == "<="                 ? code <= other
                       : one.op == ">"                  ? code > other
                                                        : code >= other;
            });
            passes[status] = any ? passes[status] || fits : passes[status] && fits;
        }
    }
    std::vector<std::string> statuses;
    for (std::size_t hundred = 100; hundred < 600; hundred += 100) {
        const auto begin = passes.begin() + static_cast<std::ptrdiff_t>(hundred);
        const auto count = std::count(begin, begin + 100, true);
        if (count == 100) {
            statuses.push_back(fmt::format("{}xx", hundred / 100));
            continue;
        }
        if (count > 20) {
            return {};
        }
        for (std::size_t status = hundred; status < hundred + 100; ++status) {
            if (passes[status]) {
                statuses.push_back(std::to_string(status));
            }
        }
    }
    return statuses;
}

}  // namespace

bool expect(const Value& condition) {
    if (!condition.is(Type::Condition)) {
        return condition.is(Type::Captured) && expect_one({condition, "exists", Value{}});
    }
    std::vector<Comparison> statuses;
    std::vector<Comparison> others;
    for (const Comparison& one : *condition.comparisons) {
        const bool status = one.left.is(Type::Captured) && one.left.from == From::Status;
        (status ? statuses : others).push_back(one);
        if (!one.left.is(Type::Captured) || one.op == "passed") {
            return false;
        }
    }
    if (condition.flag && condition.comparisons->size() > 1 && !others.empty()) {
        return false;
    }
    if (!statuses.empty()) {
        auto wanted = statuses_of(statuses, condition.flag);
        Request& request = *statuses.front().left.request;
        if (wanted.empty()) {
            return false;
        }
        const bool narrower = request.statuses.empty() || wanted.size() < request.statuses.size() ||
                              (wanted.size() == 1 && !wanted.front().ends_with("xx"));
        if (narrower) {
            request.statuses = std::move(wanted);
        }
    }
    return std::all_of(others.begin(), others.end(), expect_one);
}

}  // namespace plimsoll::import::script
