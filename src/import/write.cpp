// A draft as the text of a scenario file.
#include "base/units.hpp"
#include "import/draft.hpp"
#include "import/yaml_text.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace plimsoll::import {
namespace {

bool same_everywhere(const Draft& draft, const std::pair<std::string, std::string>& header) {
    for (const DraftUser& user : draft.users) {
        for (const DraftStep& step : user.steps) {
            if (std::find(step.headers.begin(), step.headers.end(), header) == step.headers.end()) {
                return false;
            }
        }
    }
    return true;
}

// Takes the headers that every step has out of them.
Pairs take_common(Draft& draft, std::size_t steps) {
    Pairs common;
    if (steps < 2) {
        return common;
    }
    for (const auto& header : draft.users.front().steps.front().headers) {
        if (same_everywhere(draft, header)) {
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

std::string map_text(const Pairs& pairs, int indent) {
    std::string text;
    for (const auto& [key, value] : pairs) {
        text += fmt::format("{:{}}{}: {}\n", "", indent, yaml_scalar(key), yaml_scalar(value));
    }
    return text;
}

std::string body_text(const DraftStep& step) {
    switch (step.body) {
        case DraftStep::Body::None:
            break;
        case DraftStep::Body::Json:
            return fmt::format("        json:{}\n", yaml_block(step.json, 8));
        case DraftStep::Body::Form: {
            std::string text = "        form:\n";
            for (const auto& [name, value] : step.form) {
                text += fmt::format("          {}: {}\n", yaml_scalar(name), yaml_quoted(value));
            }
            return text;
        }
        case DraftStep::Body::Text:
            return fmt::format("        body: {}\n", yaml_quoted(step.text));
    }
    return {};
}

std::string step_text(const DraftStep& step) {
    std::string text = fmt::format("      - {}: {}\n", step.method, yaml_scalar(step.path));
    if (!step.name.empty()) {
        text += fmt::format("        name: {}\n", yaml_scalar(step.name));
    }
    if (!step.headers.empty()) {
        text += "        headers:\n" + map_text(step.headers, 10);
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

// Nothing of the input may end a comment.
void tidy(std::string& line) {
    std::replace_if(
        line.begin(), line.end(),
        [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, ' ');
}

}  // namespace

Result<Imported> write(Draft draft) {
    std::erase_if(draft.users, [](const DraftUser& user) { return user.steps.empty(); });
    Imported imported;
    for (const DraftUser& user : draft.users) {
        imported.steps += user.steps.size();
    }
    if (imported.steps == 0) {
        return Error{
            "holds no request to import", {}, draft.notes.empty() ? "" : draft.notes.front()};
    }
    tidy(draft.origin);
    std::for_each(draft.notes.begin(), draft.notes.end(), tidy);
    const Pairs common = take_common(draft, imported.steps);
    imported.environment = draft.secrets.names();
    imported.notes = draft.notes;
    std::string& text = imported.text;
    text = head_text(draft, imported.environment);
    const bool fixed = draft.target.find("${") == std::string::npos;
    text += fmt::format(
        "\ntarget: {}\n",
        yaml_scalar(fixed ? fmt::format("${{env.TARGET:-{}}}", draft.target) : draft.target));
    if (!common.empty()) {
        text += "\ndefaults:\n  headers:\n" + map_text(common, 4);
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
    text += "\nthresholds:\n  http_req_failed: rate<1%\n";
    return imported;
}

}  // namespace plimsoll::import
