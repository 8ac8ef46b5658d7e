// Grafana-managed alerts in PromQL, as far as they can be told in it.
#include "alerts/rule_reading.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include <fmt/format.h>

namespace plimsoll {
namespace {

/// What a step of a rule gives. A series of each range query is still to be reduced to a number.
struct Step {
    std::string expression;
    std::string window;    // "[600s:15s]" of a range query; empty: numbers already
    bool boolean = false;  // there where it holds, and nowhere else
};

std::string reduced(const Step& step, const std::string& reducer) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kOverTime{
        {{"last", "last_over_time"},
         {"mean", "avg_over_time"},
         {"avg", "avg_over_time"},
         {"max", "max_over_time"},
         {"min", "min_over_time"},
         {"sum", "sum_over_time"},
         {"count", "count_over_time"}}};
    if (step.window.empty() && reducer != "count") {
        return step.expression;  // of a single number
    }
    for (const auto& [name, function] : kOverTime) {
        if (name == reducer && !step.window.empty()) {
            return fmt::format("{}(({}){})", function, step.expression, step.window);
        }
    }
    return {};
}

std::string threshold(const std::string& value, const std::string& type,
                      const std::vector<std::string>& params) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kSigns{
        {{"gt", ">"}, {"lt", "<"}, {"gte", ">="}, {"lte", "<="}, {"eq", "=="}, {"ne", "!="}}};
    for (const auto& [name, sign] : kSigns) {
        if (name == type && !params.empty()) {
            return fmt::format("({}) {} {}", value, sign, params[0]);
        }
    }
    if (params.size() < 2) {
        return {};
    }
    const std::string& low = params[0];
    const std::string& high = params[1];
    if (type == "within_range") {
        return fmt::format("(({}) > {}) < {}", value, low, high);
    }
    if (type == "outside_range") {
        return fmt::format("({0}) < {1} or ({0}) > {2}", value, low, high);
    }
    return {};
}

std::vector<std::string> texts_of(const YamlNode* list) {
    std::vector<std::string> out;
    if (list != nullptr) {
        for (const YamlNodePtr& item : list->items) {
            out.push_back(item->text);
        }
    }
    return out;
}

const YamlNode* child(const YamlNode* map, std::string_view key) {
    return map == nullptr ? nullptr : value_of(*map, key);
}
std::string text(const YamlNode* map, std::string_view key) {
    return map == nullptr ? std::string{} : text_of(*map, key);
}

class Translator {
public:
    explicit Translator(const YamlNode& rule) : data_(value_of(rule, "data")) {}

    /// The expression that has a value wherever the rule's condition holds; empty: `why` says why
    /// there is none.
    std::string condition(const std::string& ref) {
        const Step step = translate(ref, 0);
        if (step.expression.empty()) {
            return {};
        }
        if (!step.window.empty()) {
            return refuse("its condition " + ref + " is a range query that nothing reduces")
                .expression;
        }
        return step.boolean ? step.expression : fmt::format("({}) != 0", step.expression);
    }
    [[nodiscard]] const std::string& why() const { return why_; }

private:
    Step refuse(std::string why) {
        if (why_.empty()) {
            why_ = std::move(why);
        }
        return {};
    }

    Step translate(const std::string& ref, int depth) {
        constexpr int kDeepest = 20;
        const YamlNode* found = nullptr;
        for (const YamlNodePtr& each :
             data_ == nullptr ? std::vector<YamlNodePtr>{} : data_->items) {
            found = text_of(*each, "refId") == ref ? each.get() : found;
        }
        const YamlNode* const model = child(found, "model");
        if (model == nullptr || depth > kDeepest) {
            return refuse("it refers to " + ref + ", which is not there");
        }
        const std::string source = text(found, "datasourceUid");
        if (source != "__expr__" && source != "-100") {
            return query(*found, *model);
        }
        const std::string type = text(model, "type");
        const auto below = [&](const std::string& other) { return translate(other, depth + 1); };
        if (type == "reduce") {
            return reduce(*model, below);
        }
        if (type == "threshold") {
            return compare(*model, below);
        }
        if (type == "math") {
            return math(text(model, "expression"), below);
        }
        if (type == "classic_conditions") {
            return classic(*model, below);
        }
        return refuse(fmt::format("its step {} is of the type \"{}\"", ref, type));
    }

    Step query(const YamlNode& data, const YamlNode& model) {
        const std::string expression = text(&model, "expr");
        if (expression.empty()) {
            return refuse("its query " + text(&data, "refId") + " is no PromQL");
        }
        if (text(&model, "instant") == "true" && text(&model, "range") != "true") {
            return {expression, {}, false};
        }
        long from = 600;
        long to = 0;
        const auto number = [](const std::string& digits, long& into) {
            std::from_chars(digits.data(), digits.data() + digits.size(), into);
        };
        const YamlNode* const range = child(&data, "relativeTimeRange");
        number(text(range, "from"), from);
        number(text(range, "to"), to);
        long step_ms = 1000;
        number(text(&model, "intervalMs"), step_ms);
        constexpr long kShortestMs = 15'000;  // the data source's scrape interval, by default
        return {expression,
                fmt::format("[{}s:{}ms]", std::max(from - to, 1L), std::max(step_ms, kShortestMs)) +
                    (to > 0 ? fmt::format(" offset {}s", to) : ""),
                false};
    }

    template <typename Below>
    Step reduce(const YamlNode& model, const Below& below) {
        const Step of = below(text(&model, "expression"));
        const std::string reducer = text(&model, "reducer");
        std::string expression = of.expression.empty() ? "" : reduced(of, reducer);
        if (expression.empty()) {
            return refuse("its reducer is \"" + reducer + "\"");
        }
        return {std::move(expression), {}, of.boolean};
    }

