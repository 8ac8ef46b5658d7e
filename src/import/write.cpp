// From a draft to a scenario that is valid.
#include "import/draft.hpp"
#include "import/scenario_text.hpp"
#include "scenario/parse.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

#include <fmt/format.h>

namespace plimsoll::import {
namespace {

// Nothing of the input may end a comment.
void tidy(std::string& line) {
    std::replace_if(
        line.begin(), line.end(),
        [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, ' ');
}

// Steps that a scenario cannot hold, as (user, step); nullopt where something else is wrong.
using Places = std::set<std::pair<std::size_t, std::size_t>>;
std::optional<Places> refused_steps(const Draft& draft, const std::vector<Fault>& faults) {
    Places places;
    for (const Fault& fault : faults) {
        bool found = false;
        for (std::size_t user = 0; user < draft.users.size(); ++user) {
            const std::string before = fmt::format("users.{}.flow[", draft.users[user].name);
            std::size_t step = 0;
            if (!fault.path.starts_with(before)) {
                continue;
            }
            const char* const end = fault.path.data() + fault.path.size();
            const auto read = std::from_chars(fault.path.data() + before.size(), end, step);
            if (read.ec == std::errc{} && step < draft.users[user].steps.size()) {
                places.emplace(user, step);
                found = true;
            }
        }
        if (!found) {
            return std::nullopt;
        }
    }
    return places.empty() ? std::nullopt : std::optional(std::move(places));
}

// Where an environment variable is looked up, a function without state must do: the samples of the
// text that this thread checks.
const std::map<std::string, std::string>*& samples_in_use() {
    thread_local const std::map<std::string, std::string>* samples = nullptr;
    return samples;
}

std::vector<Fault> faults_of(const std::string& text,
                             const std::map<std::string, std::string>& samples) {
    samples_in_use() = &samples;
    const auto environment = [](const char* name) -> const char* {
        const auto& known = *samples_in_use();
        const auto sample = known.find(name);
        return sample != known.end()                ? sample->second.c_str()
               : std::string_view(name) == "TARGET" ? nullptr
                                                    : "http://127.0.0.1:1";
    };
    ParseOutcome parsed = parse_scenario(text, {"scenario.yaml", environment});
    samples_in_use() = nullptr;
    return parsed.scenario ? std::vector<Fault>{} : std::move(parsed.faults);
}

std::size_t count_steps(const Draft& draft) {
    std::size_t steps = 0;
    for (const DraftUser& user : draft.users) {
        steps += user.steps.size();
    }
    return steps;
}

// A scenario has at most 100,000 values: large bodies become text, the largest first.
void fit(Draft& draft) {
    constexpr std::size_t kMostValues = 60'000;
    std::size_t whole = 0;
    std::vector<std::pair<std::size_t, DraftStep*>> trees;
    for (DraftUser& user : draft.users) {
        for (DraftStep& step : user.steps) {
            whole += 20;
            if (step.body == DraftStep::Body::Json) {
                trees.emplace_back(step.json.size(), &step);
                whole += trees.back().first;
            }
        }
    }
    std::stable_sort(trees.begin(), trees.end(),
                     [](const auto& a, const auto& b) { return a.first > b.first; });
    for (auto& [size, step] : trees) {
        if (whole <= kMostValues) {
            return;
        }
        whole -= size;
        step->body = DraftStep::Body::Text;
        step->text = compact(step->json);
        const bool typed =
            std::any_of(step->headers.begin(), step->headers.end(),
                        [](const auto& header) { return header.first == "Content-Type"; });
        if (!typed) {
            step->headers.emplace_back("Content-Type", "application/json");
        }
    }
}

}  // namespace

Result<Imported> write(Draft draft) {
    Imported imported;
    tidy(draft.origin);
    fit(draft);
    while (true) {
        std::erase_if(draft.users, [](const DraftUser& user) { return user.steps.empty(); });
        imported.steps = count_steps(draft);
        if (imported.steps == 0) {
            return Error{
                "holds no request to import", {}, draft.notes.empty() ? "" : draft.notes.front()};
        }
        std::for_each(draft.notes.begin(), draft.notes.end(), tidy);
        imported.text = scenario_text(draft, imported.steps);
        const auto faults = faults_of(imported.text, draft.samples);
        if (faults.empty()) {
            break;
        }
        const auto refused = refused_steps(draft, faults);
        if (!refused) {
            return Error{fmt::format("comes to a scenario that is not valid: {}: {}",
                                     faults.front().path, faults.front().what),
                         {},
                         faults.front().hint};
        }
        for (auto place = refused->rbegin(); place != refused->rend(); ++place) {
            auto& steps = draft.users[place->first].steps;
            steps.erase(steps.begin() + static_cast<std::ptrdiff_t>(place->second));
        }
        draft.notes.push_back("left out: " +
                              counted(refused->size(), "request that a scenario cannot hold"));
    }
    imported.environment = draft.secrets.names();
    imported.notes = draft.notes;
    imported.samples = draft.samples;
    return imported;
}

}  // namespace plimsoll::import
