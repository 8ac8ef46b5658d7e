#include "scenario/parse.hpp"

#include "scenario/parts.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <tuple>

#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr std::array<std::string_view, 16> kTopKeys{
    "name",  "target",   "tags", "include",    "defaults", "http", "data",   "setup",
    "users", "teardown", "load", "thresholds", "sla",      "find", "probes", "export"};

void sort_and_join(std::vector<Fault>& faults) {
    std::stable_sort(faults.begin(), faults.end(), [](const Fault& a, const Fault& b) {
        return std::tie(a.file, a.line, a.column) < std::tie(b.file, b.line, b.column);
    });
    // An alias, and the defaults of every user class, are read at every place they stand; their
    // faults are one.
    std::vector<Fault> once;
    for (Fault& fault : faults) {
        const bool known = std::any_of(once.rbegin(), once.rend(), [&](const Fault& other) {
            return fault.file == other.file && fault.line == other.line &&
                   fault.column == other.column && fault.what == other.what;
        });
        if (!known) {
            once.push_back(std::move(fault));
        }
    }
    faults = std::move(once);
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

void read_load_side(const Fields& fields, FlowReading& reading) {
    const Item& root = fields.map();
    Scenario& scenario = reading.scenario;
    if (const auto setup = fields.get("setup")) {
        read_once(*setup, root, "setup", scenario.setup, reading);
    }
    if (const auto users = fields.require("users", "users: {reader: {flow: [{get: /health}]}}")) {
        read_users(*users, root, reading);
    }
    if (const auto teardown = fields.get("teardown")) {
        read_once(*teardown, root, "teardown", scenario.teardown, reading);
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

// What flows refer to.
void read_ground(const Fields& fields, Scenario& scenario) {
    ReadContext& context = fields.map().context();
    if (const auto tags = fields.get("tags")) {
        scenario.tags = read_tags(*tags);
    }
    if (const auto http = fields.get("http")) {
        scenario.http = read_http(*http);
    }
    if (const auto data = fields.get("data")) {
        read_data(*data);
    }
    declare_variables(fields.map());
    scenario.data = context.data;
    scenario.variables = context.variables;
}

void read_all(const Item& root, const ParseOptions& options, Scenario& scenario,
              std::vector<Secret>& secrets) {
    const Fields fields(root, {kTopKeys});
    scenario.name = read_name(fields, options.file_name);
    root.context().scenario = scenario.name;
    read_target(fields, !options.probes_only || fields.has("users"), scenario);
    FlowReading reading{scenario, secrets};
    read_ground(fields, scenario);
    const auto users = fields.get("users");
    const bool per_class = users && users->is_map() && !users->node().entries.empty();
    if (const auto defaults = fields.get("defaults"); defaults && !per_class) {
        reading.defaults = read_defaults(*defaults, secrets);
    }
    if (!options.probes_only || fields.has("users") || fields.has("load")) {
        read_load_side(fields, reading);
    }
    if (const auto find = fields.get("find")) {
        scenario.find = read_find(*find);
    }
    if (const auto probes = fields.get("probes")) {
        scenario.probes = read_probes(*probes, secrets);
    }
    if (const auto exports = fields.get("export")) {
        scenario.exports = read_export(*exports, secrets);
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
    IncludedFiles included;
    if (document.root) {
        const bool map = document.root->kind == YamlNode::Kind::Map;
        if (map) {
            note_duplicate_keys(Item::root(context, document.root));
            included = join_included(context, document.root, options.file_name);
        }
        const Item root = Item::root(context, map ? included.root : document.root);
        if (map) {
            read_all(root, options, scenario, secrets);
        } else if (context.faults.empty()) {
            root.fault("must be a map with target, users and load",
                       "examples/quickstart.yaml is one to start from");
        }
    }
    outcome.faults = std::move(context.faults);
    sort_and_join(outcome.faults);
    if (outcome.faults.empty()) {
        find_secrets(document.root, secrets);
        for (std::size_t i = 0; i < included.texts.size(); ++i) {
            find_secrets(read_yaml(included.texts[i], static_cast<std::uint16_t>(i + 1)).root,
                         secrets);
        }
        scenario.secrets = secret_values(secrets, context.scope());
        scenario.text = redact(yaml, secrets);
        for (std::size_t i = 0; i < included.texts.size(); ++i) {
            scenario.text +=
                fmt::format("\n# {} (included):\n{}", context.files[i],
                            redact(included.texts[i], secrets, static_cast<std::uint16_t>(i + 1)));
        }
        outcome.scenario = std::move(scenario);
    }
    return outcome;
}

std::string format_faults(const std::vector<Fault>& faults, std::string_view file_name) {
    std::string text;
    for (const Fault& fault : faults) {
        text += fmt::format("{}:{}:{}: ", fault.file.empty() ? file_name : fault.file, fault.line,
                            fault.column);
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
