// A plan as a scenario that is known to be valid.
#include "import/script/plan.hpp"
#include "import/script/step_yaml.hpp"
#include "scenario/parse.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace plimsoll::import::script {
namespace {

// Marks of steps are above 0, thresholds' below; the load's is this.
constexpr int kLoadMark = 1'000'000'000;

struct Rendered {
    YamlText yaml;
    std::vector<Step*> order;
};

std::vector<std::string> environment_of(const Plan& plan) {
    std::vector<std::string> names(plan.environment.begin(), plan.environment.end());
    for (const std::string& name : plan.secrets.names()) {
        if (std::find(names.begin(), names.end(), name) == names.end()) {
            names.push_back(name);
        }
    }
    return names;
}

std::vector<std::string> note_lines(const Plan& plan) {
    auto sorted = plan.notes;
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    const auto of_lines = static_cast<std::size_t>(std::count_if(
        sorted.begin(), sorted.end(), [](const auto& note) { return note.first > 0; }));
    std::vector<std::string> lines;
    for (const auto& [line, text] : sorted) {
        lines.push_back(one_line(line > 0 ? fmt::format("line {}: {}", line, text) : text));
    }
    if (of_lines > 0) {
        lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(lines.size() - of_lines),
                     fmt::format("{} of the script {} left out or changed, by line:",
                                 of_lines == 1 ? "1 thing" : fmt::format("{} things", of_lines),
                                 of_lines == 1 ? "was" : "were"));
    }
    return lines;
}

std::string head(const Plan& plan) {
    std::string text =
        "# yaml-language-server: $schema=plimsoll.schema.json\n"
        "# (for editors: plimsoll schema > plimsoll.schema.json)\n#\n";
    text += fmt::format("# Made from {}. Look it over before it runs: load, expectations, data.\n",
                        one_line(plan.origin));
    for (const std::string& note : note_lines(plan)) {
        text += fmt::format("#   {}\n", note);
    }
    const auto environment = environment_of(plan);
    if (!environment.empty()) {
        text += "#\n# These are not in this file. Set them before it runs:\n";
        for (const std::string& name : environment) {
            text += fmt::format("#   export {}=...\n", name);
        }
    }
    return text;
}

Yaml users_yaml(const Plan& plan, std::vector<Step*>& order) {
    Yaml users = Yaml::map();
    for (const PlanUser& user : plan.users) {
        if (!does_something(user.flow)) {
            continue;
        }
        Yaml one = Yaml::map();
        if (user.weight != 1) {
            one.add("weight", Yaml::plain(std::to_string(user.weight)));
        }
        if (!user.pacing.empty()) {
            one.add("pacing", user.pacing);
        }
        if (does_something(user.start)) {
            one.add("user_start", steps_yaml(user.start, order));
        }
        one.add("flow", steps_yaml(user.flow, order));
        if (does_something(user.stop)) {
            one.add("user_stop", steps_yaml(user.stop, order));
        }
        users.add(user.name, std::move(one));
    }
    return users;
}

Yaml load_yaml(const Plan& plan, const Yaml& users) {
    Yaml load = Yaml::list();
    const auto written = [&](const std::string& name) {
        return std::any_of(users.entries.begin(), users.entries.end(),
                           [&](const auto& user) { return user.first == name; });
    };
    for (const PlanExecutor& executor : plan.load) {
        Yaml names = Yaml::list({}, true);
        for (const std::string& name : executor.users) {
            if (written(name)) {
                names.add(Yaml::text_of(name));
            }
        }
        if (!executor.users.empty() && names.entries.empty()) {
            continue;
        }
        Yaml one = Yaml::map(executor.keys);
        if (!executor.users.empty() && names.entries.size() < users.entries.size()) {
            one.add("users", std::move(names));
        }
        load.add(std::move(one));
    }
    if (load.entries.empty()) {
        load.add(Yaml::map({{"executor", Yaml::plain("constant-vus")},
                            {"vus", Yaml::plain("1")},
                            {"duration", Yaml::plain("30s")}}));
        load.comments.emplace_back("A small load to begin with.");
    }
    load.mark = kLoadMark;
    return load;
}

Yaml thresholds_yaml(const Plan& plan) {
    Yaml thresholds = Yaml::map();
    for (std::size_t at = 0; at < plan.thresholds.size(); ++at) {
        const PlanThreshold& one = plan.thresholds[at];
        const auto same = std::find_if(thresholds.entries.begin(), thresholds.entries.end(),
                                       [&](const auto& entry) { return entry.first == one.key; });
        Yaml value = one.value;
        value.mark = -static_cast<int>(at) - 1;
        if (same == thresholds.entries.end()) {
            const int mark = value.mark;
            thresholds.add(one.key, Yaml::list({std::move(value)})).mark = mark;
        } else {
            same->second.add(std::move(value));
        }
    }
    return thresholds;
}

// What was asked for by values that no step needs after all.
void forget_unused(Plan& plan, const std::string& text) {
    const auto used = [&](const std::string& name) {
        for (std::size_t at = text.find("env." + name); at != std::string::npos;
             at = text.find("env." + name, at + 1)) {
            const char after = text[at + 4 + name.size()];
            if (after == '}' || after == ' ' || after == ')' || after == ',' || after == ':') {
                return true;
            }
        }
        return false;
    };
    std::erase_if(plan.environment, [&](const std::string& name) { return !used(name); });
    std::erase_if(plan.notes, [&](const auto& note) {
        constexpr std::string_view kAsks = ": set ";
        const std::size_t at = note.second.rfind(kAsks);
        return at != std::string::npos && !used(note.second.substr(at + kAsks.size()));
    });
}

