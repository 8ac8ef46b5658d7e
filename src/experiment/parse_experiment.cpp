// From YAML to a validated Experiment.
#include "experiment/experiment.hpp"
#include "lab/fault_catalogue.hpp"
#include "net/url.hpp"
#include "scenario/reader.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <tuple>

#include <fmt/format.h>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;

constexpr std::array<std::string_view, 12> kTopKeys{"name",   "rules",   "faults", "scenario",
                                                    "rate",   "healthy", "fault",  "settle",
                                                    "repeat", "seed",    "scrape", "evaluation"};
constexpr std::array<std::string_view, 4> kFaultKeys{"name", "lab", "plant", "heal"};
constexpr std::array<std::string_view, 5> kMethods{"get", "post", "put", "patch", "delete"};
constexpr std::array<std::string_view, 7> kCallKeys{"get",    "post",    "put", "patch",
                                                    "delete", "headers", "body"};
constexpr const char* kFaultExample = "e.g. faults: [{lab: \"app-pool:size=2\"}]";
constexpr const char* kCallExample = "e.g. {post: http://127.0.0.1:9000/faults, body: slow}";
constexpr std::uint64_t kMostRepeats = 1000;
constexpr std::size_t kMostFaults = 100;

void read_headers(const Item& item, FaultCall& call) {
    if (!item.require_map("a map of headers", "e.g. headers: {Content-Type: application/json}")) {
        return;
    }
    for (const Item::Named& entry : item.named()) {
        const auto value = entry.item.secret_text("a header's value");
        if (value && !is_sendable({entry.name, *value})) {
            entry.item.at_key().fault("is no header that can be sent",
                                      "a name without blanks, and a value on one line");
        } else if (value) {
            call.headers.push_back({entry.name, *value});
        }
    }
}

/// {post: URL, headers: {...}, body: "..."}.
FaultCall read_call(const Item& item) {
    FaultCall call;
    if (!item.require_map("a call", kCallExample)) {
        return call;
    }
    const Fields fields(item, {kCallKeys});
    for (const std::string_view method : kMethods) {
        const auto url = fields.get(method);
        const auto text = url ? url->secret_text("a URL") : std::nullopt;
        if (!text) {
            continue;
        }
        if (!call.method.empty()) {
            url->at_key().fault("a call has one method", kCallExample);
        }
        if (const auto parsed = parse_url(*text); !parsed) {
            url->fault(Error{parsed.error().what, {}, kCallExample});
        }
        call.url = *text;
        std::transform(method.begin(), method.end(), std::back_inserter(call.method),
                       [](char c) { return static_cast<char>(c - 'a' + 'A'); });
    }
    const bool named = std::any_of(kMethods.begin(), kMethods.end(),
                                   [&](std::string_view each) { return fields.has(each); });
    if (!named && !fields.has_unknown()) {
        item.fault("must say where the call goes: get, post, put, patch or delete", kCallExample);
    }
    if (const auto headers = fields.get("headers")) {
        read_headers(*headers, call);
    }
    if (const auto body = fields.get("body")) {
        call.body = body->secret_text("a body").value_or("");
    }
    return call;
}

void read_lab_fault(const Item& item, ExperimentFault& fault) {
    const auto text = item.text("a fault of the lab");
    if (!text) {
        return;
    }
    const auto parsed = LabFault::parse(*text);
    if (!parsed) {
        item.fault(Error{parsed.error().what, {}, parsed.error().hint});
    } else if (parsed->name() == "none") {
        item.fault("plants nothing", "plimsoll lab --list-faults names all");
    }
    fault.lab = *text;
}

void read_name(const Fields& fields, ExperimentFault& fault) {
    fault.name = fault.lab;
    const auto name = fields.get("name");
    if (!name) {
        if (fault.lab.empty()) {
            static_cast<void>(fields.require("name", "name: slow-disk"));
        }
        return;
    }
    fault.name = name->text("a name").value_or("");
    const bool fits = !fault.name.empty() && fault.name.size() <= 100 &&
                      std::none_of(fault.name.begin(), fault.name.end(),
                                   [](unsigned char c) { return c < 0x20 || c == 0x7F; });
    if (!fits) {
        name->fault("must be 1 to 100 characters on one line");
    }
}

ExperimentFault read_fault(const Item& item) {
    ExperimentFault fault;
    if (!item.require_map("a fault: {lab: ...}, or {name, plant, heal}", kFaultExample)) {
        return fault;
    }
    const Fields fields(item, {kFaultKeys});
    const bool calls = fields.has("plant") || fields.has("heal");
    if (const auto lab = fields.get("lab")) {
        read_lab_fault(*lab, fault);
        if (calls) {
            lab->at_key().fault("stands alone: the lab plants and heals its faults itself",
                                "leave plant and heal out, or lab");
        }
    } else if (!calls && !fields.has_unknown()) {
        item.fault("must have lab, or plant and heal", kFaultExample);
    }
    if (calls) {
        if (const auto plant =
                fields.require("plant", "plant: {post: http://127.0.0.1:9000/slow}")) {
            fault.plant = read_call(*plant);
        }
        if (const auto heal =
                fields.require("heal", "heal: {delete: http://127.0.0.1:9000/slow}")) {
            fault.heal = read_call(*heal);
        }
    }
    read_name(fields, fault);
    return fault;
}

