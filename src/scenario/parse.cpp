#include "scenario/parse.hpp"

#include "scenario/parts.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <tuple>

#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr std::array<std::string_view, 9> kTopKeys{
    "name", "target", "defaults", "users", "load", "thresholds", "sla", "probes", "export"};
constexpr std::array<std::string_view, 5> kTopLater{"data", "setup", "teardown", "tags", "include"};

void sort_and_join(std::vector<Fault>& faults) {
    std::stable_sort(faults.begin(), faults.end(), [](const Fault& a, const Fault& b) {
        return std::tie(a.line, a.column) < std::tie(b.line, b.column);
    });
    // An alias is read at every place it stands; its faults are one.
    const auto same = [](const Fault& a, const Fault& b) {
        return a.line == b.line && a.column == b.column && a.what == b.what;
    };
    faults.erase(std::unique(faults.begin(), faults.end(), same), faults.end());
}

std::string read_name(const Fields& fields, const std::string& file_name) {
    const auto item = fields.get("name");
    if (!item) {
        return std::filesystem::path(file_name).stem().string();
    }
    const auto name = item->text("a name").value_or("scenario");
    const bool fits = !name.empty() && name.size() <= 100 &&
                      std::none_of(name.begin(), name.end(), [](unsigned char c) {
                          return c < 0x20 || c == 0x7F || c == '/';
                      });
    if (!fits) {
        item->fault("must be 1 to 100 characters on one line, without /",
                    "run folders carry this name");
    }
    return name;
}

void read_target(const Fields& fields, bool required, Scenario& scenario) {
    constexpr const char* kExample = "target: http://127.0.0.1:8080";
    const auto item = required ? fields.require("target", kExample) : fields.get("target");
    const auto text = item ? item->text("a URL") : std::nullopt;
    if (!text) {
        return;
    }
    auto target = parse_target(*text);
    if (!target) {
        item->fault(target.error());
        return;
    }
    scenario.target = *std::move(target);
}

void read_load_side(const Fields& fields, const StepDefaults& defaults, Scenario& scenario,
                    std::vector<Secret>& secrets) {
    if (const auto users = fields.require("users", "users: {reader: {flow: [{get: /health}]}}")) {
        read_users(*users, defaults, scenario, secrets);
    }
    constexpr const char* kLoadExample = "load: [{executor: constant-vus, vus: 50, duration: 30s}]";
    if (const auto load = fields.require("load", kLoadExample)) {
        scenario.load = read_load(*load, scenario.users);
    }
    if (const auto thresholds = fields.get("thresholds")) {
        scenario.thresholds = read_thresholds(*thresholds, scenario);
    }
    if (const auto sla = fields.get("sla")) {
        for (Threshold& threshold : read_sla(*sla, scenario)) {
            scenario.thresholds.push_back(std::move(threshold));
        }
    }
}

void read_all(const Item& root, const ParseOptions& options, Scenario& scenario,
              std::vector<Secret>& secrets) {
    const Fields fields(root, {kTopKeys, kTopLater});
    scenario.name = read_name(fields, options.file_name);
    read_target(fields, !options.probes_only || fields.has("users"), scenario);
    const auto defaults_item = fields.get("defaults");
    const StepDefaults defaults =
        defaults_item ? read_defaults(*defaults_item, secrets) : StepDefaults{};
    if (!options.probes_only || fields.has("users") || fields.has("load")) {
        read_load_side(fields, defaults, scenario, secrets);
    }
    if (const auto probes = fields.get("probes")) {
        scenario.probes = read_probes(*probes, secrets);
    }
    if (const auto exports = fields.get("export")) {
        scenario.exports = read_export(*exports);
    }
}

}  // namespace

ParseOutcome parse_scenario(std::string_view yaml, const ParseOptions& options) {
    ParseOutcome outcome;
    ReadContext context;
    context.env = options.env;
    context.folder = std::filesystem::path(options.file_name).parent_path().string();
    context.on_map = options.on_map;
    YamlDocument document = read_yaml(yaml);
    context.faults = std::move(document.faults);
    Scenario scenario;
    std::vector<Secret> secrets;
    if (document.root) {
        const Item root = Item::root(context, document.root);
        if (root.is_map()) {
            note_duplicate_keys(root);
            read_all(root, options, scenario, secrets);
        } else if (context.faults.empty()) {
            root.fault("must be a map with target, users and load",
                       "examples/quickstart.yaml is one to start from");
        }
    }
    outcome.faults = std::move(context.faults);
    sort_and_join(outcome.faults);
    if (outcome.faults.empty()) {
        scenario.text = redact(yaml, secrets);
        outcome.scenario = std::move(scenario);
    }
    return outcome;
}

std::string format_faults(const std::vector<Fault>& faults, std::string_view file_name) {
    std::string text;
    for (const Fault& fault : faults) {
        text += fmt::format("{}:{}:{}: ", file_name, fault.line, fault.column);
        if (!fault.path.empty()) {
            text += fault.path + ": ";
        }
        text += fault.what + "\n";
        if (!fault.hint.empty()) {
            text += fmt::format("  hint: {}\n", fault.hint);
        }
    }
    text += fmt::format("{} problem{} in {}; nothing was sent.\n", faults.size(),
                        faults.size() == 1 ? "" : "s", file_name);
    return text;
}

}  // namespace plimsoll