Rendered render(Plan& plan) {
    Rendered rendered;
    Yaml file = Yaml::map();
    file.add("target", Yaml::text_of(plan.target));
    if (!plan.http.empty()) {
        file.add("http", Yaml::map(plan.http));
    }
    if (!plan.data.empty()) {
        file.add("data", Yaml::map(plan.data));
    }
    for (const auto* const part : {&plan.setup, &plan.teardown}) {
        if (does_something(*part)) {
            file.add(part == &plan.setup ? "setup" : "teardown", steps_yaml(*part, rendered.order));
        }
    }
    Yaml users = users_yaml(plan, rendered.order);
    Yaml load = load_yaml(plan, users);
    file.add("users", std::move(users));
    file.add("load", std::move(load));
    if (!plan.thresholds.empty()) {
        file.add("thresholds", thresholds_yaml(plan));
    }
    forget_unused(plan, print(file, "").text);
    rendered.yaml = print(file, head(plan));
    return rendered;
}

// What a variable that must be set counts as while the text is checked.
thread_local const std::vector<std::string>* required_names = nullptr;
thread_local const std::string* target_of_plan = nullptr;
const char* environment_for_check(const char* name) {
    const bool required =
        std::find(required_names->begin(), required_names->end(), name) != required_names->end();
    if (!required) {
        return nullptr;
    }
    const bool of_target = target_of_plan->find(fmt::format("${{env.{}}}", name)) == 0;
    return of_target ? "http://127.0.0.1:1" : "1";
}

std::vector<Fault> faults_of(const Plan& plan, const std::string& text) {
    const auto names = environment_of(plan);
    required_names = &names;
    target_of_plan = &plan.target;
    ParseOptions options;
    options.file_name = plan.folder.empty() ? "scenario.yaml" : plan.folder + "/scenario.yaml";
    options.env = environment_for_check;
    auto parsed = parse_scenario(text, options);
    required_names = nullptr;
    target_of_plan = nullptr;
    return parsed.scenario ? std::vector<Fault>{} : std::move(parsed.faults);
}

int mark_at(const YamlText& yaml, int line) {
    int mark = 0;
    for (const auto& [begin, one] : yaml.marks) {
        mark = begin <= line ? one : mark;
    }
    return mark;
}

std::string without_line_end(const Fault& fault) {
    return fault.path.substr(fault.path.rfind('.') + 1) + " " + fault.what;
}

// Takes out what one fault is about; false where that cannot be told.
bool mend(Plan& plan, const Rendered& rendered, const Fault& fault, std::vector<int>& gone) {
    const int mark = mark_at(rendered.yaml, fault.line);
    if (mark == 0 || std::find(gone.begin(), gone.end(), mark) != gone.end()) {
        return mark != 0;
    }
    gone.push_back(mark);
    if (mark == kLoadMark) {
        const bool had = !plan.load.empty();
        plan.load.clear();
        plan.note(0, fmt::format("the load is not the script's: {}", without_line_end(fault)));
        return had;
    }
    if (mark < 0) {
        const PlanThreshold& one = plan.thresholds[static_cast<std::size_t>(-mark - 1)];
        plan.note(one.line, fmt::format("left out: the threshold {} {}: {}", one.key,
                                        one.value.kind == Yaml::Kind::Scalar ? one.value.text : "",
                                        fault.what));
        return true;
    }
    Step& step = *rendered.order[static_cast<std::size_t>(mark) - 1];
    const std::string what =
        fmt::format("left out: a {} that cannot be written: {}",
                    step.kind == Step::Kind::Request ? "request" : "step", without_line_end(fault));
    step.dropped = true;
    step.remarks.push_back(fmt::format("line {}: {}", step.line, what));
    plan.note(step.line, what);
    return true;
}

}  // namespace

void Plan::note(int line, const std::string& text) {
    const std::pair<int, std::string> one{line, text};
    constexpr std::size_t kMost = 1'000;
    if (notes.size() < kMost && std::find(notes.begin(), notes.end(), one) == notes.end()) {
        notes.push_back(one);
    }
}

Result<Imported> write(Plan plan) {
    constexpr int kMostRounds = 50;
    std::vector<Fault> faults;
    for (int round = 0; round < kMostRounds; ++round) {
        Imported imported;
        for (const PlanUser& user : plan.users) {
            imported.steps +=
                count_requests(user.start) + count_requests(user.flow) + count_requests(user.stop);
        }
        imported.steps += count_requests(plan.setup) + count_requests(plan.teardown);
        const bool any = std::any_of(plan.users.begin(), plan.users.end(), [](const auto& user) {
            return count_requests(user.flow) > 0;
        });
        if (!any) {
            const auto notes = note_lines(plan);
            return Error{
                "holds no request that could be read", {}, notes.empty() ? "" : notes.back()};
        }
        const Rendered rendered = render(plan);
        faults = faults_of(plan, rendered.yaml.text);
        if (faults.empty()) {
            imported.text = rendered.yaml.text;
            imported.environment = environment_of(plan);
            imported.notes = note_lines(plan);
            return imported;
        }
        std::vector<int> gone;
        bool mended = false;
        for (const Fault& fault : faults) {
            mended = mend(plan, rendered, fault, gone) || mended;
        }
        std::sort(gone.begin(), gone.end());
        for (const int mark : gone) {  // the last thresholds first
            if (mark < 0) {
                plan.thresholds.erase(plan.thresholds.begin() + (-mark - 1));
            }
        }
        if (!mended) {
            break;
        }
    }
    return Error{fmt::format("came to a scenario that is not valid: {}: {}", faults.front().path,
                             faults.front().what),
                 {},
                 {}};
}

}  // namespace plimsoll::import::script