void read_faults(const Fields& fields, Experiment& out) {
    const auto item = fields.require("faults", "faults: [{lab: \"app-pool:size=2\"}]");
    if (!item) {
        return;
    }
    for (const Item& each : item->list("faults", kFaultExample)) {
        ExperimentFault fault = read_fault(each);
        const auto same = std::find_if(out.faults.begin(), out.faults.end(),
                                       [&](const auto& other) { return other.name == fault.name; });
        if (same != out.faults.end() && !fault.name.empty()) {
            each.fault(fmt::format("another fault is called {} already", fault.name),
                       "give one of them a name of its own: name: ...");
        }
        if (!out.faults.empty() && fault.lab.empty() != out.faults.front().lab.empty()) {
            each.fault("faults of the lab and calls to a service of yours do not mix",
                       "make two experiments of them");
        }
        out.faults.push_back(std::move(fault));
    }
    if (out.faults.size() > kMostFaults) {
        item->fault(
            fmt::format("must be at most {} faults, got {}", kMostFaults, out.faults.size()));
    }
}

void read_rules(const Item& item, Experiment& out) {
    const auto add = [&](const Item& each) {
        if (const auto file = each.text("a rule file")) {
            out.rules.push_back(item.context().path_of(*file));
        }
    };
    if (item.is_scalar()) {
        add(item);
        return;
    }
    for (const Item& each : item.list("rule files", "e.g. rules: [alerts/*.yml]")) {
        add(each);
    }
}

void read_stretch(const Fields& fields, std::string_view key, Nanoseconds least,
                  Nanoseconds& into) {
    const auto item = fields.get(key);
    const auto value = item ? item->duration() : std::nullopt;
    if (value && *value < least) {
        item->fault(fmt::format("must be at least {}, got {}", format_duration(least),
                                format_duration(*value)));
    }
    into = value.value_or(into);
}

void read_times(const Fields& fields, Experiment& out) {
    read_stretch(fields, "healthy", 5s, out.healthy);
    read_stretch(fields, "fault", 1s, out.fault);
    out.settle = out.healthy / 2;
    read_stretch(fields, "settle", 0s, out.settle);
    if (const auto settle = fields.get("settle"); settle && out.settle >= out.healthy) {
        settle->fault("must be shorter than healthy: after it, what fires is a false alarm");
    }
    read_stretch(fields, "scrape", 100ms, out.scrape);
    if (fields.has("evaluation")) {
        Nanoseconds evaluation = out.scrape;
        read_stretch(fields, "evaluation", 100ms, evaluation);
        out.evaluation = evaluation;
    }
}

void read_load(const Fields& fields, Experiment& out) {
    if (const auto scenario = fields.get("scenario")) {
        const auto file = scenario->text("a scenario file");
        out.scenario = file ? fields.map().context().path_of(*file) : "";
    } else if (!out.faults.empty() && out.faults.front().lab.empty()) {
        static_cast<void>(fields.require("scenario", "scenario: checkout.yaml"));
    }
    if (const auto rate = fields.get("rate")) {
        out.rate = rate->rate();
        if (out.rate && out.rate->per_second() <= 0) {
            rate->fault("must be above 0", "e.g. 100/s");
        }
    }
}

void read_all(const Item& root, Experiment& out) {
    const Fields fields(root, {kTopKeys});
    if (const auto name = fields.get("name")) {
        out.name = name->text("a name").value_or(out.name);
    }
    if (const auto rules = fields.get("rules")) {
        read_rules(*rules, out);
    }
    read_faults(fields, out);
    read_load(fields, out);
    read_times(fields, out);
    if (const auto repeat = fields.get("repeat")) {
        out.repeat = static_cast<std::uint32_t>(
            repeat->whole(1, kMostRepeats, "how often each fault is planted").value_or(1));
    }
    if (const auto seed = fields.get("seed")) {
        out.seed = seed->whole(0, UINT64_MAX).value_or(1);
    }
}

}  // namespace

ExperimentParse parse_experiment(std::string_view yaml, const ParseOptions& options) {
    ReadContext context;
    context.env = options.env;
    context.folder = std::filesystem::path(options.file_name).parent_path().string();
    context.on_map = options.on_map;
    YamlDocument document = read_yaml(yaml);
    context.faults = std::move(document.faults);
    Experiment experiment;
    experiment.name = std::filesystem::path(options.file_name).stem().string();
    if (document.root) {
        const Item root = Item::root(context, document.root);
        if (root.is_map()) {
            note_duplicate_keys(root);
            read_all(root, experiment);
        } else if (context.faults.empty()) {
            root.fault("must be a map with rules and faults", kFaultExample);
        }
    }
    ExperimentParse out;
    out.faults = std::move(context.faults);
    std::stable_sort(out.faults.begin(), out.faults.end(), [](const Fault& a, const Fault& b) {
        return std::tie(a.line, a.column) < std::tie(b.line, b.column);
    });
    if (out.faults.empty()) {
        out.experiment = std::move(experiment);
    }
    return out;
}

}  // namespace plimsoll
