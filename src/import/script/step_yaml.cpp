#include "import/script/step_yaml.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace plimsoll::import::script {
namespace {

Yaml checks_yaml(const std::vector<ValueChecks>& checks) {
    Yaml map = Yaml::map();
    for (const ValueChecks& one : checks) {
        const bool equality =
            one.conditions.size() == 1 && one.conditions.front().first == "equals";
        map.add(one.where,
                equality ? one.conditions.front().second : Yaml::map(one.conditions, true));
    }
    return map;
}

Yaml expect_yaml(const Request& request) {
    Yaml expect = Yaml::map();
    if (request.statuses.size() == 1) {
        expect.add("status", Yaml::plain(request.statuses.front()));
    } else if (!request.statuses.empty()) {
        Yaml all = Yaml::list({}, true);
        for (const std::string& status : request.statuses) {
            all.add(Yaml::plain(status));
        }
        expect.add("status", std::move(all));
    }
    if (!request.json_checks.empty()) {
        expect.add("json", checks_yaml(request.json_checks));
    }
    if (!request.header_checks.empty()) {
        expect.add("headers", checks_yaml(request.header_checks));
    }
    if (!request.body_checks.empty()) {
        expect.add("body", Yaml::map(request.body_checks, true));
    }
    if (!request.size.empty()) {
        expect.add("size", request.size);
    }
    if (!request.longest.empty()) {
        expect.add("duration", Yaml::plain(request.longest));
    }
    const bool status_alone = expect.entries.size() == 1 && !request.statuses.empty();
    return status_alone ? Yaml::map(expect.entries, true) : expect;
}

Yaml request_yaml(const Request& request) {
    Yaml map = Yaml::map();
    map.add(request.method, Yaml::text_of(request.path));
    if (!request.name.empty()) {
        map.add("name", Yaml::text_of(request.name));
    }
    const auto keep = [&map](const char* key, const Yaml& value) {
        if (!value.empty()) {
            map.add(key, value);
        }
    };
    keep("query", request.query);
    if (!request.headers.empty()) {
        map.add("headers", Yaml::map(request.headers));
    }
    keep("auth", request.auth);
    if (!request.body_key.empty()) {
        map.add(request.body_key, request.body);
    }
    if (Yaml expect = expect_yaml(request); !expect.entries.empty()) {
        map.add("expect", std::move(expect));
    }
    if (!request.captures.empty()) {
        Yaml captures = Yaml::map();
        for (const auto& [variable, source] : request.captures) {
            captures.add(variable, Yaml::plain(source));
        }
        map.add("capture", std::move(captures));
    }
    if (!request.timeout.empty()) {
        map.add("timeout", Yaml::plain(request.timeout));
    }
    if (request.redirects) {
        map.add("redirects", Yaml::plain(std::to_string(*request.redirects)));
    }
    if (!request.on_fail.empty()) {
        map.add("on_fail", Yaml::plain(request.on_fail));
    }
    if (!request.tags.empty()) {
        Yaml tags = Yaml::map({}, true);
        for (const auto& [key, value] : request.tags) {
            tags.add(key, Yaml::quoted(value));
        }
        map.add("tags", std::move(tags));
    }
    return map;
}

Yaml weighted_yaml(const Step& step, std::vector<Step*>& order) {
    Yaml list = Yaml::list();
    for (std::size_t at = 0; at < step.branches.size(); ++at) {
        if (!does_something(step.branches[at])) {
            continue;
        }
        Yaml one = Yaml::map();
        one.add("weight", Yaml::plain(std::to_string(step.weights[at])));
        one.add("steps", steps_yaml(step.branches[at], order));
        list.add(std::move(one));
    }
    Yaml map = Yaml::map();
    map.add("weighted", std::move(list));
    return map;
}

Yaml structure_yaml(const Step& step, std::vector<Step*>& order) {
    Yaml map = Yaml::map();
    switch (step.kind) {
        case Step::Kind::Group:
        case Step::Kind::Repeat:
            map.add(
                step.kind == Step::Kind::Group ? "group" : "repeat",
                step.kind == Step::Kind::Group ? Yaml::text_of(step.text) : Yaml::plain(step.text));
            map.add("steps", steps_yaml(step.branches[0], order));
            break;
        case Step::Kind::If:
            map.add("if", Yaml::quoted(step.text));
            map.add("then", steps_yaml(step.branches[0], order));
            if (step.branches.size() > 1 && does_something(step.branches[1])) {
                map.add("else", steps_yaml(step.branches[1], order));
            }
            break;
        case Step::Kind::Parallel:
            map.add("parallel", steps_yaml(step.branches[0], order));
            break;
        case Step::Kind::Set:
            map.add("set", Yaml::map(step.values));
            break;
        case Step::Kind::Think:
            map.add("think", step.values.front().second);
            break;
        default:
            break;
    }
    return map;
}

bool does_something(const Step& step) {
    if (step.dropped || step.kind == Step::Kind::Remark) {
        return false;
    }
    if (step.kind == Step::Kind::Weighted) {
        return std::any_of(step.branches.begin(), step.branches.end(),
                           [](const Steps& steps) { return does_something(steps); });
    }
    return step.branches.empty() || does_something(step.branches.front());
}

}  // namespace

std::string one_line(std::string text) {
    constexpr std::size_t kLongest = 300;
    if (text.size() > kLongest) {
        std::size_t end = kLongest;
        while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) {
            --end;
        }
        text = text.substr(0, end) + " ...";
    }
    std::replace_if(
        text.begin(), text.end(),
        [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, ' ');
    return text;
}

bool does_something(const Steps& steps) {
    return std::any_of(steps.begin(), steps.end(),
                       [](const auto& step) { return does_something(*step); });
}

std::size_t count_requests(const Steps& steps) {
    std::size_t count = 0;
    for (const auto& step : steps) {
        if (!step->dropped) {
            count += step->kind == Step::Kind::Request ? 1U : 0U;
            for (const Steps& branch : step->branches) {
                count += count_requests(branch);
            }
        }
    }
    return count;
}

Yaml steps_yaml(const Steps& steps, std::vector<Step*>& order) {
    Yaml list = Yaml::list();
    std::vector<std::string> remarks;
    for (const auto& step : steps) {
        for (const std::string& remark : step->remarks) {
            remarks.push_back(one_line(remark));
        }
        if (!does_something(*step)) {
            continue;
        }
        order.push_back(step.get());
        const int mark = static_cast<int>(order.size());
        Yaml one = step->kind == Step::Kind::Request    ? request_yaml(*step->request)
                   : step->kind == Step::Kind::Weighted ? weighted_yaml(*step, order)
                                                        : structure_yaml(*step, order);
        one.mark = mark;
        one.comments = std::move(remarks);
        remarks.clear();
        list.add(std::move(one));
    }
    if (!remarks.empty()) {
        Yaml rest;
        rest.comments = std::move(remarks);
        list.add(std::move(rest));
    }
    return list;
}

}  // namespace plimsoll::import::script
