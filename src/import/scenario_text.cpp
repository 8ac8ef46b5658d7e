#include "import/scenario_text.hpp"

#include "base/units.hpp"
#include "import/bodies.hpp"
#include "import/yaml_text.hpp"

#include <algorithm>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace plimsoll::import {
namespace {

template <typename Holds>
bool everywhere(const Draft& draft, const Holds& holds) {
    return std::all_of(draft.users.begin(), draft.users.end(), [&](const DraftUser& user) {
        return std::all_of(user.steps.begin(), user.steps.end(), holds);
    });
}

bool same_everywhere(const Draft& draft, const std::pair<std::string, std::string>& header) {
    return everywhere(draft, [&](const DraftStep& step) {
        return std::find(step.headers.begin(), step.headers.end(), header) != step.headers.end();
    });
}

// How many redirects all steps follow, where that is the same number; taken out of them.
std::optional<unsigned> take_redirects(Draft& draft) {
    const auto first = draft.users.front().steps.front().redirects;
    if (!first ||
        !everywhere(draft, [&](const DraftStep& step) { return step.redirects == first; })) {
        return std::nullopt;
    }
    for (DraftUser& user : draft.users) {
        for (DraftStep& step : user.steps) {
            step.redirects.reset();
        }
    }
    return first;
}

bool once_everywhere(const Draft& draft, const std::string& name) {
    return std::all_of(draft.users.begin(), draft.users.end(), [&](const DraftUser& user) {
        return std::all_of(user.steps.begin(), user.steps.end(), [&](const DraftStep& step) {
            return std::count_if(step.headers.begin(), step.headers.end(),
                                 [&](const auto& header) { return header.first == name; }) == 1;
        });
    });
}

// Takes the headers that every step has once out of them: a step's own header replaces all of that
// name.
Pairs take_common(Draft& draft, std::size_t steps) {
    Pairs common;
    if (steps < 2) {
        return common;
    }
    for (const auto& header : draft.users.front().steps.front().headers) {
        if (same_everywhere(draft, header) && once_everywhere(draft, header.first)) {
            common.push_back(header);
        }
    }
    for (DraftUser& user : draft.users) {
        for (DraftStep& step : user.steps) {
            std::erase_if(step.headers, [&](const auto& header) {
                return std::find(common.begin(), common.end(), header) != common.end();
            });
        }
    }
    return common;
}

// A map whose names may stand several times, beside each other: those become lists.
std::string lists_text(const std::vector<std::pair<std::string, std::string>>& entries,
                       int indent) {
    std::string text;
    for (std::size_t at = 0; at < entries.size();) {
        const auto& name = entries[at].first;
        std::size_t end = at + 1;
        while (end < entries.size() && entries[end].first == name) {
            ++end;
        }
        text += fmt::format("{:{}}{}:", "", indent, yaml_scalar(name));
        if (end == at + 1) {
            text += fmt::format(" {}\n", entries[at].second);
        } else {
            text += '\n';
            for (std::size_t one = at; one < end; ++one) {
                text += fmt::format("{:{}}- {}\n", "", indent + 2, entries[one].second);
            }
        }
        at = end;
    }
    return text;
}

std::string headers_text(const Pairs& headers, int indent) {
    Pairs written = headers;
    for (auto& [name, value] : written) {
        value = yaml_scalar(value);
    }
    return lists_text(written, indent);
}

std::string part_text(const DraftPart& part) {
    if (!part.bytes && part.file_name.empty() && part.type.empty()) {
        return yaml_quoted(part.value);
    }
    std::string text = part.bytes ? fmt::format("{{base64: \"{}\"", to_base64(part.value))
                                  : fmt::format("{{text: {}", yaml_quoted(part.value));
    if (!part.file_name.empty()) {
        text += fmt::format(", name: {}", yaml_quoted(as_literal(part.file_name)));
    }
    if (!part.type.empty()) {
        text += fmt::format(", type: {}", yaml_quoted(as_literal(part.type)));
    }
    return text + "}";
}

std::string body_text(const DraftStep& step) {
    Pairs entries;
    switch (step.body) {
        case DraftStep::Body::None:
            break;
        case DraftStep::Body::Json:
            return fmt::format("        json:{}\n", yaml_block(step.json, 8));
        case DraftStep::Body::Form:
            for (const auto& [name, value] : step.form) {
                entries.emplace_back(name, yaml_quoted(value));
            }
            return "        form:\n" + lists_text(entries, 10);
        case DraftStep::Body::Multipart:
            for (const DraftPart& part : step.parts) {
                entries.emplace_back(part.name, part_text(part));
            }
            return "        multipart:\n" + lists_text(entries, 10);
        case DraftStep::Body::Text:
            return fmt::format("        body: {}\n", yaml_text(step.text, 8));
        case DraftStep::Body::Bytes:
            return fmt::format("        body: {{base64: \"{}\"}}\n", to_base64(step.text));
    }
    return {};
}

std::string step_text(const DraftStep& step) {
    std::string text = fmt::format("      - {}: {}\n", step.method, yaml_scalar(step.path));
    if (!step.name.empty()) {
        text += fmt::format("        name: {}\n", yaml_scalar(step.name));
    }
    if (!step.headers.empty()) {
        text += "        headers:\n" + headers_text(step.headers, 10);
    }
    if (step.basic) {
        text += fmt::format("        auth: {{basic: {{user: {}, password: {}}}}}\n",
                            yaml_quoted(step.basic->first), yaml_quoted(step.basic->second));
    }
    text += body_text(step);
    if (step.statuses.size() == 1) {
        text += fmt::format("        expect: {{status: {}}}\n", step.statuses.front());
    } else if (!step.statuses.empty()) {
        text += fmt::format("        expect: {{status: [{}]}}\n", fmt::join(step.statuses, ", "));
    }
    if (!step.captures.empty()) {
        text += "        capture:\n";
        for (const auto& [variable, pointer] : step.captures) {
            text += fmt::format("          {}: {{json: {}}}\n", variable, yaml_quoted(pointer));
        }
    }
    if (step.redirects) {
        text += fmt::format("        redirects: {}\n", *step.redirects);
    }
    if (step.think > Nanoseconds{}) {
        text += fmt::format("        think: {}\n", format_duration(step.think));
    }
    return text;
}

Nanoseconds longest_thinking(const Draft& draft) {
    Nanoseconds longest{};
    for (const DraftUser& user : draft.users) {
        Nanoseconds whole{};
        for (const DraftStep& step : user.steps) {
            whole += step.think;
        }
        longest = std::max(longest, whole);
    }
    return longest;
}

std::string load_text(const Draft& draft) {
    const Nanoseconds thinking = longest_thinking(draft);
    if (thinking <= Nanoseconds{}) {
        return "# A small load to begin with: so many iterations of the flow a second.\n"
               "load:\n"
               "  - {executor: constant-arrival-rate, rate: 5/s, duration: 30s, max_vus: 100}\n";
    }
    // Long enough for every user to get through the flow at least twice.
    const auto minutes = 1 + std::chrono::duration_cast<std::chrono::minutes>(2 * thinking).count();
    return fmt::format(
        "# A small load to begin with: so many users, each as fast as the recorded one.\n"
        "load:\n"
        "  - {{executor: constant-vus, vus: 10, duration: {}m}}\n",
        minutes);
}

std::string head_text(const Draft& draft, const std::vector<std::string>& environment) {
    std::string text =
        "# yaml-language-server: $schema=plimsoll.schema.json\n"
        "# (for editors: plimsoll schema > plimsoll.schema.json)\n#\n";
    text += fmt::format("# Made from {}. Look it over before it runs: load, expectations, data.\n",
                        draft.origin);
    for (const std::string& note : draft.notes) {
        text += fmt::format("#   {}\n", note);
    }
    if (!environment.empty()) {
        text += "#\n# Credentials are not in this file. Set them before it runs:\n";
        for (const std::string& name : environment) {
            text += fmt::format("#   export {}=...\n", name);
        }
    }
    return text;
}

}  // namespace

std::string scenario_text(Draft draft, std::size_t steps) {
    const Pairs common = take_common(draft, steps);
    const auto redirects = take_redirects(draft);
    std::string text = head_text(draft, draft.secrets.names());
    const bool fixed = draft.target.find("${") == std::string::npos;
    text += fmt::format(
        "\ntarget: {}\n",
        yaml_scalar(fixed ? fmt::format("${{env.TARGET:-{}}}", draft.target) : draft.target));
    if (!common.empty() || redirects) {
        text += "\ndefaults:\n";
    }
    if (!common.empty()) {
        text += "  headers:\n" + headers_text(common, 4);
    }
    if (redirects) {
        text += fmt::format("  redirects: {}\n", *redirects);
    }
    text += "\nusers:\n";
    for (const DraftUser& user : draft.users) {
        text += fmt::format("  {}:\n", yaml_scalar(user.name));
        if (user.weight != 1) {
            text += fmt::format("    weight: {}\n", user.weight);
        }
        text += "    flow:\n";
        for (const DraftStep& step : user.steps) {
            text += step_text(step);
        }
    }
    text += "\n" + load_text(draft);
    return text + "\nthresholds:\n  http_req_failed: rate<1%\n";
}

}  // namespace plimsoll::import