    template <typename Below>
    Step compare(const YamlNode& model, const Below& below) {
        const Step of = below(text(&model, "expression"));
        const YamlNode* const conditions = child(&model, "conditions");
        if (of.expression.empty() || conditions == nullptr || conditions->items.empty()) {
            return refuse("a threshold has no condition");
        }
        if (!of.window.empty()) {
            return refuse("a threshold looks at a range query that nothing reduces");
        }
        const YamlNode* const evaluator = child(conditions->items.front().get(), "evaluator");
        if (child(conditions->items.front().get(), "unloadEvaluator") != nullptr) {
            return refuse("its threshold has another one for recovery");
        }
        const std::string type = text(evaluator, "type");
        std::string expression =
            threshold(of.expression, type, texts_of(child(evaluator, "params")));
        return expression.empty() ? refuse("its threshold is of the type \"" + type + "\"")
                                  : Step{std::move(expression), {}, true};
    }

    /// "$A > 0.8 && ${B} < 2": as PromQL has it, but for the names of steps and of && and ||.
    template <typename Below>
    Step math(const std::string& expression, const Below& below) {
        std::string out;
        bool compares = false;
        for (std::size_t i = 0; i < expression.size();) {
            const char c = expression[i];
            if (c == '$') {
                const bool braced = expression.substr(i + 1).starts_with("{");
                std::size_t end = i + (braced ? 2 : 1);
                const std::size_t from = end;
                while (end < expression.size() &&
                       (std::isalnum(static_cast<unsigned char>(expression[end])) != 0 ||
                        expression[end] == '_' || (braced && expression[end] != '}'))) {
                    ++end;
                }
                const Step of = below(expression.substr(from, end - from));
                if (of.expression.empty() || !of.window.empty()) {
                    return refuse("its math looks at something that is no number");
                }
                out += fmt::format("({})", of.expression);
                i = end + (braced ? 1 : 0);
            } else if (expression.substr(i).starts_with("&&")) {
                out += " and ";
                i += 2;
            } else if (expression.substr(i).starts_with("||")) {
                out += " or ";
                i += 2;
            } else if (std::isalpha(static_cast<unsigned char>(c)) != 0 ||
                       (c == '!' && !expression.substr(i).starts_with("!="))) {
                return refuse("its math has functions: " + expression);
            } else {
                compares = compares || c == '<' || c == '>' || (c == '=' && i > 0);
                out += c;
                ++i;
            }
        }
        const bool joins =
            out.find(" and ") != std::string::npos || out.find(" or ") != std::string::npos;
        return {std::move(out), {}, compares || joins};
    }

    template <typename Below>
    Step classic(const YamlNode& model, const Below& below) {
        const YamlNode* const conditions = child(&model, "conditions");
        std::string out;
        for (const YamlNodePtr& each :
             conditions == nullptr ? std::vector<YamlNodePtr>{} : conditions->items) {
            const std::vector<std::string> refs =
                texts_of(child(child(each.get(), "query"), "params"));
            const Step of = refs.empty() ? Step{} : below(refs.front());
            const std::string reducer = text(child(each.get(), "reducer"), "type");
            const std::string value = of.expression.empty() ? "" : reduced(of, reducer);
            const YamlNode* const evaluator = child(each.get(), "evaluator");
            const std::string holds = value.empty()
                                          ? ""
                                          : threshold(value, text(evaluator, "type"),
                                                      texts_of(child(evaluator, "params")));
            if (holds.empty()) {
                return refuse("one of its conditions is of a kind of its own");
            }
            const bool either = text(child(each.get(), "operator"), "type") == "or";
            out = out.empty() ? fmt::format("group({})", holds)
                              : fmt::format("({}) {} group({})", out, either ? "or" : "and", holds);
        }
        return out.empty() ? refuse("it has no condition") : Step{std::move(out), {}, true};
    }

    const YamlNode* data_;
    std::string why_;
};

void read_grafana_rule(const YamlNode& map, RuleGroup& group, RuleSet& into, RuleFaults& faults) {
    Rule rule;
    rule.line = map.line;
    rule.name = text_of(map, "title");
    if (rule.name.empty()) {
        faults.add(map, "a rule of Grafana must have a `title`");
        return;
    }
    const auto leave_out = [&](const std::string& why) {
        into.left_out.push_back(
            fmt::format("{}:{}: {} is left out: {}", group.file, map.line, rule.name, why));
    };
    if (text_of(map, "isPaused") == "true") {
        leave_out("it is paused");
        return;
    }
    Translator translator(map);
    rule.expression = translator.condition(text_of(map, "condition"));
    if (rule.expression.empty()) {
        leave_out(translator.why());
        return;
    }
    rule.hold = duration_of(map, "for", faults);
    for (const char* key : {"keepFiringFor", "keep_firing_for"}) {
        rule.keep_firing = std::max(rule.keep_firing, duration_of(map, key, faults));
    }
    rule.labels = labels_of(map, "labels", faults);
    read_parts(rule, map, faults);
    group.rules.push_back(std::move(rule));
}

}  // namespace

void read_grafana_group(const YamlNode& map, const std::string& file, RuleSet& into,
                        RuleFaults& faults) {
    RuleGroup group;
    group.file = file;
    group.grafana = true;
    group.name = text_of(map, "name");
    if (value_of(map, "interval") != nullptr) {
        group.interval = duration_of(map, "interval", faults);
    } else {
        group.interval = std::chrono::minutes(1);
    }
    for (const YamlNodePtr& rule : value_of(map, "rules")->items) {
        read_grafana_rule(*rule, group, into, faults);
    }
    into.groups.push_back(std::move(group));
}

}  // namespace plimsoll
