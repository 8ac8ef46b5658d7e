// Scenarios and loads from flags.
#include "scenario/parse.hpp"
#include "scenario/parts.hpp"
#include "scenario/wording.hpp"

#include <algorithm>
#include <cctype>

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

namespace plimsoll {
namespace {

// A JSON string is a YAML double-quoted scalar too.
std::string yaml_string(std::string_view text) {
    std::string escaped;
    for (std::size_t at = 0; at < text.size(); ++at) {
        escaped += text.substr(at).starts_with("${") ? "$$" : std::string(1, text[at]);
    }
    return boost::json::serialize(boost::json::value(escaped));
}

Nanoseconds length_of(const QuickLoad& load) {
    constexpr std::chrono::seconds kUsual{10};
    constexpr std::chrono::minutes kLongestForIterations{10};  // k6's
    return load.duration.value_or(load.iterations ? kLongestForIterations : kUsual);
}

std::string load_text(const QuickLoad& load) {
    if (!load.stages.empty()) {
        std::string stages;
        for (const Ramp::Stage& stage : load.stages) {
            stages += fmt::format("{}{{duration: {}, target: {:.0f}}}", stages.empty() ? "" : ", ",
                                  format_duration(stage.duration), stage.target);
        }
        return fmt::format("{{executor: ramping-vus, start_vus: {}, stages: [{}]}}", load.vus,
                           stages);
    }
    const std::string duration = format_duration(length_of(load));
    if (load.iterations) {
        return fmt::format(
            "{{executor: shared-iterations, vus: {}, iterations: {}, max_duration: {}}}", load.vus,
            *load.iterations, duration);
    }
    if (load.rate) {
        return fmt::format(
            "{{executor: constant-arrival-rate, rate: {}/s, duration: {}, max_vus: {}}}",
            load.rate->per_second(), duration, load.vus);
    }
    return fmt::format("{{executor: constant-vus, vus: {}, duration: {}}}", load.vus, duration);
}

Executor executor_for(const QuickLoad& load) {
    Executor executor;
    if (!load.stages.empty()) {
        executor.kind = ExecutorKind::RampingVus;
        executor.ramp = Ramp(load.vus, load.stages);
        executor.max_vus = static_cast<std::uint32_t>(executor.ramp.highest());
    } else {
        executor.kind = load.iterations ? ExecutorKind::SharedIterations
                        : load.rate     ? ExecutorKind::ConstantArrivalRate
                                        : ExecutorKind::ConstantVus;
        const bool open = is_open(executor.kind);
        executor.ramp = Ramp::constant(open ? load.rate->per_second() : load.vus, length_of(load));
        executor.max_vus = load.vus;
        executor.iterations = load.iterations.value_or(0);
    }
    executor.name = to_string(executor.kind);
    return executor;
}

/// A URL's parts, the user info taken out.
struct UrlParts {
    std::string origin;   // scheme://host:port, or unix:/socket
    std::string request;  // path and query, as they were written
    std::optional<std::string> user_info;
};

UrlParts parts_of(std::string_view url) {
    const std::size_t mark = url.find("://");
    const std::size_t authority = mark == std::string_view::npos ? 0 : mark + 3;
    const bool socket = url.starts_with("unix:");
    const std::size_t path =
        std::min(socket ? url.find(":/", 5) : url.find_first_of("/?#", authority), url.size());
    UrlParts parts;
    parts.origin = url.substr(0, path);
    parts.request = url.substr(path, url.find('#', path) - path);
    if (socket && !parts.request.empty()) {
        parts.request.erase(0, 1);  // the colon between socket and path
    }
    if (!parts.request.starts_with('/')) {
        parts.request.insert(0, "/");
    }
    const std::size_t at = socket ? std::string::npos : parts.origin.rfind('@');
    if (at != std::string::npos && at >= authority) {
        parts.user_info = parts.origin.substr(authority, at - authority);
        parts.origin.erase(authority, at + 1 - authority);
    }
    return parts;
}

std::string percent_decoded(std::string_view text) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    const auto digit = [&](std::size_t at) {
        const auto c = at < text.size() ? std::tolower(static_cast<unsigned char>(text[at])) : 0;
        return kDigits.find(static_cast<char>(c));
    };
    std::string decoded;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool escape = text[i] == '%' && digit(i + 1) != std::string_view::npos &&
                            digit(i + 2) != std::string_view::npos;
        decoded += escape ? static_cast<char>(digit(i + 1) * 16 + digit(i + 2)) : text[i];
        i += escape ? 2 : 0;
    }
    return decoded;
}

std::string auth_text(std::string_view user_info) {
    const std::size_t colon = std::min(user_info.find(':'), user_info.size());
    const std::string_view password = user_info.substr(std::min(colon + 1, user_info.size()));
    return fmt::format("        auth: {{basic: {{user: {}, password: {}}}}}\n",
                       yaml_string(percent_decoded(user_info.substr(0, colon))),
                       yaml_string(percent_decoded(password)));
}

bool is_header(std::string_view name, std::string_view wanted) {
    return std::equal(name.begin(), name.end(), wanted.begin(), wanted.end(), [](char a, char b) {
        return std::tolower(static_cast<unsigned char>(a)) == b;
    });
}

std::string headers_text(const QuickRequest& request) {
    std::string text;
    bool has_type = request.content_type.empty();
    for (const auto& [name, value] : request.headers) {
        text += fmt::format("          {}: {}\n", yaml_string(name), yaml_string(value));
        has_type = has_type || is_header(name, "content-type");
    }
    if (!has_type) {
        text += fmt::format("          Content-Type: {}\n", yaml_string(request.content_type));
    }
    return text.empty() ? text : "        headers:\n" + text;
}

Result<std::string> method_of(const QuickRequest& request) {
    const bool body = request.body || !request.body_file.empty();
    std::string method = request.method.empty() ? (body ? "post" : "get") : request.method;
    std::transform(method.begin(), method.end(), method.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const auto known = request_methods();
    if (std::find(known.begin(), known.end(), method) == known.end()) {
        return Error{fmt::format("{} is not a method that can be sent", in_quotes(request.method)),
                     "-X/--request", fmt::format("one of {}", any_of(known))};
    }
    return method;
}

}  // namespace

Result<Scenario> scenario_for_url(std::string_view url, const QuickLoad& load,
                                  const QuickRequest& request) {
    const UrlParts parts = parts_of(url);
    const auto target = parse_target(parts.origin);
    if (!target) {
        return target.error();
    }
    const auto method = method_of(request);
    if (!method) {
        return method.error();
    }
    std::string text =
        fmt::format("name: {}\ntarget: {}\nusers:\n  user:\n    flow:\n      - {}: {}\n",
                    yaml_string(target->host), yaml_string(target->to_string()), *method,
                    yaml_string(parts.request));
    text += parts.user_info ? auth_text(*parts.user_info) : "";
    text += headers_text(request);
    if (!request.body_file.empty()) {
        text += fmt::format("        body: {{file: {}}}\n", yaml_string(request.body_file));
    } else if (request.body) {
        text += fmt::format("        body: {}\n", yaml_string(*request.body));
    }
    text += fmt::format("load:\n  - {}\n", load_text(load));
    auto outcome = parse_scenario(text, {});
    if (!outcome.scenario) {
        const Fault& fault = outcome.faults.front();
        return Error{fault.what, fault.path, fault.hint};
    }
    return *std::move(outcome.scenario);
}

void override_load(Scenario& scenario, const QuickLoad& load) {
    scenario.load = {executor_for(load)};
}

}  // namespace plimsoll
